"""What the adapter remembers of each order, so that a cancel finds its service and nothing is reported twice."""

from __future__ import annotations

from collections import OrderedDict

from workstation.core.types import OrderType, Side

MOST_ENDED = 10_000


class KnownOrder:
    """An order by its client id. ``venue_id`` is the exchange's; of a conditional order ``actual_id`` is the id of the
    order that it became when it triggered, "" before."""

    __slots__ = (
        "accepted",
        "actual_id",
        "client_id",
        "conditional",
        "created_ns",
        "ended",
        "fill_ids",
        "heard",
        "side",
        "symbol",
        "triggered",
        "type",
        "venue_id",
    )

    def __init__(
        self,
        client_id: str,
        symbol: str,
        *,
        side: Side = Side.BUY,
        type: OrderType = OrderType.LIMIT,
        conditional: bool = False,
        venue_id: str = "",
    ) -> None:
        self.client_id = client_id
        self.symbol = symbol
        self.side = side
        self.type = type
        self.conditional = conditional
        self.venue_id = venue_id
        self.actual_id = ""
        self.created_ns = 0
        """When the engine made it, UTC ns of our clock; 0 for somebody else's."""
        self.accepted = False
        self.ended = False
        self.triggered = False
        self.heard = False
        """The user stream has told of it."""
        self.fill_ids: set[str] = set()


class KnownOrders:
    """By client id and by the exchange's ids, ended ones forgotten beyond the newest ``MOST_ENDED``."""

    def __init__(self) -> None:
        self._orders: dict[str, KnownOrder] = {}
        self._by_venue_id: dict[tuple[str, str], str] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()

    def get(self, client_id: str) -> KnownOrder | None:
        return self._orders.get(client_id)

    def add(self, order: KnownOrder) -> KnownOrder:
        """Remember an order; one that is known by its id already stays, and is given back."""
        known = self._orders.setdefault(order.client_id, order)
        if order.venue_id and not known.venue_id:
            self.name(known, order.venue_id)
        elif known.venue_id:
            self._by_venue_id[known.symbol, known.venue_id] = known.client_id
        return known

    def name(self, order: KnownOrder, venue_id: str) -> None:
        """The exchange told its id of an order."""
        order.venue_id = venue_id
        self._by_venue_id[order.symbol, venue_id] = order.client_id

    def became(self, order: KnownOrder, actual_id: str) -> None:
        """A conditional order triggered and became another."""
        order.actual_id = actual_id
        self._by_venue_id[order.symbol, actual_id] = order.client_id

    def by_venue_id(self, symbol: str, venue_id: str) -> KnownOrder | None:
        return self._orders.get(self._by_venue_id.get((symbol, venue_id), ""))

    def end(self, order: KnownOrder) -> None:
        """The exchange ended it; it is remembered for late fills."""
        order.ended = True
        self._ended[order.client_id] = None
        while len(self._ended) > MOST_ENDED:
            client_id, _ = self._ended.popitem(last=False)
            gone = self._orders.pop(client_id, None)
            if gone is not None:
                self._by_venue_id.pop((gone.symbol, gone.venue_id), None)
                self._by_venue_id.pop((gone.symbol, gone.actual_id), None)

    def untriggered(self, symbol: str) -> list[KnownOrder]:
        """Conditional orders of a symbol that may have become others without our knowing which."""
        return [
            order
            for order in self._orders.values()
            if order.symbol == symbol and order.conditional and not order.actual_id and not order.ended
        ]
