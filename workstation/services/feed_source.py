"""Where the feed handler's market comes from: the built-in simulation, or an exchange."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

from workstation.assembly import configured_instruments
from workstation.config.settings import Settings
from workstation.core.clock import WallClock
from workstation.core.messages import Input
from workstation.core.timeframe import HOUR_NS, MINUTE_NS
from workstation.market.built_in.market import BuiltInMarket
from workstation.services.feed_handler import FeedHandler

PUMP_INTERVAL_S = 0.010
MINUTE_BARS = 2 * 1440
HOUR_BARS = 210 * 24


async def built_in_feed(settings: Settings, seed: int, clock: WallClock, handler: FeedHandler) -> None:
    """Give the handler the built-in market at the pace of the clock, until cancelled."""
    instruments = list(configured_instruments(settings, settings.market.symbols).values())
    market = BuiltInMarket(settings.market.built_in, instruments, seed, None, clock.now_ns())
    hours = min(HOUR_BARS, settings.market.built_in.history_days * 24)
    for symbol in settings.market.symbols:
        for interval_ns, bars in ((HOUR_NS, hours), (MINUTE_NS, MINUTE_BARS if hours else 0)):
            if bars:
                handler.take(market.history(symbol, interval_ns, bars))
    market.forget_past()
    while True:
        for event in market.next_events(clock.now_ns()):
            handler.take(event)
        for symbol in handler.unsynchronised:
            handler.take(market.snapshot(symbol))
        await asyncio.sleep(PUMP_INTERVAL_S)


async def exchange_feed(settings: Settings, clock: WallClock, take: Callable[[Input], None], seed: int) -> None:
    """Give the handler an exchange's market, until cancelled. Raises ``WorkstationError`` when it cannot be reached."""
    # ccxt takes a second: only a feed from an exchange pays for it.
    from workstation.venues.exchange.connection.client import ExchangeClient
    from workstation.venues.exchange.market.market import ExchangeMarket

    client = ExchangeClient(settings.exchange, None, clock)
    try:
        await client.open()
        instruments = tuple(configured_instruments(settings, settings.market.symbols).values())
        market = ExchangeMarket(client, settings.exchange, instruments, clock, take, Random(f"exchange {seed}"))
        await market.load_history({HOUR_NS: HOUR_BARS, MINUTE_NS: MINUTE_BARS})
        await market.run()
    finally:
        await client.close()
