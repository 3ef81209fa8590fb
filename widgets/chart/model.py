"""What a chart shows, as plain data: the layers and axes read it, the view writes it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Literal, NamedTuple

import numpy as np

from widgets.chart.pyramid import Floats, Pyramid
from widgets.chart.scale import PaneScale
from widgets.chart.series import BarSeries, Columns, Nanoseconds
from widgets.look.numbers import decimals_of, format_number

PRICE_PANE = "price"
Side = Literal["buy", "sell"]


@dataclass(frozen=True)
class Indicator:
    """A line over the bars.

    `values` has one float64 a bar (NaN while it warms up); `color_index` 1 to 4 picks the series colour.
    `pane` is "price" or the name of a sub-pane, which indicators may share. `decimals` None: as the price.
    """

    name: str
    label: str
    color_index: int
    values: Floats
    pane: str = PRICE_PANE
    decimals: int | None = None
    unit: str = ""


class LineKind(StrEnum):
    WORKING = "working"
    STOP = "stop"
    TARGET = "target"


class OrderLine(NamedTuple):
    """A working order: from the bar that holds `born_ns` to the axis. `text` says what and how much.

    `profit` is the result if filled, in the quote currency; None leaves its cell out.
    """

    order_id: str
    kind: LineKind
    price: Decimal
    born_ns: int
    text: str
    profit: Decimal | None = None


class PositionLine(NamedTuple):
    """The average entry of the open position and its open result."""

    price: Decimal
    born_ns: int
    text: str
    profit: Decimal | None = None


class Fill(NamedTuple):
    """An own execution; `price` is plotted."""

    time_ns: int
    price: float
    side: Side


class Signal(NamedTuple):
    """A strategy's signal with its confidence, 0 to 100."""

    time_ns: int
    side: Side
    confidence: int


class IndicatorLine:
    """The growing values of one indicator; its pyramids are built when they are first needed."""

    def __init__(self, indicator: Indicator) -> None:
        self.indicator = indicator
        self._values = np.array(indicator.values, dtype=np.float64)
        self.count = len(self._values)
        self._pyramids: tuple[Pyramid, Pyramid] | None = None

    @property
    def values(self) -> Floats:
        return self._values[: self.count]

    def write_last(self, value: float, count: int) -> None:
        """Set the value of bar `count` - 1; bars that were skipped become NaN."""
        while self.count < count:
            if self.count == len(self._values):
                self._values = np.concatenate([self._values, np.full(max(16, self.count), np.nan)])
            self._values[self.count] = np.nan
            self.count += 1
            self._refresh()
        self._values[self.count - 1] = value
        self._refresh()

    def pyramids(self) -> tuple[Pyramid, Pyramid]:
        """Lows and highs."""
        if self._pyramids is None:
            self._pyramids = Pyramid(np.fmin), Pyramid(np.fmax)
            for pyramid in self._pyramids:
                pyramid.rebuild(self._values, self.count)
        return self._pyramids

    def extremes(self, first: int, last: int) -> tuple[float, float]:
        first, last = max(0, first), min(self.count, last)
        if first >= last:
            return float("nan"), float("nan")
        low, high = self.pyramids()
        return low.over(self._values, first, last), high.over(self._values, first, last)

    def _refresh(self) -> None:
        for pyramid in self._pyramids or ():
            pyramid.refresh_last(self._values, self.count)


@dataclass
class Crosshair:
    """Where the pointer is: a bar index and, in the pane that holds it, a value."""

    index: int
    pane: str | None = None
    value: float = float("nan")


@dataclass
class ChartModel:
    """Everything that is drawn. Prices are floats here, except those of orders."""

    series: BarSeries = field(default_factory=BarSeries)
    symbol: str = ""
    title: str = ""
    tick: Decimal = Decimal("0.01")
    left: float = 0.0
    right: float = 100.0
    logarithmic: bool = False
    lines: list[IndicatorLine] = field(default_factory=list)
    orders: list[OrderLine] = field(default_factory=list)
    position: PositionLine | None = None
    fills: list[Fill] = field(default_factory=list)
    fill_times: Nanoseconds = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    signals: list[Signal] = field(default_factory=list)
    crosshair: Crosshair | None = None
    hovered_line: str | None = None
    stale_seconds: float | None = None
    now_ns: int | None = None
    ends: bool = False
    """Whether what follows the last bar is known but not shown, as in a replay."""
    _columns: tuple[tuple[float, ...], Columns] | None = None
    _version: int = 0

    def touch(self) -> None:
        """Say that bars changed: the cached columns are dropped."""
        self._version += 1

    def set_fills(self, fills: Iterable[Fill]) -> None:
        self.fills = sorted(fills)
        self.fill_times = np.fromiter((fill.time_ns for fill in self.fills), np.int64, len(self.fills))

    def columns(self, scale: PaneScale) -> Columns:
        """The visible bars, at most one column a device pixel."""
        key = (self._version, scale.left, scale.right, scale.width)
        if self._columns is None or self._columns[0] != key:
            first, last = scale.first_bar(), scale.last_bar()
            self._columns = key, self.series.columns(first, last, 1.0 / scale.pitch)
        return self._columns[1]

    def in_pane(self, pane: str) -> list[IndicatorLine]:
        return [line for line in self.lines if line.indicator.pane == pane]

    def price_text(self, price: float | Decimal | None) -> str:
        return format_number(price, decimals_of(self.tick))

    def value_text(self, indicator: Indicator, value: float | None) -> str:
        decimals = decimals_of(self.tick) if indicator.decimals is None else indicator.decimals
        return format_number(value, decimals, unit=indicator.unit)

    def rising(self) -> bool:
        """Whether the last bar closes at or above its open."""
        last = self.series.bar(len(self.series) - 1)
        return last.close >= last.open
