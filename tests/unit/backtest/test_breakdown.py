"""Trades by hour and weekday, streaks, distribution: nothing is lost or counted twice."""

from __future__ import annotations

from decimal import Decimal
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.backtest.runs import START, crossing_run, random_bars
from workstation.backtest.breakdown import (
    MOST_BINS,
    by_hour,
    by_weekday,
    distribution,
    streaks,
    trade_figures,
)
from workstation.backtest.round_trips import Trade
from workstation.core.timeframe import DAY_NS, HOUR_NS, parse_utc
from workstation.core.types import Side

UNIT = 100_000_000


def trade(number: int, net: int, entry_ns: int = START, risk: int = 0, is_open: bool = False) -> Trade:
    return Trade(
        number=number,
        symbol="BTCUSDT",
        strategy="ema_cross",
        side=Side.BUY,
        entry_ns=entry_ns,
        exit_ns=entry_ns + number * HOUR_NS,
        quantity=Decimal(1),
        entry_price=Decimal(100),
        exit_price=Decimal(101),
        fees=0,
        funding=0,
        slippage=0,
        gross=net,
        risk=risk,
        entry_reason="",
        exit_reason="",
        fills=2,
        bars_held=number,
        adverse=0,
        favourable=0,
        is_open=is_open,
    )


results = st.lists(st.integers(-500 * UNIT, 500 * UNIT), max_size=60)


@given(results, st.integers(0, 400))
def test_every_closed_trade_is_in_one_group(nets: list[int], hours: int) -> None:
    trades = [trade(number, net, START + number * hours * HOUR_NS) for number, net in enumerate(nets, 1)]
    trades.append(trade(999, 7, is_open=True))
    for groups, length in ((by_weekday(trades), 7), (by_hour(trades), 24)):
        assert len(groups) == length
        assert sum(group.trades for group in groups) == len(nets)
        assert sum(group.wins for group in groups) == sum(net > 0 for net in nets)
        assert sum(group.net for group in groups) == sum(nets)


def test_groups_are_of_the_entry_in_utc() -> None:
    tuesday = parse_utc("2023-01-03T23:30")
    trades = [trade(1, 5 * UNIT, tuesday)]
    assert [group.name for group in by_weekday(trades) if group.trades] == ["Tue"]
    assert [group.name for group in by_hour(trades) if group.trades] == ["23h"]


@given(st.lists(st.integers(-3, 3), max_size=40))
def test_streaks_are_the_longest_runs_of_one_sign(nets: list[int]) -> None:
    found = streaks([trade(number, net * UNIT) for number, net in enumerate(nets, 1)])
    runs = [(sign, list(run)) for sign, run in groupby(nets, key=lambda net: (net > 0) - (net < 0))]
    assert found.wins == max((len(run) for sign, run in runs if sign > 0), default=0)
    assert found.losses == max((len(run) for sign, run in runs if sign < 0), default=0)
    assert found.last == (runs[-1][0] * len(runs[-1][1]) if runs else 0)
    longest = [sum(run) * UNIT for sign, run in runs if sign > 0 and len(run) == found.wins]
    assert found.wins_net == (longest[0] if longest else 0)
    assert found.wins_net >= 0 >= found.losses_net


@given(results, st.booleans())
def test_each_result_is_in_the_bin_that_holds_it(nets: list[int], in_r: bool) -> None:
    trades = [trade(number, net, risk=50 * UNIT if in_r else 0) for number, net in enumerate(nets, 1)]
    found = distribution(trades)
    assert sum(each.trades for each in found.bins) == len(nets)
    assert len(found.bins) <= MOST_BINS + 1
    assert found.in_r == (in_r and bool(nets))
    for each in found.bins:
        assert each.low < each.high
        assert not each.low < -1e-9 < 1e-9 < each.high, "no bin mixes gains and losses"
    values = [net / (50 * UNIT if in_r else UNIT) for net in nets]
    for each in found.bins:
        slack = 1e-6 * (each.high - each.low)
        assert each.trades <= sum(each.low - slack <= value < each.high + slack for value in values)


def test_figures_of_the_trades_of_a_run() -> None:
    result = crossing_run(random_bars(900))
    found = trade_figures(result.trades, result.equity_times_ns, result.equity, result.run.end_ns)
    nets = [each.net for each in result.trades if not each.is_open]
    assert found.median == pytest.approx(float(np.median(nets)))
    mean, deviation = np.mean(nets), np.std(nets, ddof=1)
    assert found.sqn == pytest.approx(np.sqrt(len(nets)) * mean / deviation)
    rate, figures = result.figures.win_rate, result.figures
    assert rate is not None and figures.average_win and figures.average_loss and found.payoff
    assert found.payoff == pytest.approx(figures.average_win / -figures.average_loss)
    assert found.kelly == pytest.approx(rate - (1 - rate) / found.payoff)
    assert found.trades_a_month == pytest.approx(len(nets) / (900 / 24) * 365 / 12)
    assert found.worst_day is not None and found.best_day is not None and found.worst_day < 0 < found.best_day


def test_without_trades_there_are_no_figures() -> None:
    times, equity = np.array([START], dtype=np.int64), np.array([UNIT], dtype=np.int64)
    found = trade_figures([trade(1, 5, is_open=True)], times, equity, START + DAY_NS)
    assert (found.median, found.payoff, found.sqn, found.kelly, found.longest_hours) == (None,) * 5
    assert distribution([]).bins == ()
    assert streaks([]) == (0, 0, 0, 0, 0)
