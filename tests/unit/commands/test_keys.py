"""`workstation keys`: what is asked, what is told, and what is refused."""

from __future__ import annotations

import getpass
import io
import json
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest

from tests.unit.storage.memory_keyring import MemoryKeyring
from workstation.__main__ import main
from workstation.core.credentials import Credentials
from workstation.core.types import Mode
from workstation.storage.secrets import load_credentials

KEY, SECRET, PASSWORD = "AbCdTYPEDkey01234567", "s3cretTYPEDsecret123", "passwordTYPED"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _ring(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for variable in ("WORKSTATION_KEYS_FILE", "WORKSTATION_KEY_MAIN", "WORKSTATION_SECRET_MAIN"):
        monkeypatch.delenv(variable, raising=False)
    before = keyring.get_keyring()
    keyring.set_keyring(MemoryKeyring())
    yield
    keyring.set_keyring(before)


def give(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def add(monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    give(monkeypatch, f"{KEY}\n{SECRET}\n{PASSWORD}\n\n")
    return main(["keys", "add", "main", *options])


def test_a_key_is_piped_in_listed_and_removed(monkeypatch, capsys: pytest.CaptureFixture[str]):
    assert add(monkeypatch) == 0
    assert capsys.readouterr().out.startswith("Kept key main for binance (AbCd…).")
    assert load_credentials(Mode.LIVE, "main", "binance") == Credentials(KEY, SECRET, PASSWORD)
    assert main(["keys", "list"]) == 0
    header, line = capsys.readouterr().out.splitlines()
    assert header.split() == ["Name", "Exchange", "Key", "Kept", "in"]
    assert line.split() == ["main", "binance", "AbCd…", "keyring", "(memory", "keyring", "MemoryKeyring)"]
    assert main(["keys", "list", "--json"]) == 0
    place = "keyring (memory keyring MemoryKeyring)"
    assert json.loads(capsys.readouterr().out) == [
        {"name": "main", "exchange": "binance", "begins": "AbCd", "place": place}
    ]
    assert main(["keys", "remove", "main", "--yes"]) == 0
    capsys.readouterr()
    assert main(["keys", "list"]) == 0
    assert capsys.readouterr().out == "There are no keys; `workstation keys add NAME` keeps one.\n"


def test_on_a_terminal_it_is_asked_for_without_echo(monkeypatch, capsys: pytest.CaptureFixture[str]):
    answers = {"Key": KEY, "Secret": f" {SECRET} ", "Password,": ""}
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr(getpass, "getpass", lambda prompt: answers.pop(prompt.split()[0]))
    assert main(["keys", "add", "main", "--exchange", "okx"]) == 0
    assert load_credentials(Mode.LIVE, "main", "okx") == Credentials(KEY, SECRET)
    assert answers == {}
    assert SECRET not in capsys.readouterr().out


def test_a_terminal_that_would_show_what_is_typed_is_refused(monkeypatch, capsys: pytest.CaptureFixture[str]):
    def fallback(prompt: str) -> str:
        import warnings

        warnings.warn("Can not control echo on the terminal.", getpass.GetPassWarning, stacklevel=2)
        return SECRET

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr(getpass, "getpass", fallback)
    assert main(["keys", "add", "main"]) == 2
    assert "cannot hide what is typed" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", f"{KEY}\n", f"{KEY}\n{SECRET}\na\nb\n"])
def test_input_of_another_shape_is_refused(monkeypatch, capsys: pytest.CaptureFixture[str], text: str):
    give(monkeypatch, text)
    assert main(["keys", "add", "main"]) == 2
    error = capsys.readouterr().err
    assert "it must have the key, the secret" in error and KEY not in error


@pytest.mark.parametrize("arguments", [("add", "main", KEY, SECRET), ("add", "main", f"--secret={SECRET}")])
def test_lesson_28_a_secret_in_the_arguments_is_refused_and_not_repeated(capsys, arguments: tuple[str, ...]):
    with pytest.raises(SystemExit) as ended:
        main(["keys", *arguments])
    error = capsys.readouterr().err
    assert ended.value.code == 2 and "neither key nor secret as an argument" in error
    assert SECRET not in error and KEY not in error


def test_a_person_is_asked_before_a_key_is_removed(monkeypatch, capsys: pytest.CaptureFixture[str]):
    add(monkeypatch)
    capsys.readouterr()
    give(monkeypatch, "")
    assert main(["keys", "remove", "main"]) == 2
    assert "add --yes" in capsys.readouterr().err
    for answer, status, left in (("", 1, 1), ("no", 1, 1), ("y", 0, 0)):
        monkeypatch.setattr("sys.stdin", Terminal(f"{answer}\n"))
        assert main(["keys", "remove", "main"]) == status
        capsys.readouterr()
        main(["keys", "list", "--json"])
        assert len(json.loads(capsys.readouterr().out)) == left


def test_an_unknown_exchange_and_a_name_that_is_none(monkeypatch, capsys: pytest.CaptureFixture[str]):
    assert add(monkeypatch, "--exchange", "nope") == 2
    assert "nope is no exchange that ccxt knows" in capsys.readouterr().err
    assert main(["keys", "add", "a/b"]) == 2
    assert "A key's name is" in capsys.readouterr().err


def test_the_doctor_tells_of_the_keyring_and_of_the_file(monkeypatch, capsys, tmp_path: Path):
    add(monkeypatch)
    capsys.readouterr()
    main(["doctor", "--data", str(tmp_path / "data")])
    said = capsys.readouterr().out
    assert "ok    Keyring         memory keyring MemoryKeyring, keys: 1\n" in said
    assert "ok    Keys file       WORKSTATION_KEYS_FILE names none\n" in said
    file = tmp_path / "keys.toml"
    file.write_text(f'[main]\nexchange = "binance"\nkey = "{KEY}"\nsecret = "{SECRET}"\n')
    file.chmod(0o644)
    monkeypatch.setenv("WORKSTATION_KEYS_FILE", str(file))
    main(["doctor", "--data", str(tmp_path / "data")])
    said = capsys.readouterr().out
    assert f"note  Keys file       {file} can be read by others: `chmod 600 {file}`" in said
    file.chmod(0o600)
    main(["doctor", "--data", str(tmp_path / "data")])
    assert f"ok    Keys file       {file}, only yours to read, keys: 1\n" in capsys.readouterr().out
