"""One strategy as the engine keeps it, and what it may ask of the engine."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Protocol, TypeVar

import msgspec

from workstation.core.algorithms import ParentOrder
from workstation.core.clock import EventClock, Timer
from workstation.core.errors import StrategyError
from workstation.core.instrument import Instrument
from workstation.core.messages import (
    LogLine,
    OrderDenied,
    OrderFilled,
    Output,
    SignalEmitted,
    StrategyStateSaved,
)
from workstation.core.orders import Intent, Order
from workstation.core.types import Severity, Side, StrategyState
from workstation.market.bars import BarSeries
from workstation.market.order_book import OrderBook
from workstation.rules.position import PositionFigures
from workstation.rules.value import position_value
from workstation.trading.algorithms.runner import Algorithms
from workstation.trading.guards import Guards
from workstation.trading.ledger import Ledger
from workstation.trading.market_state import MarketState
from workstation.trading.order_manager import OrderManager
from workstation.trading.replacements import Replacements
from workstation.trading.strategy import Strategy

_Message = TypeVar("_Message")


class Desk(Protocol):
    """What strategies may ask of the kernel."""

    clock: EventClock
    ledger: Ledger
    orders: OrderManager
    replacements: Replacements
    algorithms: Algorithms
    guards: Guards
    crisis_threshold: int
    risk_per_trade: int

    def emit(self, output: Output) -> None: ...
    def place(self, intent: Intent, *, panic: bool = False) -> str: ...
    def amend(self, order: Order, price: int | None, stop_price: int | None, lots: int | None) -> None: ...


class Host(Protocol):
    """What runs the strategies."""

    running: StrategySlot | None
    """Whose code runs now and may be interrupted."""


class StrategySlot:
    """One configured strategy and the state it is in."""

    __slots__ = ("context", "detail", "on_denied", "on_fill", "on_order", "saved_state", "state", "strategy")

    def __init__(self, strategy: Strategy, context: SlotContext) -> None:
        self.strategy = strategy
        self.context = context
        self.state = StrategyState.STOPPED
        self.detail = ""
        self.saved_state = b"{}"
        self.on_fill: Callable[[tuple[OrderFilled, Order]], None] = _nothing
        self.on_order: Callable[[Order], None] = _nothing
        self.on_denied: Callable[[OrderDenied], None] = _nothing


def _nothing(_: object) -> None:
    """Takes what its strategy does not want."""


class SlotContext:
    """The ``StrategyContext`` of one strategy."""

    def __init__(self, owner: str, market: MarketState, desk: Desk, base_interval_ns: int, host: Host) -> None:
        self.owner = owner
        self.instrument: Instrument = market.instrument
        self._market = market
        self._desk = desk
        self._base_interval_ns = base_interval_ns
        self.now_ns = desk.clock.now_ns
        self.host = host
        self.call: Callable[[Callable[[], None]], None] = lambda callback: callback()

    def submit(self, intent: Intent) -> str:
        if intent.owner != self.owner or intent.symbol != self._market.symbol:
            raise StrategyError(f"Strategy {self.owner} may order only {self._market.symbol} and only as itself.")
        checked = _readable(intent, _decode_intent)
        with self._engine():
            return self._desk.place(checked)

    def _engine(self) -> _EngineCode:
        return _EngineCode(self.host)

    def start_algorithm(self, order: ParentOrder) -> str:
        if order.owner != self.owner or order.symbol != self._market.symbol:
            raise StrategyError(f"Strategy {self.owner} may order only {self._market.symbol} and only as itself.")
        checked = _readable(order, _decode_parent_order)
        with self._engine():
            return self._desk.algorithms.start(checked, self.owner)

    def end_algorithm(self, algorithm_id: str, reason: str) -> None:
        algorithm = self._desk.algorithms.parents.get(algorithm_id)
        if algorithm is not None and algorithm.order.owner == self.owner and algorithm.is_live:
            with self._engine():
                self._desk.algorithms.end(algorithm_id, reason)

    def cancel(self, client_id: str, reason: str) -> None:
        order = self._desk.orders.orders.get(client_id)
        if order is not None and order.owner == self.owner:
            with self._engine():
                self._desk.orders.request_cancel(order, reason)

    def amend(self, client_id: str, price: int | None, stop_price: int | None, lots: int | None) -> None:
        order = self._desk.orders.orders.get(client_id)
        if order is not None and order.owner == self.owner:
            with self._engine():
                self._desk.amend(order, price, stop_price, lots)

    def position(self) -> PositionFigures:
        found = self._desk.ledger.positions.get((self.owner, self._market.symbol))
        return PositionFigures(found.lots, found.cost) if found is not None else _FLAT

    def open_orders(self) -> list[Order]:
        return self._desk.orders.open_orders(self._market.symbol, self.owner)

    def order(self, client_id: str) -> Order | None:
        order = self._desk.orders.orders.get(client_id)
        return order if order is not None and order.owner == self.owner else None

    def equity(self) -> int:
        return self._desk.ledger.equity()

    def size_factor(self) -> Decimal:
        return self._desk.guards.size_factor()

    def crisis(self) -> bool:
        return self._desk.guards.in_crisis

    def crisis_threshold(self) -> int:
        return self._desk.crisis_threshold

    def minimum_lots(self, price: int) -> int:
        """The least quantity that reaches the minimum notional at a price."""
        unit = abs(self.value(price, 1_000_000))
        if unit == 0:
            return 1
        minimum = int(self.instrument.minimum_notional * 100_000_000)
        return max(1, -(-minimum * 1_000_000 // unit))

    def value(self, price: int, lots: int) -> int:
        """Signed worth in the account's currency."""
        value = position_value(price, lots, *self.instrument.valuation)
        return self._desk.ledger.worth(self.instrument.settle, value)

    def last_price(self) -> int:
        return self._market.last_price

    def series(self, interval_ns: int) -> BarSeries:
        return self._market.want_series(interval_ns, self._base_interval_ns)

    def book(self) -> OrderBook:
        return self._market.book

    def call_at(self, when_ns: int, callback: Callable[[], None]) -> Timer:
        return self._desk.clock.call_at(when_ns, lambda: self.call(callback))

    def save_state(self, state: dict[str, Any]) -> None:
        self._desk.emit(StrategyStateSaved(ts_ns=self._desk.clock.time_ns, strategy=self.owner, state=state))

    def signal(self, side: Side, confidence: float, parts: dict[str, float], text: str) -> None:
        signal = SignalEmitted(
            ts_ns=self._desk.clock.time_ns,
            strategy=self.owner,
            symbol=self._market.symbol,
            side=side,
            confidence=confidence,
            parts=parts,
            price=self._market.last_price,
            text=text,
        )
        self._emit_checked(signal)

    def log(self, severity: Severity, text: str) -> None:
        line = LogLine(ts_ns=self._desk.clock.time_ns, severity=severity, source=self.owner, text=text)
        self._emit_checked(line)

    def _emit_checked(self, output: Output) -> None:
        checked = _readable(output, _decode_output)
        with self._engine():
            self._desk.emit(checked)


_FLAT = PositionFigures(0, 0)


class _EngineCode:
    """While the engine works for a strategy it must not be interrupted as the strategy's own code may be."""

    __slots__ = ("_host", "_outer")

    def __init__(self, host: Host) -> None:
        self._host = host
        self._outer = host.running

    def __enter__(self) -> None:
        self._host.running = None

    def __exit__(self, *_: object) -> None:
        self._host.running = self._outer


def _readable(message: Any, decode: Callable[[bytes], _Message]) -> _Message:
    """The message as the journal will give it back. Raises ``StrategyError`` when it could not."""
    try:
        return decode(_encode_plain(message))
    except (msgspec.MsgspecError, TypeError, ValueError) as error:
        raise StrategyError(f"A malformed {type(message).__name__} was refused: {error}.") from None


_encode_plain = msgspec.json.encode
_decode_intent = msgspec.json.Decoder(Intent).decode
_decode_parent_order = msgspec.json.Decoder(ParentOrder).decode
_decode_output = msgspec.json.Decoder(Output).decode
