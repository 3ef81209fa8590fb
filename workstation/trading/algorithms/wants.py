"""What a plan lacks: the orders that it wants by now, less what has filled, less what may still fill."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from workstation.core.algorithms import Scaled, Twap
from workstation.core.money import RATE_SCALE
from workstation.core.types import Side
from workstation.trading.algorithms import plans
from workstation.trading.algorithms.parent import Parent
from workstation.trading.market_state import MarketState


class Want(NamedTuple):
    """An order that a plan lacks. ``price`` 0 is a market order."""

    slot: int
    lots: int
    price: int


def wants(parent: Parent, committed_of: Callable[[int], int], market: MarketState) -> Iterable[Want]:
    """What the plan lacks now. ``committed_of`` tells the lots of a slot that may still fill."""
    order, plan = parent.order, parent.order.plan
    if isinstance(plan, Scaled):
        for slot, rung in enumerate(plans.rungs(plan, order.lots)):
            if not committed_of(slot):
                yield Want(slot, rung.lots - parent.filled[slot], rung.price)
        return
    committed = committed_of(0)
    left = order.lots - parent.filled_lots - committed
    if isinstance(plan, Twap):
        due = plans.slices(plan, order.lots, parent.seed)[: parent.step]
        if due and not committed and parent.step <= plan.slices:
            yield Want(0, due[-1].lots - parent.filled_lots, _slice_price(plan, parent.order.side, market))
        return
    shown = plans.visible(plan, parent.seed, parent.step)
    if committed <= shown * plan.refill // RATE_SCALE:
        yield Want(0, min(shown - committed, left), plan.price)


def due_ns(parent: Parent, plan: Twap) -> int:
    """When the next slice is due, or after the last the plan's time is over; UTC."""
    timetable = plans.slices(plan, parent.order.lots, parent.seed)
    after_ns = timetable[parent.step].after_ns if parent.step < plan.slices else plan.duration_ns
    return parent.started_ns + after_ns + parent.delay_ns


def _slice_price(plan: Twap, side: Side, market: MarketState) -> int:
    if plan.offset is None:
        return 0
    best = market.book.best_ask if side is Side.BUY else market.book.best_bid
    return max(1, (best or market.last_price) + int(side) * plan.offset)
