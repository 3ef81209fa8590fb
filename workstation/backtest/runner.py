"""Runs a strategy over candles with the same kernel, gate, venue and ledger that trade live."""

from __future__ import annotations

import msgspec

from workstation.assembly import backtest_equity_interval
from workstation.backtest.engine import BacktestEngine, BacktestRequest, Progress, candles_before
from workstation.backtest.result import BacktestResult, DataGap
from workstation.backtest.round_trips import PriceBars
from workstation.config.settings import Settings
from workstation.core.instrument import Instrument
from workstation.core.messages import Bar
from workstation.core.timeframe import TIMEFRAMES
from workstation.market.history import BarRow, CandleStore, find_candles
from workstation.market.series import series_in_words
from workstation.trading.kernel import Kernel
from workstation.trading.registry import StrategyRegistry

PROGRESS_BARS = 4096


class BacktestData(msgspec.Struct, frozen=True, eq=False):
    """The bars of a run, and those before it that warm it up."""

    bars: list[Bar]
    warm_up: tuple[BarRow, ...]
    prices: PriceBars
    gaps: tuple[DataGap, ...]
    source: str
    series: str = ""
    """The name under which the candles were found."""


def load_data(
    request: BacktestRequest, instrument: Instrument, store: CandleStore | None, warm_up: int
) -> BacktestData:
    """Candles of the period, and up to ``warm_up`` before it where there are some. Raises ``DataError``."""
    interval_ns = TIMEFRAMES[request.timeframe]
    found = find_candles(store, request.symbol, interval_ns, request.start_ns, request.end_ns, request.series)
    before = candles_before(store, found.symbol, interval_ns, request.start_ns, warm_up)
    candles = found.named(request.symbol)
    gaps = tuple(DataGap(start, end, missing) for start, end, missing in candles.gaps())
    open_, high, low, close = candles.ticks(instrument)
    prices = PriceBars(
        interval_ns=interval_ns, close_ns=candles.open_ns + interval_ns, open=open_, high=high, low=low, close=close
    )
    source = f"{len(candles):,} candles of {request.timeframe} of {series_in_words(found.symbol)}"
    warm_rows = tuple(before.rows(instrument)) if before is not None else ()
    return BacktestData(candles.to_bars(instrument), warm_rows, prices, gaps, source, found.symbol)


def run_backtest(
    settings: Settings,
    request: BacktestRequest,
    data: BacktestData,
    registry: StrategyRegistry,
    progress: Progress | None = None,
) -> BacktestResult:
    """Run it. Raises ``StrategyError`` when the strategy is unknown, does not fit, or fails on the way."""
    interval_ns = TIMEFRAMES[request.timeframe]
    engine = BacktestEngine(
        settings,
        request,
        registry,
        settings.instruments[request.symbol],
        base_interval_ns=interval_ns,
        equity_interval_ns=backtest_equity_interval(interval_ns),
    )
    engine.start(data.bars[0].open_ns, data.warm_up)
    engine.start_strategy()
    _feed(engine.kernel, data.bars, progress)
    engine.finish()
    return engine.result(
        data.prices, bars=len(data.bars), warm_up_bars=len(data.warm_up), data=data.source, gaps=data.gaps
    )


def _feed(kernel: Kernel, bars: list[Bar], progress: Progress | None) -> None:
    dispatch = kernel.dispatch
    if progress is None:
        for bar in bars:
            dispatch(bar)
        return
    total = len(bars)
    for first in range(0, total, PROGRESS_BARS):
        for bar in bars[first : first + PROGRESS_BARS]:
            dispatch(bar)
        progress(min(first + PROGRESS_BARS, total), total)
