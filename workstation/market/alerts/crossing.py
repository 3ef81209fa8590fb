"""When a price crosses a level: exact arithmetic over ticks and nanoseconds.

A side is 1 above the level, −1 below it, 0 at it. A crossing is counted where the level is reached from one side, so
that a touch counts and going on through it does not count again.
"""

from __future__ import annotations

from collections.abc import Iterator

from workstation.market.alerts.alert import Direction


def sign(difference: float) -> int:
    """1, 0 or −1."""
    return (difference > 0) - (difference < 0)


def side_of_line(price: int, ts_ns: int, start: tuple[int, int], end: tuple[int, int]) -> int:
    """The side of ``price`` at ``ts_ns`` of the line through two points (nanoseconds, ticks), ``start`` the earlier.

    The sign of a cross product of integers: no rounding.
    """
    return sign((price - start[1]) * (end[0] - start[0]) - (end[1] - start[1]) * (ts_ns - start[0]))


def crossed(before: int | None, now: int) -> int:
    """1 when the level was reached from below, −1 when from above, 0 when it was not. None: it is not known where."""
    if not before or before * now > 0:
        return 0
    return -before


def counts(crossing: int, direction: Direction) -> bool:
    """Whether a crossing is one that an alert of this direction waits for."""
    if direction is Direction.EITHER:
        return crossing != 0
    return crossing == (1 if direction is Direction.ABOVE else -1)


def path_of_bar(open_: float, high: float, low: float, close: float) -> Iterator[float]:
    """The prices of a bar in the order that is usually supposed: a rising bar sees its low first."""
    yield open_
    yield from (low, high) if close >= open_ else (high, low)
    yield close
