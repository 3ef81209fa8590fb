"""A symbol as one of the exchange's markets lists it: its book, tape, candles, mark, funding and open interest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import NamedTuple

from workstation.core.errors import ConfigurationError
from workstation.core.instrument import Instrument
from workstation.core.messages import BookDelta, BookSnapshot, Levels, PerpetualHistory
from workstation.core.money import MONEY_SCALE
from workstation.core.types import Side
from workstation.market.order_book import OrderBook
from workstation.market.perpetual_figures import TimedValues
from workstation.rules.value import notional
from workstation.sandbox.candles import Candles, PastBars
from workstation.sandbox.tape import Tape
from workstation.sandbox.wire import fixed
from workstation.venues.simulated.state import NEVER_REACHED, Taken


class Market(StrEnum):
    SPOT = "spot"
    FUTURES = "futures"
    """USD-M perpetuals."""


SideLevels = tuple[Mapping[int, int], Mapping[int, int]]
"""Lots by price in ticks, of bids and of asks."""


class Funding(NamedTuple):
    time_ns: int
    rate: int
    mark: int
    """0 where it is not known, before the start."""


class DepthChange(NamedTuple):
    """Changed levels of the public book and the update ids that they cover."""

    first_id: int
    last_id: int
    bids: Levels
    asks: Levels


class Listing:
    """``book`` is the market's own; ``public`` what clients see: less what takers took, plus what rests here."""

    def __init__(
        self, market: Market, instrument: Instrument, book: OrderBook, first_id: int, start_ns: int, past: PastBars
    ) -> None:
        self.market = market
        self.instrument = instrument
        self.symbol = instrument.symbol
        self.book = book
        self.public = OrderBook(instrument.symbol)
        self.bid_taken = Taken()
        self.ask_taken = Taken()
        self.tape = Tape(first_id)
        self.candles = Candles(start_ns, past, self.worth)
        self.status = "TRADING"
        self.last = 0
        """Last traded price; 0 before the first."""
        self.mark = 0
        self.fundings: list[Funding] = []
        self.open_interest = TimedValues()
        """Lots that the market itself has open, the accounts' not among them."""
        self._first_update = first_id
        self._overlay: tuple[Mapping[int, object], Mapping[int, object]] = ({}, {})
        self._tick_units = _whole_units(instrument, "tick", int(instrument.tick * MONEY_SCALE))
        self._lot_units = _whole_units(instrument, "lot", int(instrument.lot * MONEY_SCALE))
        spot = market is Market.SPOT
        self.price_places = 8 if spot else instrument.price_decimals
        self.quantity_places = 8 if spot else instrument.quantity_decimals

    @property
    def base(self) -> str:
        return self.instrument.base

    @property
    def quote(self) -> str:
        return self.instrument.quote

    @property
    def is_trading(self) -> bool:
        return self.status == "TRADING"

    def price_text(self, ticks: int) -> str:
        return fixed(ticks * self._tick_units, self.price_places)

    def quantity_text(self, lots: int) -> str:
        return fixed(lots * self._lot_units, self.quantity_places)

    def base_money(self, lots: int) -> int:
        """Lots in 1e-8 of the base asset."""
        return lots * self._lot_units

    def worth(self, ticks: int, lots: int) -> int:
        """Money of the quote asset, unsigned."""
        return notional(ticks, lots, *self.instrument.valuation)

    def take_past(self, past: PerpetualHistory) -> None:
        """Know what was open, and paid, before the start."""
        self.open_interest.add_past(past.open_interest)
        self.fundings = [Funding(time_ns, rate, 0) for time_ns, rate in past.fundings]

    def mark_price(self) -> int:
        """Ticks; the last trade where the market brings no marks."""
        return self.mark or self.last

    # --- what a taker would find -------------------------------------------------------------------------------------

    def levels_for(self, side: Side) -> Iterator[tuple[int, int]]:
        """Prices and lots that a taker of this side finds, best first."""
        book = self.book
        buys = side is Side.BUY
        shown, taken = (book.asks, self.ask_taken) if buys else (book.bids, self.bid_taken)
        for price in book.ask_prices if buys else reversed(book.bid_prices):
            lots = taken.available(price, shown[price])
            if lots > 0:
                yield price, lots

    def cost_of(self, side: Side, lots: int) -> int:
        """Worth of taking ``lots`` at the market, as far as the book goes."""
        cost = 0
        for price, available in self.levels_for(side):
            taken = min(lots, available)
            cost += self.worth(price, taken)
            lots -= taken
            if lots == 0:
                break
        return cost

    def lots_for(self, side: Side, money: int) -> int:
        """The most lots whose worth at the market is at most ``money``."""
        total = 0
        for price, available in self.levels_for(side):
            lots = min(available, money // max(1, self.worth(price, 1)))
            while lots and self.worth(price, lots) > money:
                lots -= 1
            total += lots
            money -= self.worth(price, lots)
            if lots < available:
                break
        return total

    @contextmanager
    def withheld(self, side: Side, lots: int) -> Iterator[None]:
        """Let takers of this side find only so many lots meanwhile."""
        shown, taken = (self.book.asks, self.ask_taken) if side is Side.BUY else (self.book.bids, self.bid_taken)
        hidden = {}
        for price, available in list(self.levels_for(side)):
            hidden[price] = max(0, available - lots)
            lots -= min(lots, available)
            taken.take(price, shown[price], hidden[price])
        try:
            yield
        finally:
            for price, held in hidden.items():
                before, shown_before = taken.levels[price]
                taken.levels[price] = before - held, shown_before
                if before == held:
                    del taken.levels[price]

    # --- the public book ---------------------------------------------------------------------------------------------

    @property
    def update_id(self) -> int:
        """Id of the newest change of the public book."""
        return self._first_update + max(0, self.public.sequence)

    @property
    def has_overlay(self) -> bool:
        """Something rests here or was taken, or did so when the public book was last published."""
        return bool(self.bid_taken.levels or self.ask_taken.levels or self._overlay[0] or self._overlay[1])

    def follow_taken(self) -> None:
        """The market's book has changed: what was taken of it fades."""
        if self.book.synchronised:
            self.bid_taken.refresh(self.book.bids)
            self.ask_taken.refresh(self.book.asks)

    def publish(self, changed: SideLevels, own: SideLevels) -> DepthChange | None:
        """Bring the public book up to date where the market's book ``changed`` and where ``own`` orders rest."""
        own = self._uncrossed(own)
        public = self.public
        if not public.synchronised:
            if not self.book.synchronised:
                return None
            public.apply_snapshot(BookSnapshot(self.symbol, self.book.ts_ns, 0, (), ()))
        bids = self._changes(changed[0], own[0], self._overlay[0], self.book.bids, self.bid_taken, public.bids)
        asks = self._changes(changed[1], own[1], self._overlay[1], self.book.asks, self.ask_taken, public.asks)
        self._overlay = ({**self.bid_taken.levels, **own[0]}, {**self.ask_taken.levels, **own[1]})
        if not bids and not asks:
            return None
        sequence = public.sequence
        public.apply_delta(BookDelta(self.symbol, self.book.ts_ns, sequence, sequence + 1, bids, asks))
        return DepthChange(self.update_id, self.update_id, bids, asks)

    def _uncrossed(self, own: SideLevels) -> SideLevels:
        """Accounts do not trade with each other, so what rests here may cross; only what does not is shown."""
        if not own[0] and not own[1]:
            return own
        ask = next((price for price, _ in self.levels_for(Side.BUY)), NEVER_REACHED)
        bid = next((price for price, _ in self.levels_for(Side.SELL)), 0)
        bids = {price: lots for price, lots in own[0].items() if price < ask}
        bid = max(bid, max(bids, default=0))
        return bids, {price: lots for price, lots in own[1].items() if price > bid}

    def _changes(
        self,
        changed: Mapping[int, object],
        own: Mapping[int, int],
        overlay: Mapping[int, object],
        levels: Mapping[int, int],
        taken: Taken,
        public: Mapping[int, int],
    ) -> Levels:
        changes = []
        for price in {*changed, *overlay, *taken.levels, *own}:
            lots = taken.available(price, levels[price]) if price in levels else 0
            lots = max(0, lots) + own.get(price, 0)
            if lots != public.get(price, 0):
                changes.append((price, lots))
        return tuple(sorted(changes))


def _whole_units(instrument: Instrument, name: str, units: int) -> int:
    if units <= 0 or units != getattr(instrument, name) * MONEY_SCALE:
        raise ConfigurationError(
            f"The sandbox exchange writes amounts with 8 decimals: {name} {getattr(instrument, name)} of "
            f"{instrument.symbol} is finer; leave the symbol out with --symbols."
        )
    return units
