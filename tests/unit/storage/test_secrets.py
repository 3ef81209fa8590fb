"""Keys come from three places, only for live trading, and never from an unsafe one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring
from keyring.backends.null import Keyring as NullKeyring

from tests.unit.storage.memory_keyring import LockedKeyring, MemoryKeyring, PlainKeyring, TalkativeKeyring
from workstation.core.credentials import Credentials
from workstation.core.errors import CredentialsError
from workstation.core.types import Mode
from workstation.storage.secrets import KEYS_TEST, KeyName, add_key, key_names, load_credentials, remove_key

KEY, SECRET = "AbCdSTOREDkey01234567", "s3cretSTOREDsecret12345"
CREDENTIALS = Credentials(KEY, SECRET, "passwordSTORED")


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in os.environ:
        if variable.startswith("WORKSTATION_"):
            monkeypatch.delenv(variable)


@pytest.fixture(autouse=True)
def ring() -> Iterator[MemoryKeyring]:
    before, ring = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "keys.toml"
    file.write_text(f'[main]\nexchange = "binance"\nkey = "{KEY}"\nsecret = "{SECRET}"\n')
    file.chmod(0o600)
    monkeypatch.setenv("WORKSTATION_KEYS_FILE", str(file))
    return file


def test_the_keyring_keeps_keys_by_name_and_exchange(ring: MemoryKeyring):
    other = Credentials("EfGhOTHERkey01234567", "otherSECRETofOTHER")
    add_key("main", "binance", CREDENTIALS)
    add_key("main", "okx", other)
    assert load_credentials(Mode.LIVE, "main", "binance") == CREDENTIALS
    assert load_credentials(KEYS_TEST, "main", "okx") == other
    found, problem = key_names()
    assert [(key.name, key.exchange, key.begins) for key in found] == [
        ("main", "binance", "AbCd"),
        ("main", "okx", "EfGh"),
    ]
    assert problem == "" and SECRET not in repr(found)
    remove_key("main", "binance")
    assert [key.exchange for key in key_names()[0]] == ["okx"]
    assert not any(SECRET in content for content in ring.kept.values())
    with pytest.raises(CredentialsError, match="no key main for binance"):
        load_credentials(Mode.LIVE, "main", "binance")


@pytest.mark.parametrize("mode", [Mode.PAPER, Mode.BACKTEST, Mode.REPLAY])
def test_lesson_31_a_session_that_is_not_live_never_loads_a_key(mode: Mode, monkeypatch: pytest.MonkeyPatch):
    keyring.set_keyring(LockedKeyring())
    monkeypatch.setenv("WORKSTATION_KEY_MAIN", KEY)
    monkeypatch.setenv("WORKSTATION_SECRET_MAIN", SECRET)
    with pytest.raises(CredentialsError, match=f"A {mode.lower()} session holds no keys"):
        load_credentials(mode, "main", "binance")


def test_the_environment_comes_first_then_the_file(file: Path, monkeypatch: pytest.MonkeyPatch):
    add_key("main", "binance", Credentials("KeyOfTheKeyring", "SecretOfTheKeyring"))
    assert load_credentials(Mode.LIVE, "main", "binance") == Credentials(KEY, SECRET)
    monkeypatch.setenv("WORKSTATION_KEY_MAIN", "KeyOfTheEnvironment")
    with pytest.raises(CredentialsError, match="WORKSTATION_SECRET_MAIN is not"):
        load_credentials(Mode.LIVE, "main", "binance")
    monkeypatch.setenv("WORKSTATION_SECRET_MAIN", "SecretOfTheEnvironment")
    monkeypatch.setenv("WORKSTATION_PASSWORD_MAIN", "PasswordOfTheEnvironment")
    loaded = load_credentials(Mode.LIVE, "main", "binance")
    assert (loaded.key, loaded.secret, loaded.password) == (
        "KeyOfTheEnvironment",
        "SecretOfTheEnvironment",
        "PasswordOfTheEnvironment",
    )
    places = [(key.place, key.exchange) for key in key_names()[0]]
    assert places == [
        ("environment", ""),
        (str(file), "binance"),
        ("keyring (memory keyring MemoryKeyring)", "binance"),
    ]
    file.unlink()
    monkeypatch.delenv("WORKSTATION_KEYS_FILE")
    assert load_credentials(Mode.LIVE, "main", "okx") == loaded, "a key of the environment serves any exchange"


def test_a_key_is_given_to_its_own_exchange_only(file: Path):
    with pytest.raises(CredentialsError, match="no key main for okx"):
        load_credentials(Mode.LIVE, "main", "okx")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601])
def test_lesson_28_a_file_that_others_can_read_is_refused(file: Path, mode: int):
    file.chmod(mode)
    for use in (lambda: load_credentials(Mode.LIVE, "main", "binance"), key_names):
        with pytest.raises(CredentialsError, match=f"can be read by others: `chmod 600 {file}`"):
            use()
    file.chmod(0o400)
    assert load_credentials(Mode.LIVE, "main", "binance") == Credentials(KEY, SECRET)


FILES = {
    "no TOML": (f"main = {SECRET}\n", r"not valid TOML \(at line 1"),
    "a key twice": (f'[main]\n{SECRET} = "1"\n{SECRET} = "2"\n', "not valid TOML"),
    "no section": (f'key = "{SECRET}"\n', "outside of a section"),
    "a part is missing": (f'[main]\nkey = "{KEY}"\nsecret = "{SECRET}"\n', r"\[main\] must hold exchange"),
    "one too many": (
        f'[main]\nexchange = "binance"\nkey = "{KEY}"\nsecret = "{SECRET}"\n{SECRET} = "1"\n',
        r"\[main\] must hold exchange",
    ),
    "a number": (f'[main]\nexchange = "binance"\nkey = "{KEY}"\nsecret = 12345678\n', "no text"),
}


@pytest.mark.parametrize("what", FILES)
def test_a_wrong_file_is_refused_without_quoting_it(file: Path, what: str):
    content, said = FILES[what]
    file.write_text(content)
    with pytest.raises(CredentialsError, match=said) as caught:
        load_credentials(Mode.LIVE, "main", "binance")
    assert SECRET not in str(caught.value) and KEY not in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_file_that_is_not_there_or_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORKSTATION_KEYS_FILE", str(tmp_path / "nope"))
    with pytest.raises(CredentialsError, match=r"There is no file .*nope, which WORKSTATION_KEYS_FILE names"):
        key_names()
    monkeypatch.setenv("WORKSTATION_KEYS_FILE", str(tmp_path))
    with pytest.raises(CredentialsError, match="cannot be read"):
        key_names()


@pytest.mark.parametrize("backend", [NoKeyring, NullKeyring, PlainKeyring])
def test_lesson_28_no_safe_keyring_is_one_sentence_with_the_alternatives(backend: type):
    keyring.set_keyring(backend())
    for use in (
        lambda: add_key("main", "binance", CREDENTIALS),
        lambda: remove_key("main", "binance"),
        lambda: load_credentials(Mode.LIVE, "main", "binance"),
    ):
        with pytest.raises(CredentialsError, match="no keyring that keeps keys safely") as caught:
            use()
        assert "WORKSTATION_KEY_<NAME>" in str(caught.value) and "WORKSTATION_KEYS_FILE" in str(caught.value)
    found, problem = key_names()
    assert found == [] and "no keyring" in problem


def test_a_keyring_that_fails_tells_no_secret():
    keyring.set_keyring(TalkativeKeyring())
    with pytest.raises(CredentialsError, match=r"cannot be changed \(the bus refused") as caught:
        add_key("main", "binance", CREDENTIALS)
    assert SECRET not in str(caught.value) and KEY not in str(caught.value)
    keyring.set_keyring(LockedKeyring())
    with pytest.raises(CredentialsError, match=r"cannot be read \(locked\)"):
        load_credentials(Mode.LIVE, "main", "binance")
    assert "locked" in key_names()[1]


def test_a_keyring_that_forgets_is_noticed(ring: MemoryKeyring, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ring, "set_password", lambda service, username, password: None)
    with pytest.raises(CredentialsError, match="did not keep"):
        add_key("main", "binance", CREDENTIALS)
    assert key_names()[0] == []


def test_entries_of_somebody_else_are_not_taken_for_keys(ring: MemoryKeyring):
    ring.set_password("trading-workstation", "binance/main", SECRET)
    with pytest.raises(CredentialsError, match="did not write") as caught:
        load_credentials(Mode.LIVE, "main", "binance")
    assert SECRET not in str(caught.value)


def test_a_removal_that_was_interrupted_can_be_repeated(ring: MemoryKeyring):
    add_key("main", "binance", CREDENTIALS)
    ring.delete_password("trading-workstation", "binance/main")
    remove_key("main", "binance")
    assert key_names() == ([], "")


def test_what_is_there_is_not_overwritten():
    add_key("main", "binance", CREDENTIALS)
    with pytest.raises(CredentialsError, match="already"):
        add_key("main", "binance", Credentials("AnotherKey", "AnotherSecret"))
    with pytest.raises(CredentialsError, match="no key nope"):
        remove_key("nope", "binance")
    assert load_credentials(Mode.LIVE, "main", "binance") == CREDENTIALS


@pytest.mark.parametrize(
    ("name", "credentials"),
    [
        ("", CREDENTIALS),
        ("1st", CREDENTIALS),
        ("a/b", CREDENTIALS),
        ("x" * 41, CREDENTIALS),
        ("main", Credentials("", SECRET)),
        ("main", Credentials(KEY, "short")),
        ("main", Credentials(KEY + " and more", SECRET)),
        ("main", Credentials(KEY, SECRET + " ")),
        ("main", Credentials(KEY, SECRET + "\N{BULLET}")),
        ("main", Credentials(KEY, SECRET, "short")),
    ],
)
def test_what_cannot_be_a_key_is_refused(name: str, credentials: Credentials):
    with pytest.raises(CredentialsError) as caught:
        add_key(name, "binance", credentials)
    assert SECRET not in str(caught.value) and KEY not in str(caught.value)
    assert key_names() == ([], "")


def test_a_name_is_shown_without_the_key():
    shown = KeyName("main", "binance", "AbCd", "environment")
    assert KEY not in repr(shown)
