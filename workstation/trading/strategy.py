"""The base class of every strategy: declare parameters, override handlers, place orders with the helpers.

    class Breakout(Strategy):
        \"\"\"Buys a close above the highest high of the last bars.\"\"\"

        bars_back = Integer(20, minimum=2, maximum=500, unit="bars", help="How far back the high is looked for.")

        def on_bar(self, bar: Bar) -> None:
            highs = self.bars().high
            if self.position.lots == 0 and len(highs) > self.bars_back:
                if bar.close > self.ticks(highs[-self.bars_back - 1 : -1].max()):
                    self.buy(self.lots_for_percent(10), reason="close above the channel")

Prices are whole ticks and quantities whole lots, so nothing is ever rounded behind your back; ``self.ticks()`` and
``self.lots()`` convert, ``self.bars()`` gives closed bars as float arrays for indicators.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Any, ClassVar, Protocol

from workstation.core.algorithms import Iceberg, ParentOrder, Scaled, Twap
from workstation.core.clock import Timer
from workstation.core.errors import StrategyError
from workstation.core.instrument import Instrument
from workstation.core.messages import Bar, BookDelta, BookSnapshot, OrderDenied, OrderFilled, Trade
from workstation.core.money import to_money
from workstation.core.orders import Intent, Order
from workstation.core.timeframe import TIMEFRAMES
from workstation.core.types import InstrumentKind, OrderRole, OrderType, Severity, Side, TimeInForce
from workstation.market.bars import BarSeries
from workstation.market.order_book import OrderBook
from workstation.rules.position import PositionFigures
from workstation.trading.parameters import Parameter, declared_parameters


class StrategyContext(Protocol):
    """What the kernel lends to a strategy. Tests may lend their own."""

    instrument: Instrument

    def now_ns(self) -> int: ...
    def submit(self, intent: Intent) -> str: ...
    def start_algorithm(self, order: ParentOrder) -> str: ...
    def end_algorithm(self, algorithm_id: str, reason: str) -> None: ...
    def cancel(self, client_id: str, reason: str) -> None: ...
    def amend(self, client_id: str, price: int | None, stop_price: int | None, lots: int | None) -> None: ...
    def position(self) -> PositionFigures: ...
    def open_orders(self) -> list[Order]: ...
    def order(self, client_id: str) -> Order | None: ...
    def equity(self) -> int: ...
    def size_factor(self) -> Decimal: ...
    def crisis(self) -> bool: ...
    def crisis_threshold(self) -> int: ...
    def minimum_lots(self, price: int) -> int: ...
    def value(self, price: int, lots: int) -> int: ...
    def last_price(self) -> int: ...
    def series(self, interval_ns: int) -> BarSeries: ...
    def book(self) -> OrderBook: ...
    def call_at(self, when_ns: int, callback: Callable[[], None]) -> Timer: ...
    def save_state(self, state: dict[str, Any]) -> None: ...
    def signal(self, side: Side, confidence: float, parts: dict[str, float], text: str) -> None: ...
    def log(self, severity: Severity, text: str) -> None: ...


class Strategy:
    """One strategy on one symbol and timeframe.

    Class attributes: ``title`` for people, ``timeframes`` beside its own that it wants (closed bars only),
    ``warm_up_bars`` of its own timeframe. Instance: ``name``, ``symbol``, ``timeframe``, ``interval_ns``, ``state``.
    """

    title: ClassVar[str] = ""
    timeframes: ClassVar[tuple[str, ...]] = ()
    warm_up_bars: ClassVar[int] = 240
    reads_bars: ClassVar[bool] = True
    """Whether ``bars()`` is read; a strategy that keeps its figures bar by bar saves the memory."""

    def __init__(self, name: str, symbol: str, timeframe: str, values: dict[str, Any] | None = None) -> None:
        self.name = name
        self.symbol = symbol
        self.timeframe = timeframe
        self.interval_ns = TIMEFRAMES[timeframe]
        self.state: dict[str, Any] = {}
        """Survives a restart: plain JSON values only. Saved after every handler that changed it."""
        self._context: StrategyContext | None = None
        for parameter in self.parameters().values():
            setattr(self, parameter.name, parameter.default)
        self.set_parameters(values or {})

    @classmethod
    def parameters(cls) -> dict[str, Parameter[Any]]:
        return declared_parameters(cls)

    def set_parameters(self, values: dict[str, Any]) -> None:
        """Set all or none. Raises ``StrategyError`` for an unknown name or a value out of bounds."""
        declared = self.parameters()
        for name in values:
            if name not in declared:
                known = ", ".join(declared) or "none"
                raise StrategyError(f"Strategy {self.name} has no parameter {name}; it has {known}.")
        parsed = {name: declared[name].parse(value) for name, value in values.items()}
        before = {name: getattr(self, name) for name in parsed}
        for name, value in parsed.items():
            setattr(self, name, value)
        try:
            self.check_parameters()
        except StrategyError:
            for name, value in before.items():
                setattr(self, name, value)
            raise

    def parameter_values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.parameters()}

    def check_parameters(self) -> None:
        """Override to refuse combinations: raise ``StrategyError``."""

    def attach(self, context: StrategyContext) -> None:
        self._context = context

    @property
    def context(self) -> StrategyContext:
        if self._context is None:
            raise StrategyError(f"Strategy {self.name} is not attached to an engine.")
        return self._context

    # --- Override these -----------------------------------------------------------------------------------------

    def on_start(self) -> None:
        """Called once before the first event, with history loaded and ``state`` restored."""

    def on_history(self, bar: Bar) -> None:
        """A closed bar of its own timeframe from before the session; for indicators that are kept bar by bar."""

    def on_bar(self, bar: Bar) -> None:
        """A closed bar of one of its timeframes; ``bar.interval_ns`` tells which."""

    def on_trade(self, trade: Trade) -> None:
        """A public trade."""

    def on_book(self, change: BookDelta | BookSnapshot) -> None:
        """The book has changed; read ``self.book``."""

    def on_fill(self, fill: OrderFilled, order: Order) -> None:
        """One of its orders executed, wholly or in part."""

    def on_order(self, order: Order) -> None:
        """One of its orders changed state."""

    def on_denied(self, denial: OrderDenied) -> None:
        """The risk gate refused one of its intents."""

    def on_timer(self, tag: str) -> None:
        """A timer that it set with ``set_timer``."""

    def on_stop(self) -> None:
        """Stopped by a person or at the end; its entries are cancelled after this."""

    # --- Reading ------------------------------------------------------------------------------------------------

    @property
    def instrument(self) -> Instrument:
        return self.context.instrument

    @property
    def position(self) -> PositionFigures:
        """Its own position: signed lots and their cost."""
        return self.context.position()

    @property
    def book(self) -> OrderBook:
        return self.context.book()

    @property
    def now_ns(self) -> int:
        return self.context.now_ns()

    @property
    def last_price(self) -> int:
        """Ticks; 0 before the first price."""
        return self.context.last_price()

    @property
    def equity(self) -> int:
        """Equity of the account, 1e-8 of its currency."""
        return self.context.equity()

    def open_orders(self) -> list[Order]:
        return self.context.open_orders()

    def bars(self, timeframe: str = "") -> BarSeries:
        """Closed bars of a timeframe that the class declares, its own by default."""
        return self.context.series(TIMEFRAMES[timeframe] if timeframe else self.interval_ns)

    def ticks(self, price: Decimal | float, rounding: str = ROUND_HALF_EVEN) -> int:
        return self.instrument.ticks_rounded(price, rounding)

    def lots(self, quantity: Decimal | float, rounding: str = ROUND_FLOOR) -> int:
        return self.instrument.lots_rounded(quantity, rounding)

    def lots_for_percent(self, percent: Decimal | float) -> int:
        """Lots worth this percentage of the account's equity at the last price, rounded down; 0 before the first price.

        An inverse contract is worth its fixed amount of quote, which counts as the account's currency.
        """
        terms, price = self.instrument, self.last_price
        if price == 0:
            return 0
        if terms.kind is InstrumentKind.INVERSE:
            unit = to_money(terms.lot * terms.contract_size * 1_000_000)
        else:
            unit = abs(self.context.value(price, 1_000_000))
        budget = self.equity * int(Decimal(str(percent)) * 1_000_000) // 100_000_000
        return max(0, budget * 1_000_000 // unit) if unit else 0

    # --- Acting -------------------------------------------------------------------------------------------------

    def buy(self, lots: int, **terms: Any) -> str:
        """Buy at the market, or on the terms of ``order``. The order's client id, or "" when it was denied."""
        return self.order(Side.BUY, lots, **terms)

    def sell(self, lots: int, **terms: Any) -> str:
        """Sell at the market, or on the terms of ``order``. The order's client id, or "" when it was denied."""
        return self.order(Side.SELL, lots, **terms)

    def order(
        self,
        side: Side,
        lots: int,
        *,
        type: OrderType | None = None,
        price: int = 0,
        stop_price: int = 0,
        trail: int = 0,
        time_in_force: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
        reduce_only: bool = False,
        role: OrderRole = OrderRole.ENTRY,
        stop_loss: int = 0,
        take_profit: int = 0,
        oco_group: str = "",
        reason: str = "",
        tag: str = "",
        good_till_ns: int = 0,
        visible_lots: int = 0,
    ) -> str:
        """Any order; its type follows from the prices that are given unless it is named. With ``good_till_ns``, UTC,
        it ends then; with ``visible_lots`` it is an iceberg of the venue's own.
        """
        if type is None:
            if trail:
                type = OrderType.TRAILING_STOP
            elif stop_price:
                type = OrderType.STOP_LIMIT if price else OrderType.STOP
            else:
                type = OrderType.LIMIT if price else OrderType.MARKET
        return self.context.submit(
            Intent(
                symbol=self.symbol,
                side=side,
                lots=lots,
                type=type,
                price=price,
                stop_price=stop_price,
                trail=trail,
                time_in_force=TimeInForce.GTD if good_till_ns else time_in_force,
                post_only=post_only,
                reduce_only=reduce_only,
                role=role,
                owner=self.name,
                reason=reason,
                tag=tag,
                stop_loss=stop_loss,
                take_profit=take_profit,
                oco_group=oco_group,
                good_till_ns=good_till_ns,
                visible_lots=visible_lots,
            )
        )

    def start_algorithm(
        self,
        side: Side,
        lots: int,
        plan: Twap | Iceberg | Scaled,
        *,
        reduce_only: bool = False,
        reason: str = "",
    ) -> str:
        """Let the engine work a larger order by ``plan``; the algorithm's id. Its fills come to ``on_fill``.

        Raises ``OrderError`` where the plan is wrong in itself.
        """
        return self.context.start_algorithm(
            ParentOrder(
                symbol=self.symbol,
                side=side,
                lots=lots,
                plan=plan,
                reduce_only=reduce_only,
                owner=self.name,
                reason=reason,
            )
        )

    def end_algorithm(self, algorithm_id: str, reason: str = "") -> None:
        """End an algorithm of its own and cancel what it has at the venue."""
        self.context.end_algorithm(algorithm_id, reason)

    def close(self, reason: str = "", lots: int | None = None) -> str:
        """Close its position, or ``lots`` of it, at the market, reduce-only."""
        held = self.position.lots
        if held == 0:
            return ""
        amount = abs(held) if lots is None else min(lots, abs(held))
        side = Side.SELL if held > 0 else Side.BUY
        return self.order(side, amount, reduce_only=True, role=OrderRole.EXIT, reason=reason)

    def cancel(self, client_id: str, reason: str = "") -> None:
        self.context.cancel(client_id, reason)

    def amend(
        self,
        client_id: str,
        *,
        price: int | None = None,
        stop_price: int | None = None,
        lots: int | None = None,
    ) -> None:
        self.context.amend(client_id, price, stop_price, lots)

    def cancel_entries(self, reason: str = "") -> None:
        for order in self.open_orders():
            if order.role is OrderRole.ENTRY:
                self.cancel(order.client_id, reason)

    def set_timer(self, delay_ns: int, tag: str = "") -> Timer:
        """Call ``on_timer(tag)`` after ``delay_ns``. Timers do not survive a restart; set them in ``on_start``."""
        return self.context.call_at(self.now_ns + delay_ns, lambda: self.on_timer(tag))

    def signal(self, side: Side, confidence: float, parts: dict[str, float], text: str = "") -> None:
        """Show a judgement on the chart and in the journal: confidence 0 to 100 and its parts."""
        self.context.signal(side, confidence, parts, text)

    def log(self, text: str, severity: Severity = Severity.INFO) -> None:
        self.context.log(severity, text)
