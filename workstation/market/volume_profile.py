"""Volume at price: what was traded in each row of prices, the row with the most, and the area around it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
VALUE_AREA = 0.7


class VolumeProfile(NamedTuple):
    """Rows of one height from ``bottom`` upwards. ``up`` and ``down`` hold the volume of rising and falling bars."""

    bottom: float
    height: float
    up: Floats
    down: Floats
    most: int
    """The row with the most volume, its point of control."""
    area: tuple[int, int]
    """First and last row of the value area."""

    @property
    def volume(self) -> Floats:
        return self.up + self.down


def volume_profile(
    low: Floats, high: Floats, volume: Floats, rising: NDArray[np.bool_], rows: int
) -> VolumeProfile | None:
    """Spread the volume of each bar evenly over the prices from its low to its high; ``None`` without volume.

    The value area grows from the point of control by the larger neighbour until it holds 70 % of the volume, as in
    Steidlmayer's market profile.
    """
    if not len(low) or rows < 1 or not volume.sum() > 0:
        return None
    bottom, top = float(low.min()), float(high.max())
    height = (top - bottom) / rows or max(abs(top), 1.0) * 1e-6
    up, down = (
        _spread((low[chosen] - bottom) / height, (high[chosen] - bottom) / height, volume[chosen], rows)
        for chosen in (rising, ~rising)
    )
    total = up + down
    most = int(total.argmax())
    return VolumeProfile(bottom, height, up, down, most, _value_area(total, most))


def _spread(start: Floats, end: Floats, volume: Floats, rows: int) -> Floats:
    """The volume of each row when every bar covers rows ``start`` to ``end``, in fractions of rows."""
    first = np.clip(start.astype(np.int64), 0, rows - 1)
    last = np.clip(end.astype(np.int64), 0, rows - 1)
    reach = end - start
    flat = (reach <= 0) | (first == last)
    # Of no bars, bincount makes whole numbers.
    filled = np.zeros(rows) + np.bincount(first[flat], volume[flat], rows)
    first, last, start, end = first[~flat], last[~flat], start[~flat], end[~flat]
    each = volume[~flat] / reach[~flat]
    filled += np.bincount(first, each * (first + 1 - start), rows)
    filled += np.bincount(last, each * (end - last), rows)
    # Whole rows between the ends, as a running sum of where they begin and end.
    edges = np.bincount(first + 1, each, rows + 1) - np.bincount(last, each, rows + 1)
    between: Floats = filled + np.cumsum(edges)[:rows]
    return np.maximum(between, 0.0)


def _value_area(volume: Floats, most: int) -> tuple[int, int]:
    first = last = most
    held, wanted = float(volume[most]), VALUE_AREA * float(volume.sum())
    while held < wanted and (first > 0 or last < len(volume) - 1):
        below = float(volume[first - 1]) if first > 0 else -1.0
        above = float(volume[last + 1]) if last < len(volume) - 1 else -1.0
        if above >= below:
            last += 1
            held += above
        else:
            first -= 1
            held += below
    return first, last
