"""Strategies that do anything that the base class allows, at random."""

from __future__ import annotations

from random import Random
from typing import Any

from workstation.core.errors import OrderError
from workstation.core.messages import Bar, OrderDenied, OrderFilled, Trade
from workstation.core.orders import Order
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import OrderRole, OrderType, Side, TimeInForce
from workstation.trading.strategy import Strategy


class Reckless(Strategy):
    """Orders, amends and cancels at random, and counts in its state what came of it."""

    title = "Reckless"

    def __init__(self, name: str, symbol: str, timeframe: str, random: Random, pace: float = 0.08) -> None:
        super().__init__(name, symbol, timeframe)
        self._random = random
        self._pace = pace

    def on_start(self) -> None:
        self.set_timer(SECOND_NS, "act")

    def on_timer(self, tag: str) -> None:
        self._act()
        self.set_timer(self._random.randrange(1, 3 * SECOND_NS), "act")

    def on_trade(self, trade: Trade) -> None:
        if self._random.random() < self._pace:
            self._act()

    def on_bar(self, bar: Bar) -> None:
        self._count("bars")

    def on_fill(self, fill: OrderFilled, order: Order) -> None:
        self._count("lots", fill.lots)
        if self._random.random() < 0.2:
            self._act()

    def on_order(self, order: Order) -> None:
        if self._random.random() < 0.02:
            self._act()

    def on_denied(self, denial: OrderDenied) -> None:
        self._count(denial.code)

    def _count(self, what: str, by: int = 1) -> None:
        self.state[what] = self.state.get(what, 0) + by

    def _act(self) -> None:
        random = self._random
        deed = random.random()
        orders = self.open_orders()
        if deed < 0.15 and orders:
            self.cancel(random.choice(orders).client_id, "at random")
        elif deed < 0.3 and orders:
            self._amend(random.choice(orders))
        elif deed < 0.4:
            self.close("enough")
        elif deed < 0.45:
            self.log("nothing to do")
        else:
            self._order()

    def _amend(self, order: Order) -> None:
        random = self._random
        terms: dict[str, Any] = {}
        if random.random() < 0.5:
            terms["lots"] = max(1, order.lots + random.randrange(-order.lots, order.lots + 1))
        if order.price and random.random() < 0.7:
            terms["price"] = max(1, order.price + random.randrange(-20, 21))
        if order.stop_price and random.random() < 0.5:
            terms["stop_price"] = max(1, order.stop_price + random.randrange(-20, 21))
        try:
            self.amend(order.client_id, **terms)
        except OrderError:
            self._count("refused changes")

    def _order(self) -> None:
        random = self._random
        price = self.last_price
        if not price:
            return
        side = random.choice((Side.BUY, Side.SELL))
        lots = random.randrange(1, max(2, 2 * self.lots_for_percent(random.choice((1, 3, 10)))))
        near = max(1, price // 2_000)
        reduce = random.random() < 0.2 and self.position.lots != 0
        if reduce:
            side = Side.SELL if self.position.lots > 0 else Side.BUY
            lots = random.randrange(1, abs(self.position.lots) + 1)
        terms: dict[str, Any] = {"reduce_only": reduce, "reason": "at random"}
        if reduce:
            terms["role"] = OrderRole.EXIT
        kind = random.random()
        if kind < 0.5:
            terms["price"] = price + random.randrange(-near, near + 1)
            terms["time_in_force"] = random.choice((TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK))
            terms["post_only"] = terms["time_in_force"] is TimeInForce.GTC and random.random() < 0.3
        elif kind < 0.65:
            terms["stop_price"] = price + int(side) * random.randrange(1, 3 * near)
        elif kind < 0.7:
            terms["trail"] = random.randrange(1, 3 * near)
        elif kind < 0.75:
            terms["type"] = OrderType.TAKE_PROFIT
            terms["stop_price"] = price - int(side) * random.randrange(1, 3 * near)
        if not reduce and random.random() < 0.4:
            around = terms.get("price") or terms.get("stop_price") or price
            terms["stop_loss"] = max(1, around - int(side) * random.randrange(1, 4 * near))
            if random.random() < 0.7:
                terms["take_profit"] = around + int(side) * random.randrange(1, 4 * near)
        self.order(side, lots, **terms)
