"""The figures against cases that were computed by hand."""

from __future__ import annotations

from decimal import Decimal
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.backtest import statistics
from workstation.backtest.round_trips import Trade
from workstation.backtest.statistics import Figures, MonthReturn, figures
from workstation.core.money import to_money
from workstation.core.timeframe import DAY_NS, HOUR_NS, SECOND_NS, parse_utc
from workstation.core.types import Side

START = parse_utc("2023-01-01")


def trade(net: int, entry_h: float = 0, exit_h: float = 1, risk: int = 0, is_open: bool = False) -> Trade:
    return Trade(
        number=1,
        symbol="BTCUSDT",
        strategy="s",
        side=Side.BUY,
        entry_ns=START + int(entry_h * HOUR_NS),
        exit_ns=START + int(exit_h * HOUR_NS),
        quantity=Decimal(1),
        entry_price=Decimal(1),
        exit_price=Decimal(1),
        fees=2,
        funding=-1,
        slippage=3,
        gross=net + 3,
        risk=risk,
        entry_reason="",
        exit_reason="",
        fills=2,
        bars_held=1,
        adverse=None,
        favourable=None,
        is_open=is_open,
    )


def of_days(*equities: float | Decimal, trades: tuple[Trade, ...] = ()) -> Figures:
    """One sample at each UTC midnight from 2023-01-01."""
    times = START + np.arange(len(equities), dtype=np.int64) * DAY_NS
    amounts = np.array([to_money(Decimal(str(equity))) for equity in equities], dtype=np.int64)
    return figures(times, amounts, trades, end_ns=int(times[-1]), first_price=200, last_price=250)


def test_returns_of_three_days() -> None:
    """100, 110, 99, 108.9: daily returns +10 %, -10 %, +10 %; mean 1/30, sample deviation 0.11547."""
    result = of_days(100, 110, 99, Decimal("108.9"))
    assert result.total_return == pytest.approx(0.089)
    assert result.final_equity == to_money("108.9")
    assert result.buy_and_hold == pytest.approx(0.25)
    assert result.cagr == pytest.approx(1.089 ** (365 / 3) - 1)
    deviation = sqrt(((1 / 15) ** 2 * 2 + (2 / 15) ** 2) / 2)
    assert result.sharpe == pytest.approx(1 / 30 / deviation * sqrt(365))
    assert result.sortino == pytest.approx(1 / 30 / sqrt(0.01 / 3) * sqrt(365))
    assert result.max_drawdown == pytest.approx(0.1)
    assert result.calmar == pytest.approx((1.089 ** (365 / 3) - 1) / 0.1)
    assert result.max_drawdown_days == pytest.approx(2)
    assert not result.drawdown.recovered


def test_a_year_of_365_days_has_its_return_as_growth() -> None:
    result = of_days(*np.linspace(100, 120, 366))
    assert result.cagr == pytest.approx(0.2)
    assert result.sortino is None  # No day lost.
    assert result.calmar is None  # No drawdown.
    assert (result.max_drawdown, result.max_drawdown_days) == (0, 0)


def test_drawdown_runs_from_its_peak_to_its_recovery() -> None:
    """The fall from 120 to 90 is the deepest; the peak is reached again on the sixth day."""
    result = of_days(100, 95, 120, 90, 110, 100, 120, 130)
    assert result.max_drawdown == pytest.approx(0.25)
    assert result.drawdown.peak_ns == START + 2 * DAY_NS
    assert result.drawdown.trough_ns == START + 3 * DAY_NS
    assert result.drawdown.recovery_ns == START + 6 * DAY_NS
    assert result.drawdown.recovered
    assert result.max_drawdown_days == 4


def test_daily_returns_take_the_last_sample_before_midnight() -> None:
    times = np.array([0, 5, 23, 25, 47, 60], dtype=np.int64) * HOUR_NS + START
    equity = np.array([100, 150, 110, 500, 121, 121], dtype=np.int64)
    daily = statistics.daily_returns(times, equity, START + 60 * HOUR_NS)
    assert daily.tolist() == pytest.approx([0.1, 0.1, 0.0])


