"""Matching along the path of a bar: the open, the worse extreme, the other one, the close.

Within a leg of the path everything happens in the order in which the price comes by: stops, limits, liquidation, and
children that a fill releases. Takers pay the price at which they act and the slippage; a limit that rested fills at
its limit, at the open when the market opens beyond it. With the conservative queue the price must go through a
limit, with the proportional one it need only touch it. At the open and where something filled the price stands while
reports and requests travel. All own orders together fill at most a share of the volume.
"""

from __future__ import annotations

from collections.abc import Sized

from workstation.core.clock import EventClock
from workstation.core.messages import Bar
from workstation.rules.matching import (
    bar_share,
    better_price,
    is_low_first,
    is_marketable,
    is_triggered,
)
from workstation.venues.simulated.cost_figures import CostFigures
from workstation.venues.simulated.desk import Desk
from workstation.venues.simulated.liquidation import Liquidation
from workstation.venues.simulated.order import VenueOrder
from workstation.venues.simulated.reports import ReportChannel
from workstation.venues.simulated.state import NEVER_REACHED, SymbolState

_NOTHING = -1


class BarMatcher:
    def __init__(
        self,
        clock: EventClock,
        reports: ReportChannel,
        desk: Desk,
        liquidation: Liquidation,
        inbound: Sized,
        costs: CostFigures,
    ) -> None:
        self._clock = clock
        self._reports = reports
        self._desk = desk
        self._liquidation = liquidation
        self._inbound = inbound
        self._bar_volume = costs.bar_volume
        self._through = 0 if costs.proportional else 1
        self._left = 0

    def on_bar(self, state: SymbolState, bar: Bar) -> None:
        """Walk the bar, and let time pass with it: a quarter of the interval for each leg."""
        open_ns = bar.ts_ns - bar.interval_ns
        self._left = bar_share(bar.lots, self._bar_volume)
        self._clock.advance(open_ns)
        self._walk(state, bar.open, bar.open, open_ns, gap=True)
        state.last = bar.open
        self._reports.deliver()
        self._stand(state, bar.open, open_ns + bar.interval_ns // 4)
        if state.orders or state.watched or self._inbound or self._reports.queue:
            self._walk_rest(state, bar, open_ns)
        state.last = bar.close
        state.quiet_above, state.quiet_below = self._quiet_range(state)

    def _stand(self, state: SymbolState, price: int, until_ns: int) -> int:
        """The price stands while what is on its way arrives, and what the answers bring about: a stop that follows an
        entry's fill by milliseconds is there when the price comes to it. The time then; 0 where nothing was awaited."""
        now_ns = 0
        while (self._inbound or self._reports.queue) and self._clock.next_due_ns < until_ns:
            state.last = price
            # A walk finds what fills released by itself.
            self._desk.fresh.clear()
            now_ns = self._clock.next_due_ns
            self._clock.advance(now_ns)
            self._walk(state, price, price, now_ns, gap=False)
            self._reports.deliver()
        return now_ns

    def _walk_rest(self, state: SymbolState, bar: Bar, open_ns: int) -> None:
        quarter_ns = bar.interval_ns // 4
        low_first = is_low_first(state.lots + _market_lots(state), _nearest_entry_side(state, bar), bar.open, bar.close)
        extremes = (bar.low, bar.high) if low_first else (bar.high, bar.low)
        position = bar.open
        for leg, price in enumerate((*extremes, bar.close), start=1):
            leg_ns = open_ns + leg * quarter_ns
            self._clock.advance(leg_ns)
            self._walk(state, position, price, leg_ns, gap=False, stands_until_ns=leg_ns + quarter_ns)
            state.last = position = price
            self._reports.deliver()

    def _quiet_range(self, state: SymbolState) -> tuple[int, int]:
        """Prices strictly between which nothing happens, as long as nothing changes."""
        above, below = 0, NEVER_REACHED
        if state.watched and state.cross:
            return 0, 0
        if state.watched:
            above, below = (state.liquidation, below) if state.lots > 0 else (above, state.liquidation)
        for order in state.orders.values():
            if not (order.waiting or order.resting):
                return 0, 0
            direction = order.direction if order.waiting else -order.sign
            level = order.stop_price if order.waiting else order.limit - order.sign * self._through
            if direction > 0:
                below = min(below, level)
            else:
                above = max(above, level)
            if order.trail and order.waiting:
                follows_at = level - order.sign * (order.trail + 1)
                above, below = (above, min(below, follows_at)) if order.sign < 0 else (max(above, follows_at), below)
        return above, below

    def _walk(
        self, state: SymbolState, start: int, end: int, until_ns: int, gap: bool, stands_until_ns: int = 0
    ) -> None:
        """One leg for the orders that had arrived by its end. ``gap``: the market jumps to ``start``. Where something
        filled the price stands, at most until ``stands_until_ns``."""
        if not state.orders and not state.watched:
            return
        desk = self._desk
        position = start
        while True:
            desk.fresh.clear()
            nearest: VenueOrder | None = None
            nearest_price = _NOTHING
            for order in state.orders.values():
                if order.arrived_ns <= until_ns and order.live > 0:
                    price = self._acts_at(order, position, end)
                    if price != _NOTHING and (nearest is None or abs(price - position) < abs(nearest_price - position)):
                        nearest, nearest_price = order, price
            due = self._liquidation.price(state)
            if due:
                direction = -1 if state.lots > 0 else 1
                price = _reached(direction, due, position, end)
                if price != _NOTHING and (nearest is None or abs(price - position) < abs(nearest_price - position)):
                    self._liquidation.liquidate(state, price)
                    position = price
                    until_ns = self._stand(state, position, stands_until_ns) or until_ns
                    continue
            if nearest is None:
                break
            position, filled = nearest_price, nearest.filled
            self._act(nearest, position, gap and position == start)
            if nearest.filled != filled:
                until_ns = self._stand(state, position, stands_until_ns) or until_ns
        for order in state.orders.values():
            if order.trail and order.waiting and order.arrived_ns <= until_ns:
                desk.trail(order, end)

    def _acts_at(self, order: VenueOrder, position: int, end: int) -> int:
        """Price between ``position`` and ``end`` at which the order does something next."""
        if order.waiting:
            if order.trail:
                self._desk.trail(order, position)
            return _reached(order.direction, order.stop_price, position, end)
        if order.resting:
            if self._left <= 0:
                return _NOTHING
            return _reached(-order.sign, order.limit - order.sign * self._through, position, end)
        if self._left <= 0 and not order.limit and not order.immediate:
            return _NOTHING
        return position

    def _act(self, order: VenueOrder, price: int, gap: bool) -> None:
        desk = self._desk
        if order.waiting:
            desk.trigger(order)
        elif order.resting:
            paid = better_price(order.sign, order.limit, price) if gap else order.limit
            self._fill(order, paid, taker=False)
        elif not is_marketable(order.sign, order.limit, price):
            self._rest(order)
        elif order.post_only:
            desk.expire(order, "Post-only: it would have taken liquidity.")
        elif order.whole and order.live > self._left:
            desk.expire(order, "Fill or kill: the bar's volume does not give all of it.")
        else:
            if self._left > 0:
                self._fill(order, desk.taker_price(order, price), taker=True)
            if order.is_open and order.live > 0 and (order.immediate or order.limit):
                self._rest(order)

    def _rest(self, order: VenueOrder) -> None:
        if order.immediate:
            self._desk.expire(order, "Immediate or cancel: the market gives no more of it.")
        else:
            order.resting = True

    def _fill(self, order: VenueOrder, price: int, taker: bool) -> None:
        self._left -= self._desk.fill(order, min(order.live, self._left), price, taker)


def _reached(direction: int, level: int, position: int, end: int) -> int:
    """Where a path from ``position`` to ``end`` first lies at or beyond a level: above it for direction 1."""
    if is_triggered(direction, level, position):
        return position
    return level if is_triggered(direction, level, end) else _NOTHING


def _market_lots(state: SymbolState) -> int:
    """Signed lots of market orders at work."""
    return sum(order.sign * order.live for order in state.orders.values() if not order.waiting and not order.limit)


def _nearest_entry_side(state: SymbolState, bar: Bar) -> int:
    """Side of the entry that lies nearest to the open within the bar; 0 when there is none."""
    side = 0
    nearest = 0
    for order in state.orders.values():
        level = order.stop_price if order.waiting else order.limit
        if not order.reduce_only and bar.low <= level <= bar.high:
            distance = abs(level - bar.open)
            if side == 0 or distance < nearest:
                side, nearest = order.sign, distance
    return side
