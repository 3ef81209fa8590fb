"""Execution algorithms: a parent order that the engine works by sending child orders, as somebody asks for it."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from workstation.core.types import MANUAL, Side


class Plan(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag_field="kind"):
    """How a parent order is worked. Prices and distances are ticks, quantities lots, rates 1e-8."""


class Twap(Plan, frozen=True, tag="twap"):
    """Time-weighted average price: equal slices at equal distances in time."""

    duration_ns: int
    slices: int
    offset: int | None = None
    """Each slice's limit, so many ticks beyond the best price of the other side; negative rests nearer to its own.
    ``None`` sends market orders. What of a slice has not filled when the next one is due goes into that one."""
    randomness: int = 0
    """Rate up to one half: by how much of itself a slice may differ in size, and be late by of the distance in time."""


class Iceberg(Plan, frozen=True, tag="iceberg"):
    """A limit order of which only a part shows."""

    price: int
    visible: int
    """Lots that show at once."""
    refill: int = 0
    """Rate: shown anew once no more than this part of ``visible`` is left; 0 waits until all of it has filled."""
    randomness: int = 0
    """Rate up to one half: by how much of itself what shows may differ in size."""


class Scaled(Plan, frozen=True, tag="scaled"):
    """Limit orders at equal distances between two prices."""

    first_price: int
    last_price: int
    count: int
    sizes: Literal["linear", "geometric"] = "linear"
    """How sizes go from the first to the last: by equal differences, or by equal factors."""
    ratio: int = 100_000_000
    """Rate: the last order's size over the first one's."""


class ParentOrder(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What is to be bought or sold, and how."""

    symbol: str
    side: Side
    lots: int
    plan: Twap | Iceberg | Scaled
    reduce_only: bool = False
    owner: str = MANUAL
    reason: str = ""
    after_restart: Literal["go_on", "end"] = "go_on"
    """What becomes of the rest when the engine is started again."""


class AlgorithmState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    """Nothing of it is at the venue; it goes on when somebody resumes it."""
    DONE = "done"
    CANCELLED = "cancelled"

    @property
    def is_live(self) -> bool:
        return self in (AlgorithmState.RUNNING, AlgorithmState.PAUSED)
