"""From bars and prices to device pixels of one pane, and back; round price steps."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from widgets.chart.pyramid import Floats

SMALLEST_LOGARITHM = 1e-12


@dataclass(frozen=True, slots=True)
class PaneScale:
    """What a pane shows: bar indices `left` to `right`, and `bottom` to `top` (log10 when `logarithmic`).

    `width` and `height` are device pixels; y runs downwards. With a `base`, round values are round percents of it.
    Bars before `from_bar` need not be drawn.
    """

    left: float
    right: float
    bottom: float
    top: float
    width: int
    height: int
    logarithmic: bool = False
    base: float | None = None
    from_bar: int = 0

    @property
    def pitch(self) -> float:
        """Pixels from one bar to the next."""
        return self.width / (self.right - self.left)

    def x(self, index: Any) -> Any:
        """Pixel of the centre of a bar; scalar or array."""
        return (index - self.left) * self.pitch

    def y(self, value: float) -> float:
        """Pixel of one value."""
        return (self.top - to_scale(value, self.logarithmic)) * self.height / (self.top - self.bottom)

    def ys(self, values: Floats) -> Floats:
        """Pixels of many values."""
        if self.logarithmic:
            values = np.log10(np.maximum(values, SMALLEST_LOGARITHM))
        pixels: Floats = (self.top - values) * (self.height / (self.top - self.bottom))
        return pixels

    def index_at(self, x: float) -> float:
        return self.left + x / self.pitch

    def value_at(self, y: float) -> float:
        scaled = self.top - y * (self.top - self.bottom) / self.height
        return float(10.0**scaled) if self.logarithmic else float(scaled)

    def first_bar(self) -> int:
        """The first bar to draw: nothing before `from_bar`."""
        return max(self.from_bar, int(np.floor(self.left)))

    def last_bar(self) -> int:
        """One past the last bar that is at least partly visible."""
        return int(np.ceil(self.right)) + 1


def whole_pixels(pixels: Floats) -> Floats:
    """Round half up. Half to even would put two neighbours at .5 into one column and leave the next empty."""
    whole: Floats = np.floor(pixels + (0.5 + 1e-6))
    return whole


def to_scale(value: float, logarithmic: bool) -> float:
    return float(np.log10(max(value, SMALLEST_LOGARITHM))) if logarithmic else value


def round_step(at_least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below `at_least`."""
    power = 10.0 ** np.floor(np.log10(at_least))
    for factor in (1.0, 2.0, 5.0):
        if factor * power >= at_least * (1 - 1e-9):
            return float(factor * power)
    return float(10.0 * power)


def value_ticks(scale: PaneScale, distance: int, smallest: Decimal | None = None) -> NDArray[np.float64]:
    """Round values for labels and grid lines, at least `distance` pixels apart."""
    low, high = scale.value_at(scale.height), scale.value_at(0)
    if not high > low or scale.height <= 0:
        return np.empty(0)
    if scale.base is not None:
        percents = np.array([low, high]) / scale.base * 100 - 100
        step = round_step(float(percents[1] - percents[0]) * distance / scale.height)
        rounds = np.arange(np.ceil(percents[0] / step), np.floor(percents[1] / step) + 1) * step
        return scale.base * (1 + rounds / 100)
    if scale.logarithmic and high > 4 * low:
        decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
        values = np.outer(decades, (1.0, 2.0, 5.0)).ravel()
    else:
        step = round_step((high - low) * distance / scale.height)
        if smallest is not None:
            step = max(step, float(smallest))
        values = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
    values = values[(values >= low) & (values <= high)]
    if not scale.logarithmic:
        return values
    kept: list[float] = []
    last = np.inf
    for value, y in zip(values, scale.ys(values), strict=True):
        if last - y >= distance:
            kept.append(float(value))
            last = y
    return np.array(kept)
