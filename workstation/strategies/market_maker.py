"""Quotes both sides of the book."""

from __future__ import annotations

from decimal import Decimal
from math import ceil, floor

from workstation.core.messages import Bar, BookDelta, BookSnapshot, OrderFilled
from workstation.core.orders import Order
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import OrderRole, OrderState, Side
from workstation.strategies.protected import ProtectedStrategy
from workstation.trading.parameters import Amount, Integer, Number

STALE_TIMER = "stale book"
DENIED_WAIT_NS = 60 * SECOND_NS
SIDES = (Side.BUY, Side.SELL)


def quote_prices(bid: int, ask: int, spread_bps: float, skew_bps: float, inventory: float) -> tuple[int, int]:
    """Prices in ticks to bid and ask at: half of ``spread_bps`` on each side of a mid that is shifted against the
    ``inventory`` (−1 to 1 of the most) by up to ``skew_bps``; neither crosses the book.
    """
    mid = (bid + ask) / 2.0
    fair = mid * (1.0 - inventory * skew_bps / 10_000.0)
    half = mid * spread_bps / 20_000.0
    buy = min(floor(fair - half), ask - 1)
    sell = max(ceil(fair + half), bid + 1)
    return buy, max(sell, buy + 1)


class MarketMaker(ProtectedStrategy):
    """Keeps a post-only quote on each side of the mid, shifted against its inventory.

    A quote is moved when the price it should have is further away than the threshold, and not before it has lived
    for the least time; it is cancelled when the book is stale, one-sided, or being rebuilt. At its most inventory
    only the reducing side is quoted, and where shorting is impossible it sells only what it has.
    """

    title = "Market maker"

    spread_bps = Number(8.0, minimum=0.1, maximum=1000.0, step=0.5, unit="bps", help="Between its two quotes.")
    skew_bps = Number(4.0, minimum=0.0, maximum=1000.0, step=0.5, unit="bps", help="Shift of both at most inventory.")
    quantity = Amount(Decimal(0), minimum=Decimal(0), unit="base", help="Of a quote; 0 uses equity_percent.")
    equity_percent = Amount(
        Decimal(2), minimum=Decimal("0.1"), maximum=Decimal(30), step=Decimal("0.5"), unit="%", help="In one quote."
    )
    most_quotes = Integer(5, minimum=1, maximum=100, step=1, help="Most inventory, in quotes.")
    requote_bps = Number(
        2.0, minimum=0.0, maximum=100.0, step=0.5, unit="bps", help="Moves a quote that is off by more."
    )
    least_life_s = Number(4.0, minimum=0.1, maximum=3600.0, step=0.5, unit="s", help="Least life of a quote.")
    stale_s = Number(3.0, minimum=0.2, maximum=60.0, step=0.5, unit="s", help="Cancels when the book is older.")
    stop_percent = Amount(
        Decimal(3),
        minimum=Decimal("0.1"),
        maximum=Decimal(50),
        step=Decimal("0.5"),
        unit="%",
        help="Stop at the venue.",
    )

    _looked_at = 0
    _nearness = 0.0
    _next_look_ns = 0
    _next_try_ns: dict[Side, int]
    _lots = 0
    _watching = False

    def on_start(self) -> None:
        self._looked_at = 0
        self._nearness = 0.0
        self._next_look_ns = 0
        self._next_try_ns = {Side.BUY: 0, Side.SELL: 0}
        self._lots = 0
        self._watching = False
        super().on_start()
        self._watch()

    def on_book(self, change: BookDelta | BookSnapshot) -> None:
        book = self.book
        twice_mid = book.best_bid + book.best_ask
        # Half of what moves a quote: nearer than that, only time can call for a look.
        if abs(twice_mid - self._looked_at) < self._nearness and self.now_ns < self._next_look_ns:
            return
        self._looked_at = twice_mid
        self._nearness = twice_mid * self.requote_bps / 20_000.0
        self._quote()

    def on_bar(self, bar: Bar) -> None:
        super().on_bar(bar)
        if bar.interval_ns == self.interval_ns:
            self._lots = 0

    def on_fill(self, fill: OrderFilled, order: Order) -> None:
        super().on_fill(fill, order)
        self._quote()

    def on_order(self, order: Order) -> None:
        super().on_order(order)
        if order.post_only and not order.is_open:
            self._next_look_ns = 0

    def on_timer(self, tag: str) -> None:
        if tag == STALE_TIMER:
            self._watching = False
            if not self._usable():
                self._withdraw("the book is stale")
            self._watch()
        else:
            super().on_timer(tag)

    def on_stop(self) -> None:
        self._withdraw("stopped")

    def protective_price(self, lots: int) -> int:
        entry = self.entry_ticks()
        distance = int(entry * self.stop_percent / 100)
        if entry == 0 or distance == 0:
            return 0
        return max(1, entry - distance if lots > 0 else entry + distance)

    def _watch(self) -> None:
        """Look again soon, as long as there are quotes that could grow stale."""
        if not self._watching and self._quotes():
            self._watching = True
            self.set_timer(int(self.stale_s * SECOND_NS), STALE_TIMER)

    def _usable(self) -> bool:
        book = self.book
        return (
            book.synchronised
            and book.best_bid > 0
            and book.best_ask > book.best_bid
            and self.now_ns - book.ts_ns <= self.stale_s * SECOND_NS
        )

    def _quotes(self) -> dict[Side, Order]:
        """Its live quotes by side; those of which a cancel is under way are left out."""
        quotes: dict[Side, Order] = {}
        for order in self.open_orders():
            if order.post_only and not order.cancel_requested_ns:
                if order.side in quotes:
                    self.cancel(order.client_id, "one quote a side")
                else:
                    quotes[order.side] = order
        return quotes

    def _withdraw(self, reason: str) -> None:
        for order in self._quotes().values():
            self.cancel(order.client_id, reason)

    def _quote(self) -> None:
        """Bring both quotes to where they should be, as far as their age allows."""
        if not self._usable() or self.leaving:
            self._withdraw("the book cannot be quoted")
            return
        now_ns = self.now_ns
        self._next_look_ns = now_ns + SECOND_NS
        book = self.book
        unit = self._unit(book.best_bid)
        if unit == 0:
            return
        held = self.position.lots
        most = self.most_quotes * unit
        prices = quote_prices(
            book.best_bid, book.best_ask, self.spread_bps, self.skew_bps, max(-1.0, min(1.0, held / most))
        )
        quotes = self._quotes()
        waiting = {order.side for order in self.open_orders() if order.post_only and order.cancel_requested_ns}
        for side, price in zip(SIDES, prices):
            lots, reduces = self._wanted(side, held, unit, most)
            quote = quotes.get(side)
            if quote is None:
                if lots and side not in waiting and now_ns >= self._next_try_ns[side]:
                    self._send(side, price, lots, reduces)
            elif lots == 0 or quote.reduce_only != reduces or (reduces and quote.remaining > abs(held)):
                self.cancel(quote.client_id, "inventory")
            elif self._should_move(quote, price, book.best_bid):
                self.cancel(quote.client_id, "requote")

    def _should_move(self, quote: Order, price: int, reference: int) -> bool:
        if quote.state in (OrderState.SUBMITTED, OrderState.UNKNOWN):
            return False
        if self.now_ns - quote.created_ns < self.least_life_s * SECOND_NS:
            return False
        return abs(quote.price - price) > reference * self.requote_bps / 10_000.0

    def _wanted(self, side: Side, held: int, unit: int, most: int) -> tuple[int, bool]:
        """Lots to quote on a side, and whether they only reduce."""
        against = -held * side
        if against > 0:
            least = max(1, self.context.minimum_lots(self.book.best_bid))
            if against >= least:
                return min(unit, against), True
            return (unit, False) if side is Side.BUY or self.may_short() else (0, False)
        if side is Side.SELL and not self.may_short():
            return 0, False
        room = most - abs(held)
        return (unit, False) if room >= unit else (0, False)

    def _unit(self, price: int) -> int:
        """Lots of one quote, worked out anew each bar; 0 when the venue does not take so few."""
        if self._lots == 0:
            lots = self.lots(self.quantity) if self.quantity else self.lots_worth(self.equity_percent, price)
            lots = int(lots * self.context.size_factor())
            self._lots = lots if self.big_enough(lots, price, "quote") else -1
        return max(0, self._lots)

    def _send(self, side: Side, price: int, lots: int, reduces: bool) -> None:
        self._next_try_ns[side] = self.now_ns + int(self.least_life_s * SECOND_NS)
        place = self.buy if side is Side.BUY else self.sell
        client_id = place(
            lots,
            price=price,
            post_only=True,
            reduce_only=reduces,
            role=OrderRole.EXIT if reduces else OrderRole.ENTRY,
            reason="quote",
            tag=f"quote {side.word}",
        )
        if not client_id:
            self._next_try_ns[side] = self.now_ns + DENIED_WAIT_NS
        self._watch()
