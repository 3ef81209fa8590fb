"""The start of a live session: nothing is wrong, so nothing warns; strategies wait for the feed, then trade."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.live.world import live_world
from workstation.core.types import StrategyState
from workstation.storage.layout import DataFolder
from workstation.trading.denials import DenialCode
from workstation.verification import verify


async def test_a_start_warns_of_nothing_and_the_first_quote_is_not_denied(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with live_world(tmp_path, "linear") as world:
        await world.start()
        slots = world.kernel.host.slots.values()
        await world.until(lambda: all(slot.state is StrategyState.RUNNING for slot in slots), what="the strategies run")
        assert all(market.connected and market.last_ns for market in world.kernel.markets.values())
        await world.until(lambda: world.kernel.orders.orders, what="the first order")
        assert not [each for each in world.denials if each.code == DenialCode.FEED_DOWN]
        await world.settle()
        strategies = world.loaded.settings.strategy_folder
        await world.stop()
        assert verify(DataFolder(tmp_path), Path(strategies)).sessions == 1
    said = [record.getMessage() for record in caplog.records]
    assert "Feed starting: BTCUSDT: connecting" in said
    assert any(text.startswith("Waits for the first data of BTCUSDT") for text in said)
