"""Prices that orders are asked to have, until the venue has answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

import msgspec

from widgets.engine.order_words import waits_for_trigger, working_price
from workstation.core.types import OrderType
from workstation.core.views import OrderView

PATIENCE_NS = 10_000_000_000
"""How long a line stays at its wanted price without an answer."""


class Wanted(NamedTuple):
    """``asked_ns`` is when the change was sent, UTC; None while it is still under the hand."""

    price: Decimal
    asked_ns: int | None = None


def at_price(order: OrderView, price: Decimal) -> OrderView:
    """The order as it would be with its line elsewhere; a stop limit keeps the distance of its two prices."""
    before = working_price(order)
    if order.price is None or before is None:
        return msgspec.structs.replace(order, stop_price=price)
    if not waits_for_trigger(order):
        return msgspec.structs.replace(order, price=price)
    return msgspec.structs.replace(order, price=order.price + price - before, stop_price=price)


def stop_or_target(last: Decimal, price: Decimal, long: bool) -> OrderType:
    """What an exit at ``price`` is for a position: a stop on the side of the loss, else a target."""
    return OrderType.STOP if (price < last) == long else OrderType.TAKE_PROFIT


class WantedPrices:
    """By the client id of the order."""

    def __init__(self) -> None:
        self._wanted: dict[str, Wanted] = {}

    def __contains__(self, client_id: str) -> bool:
        return client_id in self._wanted

    def drag(self, client_id: str, price: Decimal) -> None:
        self._wanted[client_id] = Wanted(price)

    def ask(self, client_id: str, now_ns: int) -> None:
        """The change under the hand was sent."""
        self._wanted[client_id] = self._wanted[client_id]._replace(asked_ns=now_ns)

    def drop(self, client_id: str) -> None:
        self._wanted.pop(client_id, None)

    def drop_asked(self) -> list[str]:
        """Forget all that was sent; the orders that it concerned."""
        asked = [name for name, wanted in self._wanted.items() if wanted.asked_ns is not None]
        for name in asked:
            del self._wanted[name]
        return asked

    def settle(self, orders: Mapping[str, OrderView]) -> None:
        """Forget what the venue has answered: the order has its price, or works no more."""
        for name, wanted in list(self._wanted.items()):
            order = orders.get(name)
            has_it = wanted.asked_ns is not None and order is not None and working_price(order) == wanted.price
            if order is None or not order.state.is_open or has_it:
                del self._wanted[name]

    def overdue(self, now_ns: int) -> list[str]:
        """Forget what was not answered in time; the orders that it concerned."""
        late = [
            name
            for name, wanted in self._wanted.items()
            if wanted.asked_ns is not None and now_ns - wanted.asked_ns > PATIENCE_NS
        ]
        for name in late:
            del self._wanted[name]
        return late

    def applied(self, orders: Iterable[OrderView]) -> Iterator[OrderView]:
        """Orders where they are wanted to be."""
        for order in orders:
            wanted = self._wanted.get(order.client_id)
            yield order if wanted is None else at_price(order, wanted.price)

    def moved(self, orders: Iterable[OrderView]) -> list[OrderView]:
        """Orders that are wanted elsewhere, where the venue has them."""
        return [
            order
            for order in orders
            if order.client_id in self._wanted and working_price(order) != self._wanted[order.client_id].price
        ]
