"""Runs a strategy over recordings of books, trades and marks: the simulated venue matches on the recorded book."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec
import numpy as np

from workstation.backtest.engine import BacktestEngine, BacktestRequest, Progress, candles_before
from workstation.backtest.result import BacktestResult
from workstation.backtest.round_trips import PriceBars
from workstation.backtest.wording import plural
from workstation.config.settings import Settings
from workstation.core.errors import ConfigurationError, DataError
from workstation.core.instrument import Instrument
from workstation.core.messages import Bar, BookDelta, BookGap, Trade
from workstation.core.timeframe import MINUTE_NS, TIMEFRAMES, bar_open_ns, utc_text
from workstation.core.types import InstrumentKind
from workstation.market.history import BarRow, CandleStore
from workstation.market.recordings import Recordings
from workstation.market.series import invented
from workstation.trading.kernel import Kernel
from workstation.trading.registry import StrategyRegistry

PROGRESS_INPUTS = 4096


class RecordedData(msgspec.Struct, frozen=True, eq=False):
    """What a run is fed with: the market of one symbol, and bars from before it."""

    recordings: Recordings
    instrument: Instrument
    """On the recorded terms."""
    warm_up: tuple[BarRow, ...]


def recorded_instrument(recordings: Recordings, symbol: str, configured: Mapping[str, Instrument]) -> Instrument:
    """The terms on which a symbol was recorded. Raises ``DataError`` when the recordings hold anything else, and
    ``ConfigurationError`` when the configuration counts in other steps."""
    for file in recordings.files:
        held = file.header.instrument.symbol
        if held != symbol:
            raise DataError(f"{file.path} holds {held}, not {symbol}: leave it out, or give --symbol {held}.")
    terms = recordings.instruments[symbol]
    ours = configured.get(symbol)
    if ours is None:
        known = ", ".join(configured)
        raise ConfigurationError(f"Symbol {symbol} is not under `instruments` of the configuration; there are {known}.")
    if (ours.tick, ours.lot) != (terms.tick, terms.lot):
        raise ConfigurationError(
            f"{symbol} was recorded with tick {terms.tick:f} and lot {terms.lot:f}, the configuration has "
            f"{ours.tick:f} and {ours.lot:f}: set `instruments.{symbol}` to the recorded ones."
        )
    return terms


def load_recorded(
    request: BacktestRequest,
    recordings: Recordings,
    configured: Mapping[str, Instrument],
    store: CandleStore | None,
    warm_up: int,
) -> RecordedData:
    """With up to ``warm_up`` bars of the same market that closed before it, where the store has some.

    Raises as ``recorded_instrument`` does.
    """
    instrument = recorded_instrument(recordings, request.symbol, configured)
    interval_ns = TIMEFRAMES[request.timeframe]
    built_in = recordings.files[0].header.built_in
    name = invented(request.symbol) if built_in else request.symbol
    candles = candles_before(store, name, interval_ns, bar_open_ns(request.start_ns, interval_ns), warm_up)
    return RecordedData(recordings, instrument, tuple(candles.rows(instrument)) if candles is not None else ())


def run_recorded_backtest(
    settings: Settings,
    request: BacktestRequest,
    data: RecordedData,
    registry: StrategyRegistry,
    progress: Progress | None = None,
) -> tuple[BacktestResult, PriceBars]:
    """The result and the minutes that it was traded in, the last one unfinished.

    The bars that strategies hear are built from the recorded trades, from minutes on as in a live session. Raises
    ``StrategyError`` when the strategy is unknown, does not fit, or fails on the way, and ``DataError`` for a damaged
    recording or one without trades.
    """
    engine = BacktestEngine(
        settings,
        request,
        registry,
        data.instrument,
        base_interval_ns=MINUTE_NS,
        equity_interval_ns=MINUTE_NS,
    )
    kernel = engine.kernel
    market = kernel.markets[request.symbol]
    market.want_bars(MINUTE_NS, MINUTE_NS)
    bars: list[Bar] = []
    kernel.bus.subscribe(Bar, bars.append)
    engine.start(request.start_ns, data.warm_up)
    counts = _feed(engine, data.recordings, progress)
    engine.finish()
    prices = _minutes(kernel, request.symbol, bars)
    interval_ns = TIMEFRAMES[request.timeframe]
    gaps = sum(1 for output in engine.journal.outputs if type(output) is BookGap)
    result = engine.result(
        prices,
        bars=sum(1 for bar in bars if bar.interval_ns == interval_ns),
        warm_up_bars=len(data.warm_up),
        matching="book",
        market=_market_text(data, settings.instruments[request.symbol]),
        data=(
            f"Recorded {counts[BookDelta]:,} book changes and {counts[Trade]:,} trades, "
            + (f"{plural(gaps, 'gap')} in the book" if gaps else "no gap in the book")
        ),
        warnings=_warnings(data.recordings),
    )
    return result, prices


def _feed(engine: BacktestEngine, recordings: Recordings, progress: Progress | None) -> Counter[type]:
    """Dispatch every input; how many of each kind there were. As in a session, the strategy starts once its feed
    stands."""
    kernel, symbol = engine.kernel, engine.request.symbol
    dispatch, waits = kernel.dispatch, True
    counts: Counter[type] = Counter()
    total = recordings.inputs
    for number, message in enumerate(recordings, 1):
        dispatch(message)
        if waits and kernel.feed_stands(symbol):
            waits = False
            engine.start_strategy()
        counts[type(message)] += 1
        if progress is not None and number % PROGRESS_INPUTS == 0:
            progress(min(number, total), total)
    return counts


def _minutes(kernel: Kernel, symbol: str, bars: list[Bar]) -> PriceBars:
    rows = [
        (bar.ts_ns, bar.open, bar.high, bar.low, bar.close, bar.lots) for bar in bars if bar.interval_ns == MINUTE_NS
    ]
    base = kernel.markets[symbol].base
    if base is not None and base.close_ns:
        rows.append((base.close_ns, base.open, base.high, base.low, base.close, base.lots))
    if not rows:
        raise DataError(f"The recording holds no trade of {symbol}, so there is no price to trade at.")
    close_ns, open_, high, low, close, lots = np.array(rows, dtype=np.int64).T
    return PriceBars(interval_ns=MINUTE_NS, close_ns=close_ns, open=open_, high=high, low=low, close=close, lots=lots)


def _market_text(data: RecordedData, configured: Instrument) -> str:
    terms = data.instrument
    markets = ", ".join(dict.fromkeys(header.market_text() for header in data.recordings.headers))
    text = f"{markets}, traded on the recorded terms: {terms.kind}"
    if terms.kind is InstrumentKind.SPOT:
        text += ", so paid in full, nothing sold short and no funding"
    if terms.kind is not configured.kind:
        text += f"; the configuration has {terms.symbol} as {configured.kind}"
    return f"{text}."


def _warnings(recordings: Recordings) -> tuple[str, ...]:
    found = [
        f"The recordings hold nothing of {symbol} between {utc_text(after_ns)} and {utc_text(before_ns)} UTC."
        for symbol, after_ns, before_ns in recordings.holes
    ]
    if recordings.dropped_bytes:
        found.append(f"The end of a recording was torn: its last {recordings.dropped_bytes:,} bytes were left out.")
    return tuple(found)
