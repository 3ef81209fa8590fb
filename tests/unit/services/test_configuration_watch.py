"""A process notices that the configuration's file was changed, and what a restart would bring it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.unit.messaging.nats_servers import connected, running_server
from tests.unit.services.bridged import a_session, on_server
from tests.unit.waiting import until
from workstation.commands.health import line
from workstation.config.loader import Loaded, hash_of, load_settings
from workstation.messaging.bodies import ConfigReloadBody, ServiceHealthBody
from workstation.messaging.envelope import Message
from workstation.messaging.link import NatsLink
from workstation.services.configuration_watch import AT_ONCE, ConfigurationWatch

FILE = Path(__file__).parents[3] / "config" / "strategy.yaml"
OLD, NEW = hash_of("old"), hash_of("new")


@pytest.fixture
def watch() -> ConfigurationWatch:
    loaded = load_settings(FILE)
    assert loaded.hash == hash_of(FILE.read_text())
    return ConfigurationWatch(Loaded(loaded.settings, loaded.json, {}, FILE, "services", OLD))


def told(hash_: str, *changes: str, before: str = OLD, profile: str = "services") -> Message:
    body = ConfigReloadBody(hash=hash_, who="ops admin", before=before, profile=profile, changes=changes)
    return Message("config_reload", "ops-1", 1, 1, body)


def test_a_newer_configuration_waits_for_the_restart(watch: ConfigurationWatch) -> None:
    assert (watch.hash, watch.waiting, watch.words) == (OLD, "", "")
    watch.hear(told(NEW, "risk.open_positions"))
    assert (watch.hash, watch.waiting, watch.words) == (OLD, NEW, "a newer configuration waits for the restart")
    watch.hear(told(OLD, "risk.open_positions", before=NEW))
    assert (watch.hash, watch.waiting) == (OLD, ""), "rolled back to what is in use"


@pytest.mark.parametrize("changes", [(), ("ops.commands_per_minute",), tuple(sorted(AT_ONCE))])
def test_what_is_in_force_already_waits_for_nothing(watch: ConfigurationWatch, changes: tuple[str, ...]) -> None:
    watch.hear(told(NEW, *changes))
    assert (watch.hash, watch.waiting) == (NEW, "")


@pytest.mark.parametrize(
    "message",
    [
        told(NEW, "ops.commands_per_minute", "ops.port"),
        told(NEW, before=hash_of("another")),
        told(NEW, before=""),
        told(NEW, profile=""),
    ],
)
def test_what_cannot_be_known_to_be_in_force_waits(watch: ConfigurationWatch, message: Message) -> None:
    watch.hear(message)
    assert (watch.hash, watch.waiting) == (OLD, NEW)


def test_what_waits_already_is_not_taken_up_with_the_next(watch: ConfigurationWatch) -> None:
    watch.hear(told(NEW, "risk.open_positions"))
    newest = hash_of("newest")
    watch.hear(told(newest, "ops.commands_per_minute", before=NEW))
    assert (watch.hash, watch.waiting) == (OLD, newest)


def test_the_health_command_tells_who_runs_with_another_file() -> None:
    body = ServiceHealthBody(
        service="feed",
        state="running",
        detail="4 symbols",
        version="1",
        started="2024-01-01T00:00:00Z",
        messages=1,
        refused=0,
        gaps=0,
        configuration=OLD,
    )
    assert "configuration" not in line("feed", body, OLD)
    said = line("feed", body, NEW)
    assert f"runs with configuration {OLD[:12]}, the file is {NEW[:12]}: restart it to take it up" in said
    assert "configuration" not in line("feed", msgspec.structs.replace(body, configuration=""), NEW)


async def test_an_engine_says_in_its_health_and_its_status_that_a_newer_one_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_server(tmp_path / "nats") as server:
        settings = on_server(server, monkeypatch)
        heard: list[ServiceHealthBody] = []
        async with a_session(settings, tmp_path / "data") as session, connected(server) as link:
            await _hear(link, settings.messaging.subjects.health, heard)
            await until(lambda: heard)
            assert (heard[-1].configuration, heard[-1].waiting) == (session.loaded.hash, "")
            assert session.health.messaging() == "connected"
            body = ConfigReloadBody(hash=NEW, who="ops admin", before=OLD, changes=("risk.open_positions",))
            await link.publish(settings.messaging.subjects.config_reload, body)
            await until(lambda: heard[-1].waiting == NEW)
            assert heard[-1].state == "running", "it trades on as well as before"
            assert heard[-1].detail.endswith("a newer configuration waits for the restart")
            assert session.health.messaging() == "connected, a newer configuration waits for the restart"


async def _hear(link: NatsLink, subject: str, heard: list[ServiceHealthBody]) -> None:
    def hear(message: Message) -> None:
        assert isinstance(message.body, ServiceHealthBody)
        heard.append(message.body)

    await link.subscribe(f"{subject}.engine", hear, ServiceHealthBody)
