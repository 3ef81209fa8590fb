"""The execution service as a strategy core's venue.

It is certain: requests and executions travel through streams that keep their order and forget nothing, and the
service answers every request. So the core decides as it would with the account in its own process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from workstation.core.clock import EventClock
from workstation.core.instrument import Instrument
from workstation.core.orders import Approved, KillRequest, Order, QueryRequest, SnapshotRequest
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import OrderType
from workstation.messaging.order_bodies import RequestBody, request_body
from workstation.venues.base import MOST_ICEBERG_PARTS, Capabilities, Request

AGAIN_NS = 30 * SECOND_NS
"""How soon an order is asked for again: only a stream that was lost makes that necessary."""


def service_capabilities(instruments: Mapping[str, Instrument]) -> Capabilities:
    """What the execution service does for whoever sends it orders."""
    return Capabilities(
        order_types=frozenset(OrderType),
        brackets=True,
        short=any(instrument.is_derivative for instrument in instruments.values()),
        amend=True,
        certain=True,
        good_till_types=frozenset(OrderType),
        iceberg_parts=MOST_ICEBERG_PARTS,
        outlives=True,
    )


class ServiceVenue:
    """``forward`` takes each request on its way; it returns at once."""

    def __init__(
        self, clock: EventClock, instruments: Mapping[str, Instrument], forward: Callable[[RequestBody], None]
    ) -> None:
        self.can = service_capabilities(instruments)
        self._clock = clock
        self._instruments = instruments
        self._forward = forward
        self._symbols: dict[str, str] = {}
        self._asked_ns: dict[str, int] = {}

    def send(self, request: Request) -> None:
        """Forward a request. There is no account to ask for: the service keeps it."""
        if isinstance(request, SnapshotRequest) or (isinstance(request, QueryRequest) and self._was_asked(request)):
            return
        if isinstance(request, Approved):
            self._symbols[request.client_id] = request.intent.symbol
        symbol = "" if isinstance(request, KillRequest) else self._symbols.get(request.client_id, "")
        self._forward(request_body(request, symbol, self._instruments, self._clock.time_ns))

    def _was_asked(self, query: QueryRequest) -> bool:
        """A question waits in its stream until it is answered: asked often, it would only hold up what is behind it."""
        now_ns, asked = self._clock.time_ns, self._asked_ns
        for client_id in [client_id for client_id, at_ns in asked.items() if at_ns <= now_ns - AGAIN_NS]:
            del asked[client_id]
        return asked.setdefault(query.client_id, now_ns) != now_ns

    def restore(self, orders: list[Order], positions: dict[str, tuple[int, int]], balances: dict[str, int]) -> None:
        """The service has kept everything."""
        self._symbols.update((order.client_id, order.symbol) for order in orders)

    def liquidation_price(self, symbol: str) -> int | None:
        """The account is the service's."""
        return None
