"""An order as the venue keeps it."""

from __future__ import annotations

from workstation.core.messages import OrderFilled
from workstation.core.orders import Intent
from workstation.core.types import OrderState, OrderType, Side, TimeInForce
from workstation.venues.simulated.state import SymbolState

_TAKE_PROFITS = (OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT)
_WITHOUT_TRIGGER = (OrderType.MARKET, OrderType.LIMIT)
_WITH_LIMIT = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT)


class VenueOrder:
    """Prices in ticks, quantities in lots; ``limit`` is 0 for market orders."""

    __slots__ = (
        "ahead",
        "amendment",
        "arrived_ns",
        "children",
        "client_id",
        "direction",
        "display",
        "displayed",
        "filled",
        "fills",
        "good_till_ns",
        "group",
        "held",
        "immediate",
        "level_shown",
        "limit",
        "lots",
        "number",
        "parent",
        "pending",
        "post_only",
        "reduce_only",
        "reduced",
        "reference",
        "resting",
        "side",
        "sign",
        "slices",
        "state",
        "stop_price",
        "stop_told",
        "symbol_state",
        "time_in_force",
        "traded",
        "trail",
        "type",
        "version",
        "waiting",
        "whole",
    )

    def __init__(
        self,
        symbol_state: SymbolState,
        client_id: str,
        intent: Intent,
        reference: int,
        arrived_ns: int,
        number: int,
    ) -> None:
        self.symbol_state = symbol_state
        self.client_id = client_id
        self.number = number
        self.arrived_ns = arrived_ns
        self.side: Side = intent.side
        self.sign = int(intent.side)
        self.type = intent.type
        self.amendment = 0
        """Number of the last change that was made."""
        self.version = 1
        """Of its terms; 1 is as it came."""
        self.lots = intent.lots
        self.limit = intent.price if intent.type in _WITH_LIMIT else 0
        self.stop_price = intent.stop_price
        self.stop_told = intent.stop_price
        self.trail = intent.trail if intent.type is OrderType.TRAILING_STOP else 0
        self.direction = -self.sign if intent.type in _TAKE_PROFITS else self.sign
        self.waiting = intent.type not in _WITHOUT_TRIGGER
        """Its trigger has not been met."""
        self.time_in_force: TimeInForce = intent.time_in_force
        self.immediate = intent.time_in_force in (TimeInForce.IOC, TimeInForce.FOK)
        self.whole = intent.time_in_force is TimeInForce.FOK
        self.post_only = intent.post_only
        self.reduce_only = intent.reduce_only
        self.reference = reference
        self.filled = 0
        self.fills: list[OrderFilled] = []
        self.state = OrderState.ACCEPTED
        self.resting = False
        """Stands in the book at its limit."""
        self.held = False
        self.parent: VenueOrder | None = None
        self.children: list[VenueOrder] = []
        self.group = ""
        self.reduced = 0
        """Lots that its siblings of a one-cancels-other group have filled."""
        self.ahead = 0
        self.level_shown = 0
        self.traded = 0
        self.pending = 0
        self.slices = 0
        self.good_till_ns = intent.good_till_ns
        self.display = intent.visible_lots
        """Lots that an iceberg shows at a time; 0 for an order that shows all."""
        self.displayed = min(intent.visible_lots, intent.lots)
        """Of an iceberg's part in the book, what has not filled."""

    @property
    def live(self) -> int:
        """Lots that may fill now: of a child, no more than its parent has filled."""
        remaining = self.lots - self.filled
        if self.parent is not None:
            return min(remaining, self.parent.filled - self.reduced - self.filled)
        return remaining

    @property
    def shown(self) -> int:
        """Lots that the book shows of it where it rests."""
        return min(self.displayed, self.live) if self.display else self.live

    @property
    def is_open(self) -> bool:
        return not self.state.is_terminal

    def leave_queue(self) -> None:
        """Lose its place: it must be matched again."""
        self.resting = False
        self.ahead = self.level_shown = self.traded = self.pending = 0
