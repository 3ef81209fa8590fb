"""What a backtest hands out: how it was run, its figures, its trades and its equity, as JSON and as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from workstation.backtest.round_trips import BookedFill, Booking, PriceBars, Trade, round_trips
from workstation.backtest.statistics import Figures, figures
from workstation.backtest.summary import summary_text
from workstation.config.settings import Costs
from workstation.core.instrument import Instrument
from workstation.core.messages import LogLine
from workstation.core.money import from_money
from workstation.core.timeframe import iso_text
from workstation.core.types import InstrumentKind


class DataGap(msgspec.Struct, frozen=True):
    """Bars that the data lack: from the close before to the open after, UTC nanoseconds."""

    start_ns: int
    end_ns: int
    bars: int


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """How a backtest was run. ``end_ns`` is excluded; ``bars`` counts those that could trade."""

    strategy: str
    symbol: str
    timeframe: str
    parameters: dict[str, Any]
    start_ns: int
    end_ns: int
    cash: Decimal
    currency: str
    costs: Costs
    limits: Literal["on", "none"]
    seed: int
    bars: int
    warm_up_bars: int
    data: str
    """Where the prices come from, in words."""
    kind: InstrumentKind = InstrumentKind.LINEAR
    matching: Literal["bars", "book"] = "bars"
    """What the simulated venue filled orders on."""
    market: str = ""
    """Whose market was recorded and on which terms it was traded, in words; empty for candles."""
    gaps: tuple[DataGap, ...] = ()
    denied: dict[str, int] = {}
    """Orders that the risk gate denied, by reason code."""
    lifted: dict[str, int] = {}
    """What a person would have had to lift (kill, halt, throttle, crisis) and the run lifted after its pause."""
    warnings: tuple[str, ...] = ()


class BacktestResult(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A finished run. ``equity_times_ns`` and ``equity`` (int64, 1e-8 of the currency) begin with the start."""

    run: Run
    figures: Figures
    trades: tuple[Trade, ...]
    fills: int
    order_hash: str
    equity_times_ns: NDArray[np.int64]
    equity: NDArray[np.int64]
    log: tuple[LogLine, ...] = ()
    """What the strategy and the engine logged, oldest first."""

    def to_json(self) -> dict[str, Any]:
        """One object of plain JSON values: ratios as numbers, money, prices and quantities as decimal strings."""
        run, result = self.run, self.figures
        return {
            "strategy": run.strategy,
            "symbol": run.symbol,
            "timeframe": run.timeframe,
            "parameters": {name: _plain(value) for name, value in run.parameters.items()},
            "start": iso_text(run.start_ns),
            "end": iso_text(run.end_ns),
            "bars": run.bars,
            "warm_up_bars": run.warm_up_bars,
            "data": run.data,
            "kind": str(run.kind),
            "matching": run.matching,
            "market": run.market,
            "gaps": [
                {"start": iso_text(gap.start_ns), "end": iso_text(gap.end_ns), "bars": gap.bars} for gap in run.gaps
            ],
            "currency": run.currency,
            "cash": str(run.cash),
            "costs": {name: _plain(getattr(run.costs, name)) for name in run.costs.__struct_fields__},
            "limits": run.limits,
            "seed": run.seed,
            "final_equity": _money(result.final_equity),
            "total_return": result.total_return,
            "buy_and_hold": result.buy_and_hold,
            "cagr": result.cagr,
            "sharpe": result.sharpe,
            "sortino": result.sortino,
            "calmar": result.calmar,
            "max_drawdown": result.max_drawdown,
            "max_drawdown_days": result.max_drawdown_days,
            "fills": self.fills,
            "trade_count": result.trade_count,
            "open_trades": result.open_trades,
            "win_rate": result.win_rate,
            "profit_factor": result.profit_factor,
            "expectancy": _rounded_money(result.expectancy),
            "expectancy_r": result.expectancy_r,
            "average_win": _rounded_money(result.average_win),
            "average_loss": _rounded_money(result.average_loss),
            "exposure": result.exposure,
            "fees": _money(result.fees),
            "slippage": _money(result.slippage),
            "funding": _money(result.funding),
            "monthly_returns": [
                {"month": f"{month.year}-{month.month:02d}", "return": month.value} for month in result.months
            ],
            "denied": dict(run.denied),
            "lifted": dict(run.lifted),
            "warnings": list(run.warnings),
            "trades": [_trade_json(trade) for trade in self.trades],
            "order_hash": self.order_hash,
        }

    def summary_text(self, width: int = 80) -> str:
        """The summary that a trader reads, as plain lines of at most ``width`` characters where words allow."""
        return summary_text(self, width)


def build_result(
    run: Run,
    *,
    bookings: Sequence[Booking],
    equity_times_ns: NDArray[np.int64],
    equity: NDArray[np.int64],
    bars: PriceBars,
    instruments: Mapping[str, Instrument],
    last_prices: Mapping[str, int],
    order_hash: str,
    log: tuple[LogLine, ...] = (),
) -> BacktestResult:
    """Trades and figures from what a run booked.

    ``bookings`` are in the order in which they happened; ``equity`` begins with a sample at ``run.start_ns`` and ends
    with one at its end; ``bars`` are those of the tested period, without warm-up. Raises ``ValueError`` without bars
    or samples.
    """
    if len(bars) == 0 or len(equity) == 0 or len(equity) != len(equity_times_ns):
        raise ValueError("A result needs at least one bar and one equity sample, with a time for each sample.")
    trades = round_trips(bookings, instruments, end_ns=run.end_ns, last_prices=last_prices, bars={run.symbol: bars})
    computed = figures(
        equity_times_ns,
        equity,
        trades,
        end_ns=run.end_ns,
        first_price=int(bars.open[0]),
        last_price=int(bars.close[-1]),
    )
    return BacktestResult(
        run=run,
        figures=computed,
        trades=tuple(trades),
        fills=sum(isinstance(booking, BookedFill) for booking in bookings),
        order_hash=order_hash,
        equity_times_ns=equity_times_ns,
        equity=equity,
        log=log,
    )


def _trade_json(trade: Trade) -> dict[str, Any]:
    return {
        "number": trade.number,
        "symbol": trade.symbol,
        "strategy": trade.strategy,
        "side": "long" if trade.side > 0 else "short",
        "entry_time": iso_text(trade.entry_ns),
        "exit_time": None if trade.is_open else iso_text(trade.exit_ns),
        "quantity": str(trade.quantity),
        "entry_price": str(trade.entry_price),
        "exit_price": str(trade.exit_price),
        "fees": _money(trade.fees),
        "funding": _money(trade.funding),
        "slippage": _money(trade.slippage),
        "pnl": _money(trade.net),
        "r_multiple": trade.r_multiple,
        "reason": trade.entry_reason,
        "exit_reason": trade.exit_reason,
        "bars_held": trade.bars_held,
        "adverse_excursion": _money(trade.adverse),
        "favourable_excursion": _money(trade.favourable),
        "open": trade.is_open,
    }


def _money(amount: int | None) -> str | None:
    return None if amount is None else f"{from_money(amount):f}"


def _rounded_money(amount: float | None) -> str | None:
    return None if amount is None else _money(round(amount))


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, bool | int | float | str) or value is None else str(value)
