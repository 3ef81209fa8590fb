"""The market of one session given to another in the same process, at no cost to the first."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from workstation.core.errors import ConfigurationError
from workstation.core.instrument import Instrument
from workstation.core.messages import MarketInput, VenueReport
from workstation.core.views import ConnectionView
from workstation.market.watching import Watching
from workstation.services.engine_bridge import MARKET_TYPES, SLICE, as_it_stands
from workstation.session import Session
from workstation.session.link_tasks import LinkTasks
from workstation.session.own_orders import OwnOrders
from workstation.trading.kernel_terms import VenueFactory

MOST_WAITING = 100_000
INTERVAL_S = 0.01


class MarketCopy:
    """``start_market`` begins with how the other's market stands. It has no venue."""

    notes: tuple[str, ...] = ()
    watching: Watching | None = None

    def __init__(self, of: Session) -> None:
        self._of = of
        self._waiting: deque[MarketInput] = deque()
        self._unsubscribe: list[Callable[[], None]] = []
        self._tasks = LinkTasks()
        self.restarts = 0
        """How often it fell so far behind that it began anew."""

    @property
    def title(self) -> str:
        return self._of.market_title

    def venue_factory(self, report: Callable[[VenueReport], None], on_reconnected: Callable[[], None]) -> VenueFactory:
        raise ConfigurationError("A copied market has no venue: the engine that it is for simulates one.")

    def start_account(self, orders: OwnOrders) -> None:
        """There is none."""

    async def start_market(
        self,
        instruments: Sequence[Instrument],
        deliver: Callable[[MarketInput], None],
        bars: Mapping[int, int],
        seed: int,
        on_past: Callable[[], None],
    ) -> None:
        bus = self._of.kernel.bus
        self._unsubscribe = [bus.subscribe(kind, self._take) for kind in MARKET_TYPES]
        self._begin()
        while self._waiting:
            deliver(self._waiting.popleft())
        on_past()
        self._tasks.run(self._hand_over(deliver))

    def _begin(self) -> None:
        now_ns = self._of.clock.now_ns()
        self._waiting.clear()
        for market in self._of.kernel.markets.values():
            self._waiting.extend(as_it_stands(market, now_ns))

    def _take(self, event: MarketInput) -> None:
        """Called within the other's dispatch: nothing else happens here."""
        self._waiting.append(event)

    async def _hand_over(self, deliver: Callable[[MarketInput], None]) -> None:
        waiting = self._waiting
        while True:
            if len(waiting) > MOST_WAITING:
                self.restarts += 1
                self._begin()
            for _ in range(min(SLICE, len(waiting))):
                deliver(waiting.popleft())
            await asyncio.sleep(0 if waiting else INTERVAL_S)

    def raise_failure(self) -> None:
        self._tasks.raise_failure()

    @property
    def trouble(self) -> str:
        """The market's own troubles are told by the session that it is copied from."""
        return ""

    def view(self) -> ConnectionView:
        return ConnectionView(title=self.title, gaps=self.restarts, resyncs=self.restarts)

    async def disarm(self) -> None:
        """Nothing of it runs out by itself."""

    async def close(self) -> None:
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        await self._tasks.close()
