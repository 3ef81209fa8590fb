"""The configuration is validated, staged, applied as one, kept, and rolled back."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from tests.unit.services.ops.test_commands import until
from tests.unit.services.ops.world import ADMIN, TEXT, Answer, World
from workstation.config.loader import hash_of, load_settings
from workstation.core.errors import ConfigurationError, StorageError
from workstation.messaging.bodies import ConfigReloadBody
from workstation.services.ops.configuration_edit import with_values
from workstation.services.ops.configuration_files import ConfigurationFiles


def ask(world: World, method: str, path: str, body: Any = None) -> Answer:
    return world.ask(method, f"/api/v1/{path}", body, ADMIN)


def changed(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def test_a_text_is_validated_without_a_trace(world: World) -> None:
    wrong = ask(world, "POST", "configuration/validate", {"text": changed("open_positions: 3", "open_positions: many")})
    assert wrong.json["valid"] is False and "risk.open_positions is many" in wrong.json["problem"]
    assert "line " in wrong.json["problem"] and wrong.json["problem"].endswith(".")
    right = ask(world, "POST", "configuration/validate", {"text": changed("open_positions: 3", "open_positions: 4")})
    assert right.json == {
        "valid": True,
        "problem": "",
        "changes": [{"setting": "risk.open_positions", "from": "3", "to": "4"}],
    }
    assert world.file.read_text() == TEXT and ask(world, "GET", "configuration/staged").json is None


def test_staged_applied_and_rolled_back(world: World) -> None:
    world.file.chmod(0o640)
    until(lambda: _waiting(world) == {"engine": "", "ops": ""})
    heard: list[Any] = []
    subject = world.settings.messaging.subjects.config_reload
    world.call(world.link.subscribe(subject, heard.append, ConfigReloadBody))
    world.call(world.link.confirm())
    text = changed("open_positions: 3", "open_positions: 4  # since Monday").replace(
        "requests_per_minute: 100000", "requests_per_minute: 54321"
    )
    staged = ask(world, "PUT", "configuration/staged", {"text": text, "note": "more room"}).json
    assert staged["hash"] == hash_of(text) and "+  open_positions: 4  # since Monday" in staged["difference"]
    assert [change["setting"] for change in staged["changes"]] == ["ops.requests_per_minute", "risk.open_positions"]
    assert world.file.read_text() == TEXT, "staged is not applied"
    assert ask(world, "POST", "configuration/apply", {"hash": "0" * 64}).status == 409

    applied = ask(world, "POST", "configuration/apply", {"hash": staged["hash"]}).json
    assert world.file.read_text() == text and stat.S_IMODE(world.file.stat().st_mode) == 0o640
    assert (applied["at_once"], applied["at_next_start"]) == (["ops.requests_per_minute"], ["risk.open_positions"])
    assert load_settings(world.file).settings.risk.open_positions == 4
    until(lambda: heard)
    assert [message.body.hash for message in heard] == [staged["hash"]]
    assert (heard[0].body.before, heard[0].body.changes) == (
        hash_of(TEXT),
        ("ops.requests_per_minute", "risk.open_positions"),
    )
    use = ask(world, "GET", "configuration/services").json
    assert use["hash"] == staged["hash"] and use["waiting"] == ["engine", "ops"]
    old = {"hash": hash_of(TEXT), "is_newest": False}
    assert use["services"] == [{"service": "engine", **old}, {"service": "ops", **old}]
    until(lambda: _waiting(world) == {"engine": staged["hash"], "ops": staged["hash"]})
    assert ask(world, "GET", "configuration/staged").json is None

    (entry,) = ask(world, "GET", "configuration/history").json
    assert entry["hash"] == hash_of(TEXT) and entry["note"] == "more room" and entry["who"].startswith("ops admin")
    assert ask(world, "GET", f"configuration/history/{entry['id']}").json["text"] == TEXT
    back = ask(world, "POST", f"configuration/history/{entry['id']}/roll-back")
    assert back.status == 200 and world.file.read_text() == TEXT
    assert len(ask(world, "GET", "configuration/history").json) == 2
    until(lambda: _waiting(world) == {"engine": "", "ops": ""})
    assert ask(world, "GET", "configuration/services").json["waiting"] == []
    assert not list(world.file.parent.glob(".*.new"))


def test_what_is_taken_up_at_once_waits_for_no_restart(world: World) -> None:
    until(lambda: _waiting(world) == {"engine": "", "ops": ""})
    text = changed("requests_per_minute: 100000", "requests_per_minute: 99999")
    staged = ask(world, "PUT", "configuration/staged", {"text": text}).json
    assert ask(world, "POST", "configuration/apply", {"hash": staged["hash"]}).json["at_next_start"] == []
    until(lambda: ask(world, "GET", "configuration/services").json["waiting"] == [])
    assert _waiting(world) == {"engine": "", "ops": ""}
    staged = ask(world, "PUT", "configuration/staged", {"text": TEXT}).json
    ask(world, "POST", "configuration/apply", {"hash": staged["hash"]})
    until(lambda: ask(world, "GET", "configuration/services").json["waiting"] == [])


def _waiting(world: World) -> dict[str, str]:
    return {each["service"]: each["waiting"] for each in ask(world, "GET", "services").json}


def test_what_would_not_load_is_not_staged(world: World) -> None:
    for text in ("", "mode: paper", "a: [", TEXT + "\nmore: 1\n", changed("mode: paper", "mode: real")):
        answer = ask(world, "PUT", "configuration/staged", {"text": text})
        assert answer.status == 409 and str(world.file) in answer.problem, text[:20]
    assert ask(world, "GET", "configuration/staged").json is None


def test_what_is_staged_can_be_discarded(world: World) -> None:
    ask(world, "PUT", "configuration/staged", {"text": TEXT})
    assert "discarded" in ask(world, "DELETE", "configuration/staged").json["text"]
    assert "Nothing" in ask(world, "DELETE", "configuration/staged").json["text"]


def test_no_entry_of_the_history_leads_out_of_its_folder(world: World) -> None:
    for entry in ("nothing", "..%2f..%2fconfig", "%2e%2e", "0" * 19 + "-" + "0" * 12):
        assert ask(world, "GET", f"configuration/history/{entry}").status == 404
        assert ask(world, "POST", f"configuration/history/{entry}/roll-back").status == 404


def test_paper_settings_are_changed_where_they_stand(world: World) -> None:
    answer = ask(world, "PUT", "paper", {"values": {"taker_bps": "5", "partial_fills": False}})
    assert answer.status == 200, answer.body
    assert {change["setting"]: change["to"] for change in answer.json["changes"]} == {
        "paper.taker_bps": "5",
        "paper.partial_fills": "false",
    }
    lines = zip(TEXT.splitlines(), answer.json["text"].splitlines(), strict=True)
    assert sum(1 for before, after in lines if before != after) == 2
    ask(world, "DELETE", "configuration/staged")
    for values, part in (
        ({"taker_bps": "many"}, "paper.taker_bps is many"),
        ({"taker": "5"}, "paper.taker is not a single value"),
        ({"taker_bps": "5\nmode: live"}, "write a number"),
        ({"fee_asset": "[a]"}, "write a number"),
    ):
        refused = ask(world, "PUT", "paper", {"values": values})
        assert refused.status == 409 and part in refused.problem


def test_a_folder_that_may_not_be_written_is_told_and_the_file_stays(tmp_path: Path) -> None:
    file, folder = tmp_path / "strategy.yaml", tmp_path / "kept"
    file.write_text(TEXT)
    files = ConfigurationFiles(file, "", folder, lambda: 1)
    staged = files.stage(changed("open_positions: 3", "open_positions: 4"), "me", "")
    (folder / "history").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be written"):
        files.apply(staged.hash, "me")
    assert file.read_text() == TEXT and files.staged() == staged


def test_values_are_replaced_by_place() -> None:
    text = 'a:\n  one: 1 # first\n  two: "x"\nb:\n  one: 1\n'
    assert with_values(text, "a", {"one": "10", "two": "y"}, "f") == "a:\n  one: 10 # first\n  two: y\nb:\n  one: 1\n"
    with pytest.raises(ConfigurationError, match="no section c"):
        with_values(text, "c", {"one": "2"}, "f")
