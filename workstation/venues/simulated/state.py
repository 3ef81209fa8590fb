"""What the venue knows of one symbol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workstation.core.instrument import Instrument
from workstation.core.money import MONEY_SCALE, to_money, to_rate
from workstation.core.types import InstrumentKind, Side
from workstation.market.order_book import OrderBook
from workstation.rules.matching import taken_after_refresh

if TYPE_CHECKING:
    from workstation.venues.simulated.order import VenueOrder

NEVER_REACHED = 1 << 62
"""Above every price in ticks."""


class Taken:
    """What own takers used up of the levels of one side: price to lots taken and lots shown at that time."""

    __slots__ = ("levels",)

    def __init__(self) -> None:
        self.levels: dict[int, tuple[int, int]] = {}

    def available(self, price: int, shown: int) -> int:
        entry = self.levels.get(price)
        if entry is None:
            return shown
        return shown - taken_after_refresh(entry[0], entry[1], shown)

    def take(self, price: int, shown: int, lots: int) -> None:
        entry = self.levels.get(price)
        before = taken_after_refresh(entry[0], entry[1], shown) if entry is not None else 0
        self.levels[price] = (before + lots, shown)

    def refresh(self, shown_levels: dict[int, int]) -> None:
        """Follow the book after each of its changes; forgets levels that have gone or were used up by others."""
        for price, (taken, shown_before) in list(self.levels.items()):
            shown = shown_levels.get(price, 0)
            if shown != shown_before:
                taken = taken_after_refresh(taken, shown_before, shown)
                if taken:
                    self.levels[price] = (taken, shown)
                else:
                    del self.levels[price]


class SymbolState:
    """Market, own orders and own position of one symbol."""

    __slots__ = (
        "ask_taken",
        "bid_taken",
        "book",
        "cost",
        "cross",
        "denominator",
        "extra_margin",
        "fee_asset",
        "funding_scheduled",
        "instrument",
        "inverse",
        "is_derivative",
        "last",
        "last_funding_hour",
        "leverage",
        "liquidation",
        "lot_money",
        "lots",
        "maintenance",
        "mark",
        "market_funding",
        "maximum_lots",
        "minimum_notional",
        "numerator",
        "orders",
        "peers",
        "quiet_above",
        "quiet_below",
        "settle",
        "symbol",
        "watched",
    )

    def __init__(self, instrument: Instrument, book: OrderBook | None, leverage: int, fee_asset: str) -> None:
        self.instrument = instrument
        self.symbol = instrument.symbol
        self.book = book
        self.settle = instrument.settle
        self.inverse, self.numerator, self.denominator = instrument.valuation
        self.is_derivative = instrument.kind is not InstrumentKind.SPOT
        self.lot_money = int(instrument.lot * MONEY_SCALE)
        """A lot in 1e-8 of the base asset."""
        self.cross = False
        """Its position is margined with all that the account has; otherwise with its own margin alone."""
        self.extra_margin = 0
        """What was put to an isolated position's own margin besides; it is free again when the position closes."""
        self.leverage = min(leverage, instrument.maximum_leverage) if self.is_derivative else 1
        self.maintenance = to_rate(instrument.maintenance_margin)
        self.minimum_notional = to_money(instrument.minimum_notional)
        self.maximum_lots = instrument.lots_rounded(instrument.maximum_quantity)
        self.fee_asset = fee_asset or self.settle
        self.orders: dict[str, VenueOrder] = {}
        """Live orders, held ones excepted, in order of arrival."""
        self.peers: tuple[SymbolState, ...] = ()
        """Other positions of the same market, where the account holds several: it does not trade with itself."""
        self.bid_taken = Taken()
        self.ask_taken = Taken()
        self.last = 0
        """Last traded price; 0 before the first."""
        self.mark = 0
        """Mark price; 0 where the market brings none."""
        self.lots = 0
        self.cost = 0
        self.liquidation = 0
        """Mark price at which the position is liquidated; 0 when there is none."""
        self.quiet_above = 0
        self.quiet_below = NEVER_REACHED
        """A bar that stays strictly between these ticks touches no order and no liquidation price."""
        self.watched = False
        """The position can be liquidated."""
        self.market_funding = False
        self.last_funding_hour = -1
        self.funding_scheduled = False

    def stir(self) -> None:
        """Something changed: the next bar must be looked at, whatever its range."""
        self.quiet_below = 0

    @property
    def has_book(self) -> bool:
        return self.book is not None and self.book.synchronised

    def best_opposite(self, sign: int) -> int:
        """Best price that a taker of this side finds in the book, ticks; 0 when there is none."""
        if self.book is None or not self.book.synchronised:
            return 0
        return self.book.best_ask if sign > 0 else self.book.best_bid

    def mark_price(self) -> int:
        """Mark, else last trade, else the middle of the book; 0 when nothing is known."""
        if self.mark or self.last:
            return self.mark or self.last
        bid, ask = self.best_opposite(-1), self.best_opposite(1)
        return (bid + ask) // 2 if bid and ask else bid or ask

    def opposite_levels(self, side: Side) -> tuple[dict[int, int], list[int], Taken]:
        """Levels that a taker of this side meets, their prices best first, and what was taken of them."""
        assert self.book is not None
        if side is Side.BUY:
            return self.book.asks, self.book.ask_prices, self.ask_taken
        return self.book.bids, self.book.bid_prices[::-1], self.bid_taken
