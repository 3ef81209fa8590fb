from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import pytest

from tests.replay.paper_session import START_NS, PaperSession, busy_configuration
from workstation.core.messages import Flatten, Kill, PauseStrategy, PlaceOrder, Resume, TransferPosition
from workstation.core.orders import Intent
from workstation.core.timeframe import HOUR_NS
from workstation.core.types import Side


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with two sessions: one that ended in order, one that was killed."""
    data = tmp_path_factory.mktemp("recorded")
    first = PaperSession(data, busy_configuration())
    first.let_pass(900)
    first.command(PauseStrategy(strategy="grid"))
    price = first.session.kernel.markets["ETHUSDT"].last_price
    buy = Intent(symbol="ETHUSDT", side=Side.BUY, lots=2_000, stop_loss=price // 2)
    first.command(PlaceOrder(intent=buy))
    first.let_pass(5)
    transfer = TransferPosition(symbol="ETHUSDT", from_owner="manual", to_owner="ema_cross", reason="handed over")
    assert "moved" in first.command(transfer)
    first.let_pass(200)
    first.command(Kill(reason="a test"))
    first.let_pass(60)
    first.command(Resume(reason="a test"))
    first.let_pass(60)
    first.close()
    second = PaperSession(data, busy_configuration(), start_ns=START_NS + HOUR_NS)
    second.let_pass(900)
    second.command(Flatten(symbol="BTCUSDT"))
    second.let_pass(100.5)
    second.kill()
    return data


@pytest.fixture
def copied(recorded: Path, tmp_path: Path) -> Callable[[], Path]:
    """Gives a copy of the recorded folder that may be damaged."""
    return lambda: copytree(recorded, tmp_path / "data")
