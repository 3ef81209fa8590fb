"""What the venue's side of a session goes by: the engine's own orders, and whether the engine is well."""

from __future__ import annotations

from collections.abc import Sequence

from workstation.core.types import EXTERNAL, OrderState, TradingState
from workstation.trading.kernel import Kernel
from workstation.trading.transaction import JOURNAL


class OwnOrders:
    """Reads the kernel; holds nothing."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def knows(self, client_id: str) -> bool:
        """Whether an order is this engine's, one that ended lately among them."""
        return client_id in self._kernel.orders.orders

    @property
    def has_nothing(self) -> bool:
        """Whether there is neither an order nor a position: nothing that was told so far is ours."""
        return not self._kernel.orders.orders and not self._kernel.ledger.positions

    @property
    def unanswered(self) -> int:
        """Orders of which the venue has not told in time whether it has them."""
        return sum(order.state is OrderState.UNKNOWN for order in self._kernel.orders.open_orders())

    @property
    def now_ns(self) -> int:
        """The engine's time."""
        return self._kernel.clock.time_ns

    def symbols_of_ours_alone(self) -> Sequence[str]:
        """Where orders of ours rest and nobody else's: an exchange's dead-man timer does not tell them apart."""
        resting = self._kernel.orders.open_orders()
        foreign = {order.symbol for order in resting if order.owner == EXTERNAL}
        return sorted({order.symbol for order in resting} - foreign)

    def entries(self) -> list[str]:
        """Client ids of our open orders that could add to a position."""
        resting = self._kernel.orders.open_orders()
        return [order.client_id for order in resting if order.owner != EXTERNAL and not order.reduce_only]

    def is_healthy(self) -> bool:
        """Whether the dead-man timer may be refreshed."""
        trading = self._kernel.trading
        return JOURNAL not in trading.causes and trading.state is not TradingState.HALTED
