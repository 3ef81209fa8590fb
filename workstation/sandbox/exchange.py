"""The sandbox exchange itself: markets, accounts and time, without a network.

Everything happens in turns: ``advance`` lets the market come to a time, ``turn`` frames a request. At the end of a turn
what has changed is written by ``store``, and only then do answers leave and users' streams hear. The market moves
only in ``advance``, so a run is a function of the settings, the seed and the requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import msgspec

from workstation.core.clock import EventClock
from workstation.core.errors import ConfigurationError
from workstation.core.instrument import Instrument
from workstation.core.messages import (
    BookDelta,
    BookSnapshot,
    FundingRate,
    MarketInput,
    MarkPrice,
    OpenInterest,
    Trade,
)
from workstation.core.types import Side
from workstation.market.order_book import OrderBook
from workstation.sandbox.accounts import ApiKey
from workstation.sandbox.errors import invalid_symbol
from workstation.sandbox.floor import Floor, StoredKey, UserEvent
from workstation.sandbox.futures_desk import FuturesDesk
from workstation.sandbox.listen_keys import ListenKeys
from workstation.sandbox.listing import Funding, Listing, Market, SideLevels
from workstation.sandbox.offering import listed_instrument
from workstation.sandbox.source import MarketSource
from workstation.sandbox.spot_desk import SpotDesk
from workstation.sandbox.trading_desk import TradingDesk
from workstation.sandbox.wire import milliseconds

STEP_EVENTS = 500
"""Market events that are taken from the source at once."""

Changes = dict[StoredKey, Callable[[], Any]]


class Account:
    """One customer: a desk on each market."""

    def __init__(self, name: str, number: int, floor: Floor) -> None:
        self.name = name
        self.number = number
        self.spot = SpotDesk(name, floor)
        self.futures = FuturesDesk(name, floor)

    def desk(self, market: Market) -> TradingDesk:
        return self.spot if market is Market.SPOT else self.futures


class Exchange:
    """``source`` has begun at ``start_ns`` (UTC); ``instruments`` are listed on both markets.

    Trades and changes of books are numbered from ``first_id`` on; by default by the start's time.
    """

    def __init__(
        self, source: MarketSource, instruments: Sequence[Instrument], start_ns: int, first_id: int = 0
    ) -> None:
        self.clock = EventClock(start_ns)
        self.start_ns = start_ns
        self.source = source
        self.books = {instrument.symbol: OrderBook(instrument.symbol) for instrument in instruments}
        first_id = first_id or milliseconds(start_ns)
        self.listings: dict[Market, dict[str, Listing]] = {
            market: {
                instrument.symbol: Listing(
                    market,
                    listed_instrument(instrument, market),
                    self.books[instrument.symbol],
                    first_id,
                    start_ns,
                    partial(source.history, instrument.symbol),
                )
                for instrument in instruments
            }
            for market in Market
        }
        for symbol, listing in self.listings[Market.FUTURES].items():
            past = source.perpetual_history(symbol)
            if past is not None:
                listing.take_past(past)
        self.floor = Floor(self.clock, self.listings)
        self.accounts: dict[str, Account] = {}
        self.keys: dict[str, ApiKey] = {}
        self.store: Callable[[Changes], None] = _forget
        """Writes what has changed, durably, before it returns; raises when it cannot."""
        self.on_event: Callable[[UserEvent], None] = _ignore
        """Hears the users' streams, after what they tell has been stored."""
        self.listen_keys = ListenKeys(self.clock)
        self._depth = 0

    # --- time --------------------------------------------------------------------------------------------------------

    def advance(self, to_ns: int) -> None:
        """Let the market and all timers come to a time."""
        with self.turn():
            while self.source.next_ns <= to_ns:
                for event in self.source.next_events(to_ns, STEP_EVENTS):
                    if event.ts_ns > self.clock.time_ns:
                        self.floor.end_instant()
                        self.clock.advance(event.ts_ns)
                    self.take(event)
                    self._conclude()
            if to_ns > self.clock.time_ns:
                self.floor.end_instant()
                self.clock.advance(to_ns)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """What happens within it is stored together, then told. Turns nest; the outermost one counts."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if self._depth == 0:
                self._finish()

    def _finish(self) -> None:
        self._conclude()
        self.floor.end_instant()
        for market in Market:
            for symbol in self._stirred(market):
                self._publish(self.listings[market][symbol], _NOTHING)
        changes, self.floor.changes = self.floor.changes, {}
        if changes:
            self.store(changes)
        events, self.floor.events = self.floor.events, []
        for event in events:
            self.on_event(event)

    def _stirred(self, market: Market) -> set[str]:
        """Symbols whose public book may differ from the market's: something rests, or was taken."""
        desks = [account.desk(market) for account in self.accounts.values()]
        symbols = {record.symbol for desk in desks for record in desk.open.values()}
        return symbols | {symbol for symbol, listing in self.listings[market].items() if listing.has_overlay}

    def _conclude(self) -> None:
        for account in self.accounts.values():
            account.spot.conclude()
            account.futures.conclude()

    # --- the market --------------------------------------------------------------------------------------------------

    def take(self, event: MarketInput) -> None:
        """Let one event of the market happen, now."""
        if isinstance(event, Trade):
            self._on_trade(event)
        elif isinstance(event, BookDelta | BookSnapshot):
            self._on_book(event)
        elif isinstance(event, MarkPrice):
            self._on_mark(event)
        elif isinstance(event, FundingRate):
            self._on_funding(event)
        elif isinstance(event, OpenInterest):
            self.listings[Market.FUTURES][event.symbol].open_interest.add(event.ts_ns, event.lots)

    def _on_trade(self, trade: Trade) -> None:
        for market in Market:
            listing = self.listings[market][trade.symbol]
            if not listing.is_trading:
                continue
            left = trade.lots
            for account in self.accounts.values():
                left = account.desk(market).on_trade(trade, left)
            if left > 0:
                self.floor.print_trade(listing, trade.price, left, trade.side)
            for account in self.accounts.values():
                account.desk(market).on_price(listing)

    def _on_book(self, event: BookDelta | BookSnapshot) -> None:
        book = self.books[event.symbol]
        if isinstance(event, BookDelta):
            book.apply_delta(event)
            changed: SideLevels = (dict(event.bids), dict(event.asks))
        else:
            changed = ({**book.bids, **dict(event.bids)}, {**book.asks, **dict(event.asks)})
            book.apply_snapshot(event)
        for market in Market:
            listing = self.listings[market][event.symbol]
            if not listing.is_trading:
                continue
            for account in self.accounts.values():
                account.desk(market).on_book(event.symbol)
            listing.follow_taken()
            self._publish(listing, changed)

    def _on_mark(self, mark: MarkPrice) -> None:
        listing = self.listings[Market.FUTURES][mark.symbol]
        listing.mark = mark.price
        for account in self.accounts.values():
            account.futures.on_mark(mark)
            account.futures.on_price(listing)
        self.floor.listener.on_mark(listing)

    def _on_funding(self, funding: FundingRate) -> None:
        listing = self.listings[Market.FUTURES][funding.symbol]
        paid = Funding(funding.ts_ns, funding.rate, funding.price or listing.mark_price())
        listing.fundings.append(paid)
        self.floor.changes["funding", funding.symbol, str(funding.ts_ns)] = lambda: paid
        for account in self.accounts.values():
            account.futures.on_funding(funding)

    def _publish(self, listing: Listing, changed: SideLevels) -> None:
        change = listing.publish(changed, self._own_levels(listing))
        if change is not None:
            self.floor.listener.on_depth(listing, change)

    def _own_levels(self, listing: Listing) -> SideLevels:
        """What rests here by price."""
        bids: dict[int, int] = {}
        asks: dict[int, int] = {}
        for account in self.accounts.values():
            for side, price, lots in account.desk(listing.market).resting(listing.symbol):
                levels = bids if side is Side.BUY else asks
                levels[price] = levels.get(price, 0) + lots
        return bids, asks

    def set_trading(self, listing: Listing, trading: bool) -> None:
        """Delist a symbol: its open orders end and it is not traded any more; or list it again.

        Positions and balances stay; the market's prices go on unseen.
        """
        if listing.is_trading == trading:
            return
        if not trading:
            for account in self.accounts.values():
                account.desk(listing.market).delist(listing.symbol)
        listing.status = "TRADING" if trading else "BREAK" if listing.market is Market.SPOT else "SETTLING"
        self.floor.changes["listing", listing.market.value, listing.symbol] = lambda: listing.status
        if trading:
            everything: SideLevels = (
                {**listing.public.bids, **self.books[listing.symbol].bids},
                {**listing.public.asks, **self.books[listing.symbol].asks},
            )
            self._publish(listing, everything)

    # --- customers ---------------------------------------------------------------------------------------------------

    def account(self, name: str) -> Account:
        """The account of that name; it is opened when there is none."""
        if name not in self.accounts:
            number = len(self.accounts) + 1
            self.accounts[name] = Account(name, number, self.floor)
            self.floor.changes["account", name] = lambda: number
        return self.accounts[name]

    def add_key(self, key: ApiKey) -> None:
        """Add a key, or put another in its place. Raises ``ConfigurationError`` when it cannot be one."""
        problem = key.problem()
        if problem:
            raise ConfigurationError(problem)
        self.account(key.account)
        self.keys[key.key] = key
        self.floor.changes["key", key.key] = lambda: msgspec.to_builtins(self.keys[key.key])

    def last_prices(self) -> dict[str, int]:
        """Last traded price of each symbol, ticks, where there was one."""
        return {symbol: found.last for symbol, found in self.listings[Market.FUTURES].items() if found.last}

    def listing(self, market: Market, symbol: str) -> Listing:
        """Raises ``ApiError`` when the market does not list the symbol."""
        found = self.listings[market].get(symbol)
        if found is None:
            raise invalid_symbol()
        return found


_NOTHING: SideLevels = ({}, {})


def _forget(changes: Changes) -> None:
    """Nothing is kept."""


def _ignore(event: UserEvent) -> None:
    """Nobody listens."""
