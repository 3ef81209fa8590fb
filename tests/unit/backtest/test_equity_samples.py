"""The equity of a run over candles is what the account was worth at the close of the bar that ends at the sample."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import numpy as np
import pytest

from tests.unit.backtest.test_job import LOADED, REQUEST
from workstation.assembly import backtest_equity_interval
from workstation.backtest.runner import load_data, run_backtest
from workstation.core.money import MONEY_SCALE
from workstation.core.timeframe import DAY_NS, HOUR_NS, MINUTE_NS, TIMEFRAMES, parse_utc
from workstation.trading.registry import StrategyRegistry

FREE = msgspec.structs.replace(REQUEST.costs, taker_bps=Decimal(0), maker_bps=Decimal(0), funding=False)


@pytest.mark.parametrize("timeframe", ["4h", "1d"])
def test_each_sample_is_at_the_close_of_its_bar(timeframe: str) -> None:
    request = msgspec.structs.replace(
        REQUEST, timeframe=timeframe, end_ns=parse_utc("2023-06-01"), costs=FREE, loss_limits=False
    )
    settings = LOADED.settings
    instrument = settings.instruments["BTCUSDT"]
    data = load_data(request, instrument, None, 0)
    result = run_backtest(settings, request, data, StrategyRegistry(None))
    prices = zip(data.prices.close_ns.tolist(), data.prices.close.tolist(), strict=True)
    closes = {at: float(instrument.price(ticks)) for at, ticks in prices}
    held = [trade for trade in result.trades if trade.exit_ns - trade.entry_ns > 2 * TIMEFRAMES[timeframe]]
    assert held
    for at, equity in zip(result.equity_times_ns.tolist(), (result.equity / MONEY_SCALE).tolist()):
        if at not in closes:
            continue
        worth = float(request.cash)
        for trade in result.trades:
            if trade.exit_ns <= at and not trade.is_open:
                worth += trade.gross / MONEY_SCALE
            elif trade.entry_ns <= at:
                worth += float(trade.quantity) * (closes[at] - float(trade.entry_price))
        assert equity == pytest.approx(worth, abs=1e-4)
    missing = set(closes) - set(result.equity_times_ns.tolist())
    assert not missing
    assert np.all(np.diff(result.equity_times_ns) >= 0)


def test_equity_is_sampled_at_least_at_each_midnight() -> None:
    found = {name: backtest_equity_interval(TIMEFRAMES[name]) for name in ("1m", "4h", "1d", "1w")}
    assert found == {"1m": HOUR_NS, "4h": 240 * MINUTE_NS, "1d": DAY_NS, "1w": DAY_NS}
