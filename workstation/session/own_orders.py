"""What a session goes by when it decides whether the exchange may cancel for it: its orders, and whether it is well."""

from __future__ import annotations

from collections.abc import Sequence

from workstation.core.types import EXTERNAL, TradingState
from workstation.trading.kernel import JOURNAL, Kernel


def symbols_of_ours_alone(kernel: Kernel) -> Sequence[str]:
    """Where orders of ours rest and nobody else's: the exchange's timer does not tell them apart."""
    resting = kernel.orders.open_orders()
    foreign = {order.symbol for order in resting if order.owner == EXTERNAL}
    return sorted({order.symbol for order in resting} - foreign)


def entries(kernel: Kernel) -> list[str]:
    """Client ids of our open orders that could add to a position."""
    resting = kernel.orders.open_orders()
    return [order.client_id for order in resting if order.owner != EXTERNAL and not order.reduce_only]


def is_healthy(kernel: Kernel) -> bool:
    """Whether the dead-man timer may be refreshed."""
    return JOURNAL not in kernel.trading.causes and kernel.trading.state is not TradingState.HALTED