def test_a_run_over_parts_of_two_days_has_no_yearly_ratios() -> None:
    """Ten minutes around a midnight would be two daily returns."""
    times = np.array([-300, 0, 300], dtype=np.int64) * SECOND_NS + START + DAY_NS
    equity = np.array([10_000, 9_990, 9_985], dtype=np.int64)
    result = figures(times, equity, [], end_ns=int(times[-1]), first_price=1, last_price=1)
    assert (result.sharpe, result.sortino, result.cagr) == (None, None, None)


def test_trades_are_counted_by_their_net_result() -> None:
    trades = (
        trade(300, 0, 2, risk=100),
        trade(-100, 4, 6, risk=100),
        trade(100, 6, 7, risk=200),
        trade(0, 8, 9),
        trade(-10_000, 20, 24, is_open=True),
    )
    result = of_days(100, 100, trades=trades)
    assert (result.trade_count, result.open_trades) == (4, 1)
    assert result.win_rate == 0.5
    assert result.profit_factor == pytest.approx(4)
    assert result.expectancy == pytest.approx(75)
    assert result.expectancy_r == pytest.approx((3 - 1 + 0.5) / 3)
    assert (result.average_win, result.average_loss) == (200, -100)
    assert (result.best_trade, result.worst_trade) == (300, -100)
    assert result.average_hours == pytest.approx(1.5)
    assert result.exposure == pytest.approx(10 / 24)
    assert (result.fees, result.slippage, result.funding) == (10, 15, -5)


def test_time_in_overlapping_trades_counts_once() -> None:
    trades = [trade(1, 0, 6), trade(1, 2, 4), trade(1, 5, 12), trade(1, 20, 40)]
    assert statistics.exposure(trades, START, START + DAY_NS) == pytest.approx(16 / 24)


def test_months_are_of_the_calendar_and_the_last_may_be_partial() -> None:
    times = np.array([parse_utc(day) for day in ("2022-12-31", "2023-01-01", "2023-02-01", "2023-02-10")])
    equity = np.array([100, 110, 99, 198], dtype=np.int64)
    months = tuple(statistics.month_returns(times, equity, parse_utc("2023-02-11")))
    assert [(month.year, month.month) for month in months] == [(2022, 12), (2023, 1), (2023, 2)]
    assert [month.value for month in months] == pytest.approx([0.1, -0.1, 1.0])
    assert months[0] == MonthReturn(2022, 12, months[0].value)


def test_what_has_no_value_is_none() -> None:
    result = of_days(100, 100)
    for name in ("sharpe", "sortino", "calmar", "win_rate", "profit_factor", "expectancy", "expectancy_r"):
        assert getattr(result, name) is None
    assert (result.average_win, result.best_trade, result.average_hours) == (None, None, None)
    assert (result.exposure, result.cagr) == (0, 0)


def test_a_lost_account() -> None:
    result = of_days(100, 50, -5)
    assert result.total_return == pytest.approx(-1.05)
    assert result.cagr == -1
    assert result.max_drawdown == pytest.approx(1.05)
    assert of_days(100, -5, 20).sharpe is None


def test_growth_too_large_for_a_number_is_none() -> None:
    assert statistics.annual_growth(np.array([1, 2**62], dtype=np.int64), 1) is None


@given(st.lists(st.integers(-(10**12), 10**15), min_size=1, max_size=40), st.integers(1, 10**15))
def test_no_figure_is_ever_nan_or_infinite(changes: list[int], first: int) -> None:
    equity = np.array([first, *changes], dtype=np.int64)
    times = START + np.arange(len(equity), dtype=np.int64) * 7 * HOUR_NS
    result = figures(times, equity, [], end_ns=int(times[-1]), first_price=1, last_price=1)
    for name in result.__struct_fields__:
        value = getattr(result, name)
        if isinstance(value, float):
            assert np.isfinite(value), name
    assert result.max_drawdown >= 0
    assert all(month.value is None or np.isfinite(month.value) for month in result.months)
