"""What a session needs of whatever brings its market, and perhaps its venue, from outside the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from workstation.core.instrument import Instrument
from workstation.core.messages import FollowKill, MarketInput, ServiceReport, VenueReport
from workstation.core.views import ConnectionView
from workstation.market.watching import Watching
from workstation.session.own_orders import OwnOrders
from workstation.trading.kernel_terms import VenueFactory


class SessionLink(Protocol):
    """Connected when a session is given it, and closed once."""

    @property
    def title(self) -> str: ...

    @property
    def notes(self) -> tuple[str, ...]: ...

    def venue_factory(
        self, report: Callable[[VenueReport | ServiceReport | FollowKill], None], on_reconnected: Callable[[], None]
    ) -> VenueFactory:
        """Makes the venue outside the engine, where there is one."""
        ...

    def start_account(self, orders: OwnOrders) -> None:
        """Send requests and hear what became of them."""
        ...

    async def start_market(
        self,
        instruments: Sequence[Instrument],
        deliver: Callable[[MarketInput], None],
        bars: Mapping[int, int],
        seed: int,
        on_past: Callable[[], None],
    ) -> None:
        """Deliver the past, call ``on_past``, then deliver whatever comes."""
        ...

    @property
    def watching(self) -> Watching | None:
        """What can be looked at beside the engine's symbols; ``None`` where that cannot be had."""

    def raise_failure(self) -> None:
        """Raise what ended one of its tasks."""
        ...

    @property
    def trouble(self) -> str:
        """What keeps it from working as it should, in words; empty when nothing does."""

    def view(self) -> ConnectionView: ...

    async def disarm(self) -> None: ...

    async def close(self) -> None: ...
