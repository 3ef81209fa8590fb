"""What a parent order's plan comes to: times, sizes and prices, as functions of the plan and its seed alone.

A restart computes the same plan from the journalled seed, so that only progress has to be remembered.
"""

from __future__ import annotations

from decimal import Context, Decimal
from itertools import accumulate
from random import Random
from typing import NamedTuple

from workstation.core.algorithms import Iceberg, ParentOrder, Scaled, Twap
from workstation.core.errors import OrderError
from workstation.core.instrument import Instrument
from workstation.core.money import RATE_SCALE
from workstation.core.timeframe import DAY_NS, SECOND_NS

MOST_SLICES = 500
MOST_RUNGS = 50
_LARGEST_RATIO = 100
_WEIGHT = 1_000_000
_EXACT = Context(prec=28)
"""Of the factors between geometric sizes: the same on every machine."""


class Slice(NamedTuple):
    """One slice of a TWAP. ``lots`` counts those before it in."""

    after_ns: int
    """Since the start."""
    lots: int


class Rung(NamedTuple):
    """One order of a scaled one."""

    price: int
    lots: int


def check(order: ParentOrder, instrument: Instrument) -> None:
    """Raise ``OrderError`` with what is wrong in the plan itself; each child is judged by the gate besides."""
    plan, lots = order.plan, order.lots
    if lots <= 0:
        raise OrderError(f"An algorithm buys or sells whole lots; the smallest quantity is {instrument.lot}.")
    if isinstance(plan, Twap):
        if not SECOND_NS <= plan.duration_ns <= 7 * DAY_NS:
            raise OrderError("A TWAP lasts from 1 s to 7 days.")
        if not 2 <= plan.slices <= MOST_SLICES:
            raise OrderError(f"A TWAP has from 2 to {MOST_SLICES} slices.")
        if plan.duration_ns < plan.slices * SECOND_NS:
            raise OrderError("Slices of a TWAP are at least 1 s apart: take fewer, or a longer duration.")
        smallest, what = lots // plan.slices, "slices"
    elif isinstance(plan, Iceberg):
        if plan.price <= 0:
            raise OrderError("An iceberg needs a price above 0.")
        if not 0 < plan.visible <= lots:
            raise OrderError("What an iceberg shows is above 0 and at most its quantity.")
        if not 0 <= plan.refill < RATE_SCALE:
            raise OrderError("An iceberg is refilled at 0 % to below 100 % of what it shows.")
        smallest, what = plan.visible, "lots to show"
    else:
        _check_scaled(plan)
        smallest, what = min(rung.lots for rung in rungs(plan, lots)), "orders"
    if smallest < 1:
        raise OrderError(f"{instrument.quantity(lots)} is too little for so many {what}: each needs {instrument.lot}.")
    if isinstance(plan, Twap | Iceberg) and not 0 <= plan.randomness <= RATE_SCALE // 2:
        raise OrderError("Randomness is from 0 % to 50 %.")


def _check_scaled(plan: Scaled) -> None:
    if not 2 <= plan.count <= MOST_RUNGS:
        raise OrderError(f"A scaled order has from 2 to {MOST_RUNGS} orders.")
    if plan.first_price <= 0 or plan.last_price <= 0:
        raise OrderError("A scaled order needs two prices above 0.")
    if abs(plan.last_price - plan.first_price) < plan.count - 1:
        raise OrderError("The two prices are too near to each other: each order needs a tick of its own.")
    if not RATE_SCALE // _LARGEST_RATIO <= plan.ratio <= RATE_SCALE * _LARGEST_RATIO:
        raise OrderError(f"The last order is from 1/{_LARGEST_RATIO} to {_LARGEST_RATIO} times as large as the first.")


def slices(plan: Twap, lots: int, seed: int) -> tuple[Slice, ...]:
    """When each slice is due, and how much is to be ordered by then. Sizes and delays differ within the randomness."""
    random = Random(seed)
    interval_ns = plan.duration_ns // plan.slices
    widest, latest_ns = _WEIGHT * plan.randomness // RATE_SCALE, interval_ns * plan.randomness // RATE_SCALE
    weights = [_WEIGHT + random.randint(-widest, widest) for _ in range(plan.slices)]
    delays = [random.randint(0, latest_ns) for _ in range(plan.slices)]
    bounds = _split(lots, weights)
    return tuple(Slice(number * interval_ns + delays[number], bounds[number]) for number in range(plan.slices))


def visible(plan: Iceberg, seed: int, shown: int) -> int:
    """Lots that show after ``shown`` orders."""
    widest = plan.visible * plan.randomness // RATE_SCALE
    return max(1, plan.visible + Random(f"{seed} {shown}").randint(-widest, widest))


def rungs(plan: Scaled, lots: int) -> tuple[Rung, ...]:
    """Every order of a scaled one, first to last."""
    steps = plan.count - 1
    way = plan.last_price - plan.first_price
    prices = [plan.first_price + (2 * way * number + steps) // (2 * steps) for number in range(plan.count)]
    if plan.sizes == "linear":
        weights = [steps * RATE_SCALE + (plan.ratio - RATE_SCALE) * number for number in range(plan.count)]
    else:
        ratio = Decimal(plan.ratio) / RATE_SCALE
        powers = (_EXACT.power(ratio, _EXACT.divide(Decimal(number), Decimal(steps))) for number in range(plan.count))
        weights = [int(power * RATE_SCALE) for power in powers]
    bounds = _split(lots, weights)
    sizes = [after - before for before, after in zip((0, *bounds), bounds)]
    return tuple(map(Rung, prices, sizes))


def _split(lots: int, weights: list[int]) -> list[int]:
    """How much of ``lots`` the first, the first two … take by their weights; the last bound is ``lots``."""
    total = sum(weights)
    return [lots * weight // total for weight in accumulate(weights)]
