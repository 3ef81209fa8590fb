"""What every backtest runs on: the kernel that trades live, with one symbol, one strategy and a journal in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np

from workstation.assembly import add_strategies, kernel_terms, simulated_venue
from workstation.backtest.result import BacktestResult, Run, build_result
from workstation.backtest.round_trips import BookedFill, BookedFunding, BookedStop, Booking, PriceBars
from workstation.backtest.run_log import run_log
from workstation.config.settings import Costs, Settings, StrategyEntry
from workstation.core.errors import StrategyError, WorkstationError
from workstation.core.instrument import Instrument
from workstation.core.messages import (
    EquitySampled,
    FundingPaid,
    History,
    OrderDenied,
    OrderFilled,
    OrderSubmitted,
    PositionLiquidated,
    StartStrategy,
)
from workstation.core.money import to_money
from workstation.core.orders import Order
from workstation.core.timeframe import HOUR_NS, TIMEFRAMES
from workstation.core.types import OrderRole, StrategyState
from workstation.market.history import BarRow, Candles, CandleStore, candle_ranges, find_candles
from workstation.storage.journal import MemoryJournal
from workstation.trading.desk import Desk
from workstation.trading.kernel import Kernel
from workstation.trading.ledger import Booking as LedgerBooking
from workstation.trading.registry import StrategyRegistry

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


class BacktestEngine:
    """Made, started, fed through ``kernel.dispatch``, and asked for its result once. Raises ``StrategyError`` when the
    strategy is unknown or does not fit."""

    def __init__(
        self,
        settings: Settings,
        request: BacktestRequest,
        registry: StrategyRegistry,
        instrument: Instrument,
        *,
        base_interval_ns: int,
        equity_interval_ns: int,
    ) -> None:
        self.request = request
        self.instrument = instrument
        instruments = {request.symbol: instrument}
        cash = {settings.account.currency: to_money(request.cash)}
        terms = kernel_terms(
            settings,
            instruments,
            cash=cash,
            session=0,
            start_ns=request.start_ns,
            loss_limits=request.loss_limits,
            base_interval_ns=base_interval_ns,
            equity_interval_ns=equity_interval_ns,
            seed=request.seed,
            person_pause_ns=settings.risk.backtest_pause_hours * HOUR_NS,
        )
        self.journal = MemoryJournal()
        make_venue = simulated_venue(settings, instruments, request.costs, cash, request.seed)
        self.kernel = Kernel(terms, self.journal, make_venue)
        Desk(self.kernel, None)
        entry = StrategyEntry(
            strategy=request.strategy,
            symbol=request.symbol,
            timeframe=request.timeframe,
            parameters=request.parameters,
        )
        failures = add_strategies(self.kernel, registry, {request.strategy: entry})
        for reason in failures.values():
            raise StrategyError(reason)
        self._bookings = _collect_bookings(self.kernel)

    def start(self, started_ns: int, warm_up: tuple[BarRow, ...]) -> None:
        """Start the kernel and warm it up."""
        request, kernel = self.request, self.kernel
        kernel.start(started_ns)
        if warm_up:
            kernel.dispatch(History(request.symbol, started_ns, TIMEFRAMES[request.timeframe], warm_up))

    def start_strategy(self) -> None:
        """Start the strategy now."""
        self.kernel.dispatch(
            StartStrategy(strategy=self.request.strategy, ts_ns=self.kernel.clock.time_ns, who="backtest")
        )

    def finish(self) -> None:
        """Take the last sample of the equity. Raises ``StrategyError`` when the strategy failed on the way."""
        self.kernel.day.sample_equity()
        slot = self.kernel.host.slots[self.request.strategy]
        if slot.state is StrategyState.FAILED:
            raise StrategyError(f"Strategy {self.request.strategy} failed during the backtest: {slot.detail}")

    def result(self, prices: PriceBars, *, end_ns: int | None = None, **about_data: Any) -> BacktestResult:
        """The finished run, or with ``end_ns`` as far as it has come by then. ``about_data`` are the fields of ``Run``
        that tell of its data. Raises ``ValueError`` before the first sample of the equity."""
        request, kernel, outputs = self.request, self.kernel, self.journal.outputs
        samples = [output for output in outputs if type(output) is EquitySampled]
        denied = Counter(output.code for output in outputs if type(output) is OrderDenied)
        run = Run(
            strategy=request.strategy,
            symbol=request.symbol,
            kind=self.instrument.kind,
            timeframe=request.timeframe,
            parameters=kernel.host.slots[request.strategy].strategy.parameter_values(),
            start_ns=request.start_ns,
            end_ns=request.end_ns if end_ns is None else end_ns,
            cash=request.cash,
            currency=kernel.ledger.currency,
            costs=request.costs,
            limits="on" if request.loss_limits else "none",
            seed=request.seed,
            denied=dict(sorted(denied.items())),
            lifted=dict(sorted(kernel.lifts.items())),
            warnings=(*about_data.pop("warnings", ()), *_warnings(kernel, outputs)),
            **about_data,
        )
        return build_result(
            run,
            bookings=self._bookings,
            equity_times_ns=np.array([sample.ts_ns for sample in samples], dtype=np.int64),
            equity=np.array([sample.equity for sample in samples], dtype=np.int64),
            bars=prices,
            instruments=kernel.terms.instruments,
            last_prices={request.symbol: int(prices.close[-1])},
            order_hash=self.journal.order_hash(),
            log=run_log(outputs),
        )


def candles_before(
    store: CandleStore | None, symbol: str, interval_ns: int, before_ns: int, bars: int
) -> Candles | None:
    """What there is of the ``bars`` that closed last at ``before_ns``; ``None`` when there are none."""
    firsts = [first for known, step, first, _, _ in candle_ranges(store) if known == symbol and interval_ns % step == 0]
    start_ns = max(before_ns - bars * interval_ns, min(firsts, default=before_ns))
    if bars == 0 or start_ns >= before_ns:
        return None
    try:
        return find_candles(store, symbol, interval_ns, start_ns, before_ns)
    except WorkstationError:
        return None


def _collect_bookings(kernel: Kernel) -> list[Booking]:
    bookings: list[Booking] = []

    def on_booked(event: OrderFilled | PositionLiquidated, order: Order | None, booking: LedgerBooking) -> None:
        position = booking.position
        stop = 0
        if order is not None and order.role is OrderRole.ENTRY:
            live = kernel.orders.live_stop(position.owner, position.instrument.symbol)
            # A fill that turns the position still has the stop of the old side.
            stop = live.stop_price if live is not None and live.side is not event.side else 0
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

    def on_submitted(event: OrderSubmitted) -> None:
        if event.role is OrderRole.PROTECTIVE_STOP and event.stop_price:
            bookings.append(
                BookedStop(ts_ns=event.ts_ns, symbol=event.symbol, owner=event.owner, price=event.stop_price)
            )

    kernel.settlement.listeners.append(on_booked)
    kernel.bus.subscribe(FundingPaid, on_funding)
    kernel.bus.subscribe(OrderSubmitted, on_submitted)
    return bookings


def _warnings(kernel: Kernel, outputs: Iterable[object]) -> list[str]:
    found = []
    liquidations = sum(1 for output in outputs if type(output) is PositionLiquidated)
    if liquidations:
        found.append(f"The venue liquidated the position {liquidations} times.")
    if kernel.trading.causes:
        found.append("Trading was restricted at the end: " + kernel.trading.reason)
    return found
