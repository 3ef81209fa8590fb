"""Runs a strategy over candles with the same kernel, gate, venue and ledger that trade live."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np

from workstation.assembly import add_strategies, backtest_equity_interval, kernel_terms, simulated_venue
from workstation.backtest.result import BacktestResult, DataGap, Run, build_result
from workstation.backtest.round_trips import BookedFill, BookedFunding, Booking, PriceBars
from workstation.config.settings import Costs, Settings, StrategyEntry
from workstation.core.errors import StrategyError, WorkstationError
from workstation.core.instrument import Instrument
from workstation.core.messages import (
    Bar,
    EquitySampled,
    FundingPaid,
    History,
    OrderDenied,
    OrderFilled,
    PositionLiquidated,
    StartStrategy,
)
from workstation.core.money import to_money
from workstation.core.orders import Order
from workstation.core.timeframe import HOUR_NS, TIMEFRAMES
from workstation.core.types import OrderRole, StrategyState
from workstation.market.history import Candles, CandleStore, candle_ranges, find_candles
from workstation.market.series import series_in_words
from workstation.storage.journal import MemoryJournal
from workstation.trading.desk import Desk
from workstation.trading.kernel import Kernel
from workstation.trading.ledger import Booking as LedgerBooking
from workstation.trading.registry import StrategyRegistry

PROGRESS_BARS = 4096
Progress = Callable[[int, int], None]


class BacktestRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to run. Times are UTC nanoseconds, the end excluded."""

    symbol: str
    timeframe: str
    strategy: str
    start_ns: int
    end_ns: int
    cash: Decimal
    costs: Costs
    parameters: dict[str, Any] = {}
    loss_limits: bool = True
    seed: int = 1
    series: tuple[str, ...] = ()
    """Names of the candles to look for, see ``market.series``; the first that cover the time are taken."""


class BacktestData(msgspec.Struct, frozen=True, eq=False):
    """The bars of a run, and those before it that warm it up."""

    bars: list[Bar]
    warm_up: tuple[tuple[int, int, int, int, int, int], ...]
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
    before = _before(store, found.symbol, interval_ns, request.start_ns, warm_up)
    candles = found.named(request.symbol)
    gaps = tuple(DataGap(start, end, missing) for start, end, missing in candles.gaps())
    open_, high, low, close = candles.ticks(instrument)
    prices = PriceBars(
        interval_ns=interval_ns, close_ns=candles.open_ns + interval_ns, open=open_, high=high, low=low, close=close
    )
    source = f"{len(candles):,} candles of {request.timeframe} of {series_in_words(found.symbol)}"
    warm_rows = tuple(before.rows(instrument)) if before is not None else ()
    return BacktestData(candles.to_bars(instrument), warm_rows, prices, gaps, source, found.symbol)


def _before(store: CandleStore | None, series: str, interval_ns: int, end_ns: int, bars: int) -> Candles | None:
    """What there is of the bars just before the run's first."""
    firsts = [first for name, step, first, _, _ in candle_ranges(store) if name == series and interval_ns % step == 0]
    start_ns = max(end_ns - bars * interval_ns, min(firsts, default=end_ns))
    if bars == 0 or start_ns >= end_ns:
        return None
    try:
        return find_candles(store, series, interval_ns, start_ns, end_ns)
    except WorkstationError:
        return None


def run_backtest(
    settings: Settings,
    request: BacktestRequest,
    data: BacktestData,
    registry: StrategyRegistry,
    progress: Progress | None = None,
) -> BacktestResult:
    """Run it. Raises ``StrategyError`` when the strategy is unknown, does not fit, or fails on the way."""
    kernel, journal = backtest_kernel(settings, request, registry)
    bookings = _collect_bookings(kernel)
    started_ns = data.bars[0].open_ns
    interval_ns = TIMEFRAMES[request.timeframe]
    kernel.start(started_ns)
    if data.warm_up:
        kernel.dispatch(History(request.symbol, started_ns, interval_ns, data.warm_up))
    kernel.dispatch(StartStrategy(strategy=request.strategy, ts_ns=started_ns, who="backtest"))
    _feed(kernel, data.bars, progress)
    kernel.sample_equity()
    slot = kernel.host.slots[request.strategy]
    if slot.state is StrategyState.FAILED:
        raise StrategyError(f"Strategy {request.strategy} failed during the backtest: {slot.detail}")
    return _result(request, data, kernel, journal, bookings, slot.strategy.parameter_values())


