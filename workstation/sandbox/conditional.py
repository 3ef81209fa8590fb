"""USD-M's Algo service: orders that wait for a price, apart from the market's own, until it sets them off."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from workstation.core.types import Side
from workstation.rules.fees import RATE_SCALE
from workstation.rules.matching import is_triggered
from workstation.rules.rounding import scale_up
from workstation.sandbox import futures_format
from workstation.sandbox.errors import ApiError
from workstation.sandbox.filters import MOST_OPEN_CONDITIONALS
from workstation.sandbox.listing import Listing
from workstation.sandbox.orders import BOTH, NewOrder, OrderRecord, position_key

if TYPE_CHECKING:
    from workstation.sandbox.futures_desk import FuturesDesk

TRAILING = "TRAILING_STOP_MARKET"
_LIMIT_TYPES = ("STOP", "TAKE_PROFIT")


class ConditionalOrder(msgspec.Struct, kw_only=True):
    """Prices in ticks, quantities in lots, the callback as a rate of 1e-8."""

    algo_id: int
    client_algo_id: str
    symbol: str
    side: Side
    type: str
    time_in_force: str
    lots: int
    trigger: int
    """Of a trailing stop where it stands now; 0 while it is not activated."""
    price: int = 0
    callback: int = 0
    activation: int = 0
    best: int = 0
    """The most favourable price since a trailing stop was activated."""
    on_mark: bool = False
    position_side: str = BOTH
    reduce_only: bool = False
    close_position: bool = False
    price_protect: bool = False
    self_trade_mode: str = "EXPIRE_TAKER"
    good_till_ns: int = 0
    status: str = "NEW"
    created_ns: int
    updated_ns: int
    triggered_ns: int = 0
    order_id: int = 0
    """Of the order that it became."""
    reason: str = ""

    @property
    def is_open(self) -> bool:
        return self.status == "NEW"

    @property
    def direction(self) -> int:
        """1 when it is set off at or above its trigger, -1 at or below."""
        return -int(self.side) if self.type.startswith("TAKE_PROFIT") else int(self.side)


class ConditionalOrders:
    """The conditional orders of one account."""

    def __init__(self, desk: FuturesDesk) -> None:
        self._desk = desk
        self.orders: dict[int, ConditionalOrder] = {}
        self._open: dict[int, ConditionalOrder] = {}
        self._by_order: dict[int, ConditionalOrder] = {}

    def place(self, order: ConditionalOrder) -> None:
        """Take an order up. Raises ``ApiError``."""
        listing = self._desk.listings[order.symbol]
        if any(other.client_algo_id == order.client_algo_id for other in self._open.values()):
            raise ApiError(-4116, "ClientOrderId is duplicated.")
        if len(self.open_orders(order.symbol)) >= MOST_OPEN_CONDITIONALS:
            raise ApiError(-4045, "Reach max stop order limit.")
        price = self._price(order, listing)
        if order.type != TRAILING and price and is_triggered(order.direction, order.trigger, price):
            raise ApiError(-2021, "Order would immediately trigger.")
        self.orders[order.algo_id] = self._open[order.algo_id] = order
        self._changed(order)
        if order.type == TRAILING and price:
            self._follow(order, price)

    def find(self, algo_id: int | None, client_algo_id: str) -> ConditionalOrder | None:
        """The order by either of its ids; the newest of those that had the client id."""
        if algo_id is not None:
            return self.orders.get(algo_id)
        named = (order for order in reversed(self.orders.values()) if order.client_algo_id == client_algo_id)
        return next(named, None)

    def open_orders(self, symbol: str) -> list[ConditionalOrder]:
        """Those that wait, of a symbol or of all, oldest first."""
        return [order for order in self._open.values() if symbol in ("", order.symbol)]

    def cancel(self, order: ConditionalOrder) -> None:
        """Cancel one that waits."""
        self._end(order, "CANCELED")

    def on_price(self, listing: Listing) -> None:
        """A price of a symbol has changed."""
        if not self._open:
            return
        for order in self.open_orders(listing.symbol):
            price = self._price(order, listing)
            if not price:
                continue
            if order.good_till_ns and self._desk.floor.clock.time_ns >= order.good_till_ns:
                self._end(order, "EXPIRED")
                continue
            if order.type == TRAILING:
                self._follow(order, price)
            if order.trigger and is_triggered(order.direction, order.trigger, price):
                self._set_off(order)

    def on_order_ended(self, record: OrderRecord) -> None:
        """An order has ended: what it came from is finished."""
        order = self._by_order.pop(record.order_id, None)
        if order is not None:
            order.status = "FINISHED"
            self._changed(order, record)

    def restore(self, orders: Iterable[ConditionalOrder]) -> None:
        """Take over what was stored."""
        for order in orders:
            self.orders[order.algo_id] = order
            if order.is_open and order.symbol in self._desk.listings:
                self._open[order.algo_id] = order
            elif order.status == "TRIGGERED":
                self._by_order[order.order_id] = order

    def _price(self, order: ConditionalOrder, listing: Listing) -> int:
        return listing.mark_price() if order.on_mark else listing.last

    def _follow(self, order: ConditionalOrder, price: int) -> None:
        """A trailing stop follows the best price once its activation price was seen."""
        sign = int(order.side)
        if not order.best and order.activation and (order.activation - price) * sign < 0:
            return
        best = min(order.best or price, price) if sign > 0 else max(order.best, price)
        if best != order.best:
            order.best = best
            order.trigger = best + sign * scale_up(best, order.callback, RATE_SCALE)
            self._store(order)

    def _set_off(self, order: ConditionalOrder) -> None:
        """Its price has come: it becomes an order of the market, or the exchange refuses that."""
        desk = self._desk
        order.triggered_ns = desk.floor.clock.time_ns
        order.status = "TRIGGERING"
        del self._open[order.algo_id]
        self._changed(order)
        held = desk.venue.states[position_key(order.symbol, order.position_side)].lots
        lots = order.lots
        if order.close_position:
            lots = max(0, -int(order.side) * held)
            if not lots:
                order.reason = "There is no position to close."
                order.status = "EXPIRED"
                self._changed(order)
                return
        limited = order.type in _LIMIT_TYPES
        new = NewOrder(
            symbol=order.symbol,
            side=order.side,
            type="LIMIT" if limited else "MARKET",
            client_order_id=order.client_algo_id,
            time_in_force=order.time_in_force if limited else "GTC",
            price=order.price,
            stop_price=0,
            lots=lots,
            reduce_only=order.reduce_only or order.close_position,
            close_position=order.close_position,
            position_side=order.position_side,
            self_trade_mode=order.self_trade_mode,
            original_type=order.type,
        )
        try:
            record = desk.place(new)
        except ApiError as refusal:
            order.status, order.reason = "REJECTED", refusal.message
            self._changed(order)
            return
        order.order_id = record.order_id
        order.status = "TRIGGERED"
        self._changed(order, record)
        if record.is_open:
            self._by_order[record.order_id] = order
        else:
            order.status = "FINISHED"
            self._changed(order, record)

    def _end(self, order: ConditionalOrder, status: str) -> None:
        order.status = status
        del self._open[order.algo_id]
        self._changed(order)

    def _changed(self, order: ConditionalOrder, record: OrderRecord | None = None) -> None:
        desk = self._desk
        now_ns = desk.floor.clock.time_ns
        order.updated_ns = now_ns
        event = futures_format.algo_update(desk.listings[order.symbol], order, record, now_ns)
        desk.floor.tell(desk.account, desk.market, event)
        self._store(order)

    def _store(self, order: ConditionalOrder) -> None:
        self._desk.floor.changes["algo", self._desk.account, str(order.algo_id)] = lambda: order
