"""When a price crosses a level: exact arithmetic over ticks and nanoseconds.

A side is 1 above the level, −1 below it, 0 at it. A crossing is counted where the level is reached from one side, so
that a touch counts and going on through it does not count again.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum

from workstation.market.alerts.alert import Direction


class Crossing(IntEnum):
    """What a price did: it came to a level from below (up) or above, or to, out of or through a zone."""

    NONE = 0
    UP = 1
    DOWN = -1
    ENTERED = 2
    LEFT = 3
    THROUGH = 4


def sign(difference: float) -> int:
    """1, 0 or −1."""
    return (difference > 0) - (difference < 0)


def side_of_line(price: int, ts_ns: int, start: tuple[int, int], end: tuple[int, int]) -> int:
    """The side of ``price`` at ``ts_ns`` of the line through two points (nanoseconds, ticks), ``start`` the earlier.

    The sign of a cross product of integers: no rounding.
    """
    return sign((price - start[1]) * (end[0] - start[0]) - (end[1] - start[1]) * (ts_ns - start[0]))


def crossed(before: int | None, now: int) -> Crossing:
    """How a level was reached, if it was. None: it is not known where the price stood."""
    if not before or before * now > 0:
        return Crossing.NONE
    return Crossing(-before)


def crossed_zone(before: int | None, now: int) -> Crossing:
    """How a zone was entered, left or jumped through, if it was; side 0 is inside, its edges included."""
    if before is None or before == now:
        return Crossing.NONE
    if before == 0:
        return Crossing.LEFT
    return Crossing.ENTERED if now == 0 else Crossing.THROUGH


_COUNTED = {
    Direction.ABOVE: frozenset({Crossing.UP}),
    Direction.BELOW: frozenset({Crossing.DOWN}),
    Direction.EITHER: frozenset(Crossing) - {Crossing.NONE},
    Direction.ENTERS: frozenset({Crossing.ENTERED, Crossing.THROUGH}),
    Direction.LEAVES: frozenset({Crossing.LEFT, Crossing.THROUGH}),
}


def counts(crossing: Crossing, direction: Direction) -> bool:
    """Whether a crossing is one that an alert of this direction waits for."""
    return crossing in _COUNTED[direction]


def path_of_bar(open_: float, high: float, low: float, close: float) -> Iterator[float]:
    """The prices of a bar in the order that is usually supposed: a rising bar sees its low first."""
    yield open_
    yield from (low, high) if close >= open_ else (high, low)
    yield close
