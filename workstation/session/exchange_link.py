"""A session's connection to an exchange: its prices, and where it trades live its account.

It is opened before the session takes its data folder, so that a wrong key or an unreachable exchange costs nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from random import Random

from workstation.config.settings import Settings
from workstation.core.clock import EventClock, WallClock
from workstation.core.credentials import Credentials
from workstation.core.errors import WorkstationError
from workstation.core.instrument import Instrument
from workstation.core.messages import MarketInput, VenueReport
from workstation.core.views import ConnectionView, LimitView, StreamView
from workstation.market.order_book import OrderBook
from workstation.session.link_tasks import LinkTasks
from workstation.session.own_orders import OwnOrders
from workstation.trading.kernel_terms import MarketTap, VenueFactory
from workstation.venues.base import ReportHandler, Venue
from workstation.venues.exchange.account.dead_man import DeadManTimer
from workstation.venues.exchange.account.preflight import Preflight, preflight
from workstation.venues.exchange.account.venue import ExchangeVenue
from workstation.venues.exchange.capabilities import exchange_notes
from workstation.venues.exchange.connection.client import ExchangeClient
from workstation.venues.exchange.connection.errors import CallFailed, RequestExpired
from workstation.venues.exchange.market.market import ExchangeMarket
from workstation.venues.exchange.market.watching import ExchangeWatching

log = logging.getLogger("workstation.session")

DISARM_S = 3.0


class ExchangeLink:
    """Opened and closed once, within a running loop. A link without credentials sees prices only."""

    def __init__(self, settings: Settings, clock: WallClock, credentials: Credentials | None) -> None:
        self._settings = settings
        self._clock = clock
        self._client = ExchangeClient(settings.exchange, credentials, clock)
        self._market: ExchangeMarket | None = None
        self._venue: ExchangeVenue | None = None
        self._dead_man: DeadManTimer | None = None
        self.watching: ExchangeWatching = ExchangeWatching(self._client, clock.now_ns)
        self._tasks = LinkTasks()

    @property
    def title(self) -> str:
        exchange = self._settings.exchange
        place = f" at {exchange.address}" if exchange.address else " test network" if exchange.testnet else ""
        return f"{exchange.name} {exchange.market}{place}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What a trader should know of the exchange, one sentence each."""
        dead_man = (self._dead_man.state.text,) if self._dead_man is not None else ()
        return exchange_notes(self._settings.exchange) + dead_man

    async def open(self) -> None:
        """Connect and learn the markets. Raises ``WorkstationError``."""
        try:
            await self._client.open()
        except BaseException:
            await self._client.close()
            raise

    async def preflight(self) -> Preflight:
        """The list that must be green before live trading, and what the account is charged."""
        return await preflight(self._client, self._settings)

    def venue_factory(self, report: Callable[[VenueReport], None], on_reconnected: Callable[[], None]) -> VenueFactory:
        """Makes the account's venue, whose reports go to ``report``: they are inputs of the session."""

        def make(clock: EventClock, _: ReportHandler, books: Mapping[str, OrderBook]) -> tuple[Venue, MarketTap | None]:
            settings = self._settings
            instruments = {symbol: settings.instruments[symbol] for symbol in settings.market.symbols}
            self._venue = ExchangeVenue(self._client, instruments, report, on_reconnected)
            return self._venue, None

        return make

    def start_account(self, orders: OwnOrders) -> None:
        """Open the account's stream, and the dead-man timer for the symbols with orders while we are healthy."""
        assert self._venue is not None
        self._venue.start()
        self._dead_man = DeadManTimer(self._client, orders.symbols_of_ours_alone, orders.is_healthy)
        self._tasks.run(self._dead_man.run())

    async def start_market(
        self,
        instruments: Sequence[Instrument],
        deliver: Callable[[MarketInput], None],
        bars: Mapping[int, int],
        seed: int,
        on_past: Callable[[], None],
    ) -> None:
        """Deliver the past, call ``on_past``, then deliver whatever comes. ``bars`` of the past by interval.

        Raises ``WorkstationError`` when there is no past to be had.
        """
        random = Random(f"exchange {seed}")
        self._market = ExchangeMarket(
            self._client, self._settings.exchange, tuple(instruments), self._clock, deliver, random
        )
        await self._market.load_history(bars)
        on_past()
        self._tasks.run(self._market.run())
        self._tasks.run(self.watching.run())

    def raise_failure(self) -> None:
        self._tasks.raise_failure()

    @property
    def trouble(self) -> str:
        """What keeps the account's stream from telling; empty when nothing is amiss."""
        stream = self._venue.stream if self._venue is not None else None
        return "" if stream is None or stream.connected else stream.problem or "the account's stream is connecting"

    def view(self) -> ConnectionView:
        """How the connection stands, for screens."""
        limits = self._client.limits
        figures = self._market.figures() if self._market is not None else None
        stream = self._venue.stream if self._venue is not None else None
        dead_man = self._dead_man.state.text if self._dead_man is not None else ""
        return ConnectionView(
            title=self.title,
            streams=tuple(
                StreamView(s.symbol, s.kind, s.messages_per_second, s.age_s)
                for s in (figures.streams if figures else ())
            ),
            gaps=figures.gaps if figures else 0,
            resyncs=figures.resyncs if figures else 0,
            reconnects=figures.reconnects if figures else 0,
            trades_filled=figures.trades_filled if figures else 0,
            trades_lost=figures.trades_lost if figures else 0,
            clock_offset_ms=(figures.clock_offset_ns if figures else 0) / 1e6,
            account="" if stream is None else "connected" if stream.connected else stream.problem or "connecting",
            limits=tuple(
                LimitView(f"{use.name} in {use.window_s} s", str(use.used), str(use.limit), use.used / use.limit)
                for use in limits.uses
                if use.limit
            ),
            blocked_until_ns=limits.blocked_until_ns,
            blocked_reason=limits.blocked_reason,
            dead_man=dead_man,
            latency=self._client.latency.view(),
        )

    async def disarm(self) -> None:
        """Switch the dead-man timer off where what rests at the exchange is to stay; it runs out where that fails."""
        if self._dead_man is not None:
            with contextlib.suppress(CallFailed, RequestExpired, TimeoutError):
                async with asyncio.timeout(DISARM_S):
                    await self._dead_man.disarm()

    async def close(self) -> None:
        """Stop what runs. Orders at the exchange stay as they are."""
        await self._tasks.close()
        if self._venue is not None:
            await self._venue.close()
        try:
            await self._client.close()
        except (WorkstationError, OSError) as error:
            log.warning("The connection to %s was not closed in order: %s", self.title, error)
