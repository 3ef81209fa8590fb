"""What happens to positions and listings by a chaos switch: once a second of the market's time, by seed."""

from __future__ import annotations

from workstation.core.timeframe import SECOND_NS
from workstation.sandbox.chaos import Chaos
from workstation.sandbox.exchange import Exchange
from workstation.sandbox.listing import Listing
from workstation.sandbox.orders import position_of


class Mishaps:
    """Liquidates, deleverages and delists, which a command can do too."""

    def __init__(self, exchange: Exchange, chaos: Chaos) -> None:
        self._exchange = exchange
        self._chaos = chaos
        self._schedule()

    def _schedule(self) -> None:
        clock = self._exchange.clock
        clock.call_at(clock.time_ns // SECOND_NS * SECOND_NS + SECOND_NS, self._strike)

    def _strike(self) -> None:
        for how in ("liquidation", "adl"):
            positions = self._positions() if self._chaos.holds(how) else []
            if positions and self._chaos.strikes(how):
                account, key = self._chaos.pick(positions)
                self._exchange.accounts[account].futures.close_position(key, how)
        listings = [x for found in self._exchange.listings.values() for x in found.values() if x.is_trading]
        if listings and self._chaos.holds("delist"):
            switch = self._chaos.strikes("delist")
            if switch is not None:
                self._delist(self._chaos.pick(listings), int((switch.value or 0) * SECOND_NS))
        self._schedule()

    def _positions(self) -> list[tuple[str, str]]:
        """Account of every position, and what the position goes by."""
        return [
            (name, key)
            for name, account in self._exchange.accounts.items()
            for key, holding in account.futures.books.holdings.items()
            if holding.lots and account.futures.listings[position_of(key)[0]].mark_price()
        ]

    def _delist(self, listing: Listing, duration_ns: int) -> None:
        self._exchange.set_trading(listing, False)
        if duration_ns:
            clock = self._exchange.clock
            clock.call_at(clock.time_ns + duration_ns, lambda: self._exchange.set_trading(listing, True))