def backtest_kernel(
    settings: Settings, request: BacktestRequest, registry: StrategyRegistry
) -> tuple[Kernel, MemoryJournal]:
    """A kernel of one symbol and one strategy, before its first bar."""
    instrument = settings.instruments[request.symbol]
    instruments = {request.symbol: instrument}
    interval_ns = TIMEFRAMES[request.timeframe]
    cash = {settings.account.currency: to_money(request.cash)}
    terms = kernel_terms(
        settings,
        instruments,
        cash=cash,
        session=0,
        start_ns=request.start_ns,
        loss_limits=request.loss_limits,
        base_interval_ns=interval_ns,
        equity_interval_ns=backtest_equity_interval(interval_ns),
        person_pause_ns=settings.risk.backtest_pause_hours * HOUR_NS,
    )
    journal = MemoryJournal()
    make_venue = simulated_venue(settings, instruments, request.costs, cash, request.seed)
    kernel = Kernel(terms, journal, make_venue)
    Desk(kernel, None)
    entry = StrategyEntry(
        strategy=request.strategy,
        symbol=request.symbol,
        timeframe=request.timeframe,
        parameters=request.parameters,
    )
    failures = add_strategies(kernel, registry, {request.strategy: entry})
    for reason in failures.values():
        raise StrategyError(reason)
    return kernel, journal


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


def _collect_bookings(kernel: Kernel) -> list[Booking]:
    bookings: list[Booking] = []

    def on_booked(event: OrderFilled | PositionLiquidated, order: Order | None, booking: LedgerBooking) -> None:
        position = booking.position
        stop = 0
        if order is not None and order.role is OrderRole.ENTRY:
            live = kernel.orders.live_stop(position.owner, position.instrument.symbol)
            stop = live.stop_price if live is not None else 0
        bookings.append(
            BookedFill(
                ts_ns=event.ts_ns,
                symbol=event.symbol,
                owner=position.owner,
                side=event.side,
                lots=event.lots,
                price=event.price,
                fee=event.fee,
                realised=booking.realised,
                slippage=event.slippage if isinstance(event, OrderFilled) else 0,
                role=order.role if order is not None else OrderRole.EXIT,
                reason=order.reason if order is not None else "",
                stop=stop,
                liquidation=order is None,
            )
        )

    def on_funding(event: FundingPaid) -> None:
        for position in kernel.ledger.by_symbol.get(event.symbol, []):
            bookings.append(
                BookedFunding(ts_ns=event.ts_ns, symbol=event.symbol, owner=position.owner, amount=event.amount)
            )

    kernel.on_booked.append(on_booked)
    kernel.bus.subscribe(FundingPaid, on_funding)
    return bookings


def _result(
    request: BacktestRequest,
    data: BacktestData,
    kernel: Kernel,
    journal: MemoryJournal,
    bookings: list[Booking],
    parameters: dict[str, Any],
) -> BacktestResult:
    samples = [output for output in journal.outputs if type(output) is EquitySampled]
    denied = Counter(output.code for output in journal.outputs if type(output) is OrderDenied)
    run = Run(
        strategy=request.strategy,
        symbol=request.symbol,
        timeframe=request.timeframe,
        parameters=parameters,
        start_ns=request.start_ns,
        end_ns=request.end_ns,
        cash=request.cash,
        currency=kernel.ledger.currency,
        costs=request.costs,
        limits="on" if request.loss_limits else "none",
        seed=request.seed,
        bars=len(data.bars),
        warm_up_bars=len(data.warm_up),
        data=data.source,
        gaps=data.gaps,
        denied=dict(sorted(denied.items())),
        lifted=dict(sorted(kernel.lifts.items())),
        warnings=tuple(_warnings(kernel, journal.outputs)),
    )
    return build_result(
        run,
        bookings=bookings,
        equity_times_ns=np.array([sample.ts_ns for sample in samples], dtype=np.int64),
        equity=np.array([sample.equity for sample in samples], dtype=np.int64),
        bars=data.prices,
        instruments=kernel.terms.instruments,
        last_prices={request.symbol: int(data.prices.close[-1])},
        order_hash=journal.order_hash(),
    )


def _warnings(kernel: Kernel, outputs: Iterable[object]) -> list[str]:
    found = []
    liquidations = sum(1 for output in outputs if type(output) is PositionLiquidated)
    if liquidations:
        found.append(f"The venue liquidated the position {liquidations} times.")
    if kernel.trading.causes:
        found.append("Trading was restricted at the end: " + kernel.trading.reason)
    return found
