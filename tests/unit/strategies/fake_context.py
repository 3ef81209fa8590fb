"""A strategy's context for tests: an order book keeper without latency that the test answers for by hand."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from workstation.core.algorithms import ParentOrder
from workstation.core.clock import EventClock, Timer
from workstation.core.instrument import Instrument
from workstation.core.messages import Bar, BookSnapshot, OrderFilled, Trade
from workstation.core.orders import Intent, Order
from workstation.core.timeframe import DAY_NS, HOUR_NS
from workstation.core.types import InstrumentKind, Liquidity, OrderRole, OrderState, OrderType, Severity, Side
from workstation.market.bars import BarSeries
from workstation.market.order_book import OrderBook
from workstation.rules.position import PositionFigures, apply_fill
from workstation.rules.value import position_value
from workstation.trading.strategy import Strategy

MONEY = 100_000_000
START_NS = 1_700_000_000 * 1_000_000_000 // DAY_NS * DAY_NS

SPOT = Instrument(
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    kind=InstrumentKind.SPOT,
    tick=Decimal("0.1"),
    lot=Decimal("0.0001"),
    minimum_notional=Decimal(5),
)
LINEAR = Instrument(
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    kind=InstrumentKind.LINEAR,
    tick=Decimal("0.1"),
    lot=Decimal("0.0001"),
    minimum_notional=Decimal(5),
)


class FakeContext:
    """Accepts what ``deny`` lets pass. Market orders wait for ``settle``; stops trigger in ``trade`` and ``bar``."""

    def __init__(self, instrument: Instrument = LINEAR, equity: int = 10_000) -> None:
        self.instrument = instrument
        self.clock = EventClock(START_NS)
        self.orders: dict[str, Order] = {}
        self.intents: list[Intent] = []
        self.figures = PositionFigures(0, 0)
        self.cash = equity * MONEY
        self.factor = Decimal(1)
        self.in_crisis = False
        self.price = 0
        self.all_series: dict[int, BarSeries] = {}
        self.the_book = OrderBook(instrument.symbol)
        self.deny: Callable[[Intent], bool] = lambda intent: False
        self.signals: list[tuple[Side, float, dict[str, float], str]] = []
        self.lines: list[tuple[Severity, str]] = []
        self.algorithms: list[ParentOrder] = []
        self.ended_algorithms: list[str] = []
        self.amendments: list[tuple[str, int | None, int | None, int | None]] = []
        self.strategy: Strategy | None = None
        self._fills = 0

    # --- StrategyContext ------------------------------------------------------------------------------------------

    def now_ns(self) -> int:
        return self.clock.now_ns()

    def submit(self, intent: Intent) -> str:
        self.intents.append(intent)
        held = self.figures.lots
        if self.deny(intent):
            return ""
        if intent.reduce_only and (held * intent.side >= 0 or intent.lots > abs(held)):
            raise AssertionError(f"the gate would deny {intent}: the position is {held}")
        client_id = f"o{len(self.orders) + 1}"
        self.orders[client_id] = order = Order(
            client_id=client_id,
            symbol=intent.symbol,
            side=intent.side,
            type=intent.type,
            lots=intent.lots,
            price=intent.price,
            stop_price=intent.stop_price,
            time_in_force=intent.time_in_force,
            post_only=intent.post_only,
            reduce_only=intent.reduce_only,
            role=intent.role,
            owner=intent.owner,
            reason=intent.reason,
            tag=intent.tag,
            created_ns=self.now_ns(),
        )
        order.state = OrderState.ACCEPTED
        return client_id

    def cancel(self, client_id: str, reason: str) -> None:
        order = self.orders[client_id]
        if order.is_open and not order.cancel_requested_ns:
            order.cancel_requested_ns = self.now_ns()

    def start_algorithm(self, order: ParentOrder) -> str:
        self.algorithms.append(order)
        return f"algorithm-{len(self.algorithms)}"

    def end_algorithm(self, algorithm_id: str, reason: str) -> None:
        self.ended_algorithms.append(algorithm_id)

    def amend(self, client_id: str, price: int | None, stop_price: int | None, lots: int | None) -> None:
        self.amendments.append((client_id, price, stop_price, lots))
        order = self.orders[client_id]
        assert order.is_open
        order.price = order.price if price is None else price
        order.stop_price = order.stop_price if stop_price is None else stop_price
        order.lots = order.lots if lots is None else lots

    def position(self) -> PositionFigures:
        return self.figures

    def open_orders(self) -> list[Order]:
        return [order for order in self.orders.values() if order.is_open]

    def order(self, client_id: str) -> Order | None:
        return self.orders.get(client_id)

    def equity(self) -> int:
        return self.cash + self.value(self.price, self.figures.lots) - self.figures.cost

    def size_factor(self) -> Decimal:
        return self.factor

    def crisis(self) -> bool:
        return self.in_crisis

    def crisis_threshold(self) -> int:
        return 80

    def minimum_lots(self, price: int) -> int:
        unit = abs(self.value(price, 1))
        return -(-int(self.instrument.minimum_notional * MONEY) // unit)

    def value(self, price: int, lots: int) -> int:
        return position_value(price, lots, *self.instrument.valuation)

    def last_price(self) -> int:
        return self.price

    def series(self, interval_ns: int) -> BarSeries:
        if interval_ns not in self.all_series:
            self.all_series[interval_ns] = BarSeries(self.instrument, interval_ns)
        return self.all_series[interval_ns]

    def book(self) -> OrderBook:
        return self.the_book

    def call_at(self, when_ns: int, callback: Callable[[], None]) -> Timer:
        return self.clock.call_at(when_ns, callback)

    def save_state(self, state: dict[str, Any]) -> None:
        raise AssertionError("the host saves the state, not the strategy")

    def signal(self, side: Side, confidence: float, parts: dict[str, float], text: str) -> None:
        self.signals.append((side, confidence, parts, text))

    def log(self, severity: Severity, text: str) -> None:
        self.lines.append((severity, text))

    # --- What the test does as venue and market ---------------------------------------------------------------------

    def run(self, strategy: Strategy) -> None:
        self.strategy = strategy
        strategy.attach(self)
        strategy.on_start()

    @property
    def attached(self) -> Strategy:
        assert self.strategy is not None
        return self.strategy

    def open_with(self, role: OrderRole) -> list[Order]:
        return [order for order in self.open_orders() if order.role is role]

    def stop(self) -> Order:
        """The one protective stop at the venue."""
        (found,) = (o for o in self.open_with(OrderRole.PROTECTIVE_STOP) if not o.cancel_requested_ns)
        return found

    def fill(self, order: Order, price: int, lots: int = 0) -> None:
        """Execute an order, wholly unless ``lots`` are given; a reduce-only order never beyond the position."""
        lots = lots or order.remaining
        if order.reduce_only:
            lots = min(lots, max(0, -self.figures.lots * order.side))
            if lots == 0:
                self.end(order, OrderState.EXPIRED)
                return
        assert order.is_open and lots <= order.remaining
        value = self.value(price, int(order.side) * lots)
        effect = apply_fill(self.figures.lots, self.figures.cost, int(order.side) * lots, value)
        self.figures = PositionFigures(effect.lots, effect.cost)
        self.cash += effect.realised
        order.filled_lots += lots
        order.filled_value += lots * price
        order.state = OrderState.PARTIALLY_FILLED if order.remaining else OrderState.FILLED
        self._fills += 1
        fill = OrderFilled(
            ts_ns=self.now_ns(),
            client_id=order.client_id,
            fill_id=f"f{self._fills}",
            symbol=order.symbol,
            side=order.side,
            price=price,
            lots=lots,
            fee=0,
            fee_asset="USDT",
            liquidity=Liquidity.TAKER,
        )
        self.attached.on_fill(fill, order)
        self.attached.on_order(order)

    def end(self, order: Order, state: OrderState) -> None:
        order.state = state
        order.note = "by the test"
        self.attached.on_order(order)

    def settle(self, price: int = 0) -> None:
        """Do what a quick venue does: cancel what was asked for, fill market orders at ``price`` or the last one."""
        for _ in range(20):
            pending = [
                order for order in self.open_orders() if order.cancel_requested_ns or order.type is OrderType.MARKET
            ]
            if not pending:
                return
            for order in pending:
                if order.is_open and order.cancel_requested_ns:
                    self.end(order, OrderState.CANCELLED)
                elif order.is_open:
                    self.fill(order, price or self.price)
        raise AssertionError("the orders do not come to rest")

    def touch(self, low: int, high: int) -> None:
        """Trigger stops and fill limits that the range reaches, at their price."""
        for order in self.open_orders():
            reach = low if order.side is Side.BUY else high
            if order.type is OrderType.STOP:
                reach = high if order.side is Side.BUY else low
                if order.is_open and (reach - order.stop_price) * order.side >= 0:
                    self.fill(order, order.stop_price)
            elif order.type is OrderType.LIMIT and order.is_open and not order.cancel_requested_ns:
                reached = (order.price - reach) * order.side >= 0
                if reached:
                    self.fill(order, order.price)

    def pass_time(self, duration_ns: int) -> None:
        self.clock.advance(self.now_ns() + duration_ns)

    def trade(self, price: int) -> None:
        self.price = price
        self.attached.on_trade(Trade(self.instrument.symbol, self.now_ns(), price, 1, Side.BUY, 1))

    def quote(self, bid: int, ask: int) -> None:
        self.price = (bid + ask) // 2
        snapshot = BookSnapshot(
            self.instrument.symbol, self.now_ns(), self.the_book.sequence + 1, ((bid, 1000),), ((ask, 1000),)
        )
        self.the_book.apply_snapshot(snapshot)
        self.attached.on_book(snapshot)

    def append(self, bar: Bar) -> None:
        """A bar from before the session."""
        self.series(bar.interval_ns).append(bar.ts_ns, bar.open, bar.high, bar.low, bar.close, bar.lots)
        self.price = bar.close
        self.clock.advance(bar.ts_ns)

    def bar(
        self, close: int, high: int = 0, low: int = 0, lots: int = 100, interval_ns: int = HOUR_NS, settle: bool = True
    ) -> Bar:
        """The next bar: the market orders of the last one fill at its open, then its range, then the close is told."""
        open_ = self.price or close
        high, low = max(high, open_, close), min(low or close, open_, close)
        if settle:
            self.settle(open_)
            self.touch(low, high)
            self.settle()
        bar = Bar(self.instrument.symbol, self.now_ns() + interval_ns, interval_ns, open_, high, low, close, lots)
        self.append(bar)
        self.attached.on_bar(bar)
        return bar
