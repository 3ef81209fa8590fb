"""The exits of a bracket."""

from __future__ import annotations

from workstation.core.orders import Intent
from workstation.core.types import OrderRole, OrderType


def bracket_children(intent: Intent, parent_id: str, oco_group: str) -> list[Intent]:
    """The reduce-only exits of a bracket, stop first."""
    children = []
    for stop_price, kind, role in (
        (intent.stop_loss, OrderType.STOP, OrderRole.PROTECTIVE_STOP),
        (intent.take_profit, OrderType.TAKE_PROFIT, OrderRole.TAKE_PROFIT),
    ):
        if stop_price:
            children.append(
                Intent(
                    symbol=intent.symbol,
                    side=intent.side.opposite,
                    lots=intent.lots,
                    type=kind,
                    stop_price=stop_price,
                    reduce_only=True,
                    role=role,
                    owner=intent.owner,
                    reason="stop" if role is OrderRole.PROTECTIVE_STOP else "target",
                    parent_id=parent_id,
                    oco_group=oco_group,
                )
            )
    return children
