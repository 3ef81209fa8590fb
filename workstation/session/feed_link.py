"""A session's connection to the services: its market from the feed handler, its venue the execution service.

It has the shape of the connection to an exchange. NATS must be there at the start, for without it there are no prices;
afterwards it may come and go.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from workstation.config.settings import Settings
from workstation.core.clock import EventClock, WallClock
from workstation.core.instrument import Instrument
from workstation.core.messages import FollowKill, MarketInput, ServiceReport, VenueReport
from workstation.core.timeframe import SECOND_NS, TIMEFRAME_NAMES
from workstation.core.views import ConnectionView
from workstation.market.order_book import OrderBook
from workstation.market.watching import Watching
from workstation.messaging.opening import MessagingConnection, open_messaging
from workstation.messaging.remote_market import RemoteMarket
from workstation.session.execution_feed import ExecutionFeed
from workstation.session.link_tasks import LinkTasks
from workstation.session.order_forwarder import OrderForwarder
from workstation.session.own_orders import OwnOrders
from workstation.trading.kernel_terms import MarketTap, VenueFactory
from workstation.venues.base import ReportHandler, Venue
from workstation.venues.service.venue import ServiceVenue

PAST_S = 15.0
"""How long the feed handler is waited for until that is told."""
NAME = "strategies"

log = logging.getLogger("workstation.session")


class FeedLink:
    """Opened and closed once, within a running loop."""

    notes: tuple[str, ...] = ()
    watching: Watching | None = None

    def __init__(self, settings: Settings, data: Path, clock: WallClock) -> None:
        self._settings = settings
        self._data = data
        self._clock = clock
        self._connection: MessagingConnection | None = None
        self._market: RemoteMarket | None = None
        self._forwarder: OrderForwarder | None = None
        self._executions: ExecutionFeed | None = None
        self._orders: OwnOrders | None = None
        self._report: Callable[[VenueReport | ServiceReport | FollowKill], None] = lambda report: None
        self._tasks = LinkTasks()

    @property
    def title(self) -> str:
        return "Feed handler over NATS"

    async def open(self) -> None:
        """Connect. Raises ``MessagingError``."""
        self._connection = await open_messaging(self._settings.messaging, self._data, NAME, self._clock.now_ns)

    def venue_factory(
        self, report: Callable[[VenueReport | ServiceReport | FollowKill], None], on_reconnected: Callable[[], None]
    ) -> VenueFactory:
        """Makes the execution service's venue, whose reports go to ``report``: they are inputs of the session."""
        assert self._connection is not None
        self._report = report
        self._forwarder = forwarder = OrderForwarder(self._connection.link, self._settings.messaging)

        def make(clock: EventClock, _: ReportHandler, books: Mapping[str, OrderBook]) -> tuple[Venue, MarketTap | None]:
            settings = self._settings
            instruments = {symbol: settings.instruments[symbol] for symbol in settings.market.symbols}
            return ServiceVenue(clock, instruments, forwarder.forward), None

        return make

    def start_account(self, orders: OwnOrders) -> None:
        """Send requests, and hear what became of them: on from where the last session ended."""
        assert self._connection is not None and self._forwarder is not None
        self._orders = orders
        self._executions = ExecutionFeed(self._connection.link, self._settings, NAME, self._data, orders, self._report)
        self._tasks.run(self._forwarder.run())
        self._tasks.run(self._executions.run())

    async def start_market(
        self,
        instruments: Sequence[Instrument],
        deliver: Callable[[MarketInput], None],
        bars: Mapping[int, int],
        seed: int,
        on_past: Callable[[], None],
    ) -> None:
        """Deliver the past, then whatever comes; call ``on_past`` once every symbol was told of. ``bars`` of the past
        by interval. A feed handler that is not there yet is waited for: it may be starting too.
        """
        assert self._connection is not None
        by_symbol = {instrument.symbol: instrument for instrument in instruments}
        subjects = self._settings.messaging.subjects
        self._market = RemoteMarket(self._connection.link, subjects, by_symbol, self._clock.now_ns, deliver)
        await self._market.start({TIMEFRAME_NAMES[interval_ns]: count for interval_ns, count in bars.items()})
        self._tasks.run(self._market.run())
        self._tasks.run(self._wait_for_past(self._market, ", ".join(by_symbol), on_past))

    async def _wait_for_past(self, market: RemoteMarket, symbols: str, on_past: Callable[[], None]) -> None:
        while not market.complete.is_set():
            try:
                async with asyncio.timeout(PAST_S):
                    await market.complete.wait()
            except TimeoutError:
                log.warning(
                    "No feed handler has told of %s yet: start `workstation feed` with the same symbols.", symbols
                )
        if self._executions is not None:
            # Strategies begin with the positions that the service has, also where it traded while they were away.
            await self._executions.compared.wait()
        on_past()

    def raise_failure(self) -> None:
        self._tasks.raise_failure()

    @property
    def trouble(self) -> str:
        """What it waits for now; empty when nothing is amiss."""
        if self._connection is None or not self._connection.link.is_up:
            return "NATS is away"
        if self._market is not None and not self._market.complete.is_set():
            return "no feed handler has told of every symbol yet"
        if self._forwarder is not None and self._forwarder.trouble:
            return f"{self._forwarder.waiting} requests wait: {self._forwarder.trouble}"
        if self._executions is not None and not self._executions.compared.is_set():
            return "the executions are not all heard of yet"
        if self._orders is not None and (unanswered := self._orders.unanswered):
            return f"{unanswered} orders have no answer from the execution service"
        return ""

    def view(self) -> ConnectionView:
        """How the connection stands, for screens."""
        link = self._connection.link if self._connection is not None else None
        market, forwarder = self._market, self._forwarder
        waits = f"{forwarder.waiting} requests wait" if forwarder is not None and forwarder.waiting else "connected"
        return ConnectionView(
            title=self.title,
            gaps=market.gaps if market is not None else 0,
            resyncs=market.gaps if market is not None else 0,
            reconnects=link.reconnects if link is not None else 0,
            account="" if forwarder is None or link is None else waits if link.is_up else link.state,
        )

    async def disarm(self) -> None:
        """Nothing of it runs out by itself."""

    async def close(self) -> None:
        """Stop what runs; what waits to be sent is given a moment."""
        if self._forwarder is not None:
            deadline = self._clock.now_ns() + SECOND_NS
            while self._forwarder.waiting and self._clock.now_ns() < deadline:
                await asyncio.sleep(0.01)
        await self._tasks.close()
        if self._connection is not None:
            await self._connection.close()
