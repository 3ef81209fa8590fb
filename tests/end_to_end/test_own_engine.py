"""An engine in a process of its own, real: answered, left by a window that crashed, found by the next, and stopped."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.end_to_end.program import journal, run
from tests.end_to_end.test_attach import configuration
from tests.unit.services.bridged import market_buy
from tests.unit.waiting import until
from workstation.config.loader import load_settings
from workstation.core.messages import CommandReceived
from workstation.messaging.opening import FOLDER
from workstation.messaging.server import PROCESS_ID
from workstation.services.own_engine import OwnEngine
from workstation.storage.layout import DataFolder
from workstation.storage.lock import is_held


@pytest.mark.allow_log_warnings("NATS", "nats")
def test_the_next_window_finds_the_engine_and_ends_it(tmp_path: Path) -> None:
    file = configuration(tmp_path / "config")
    folder = DataFolder(tmp_path / "data")
    loaded = load_settings(file, "served")

    async def crash() -> tuple[OwnEngine, str]:
        """Everything that a window does until it is killed: nothing is closed in order."""
        window = OwnEngine(loaded, folder, 5)
        await window.open()
        remote = window.attached.remote
        assert remote.control.held and not window.trouble
        following = asyncio.ensure_future(remote.run())
        remote.command(market_buy())
        await until(lambda: remote.mirror.screen.positions, 20)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await window.attached.close()
        window.release()
        return window, remote.mirror.session

    async def come_back(session: str) -> None:
        window = OwnEngine(loaded, folder, 5)
        await window.open()
        assert window.attached.remote.mirror.session == session and window.attached.remote.control.held
        assert window.attached.remote.mirror.screen.positions
        await window.attached.close()
        await window.close()
        assert window.ended

    crashed, session = asyncio.run(crash())
    process_id = int(folder.engine_process.read_text())
    assert is_held(folder.lock)
    refused = run("--no-gui", "--config", file, "--data", folder.path)
    assert refused.returncode == 3 and f"process id {process_id}" in refused.stderr
    server_id = int((folder.path / FOLDER / PROCESS_ID).read_text())
    asyncio.run(come_back(session))
    assert not is_held(folder.lock)
    asyncio.run(until(lambda: not crashed.is_running))
    with pytest.raises(ProcessLookupError):
        os.kill(server_id, 0)
    (entry,), records = journal(folder.path)
    assert entry.summary is not None and entry.summary.reason == "window closed"
    assert [each.command for each in records if isinstance(each, CommandReceived)] == ["PlaceOrder", "EndSession"]
