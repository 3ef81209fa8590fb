"""The simulated venue that matches one account's orders on one market, over the shared books."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import msgspec

from workstation.config.settings import Costs
from workstation.sandbox.fees import venue_account
from workstation.sandbox.floor import Floor
from workstation.sandbox.listing import Listing, Market
from workstation.sandbox.orders import position_keys
from workstation.venues.base import ReportHandler
from workstation.venues.simulated import SimVenue


def desk_venue(
    account: str,
    floor: Floor,
    listings: Mapping[str, Listing],
    costs: Costs,
    sides: tuple[str, ...],
    cash: Mapping[str, int],
    hear: ReportHandler,
) -> SimVenue:
    """A position of each side of a symbol is an instrument of its own; all of a symbol take from the same levels."""
    positions = {key: listing for symbol, listing in listings.items() for key in position_keys(symbol, sides)}
    venue = SimVenue(
        floor.clock,
        hear,
        {key: msgspec.structs.replace(listing.instrument, symbol=key) for key, listing in positions.items()},
        {key: listing.book for key, listing in positions.items()},
        costs,
        venue_account(account),
        cash,
        Random(account),
        spot_assets=all(listing.market is Market.SPOT for listing in listings.values()),
    )
    for key, listing in positions.items():
        state = venue.states[key]
        state.bid_taken, state.ask_taken = listing.bid_taken, listing.ask_taken
        state.last, state.mark = listing.last, listing.mark
        state.peers = tuple(venue.states[other] for other in position_keys(listing.symbol, sides) if other != key)
    return venue
