"""A symmetric grid of limit orders round a centre."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from workstation.core.errors import OrderError
from workstation.core.messages import Bar, OrderFilled
from workstation.core.orders import Order
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import OrderRole, OrderState, OrderType, Severity, Side
from workstation.strategies.protected import ProtectedStrategy
from workstation.trading.parameters import Amount, Integer

GRID_KEY = "grid"
PAUSE_KEY = "paused_until_ns"

FIRST_LOOK = "first look"
FIRST_LOOK_NS = 2 * SECOND_NS
GRID_TIMER = "grid"
ORDERS_A_SECOND = 4
"""A new grid is sent in portions, below the five a second that the account allows a strategy by default."""

_REFUSED = frozenset({OrderState.REJECTED, OrderState.EXPIRED})


class Rung(NamedTuple):
    """An order that the grid wants: its tag, side, price in ticks, lots, and whether it only reduces."""

    tag: str
    side: Side
    price: int
    lots: int
    reduces: bool


def wanted_rungs(centre: int, step: int, unit: int, levels: int, held: int, least: int, short: bool) -> list[Rung]:
    """The orders of a grid that holds signed ``held`` lots.

    Level ``k`` lies ``k`` steps below the centre, and there the grid holds ``k`` units: −``levels`` to ``levels``,
    or from 0 where it cannot be ``short``. A level above the inventory is a buy of what is missing, one below it a
    sell of the excess; so each fill brings up the opposite order one step away. Rungs below ``least`` lots wait.
    """
    rungs = []
    for level in range(-levels, levels + 1):
        price = centre - level * step
        if price <= 0 or (level < 0 and not short):
            continue
        buy = min(unit, max(0, level * unit - held))
        sell = min(unit, max(0, held - level * unit))
        if buy and level > -levels:
            if buy >= least:
                reduces = held < 0 and level <= 0
                rungs.append(Rung(f"buy {level}", Side.BUY, price, buy, reduces))
        elif sell and level < levels and sell >= least:
            reduces = held > 0 and level >= 0
            rungs.append(Rung(f"sell {level}", Side.SELL, price, sell, reduces))
    return rungs


class Grid(ProtectedStrategy):
    """Buys a unit at each level below the centre and sells it one level higher; where shorting is possible the same
    above the centre. The inventory is bounded by the levels, a stop rests beyond the last one, and the grid moves to
    the price when it is flat and the price has left. After a stop it waits.
    """

    title = "Grid"

    levels = Integer(5, minimum=1, maximum=20, step=1, help="Levels on each side of the centre.")
    spacing_percent = Amount(
        Decimal("0.5"), minimum=Decimal("0.01"), maximum=Decimal(20), step=Decimal("0.05"), unit="%", help="Step."
    )
    quantity = Amount(Decimal(0), minimum=Decimal(0), unit="base", help="Of one level; 0 uses equity_percent.")
    equity_percent = Amount(
        Decimal(4), minimum=Decimal("0.1"), maximum=Decimal(50), step=Decimal("0.5"), unit="%", help="In one level."
    )
    recentre_steps = Integer(
        2, minimum=1, maximum=50, step=1, unit="steps", help="Moves the flat grid when off by more."
    )
    stop_steps = Integer(3, minimum=1, maximum=50, step=1, unit="steps", help="Stop at the venue beyond the levels.")
    pause_bars = Integer(12, minimum=0, maximum=1000, step=1, unit="bars", help="Wait after a stop.")

    _blocked: frozenset[str] = frozenset()
    _resized: dict[str, int]
    _arranging = False
    _second_ns = 0
    _sent = 0

    def on_start(self) -> None:
        self._blocked, self._resized = frozenset(), {}
        super().on_start()
        self._arrange()
        self.set_timer(FIRST_LOOK_NS, FIRST_LOOK)

    def on_bar(self, bar: Bar) -> None:
        super().on_bar(bar)
        self._blocked, self._resized = frozenset(), {}
        self._place_grid(bar.close)
        self._arrange()

    def on_fill(self, fill: OrderFilled, order: Order) -> None:
        super().on_fill(fill, order)
        if order.role is OrderRole.PROTECTIVE_STOP or self.leaving:
            self.state[PAUSE_KEY] = self.now_ns + self.pause_bars * self.interval_ns
            self.state.pop(GRID_KEY, None)
        self._arrange(fill.price)

    def on_order(self, order: Order) -> None:
        super().on_order(order)
        if order.state in _REFUSED:
            self._blocked |= {order.tag}
        if not order.is_open:
            self._arrange()

    def on_timer(self, tag: str) -> None:
        if tag == FIRST_LOOK:
            # With a live book there is no need to wait for the first bar.
            if self.book.synchronised and self.last_price:
                self._place_grid(self.last_price)
                self._arrange()
        elif tag == GRID_TIMER:
            self._arrange()
        else:
            super().on_timer(tag)

    def protective_price(self, lots: int) -> int:
        grid = self.state.get(GRID_KEY)
        if grid is None:
            return 0
        centre: int = grid["centre"]
        distance: int = (self.levels + self.stop_steps) * grid["step"]
        return max(1, centre - distance if lots > 0 else centre + distance)

    def _flat(self, price: int) -> bool:
        """Without a position, or with less than the venue lets it sell."""
        return abs(self.position.lots) < max(1, self.context.minimum_lots(price))

    def _place_grid(self, price: int) -> None:
        """Put the centre at the price when there is no grid, or when the flat grid was left behind."""
        if self.now_ns < self.state.get(PAUSE_KEY, 0):
            return
        grid = self.state.get(GRID_KEY)
        if grid is not None:
            off = abs(price - grid["centre"])
            if not self._flat(price) or off <= self.recentre_steps * grid["step"]:
                return
        step = max(1, int(price * self.spacing_percent / 100))
        lots = self.lots(self.quantity) if self.quantity else self.lots_worth(self.equity_percent, price)
        lots = int(lots * self.context.size_factor())
        if not self.big_enough(lots, price, "grid"):
            self.state.pop(GRID_KEY, None)
            return
        self.state[GRID_KEY] = {"centre": price, "step": step, "unit": lots}
        self.guard()

    def _arrange(self, price: int = 0) -> None:
        """Cancel what the grid does not want, resize what has the wrong quantity, place what is missing on its side
        of ``price``, by default the last one.
        """
        if self._arranging:
            return
        self._arranging = True
        try:
            self._arrange_once(price or self.last_price)
        finally:
            self._arranging = False

    def _arrange_once(self, price: int) -> None:
        grid = self.state.get(GRID_KEY)
        wanted: dict[str, Rung] = {}
        if grid is not None and price > 0 and not self.leaving:
            rungs = wanted_rungs(
                grid["centre"],
                grid["step"],
                grid["unit"],
                self.levels,
                self.position.lots,
                max(1, self.context.minimum_lots(price)),
                self.may_short(),
            )
            wanted = {rung.tag: rung for rung in rungs}
        for order in self.open_orders():
            if order.type is not OrderType.LIMIT:
                continue
            rung = wanted.pop(order.tag, None)
            if rung is None or rung.price != order.price or rung.reduces != order.reduce_only:
                self.cancel(order.client_id, "the grid has moved")
            elif rung.lots != order.remaining and order.state is OrderState.ACCEPTED:
                self._resize(order, rung.lots)
        for rung in sorted(wanted.values(), key=lambda rung: abs(rung.price - price)):
            if rung.tag in self._blocked or (price - rung.price) * rung.side <= 0:
                continue
            if not self._may_send():
                return
            if not self._place(rung):
                # What stops one entry, a pause for one, stops the others too: they wait for the next bar together.
                self._blocked |= {other.tag for other in wanted.values() if other.reduces is rung.reduces}

    def _may_send(self) -> bool:
        """Whether another order fits into this second; the rest goes on in the next."""
        if self.now_ns - self._second_ns >= SECOND_NS:
            self._second_ns, self._sent = self.now_ns, 0
        self._sent += 1
        if self._sent == ORDERS_A_SECOND + 1:
            self.set_timer(SECOND_NS, GRID_TIMER)
        return self._sent <= ORDERS_A_SECOND

    def _resize(self, order: Order, lots: int) -> None:
        if self._resized.get(order.tag) == lots:
            return
        self._resized[order.tag] = lots
        try:
            self.amend(order.client_id, lots=order.filled_lots + lots)
        except OrderError as error:
            self.log(f"The grid's {order.tag} keeps its size until the next bar. {error}", Severity.WARNING)

    def _place(self, rung: Rung) -> bool:
        place = self.buy if rung.side is Side.BUY else self.sell
        client_id = place(
            rung.lots,
            price=rung.price,
            post_only=True,
            reduce_only=rung.reduces,
            role=OrderRole.EXIT if rung.reduces else OrderRole.ENTRY,
            reason="grid",
            tag=rung.tag,
        )
        return bool(client_id)
