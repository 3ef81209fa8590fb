"""Matching against an L2 book with price-time priority.

Takers walk the levels; what they take stays taken until the feed shows other quantities there (``Taken``). Makers
hold a place in the queue and fill by trades that reach them, at most the lots of each trade, or when the book
crosses their limit. Own orders never trade with each other: the newer one expires. What a market order does not
find in the book goes on working with the next change of the book.
"""

from __future__ import annotations

from workstation.core.messages import Trade
from workstation.core.types import Side
from workstation.rules.matching import (
    is_marketable,
    queue_after_refresh,
    queue_after_trade,
    slice_to_fill,
)
from workstation.venues.simulated.cost_figures import CostFigures
from workstation.venues.simulated.desk import Desk
from workstation.venues.simulated.order import VenueOrder
from workstation.venues.simulated.state import SymbolState
from workstation.venues.simulated.triggers import meets_trigger, trigger_price
from workstation.venues.simulated.validation import would_take

SELF_TRADE = "It would have traded with an own order."


class BookMatcher:
    def __init__(self, desk: Desk, costs: CostFigures) -> None:
        self._desk = desk
        self._costs = costs

    def enter(self, order: VenueOrder) -> None:
        """Match an order that has just become live, or lost its place."""
        if order.waiting and not (
            meets_trigger(self._desk, order, trigger_price(order.symbol_state)) and self._desk.trigger(order)
        ):
            return
        self._execute(order)

    def enter_fresh(self) -> None:
        """Match the children that a fill has released."""
        fresh = self._desk.fresh
        while fresh:
            order = fresh.pop(0)
            if order.is_open:
                self.enter(order)

    def _execute(self, order: VenueOrder) -> None:
        """Take what the book gives, then rest, go on or expire."""
        state = order.symbol_state
        if not state.has_book:
            return
        if order.post_only and would_take(order):
            self._desk.expire(order, "Post-only: it would have taken liquidity.")
            return
        own = self._own_opposite(order)
        if order.whole and self._available(order, own) < order.live:
            self._desk.expire(order, "Fill or kill: the book does not hold all of it.")
            return
        self._take(order, own)
        if not order.is_open or order.live == 0:
            return
        if own and is_marketable(order.sign, order.limit, own):
            self._desk.expire(order, SELF_TRADE)
        elif order.immediate:
            self._desk.expire(order, "Immediate or cancel: the book holds no more of it.")
        elif order.limit:
            self._rest(order)

    def _own_opposite(self, order: VenueOrder) -> int:
        """Best limit at which an own order rests on the other side, ticks; 0 when none does."""
        limits = [
            other.limit
            for state in (order.symbol_state, *order.symbol_state.peers)
            for other in state.orders.values()
            if other.resting and other.sign != order.sign and other.live > 0
        ]
        if not limits:
            return 0
        return min(limits) if order.sign > 0 else max(limits)

    def _reachable(self, order: VenueOrder, price: int, own: int) -> bool:
        if not is_marketable(order.sign, order.limit, price):
            return False
        return own == 0 or (price < own if order.sign > 0 else price > own)

    def _available(self, order: VenueOrder, own: int) -> int:
        levels, prices, taken = order.symbol_state.opposite_levels(order.side)
        total = 0
        for price in prices:
            if not self._reachable(order, price, own):
                break
            total += taken.available(price, levels[price])
        return total

    def _take(self, order: VenueOrder, own: int) -> None:
        levels, prices, taken = order.symbol_state.opposite_levels(order.side)
        for price in prices:
            if not self._reachable(order, price, own):
                break
            shown = levels[price]
            lots = min(taken.available(price, shown), order.live)
            if lots > 0:
                filled = self._desk.fill(order, lots, self._desk.taker_price(order, price), taker=True)
                taken.take(price, shown, filled)
            if not order.is_open or order.live <= 0:
                break

    def _rest(self, order: VenueOrder) -> None:
        """Queue up behind what the book shows at the limit."""
        order.leave_queue()
        order.resting = True
        order.displayed = min(order.display, order.live)
        order.ahead = order.level_shown = self._shown(order)

    def _shown(self, order: VenueOrder) -> int:
        book = order.symbol_state.book
        assert book is not None
        side = book.bids if order.sign > 0 else book.asks
        return side.get(order.limit, 0)

    # --- the market moves ------------------------------------------------------------------------------------------

    def on_trade(self, state: SymbolState, trade: Trade) -> None:
        """A trade fills what rests in its way, best limit first, then earliest; then it sets triggers off."""
        price = trade.price
        orders = tuple(state.orders.values())
        reached = [
            order
            for order in orders
            if order.resting and (order.limit - price) * order.sign >= 0 and _lies_in_way(order, trade)
        ]
        if len(reached) > 1:
            reached.sort(key=lambda order: (-order.sign * order.limit, order.number))
        left = trade.lots
        for order in reached:
            behind = 0
            if order.limit != price:
                order.ahead = 0
            else:
                behind = max(0, order.level_shown - order.traded - order.ahead)
                order.traded += trade.lots
            effect = queue_after_trade(order.ahead, left)
            order.ahead = effect.ahead
            if effect.reached and order.is_open:
                left -= min(left, self._reach(order, effect.reached, behind))
        for order in orders:
            if (
                order.waiting
                and order.is_open
                and meets_trigger(self._desk, order, price)
                and self._desk.trigger(order)
            ):
                self._execute(order)

    def _give(self, order: VenueOrder, lots: int) -> int:
        """Let traded lots come to a resting order; those that it takes, filled now or with its next slice."""
        live = order.live
        if live <= 0:
            return 0
        if not self._costs.partial_fills:
            return self._desk.fill(order, live, order.limit, taker=False)
        given = min(lots, live - order.pending)
        order.pending += given
        now = slice_to_fill(
            order.pending,
            live,
            order.lots,
            order.slices,
            self._costs.smallest_slice,
            self._costs.most_slices,
        )
        if now:
            order.pending = 0
            order.slices += 1
            self._desk.fill(order, now, order.limit, taker=False)
        return given

    def _reach(self, order: VenueOrder, lots: int, behind: int) -> int:
        """Traded lots reach an order, with ``behind`` lots of others behind it; those that it takes.

        A part of an iceberg that is used up is followed by the next, at the back.
        """
        if not order.display:
            return self._give(order, lots)
        given = 0
        while lots > 0 and order.is_open and order.live > 0:
            part = self._give(order, min(lots, order.displayed))
            given += part
            lots -= part
            order.displayed -= part
            if order.displayed > 0 or part == 0:
                break
            order.displayed = min(order.display, order.live)
            effect = queue_after_trade(behind, lots)
            order.ahead = behind = effect.ahead
            lots = effect.reached
        return given

    def on_book(self, state: SymbolState) -> None:
        """The book changed: queues move, makers that it crosses fill, and what waits for liquidity goes on."""
        book = state.book
        assert book is not None
        bids, asks = book.bids, book.asks
        if state.bid_taken.levels:
            state.bid_taken.refresh(bids)
        if state.ask_taken.levels:
            state.ask_taken.refresh(asks)
        for order in tuple(state.orders.values()):
            if order.resting:
                limit = order.limit
                # Most changes touch no own order: this loop runs for each of them, so it looks before it calls.
                if order.sign > 0:
                    shown = bids.get(limit, 0)
                    crossed = bool(book.ask_prices) and book.ask_prices[0] <= limit
                else:
                    shown = asks.get(limit, 0)
                    crossed = bool(book.bid_prices) and book.bid_prices[-1] >= limit
                if shown != order.level_shown:
                    order.ahead = queue_after_refresh(
                        order.ahead, order.level_shown, shown, order.traded, self._costs.proportional
                    )
                    order.level_shown = shown
                order.traded = 0
                if crossed and order.is_open:
                    self._fill_crossed(order)
            elif not order.waiting and order.is_open:
                self._execute(order)

    def _fill_crossed(self, order: VenueOrder) -> None:
        levels, prices, taken = order.symbol_state.opposite_levels(order.side)
        for price in prices:
            if order.live <= 0 or not order.is_open or not is_marketable(order.sign, order.limit, price):
                break
            shown = levels[price]
            lots = min(taken.available(price, shown), order.live)
            if lots <= 0:
                continue
            order.pending = 0
            if self._costs.partial_fills:
                taken.take(price, shown, self._desk.fill(order, lots, order.limit, taker=False))
                order.displayed = min(order.display, order.live)
            else:
                taken.take(price, shown, lots)
                self._desk.fill(order, order.live, order.limit, taker=False)


def _lies_in_way(order: VenueOrder, trade: Trade) -> bool:
    """Whether a trade shows that the market reached an order's limit: beyond it, or at it from the other side."""
    if order.limit == trade.price:
        return order.side is not trade.side
    return order.limit > trade.price if order.side is Side.BUY else order.limit < trade.price
