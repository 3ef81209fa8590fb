"""A window's own engine: started, watched and stopped as a process, here by children that only pretend."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.end_to_end.program import ROOT
from tests.unit.waiting import until
from workstation.config.loader import load_settings, settings_from_json
from workstation.core.clock import WallClock
from workstation.core.errors import MessagingError, StorageError
from workstation.core.messages import Kill
from workstation.services import own_engine
from workstation.services.own_engine import OwnEngine, for_window
from workstation.storage.kill_latch import KillLatch
from workstation.storage.layout import DataFolder
from workstation.storage.lock import FolderLock, is_held

LOADED = load_settings(ROOT / "config" / "strategy.yaml")
STUBBORN = 'import signal, time; signal.signal(15, signal.SIG_IGN); print("here", flush=True); time.sleep(60)'

Play = Callable[[str], None]


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "data")


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    """Lets a Python text be the program that is started as the engine."""

    def play_(text: str) -> None:
        monkeypatch.setattr(own_engine, "server_program", lambda: "nats-server")
        monkeypatch.setattr(own_engine, "own_command", lambda *arguments: [sys.executable, "-c", text, *arguments])

    return play_


def own(folder: DataFolder, seed: int | None = None) -> OwnEngine:
    return OwnEngine(LOADED, folder, seed)


async def test_its_settings_want_a_server_of_its_own_and_nothing_else_changes() -> None:
    changed = for_window(LOADED)
    assert LOADED.settings.messaging.use == "none" and changed.settings.messaging.use == "embedded"
    assert settings_from_json(changed.json) == changed.settings
    assert changed.hash == LOADED.hash and changed.settings.risk == LOADED.settings.risk


async def test_without_a_nats_server_it_says_what_to_do(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_engine, "server_program", lambda: None)
    engine = own(folder)
    with pytest.raises(MessagingError, match=r"no nats-server on the PATH.*set engine to in_process"):
        await engine.open()
    await engine.close()


async def test_an_engine_that_does_not_start_is_told_in_its_own_words(folder: DataFolder, play: Play) -> None:
    play("import sys; print('workstation: ' + ' '.join(sys.argv[1:3])); sys.exit(2)")
    engine = own(folder, seed=3)
    with pytest.raises(MessagingError, match=r"The engine did not start: --no-gui --for-window$"):
        await engine.open()
    await engine.close()


async def test_a_data_folder_has_one_such_window(folder: DataFolder) -> None:
    first, second = own(folder), own(folder)
    first.claim()
    with pytest.raises(StorageError, match=f"process id {os.getpid()}"):
        await second.open()
    await second.close()
    assert is_held(folder.own_engine_lock)
    await first.close()
    assert not is_held(folder.own_engine_lock)


async def test_an_engine_that_no_window_started_is_left_alone(folder: DataFolder, play: Play) -> None:
    play("raise SystemExit('a second engine was started')")
    folder.create()
    with FolderLock(folder.lock, WallClock().now_ns()):
        engine = own(folder)
        with pytest.raises(MessagingError, match=f"engine of process {os.getpid()}, which no window started"):
            await engine.open()
        await engine.close()
        assert is_held(folder.lock)


@pytest.mark.allow_log_warnings("did not stop within")
async def test_its_end_is_told_and_no_process_is_left(
    folder: DataFolder, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_engine, "STOP_S", 0.2)
    play(STUBBORN)
    engine = own(folder)
    opening = asyncio.ensure_future(engine.open())
    await until(lambda: folder.engine_output.exists() and folder.engine_output.read_text() == "here\n")
    assert engine.is_running and not engine.trouble and not engine.ended
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)
    await engine.close()
    assert not engine.is_running and engine.ended
    assert (
        f"no strategy runs, orders at the venue rest. Its process was killed by signal {signal.SIGKILL:d}"
        in engine.trouble
    )


async def test_what_kept_it_from_starting_again_is_told(folder: DataFolder, play: Play) -> None:
    play("raise SystemExit('workstation: the disk is full.')")
    engine = own(folder)
    with pytest.raises(MessagingError):
        await engine.open()
    mirrored = SimpleNamespace(mirror=SimpleNamespace(session="the one before"), changed="")
    engine.attached = SimpleNamespace(remote=mirrored)  # type: ignore[assignment]
    engine.start_again()
    assert not engine.ended and "being started again" in engine.trouble
    await until(lambda: engine.ended)
    assert engine.trouble == "The engine did not start: the disk is full."
    await engine.close()


async def test_a_kill_that_was_not_heard_is_latched_on_the_disk(folder: DataFolder) -> None:
    engine = own(folder)
    engine.claim()
    words = engine.latch(Kill(reason="the key", who="anna", flatten=True))
    assert words == "The kill is latched in the data folder: the engine obeys it when it looks, and starts killed"
    record = KillLatch(folder.path).read()
    assert record is not None and (record.reason, record.who, record.flatten) == ("the key", "anna", True)
    await engine.close()
