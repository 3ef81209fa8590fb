"""What a chart shows, as plain data: the layers and axes read it, the view writes it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from widgets.chart.heikin_ashi import follow_last, heikin_ashi
from widgets.chart.kinds import ChartKind, PriceScale
from widgets.chart.pyramid import Floats, Pyramid
from widgets.chart.scale import PaneScale
from widgets.chart.series import BarSeries, Columns, Nanoseconds
from widgets.chart.time_ticks import TimeTick, time_ticks
from widgets.look.numbers import decimals_of, format_number, format_percent

if TYPE_CHECKING:
    from widgets.chart.profiles import Profile

PRICE_PANE = "price"
Side = Literal["buy", "sell"]
LineStyle = Literal["line", "histogram", "told"]
"""``told``: in the legend only."""


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
    study: str = ""
    """Lines of one study stand together in the legend, under the first one's label."""
    style: LineStyle = "line"
    shift: int = 0
    """Bars that each value is drawn later than its own, beyond the newest bar too; earlier where negative."""
    zero_is_none: bool = False
    """Whether 0 stands for a bar in which there was nothing to tell."""


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
    """An own execution; `price` is plotted, `key` finds its story."""

    time_ns: int
    price: float
    side: Side
    key: str = ""


class Signal(NamedTuple):
    """A strategy's signal with its confidence, 0 to 100; `key` finds its story."""

    time_ns: int
    side: Side
    confidence: int
    key: str = ""


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

    def write_tail(self, values: Floats, count: int) -> None:
        """Set the values of the bars up to `count`, as many as there are; bars that were skipped become NaN."""
        while len(self._values) < count:
            self._values = np.concatenate([self._values, np.full(max(16, self.count), np.nan)])
        first = count - len(values)
        if first > self.count:
            values = np.concatenate([np.full(first - self.count, np.nan), values])
            first = self.count
        for place, value in enumerate(values, first):
            self._values[place] = value
            self.count = place + 1
            for pyramid in self._pyramids or ():
                pyramid.refresh_last(self._values, self.count)

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
    kind: ChartKind = ChartKind.CANDLES
    price_scale: PriceScale = PriceScale.LINEAR
    lines: list[IndicatorLine] = field(default_factory=list)
    profiles: list[Profile] = field(default_factory=list)
    hint: str = ""
    """What the chart waits for, above everything else in the legend."""
    armed: str = ""
    """What a click trades, while it does."""
    problem: str = ""
    """Why something that was chosen is not shown."""
    hovered_study: str | None = None
    orders: list[OrderLine] = field(default_factory=list)
    ghosts: list[OrderLine] = field(default_factory=list)
    alert_levels: list[float] = field(default_factory=list)
    position: PositionLine | None = None
    fills: list[Fill] = field(default_factory=list)
    fill_times: Nanoseconds = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    signals: list[Signal] = field(default_factory=list)
    crosshair: Crosshair | None = None
    hovered_line: str | None = None
    stale_seconds: float | None = None
    now_ns: int | None = None
    countdown: bool = True
    """Whether time closes the newest bar."""
    settled: int = 0
    """Counts changes of anything but the newest bar and its indicators' values."""
    ends: bool = False
    """Whether what follows the last bar is known but not shown, as in a replay."""
    _columns: tuple[tuple[float, ...], Columns] | None = None
    _ticks: tuple[tuple[float, ...], list[TimeTick]] | None = None
    _version: int = 0
    _averaged: BarSeries | None = None

    @property
    def logarithmic(self) -> bool:
        return self.price_scale is PriceScale.LOGARITHMIC

    @property
    def drawn(self) -> BarSeries:
        """The bars that are drawn: the real ones, or their Heikin-Ashi averages."""
        return self.series if self._averaged is None else self._averaged

    def touch(self) -> None:
        """Say that all bars changed: the cached columns are dropped."""
        self._version += 1
        self.settled += 1
        self._averaged = heikin_ashi(self.series) if self.kind is ChartKind.HEIKIN_ASHI else None

    def touch_last(self, *, added: bool = False) -> None:
        """Say that the newest bar changed, or that one was added."""
        self._version += 1
        self.settled += added
        if self._averaged is not None:
            follow_last(self._averaged, self.series)

    def percent_base(self) -> float | None:
        """The price that is 0 % while the scale is in percent: the close of the first visible bar."""
        if self.price_scale is not PriceScale.PERCENT or not len(self.series):
            return None
        first = min(len(self.series) - 1, max(0, int(np.ceil(self.left))))
        return float(self.series.column(3)[first]) or None

    def set_fills(self, fills: Iterable[Fill]) -> None:
        self.fills = sorted(fills)
        self.settled += 1
        self.fill_times = np.fromiter((fill.time_ns for fill in self.fills), np.int64, len(self.fills))

    def columns(self, scale: PaneScale) -> Columns:
        """The visible bars, at most one column a device pixel."""
        if scale.from_bar:
            return self.drawn.columns(scale.first_bar(), scale.last_bar(), 1.0 / scale.pitch)
        key = (self._version, scale.left, scale.right, scale.width)
        if self._columns is None or self._columns[0] != key:
            first, last = scale.first_bar(), scale.last_bar()
            self._columns = key, self.drawn.columns(first, last, 1.0 / scale.pitch)
        return self._columns[1]

    def time_ticks(self, scale: PaneScale, distance: int) -> list[TimeTick]:
        """The labels of the time axis and the grid's vertical lines, at least `distance` device pixels apart."""
        key = (self.settled, scale.left, scale.right, scale.width, distance)
        if self._ticks is None or self._ticks[0] != key:
            self._ticks = key, time_ticks(self.series, scale.left, scale.right, scale.width, distance)
        return self._ticks[1]

    def in_pane(self, pane: str) -> list[IndicatorLine]:
        return [line for line in self.lines if line.indicator.pane == pane]

    def drawn_in(self, pane: str) -> list[IndicatorLine]:
        """The indicators of a pane without what the legend alone tells."""
        return [line for line in self.in_pane(pane) if line.indicator.style != "told"]

    def price_text(self, price: float | Decimal | None) -> str:
        return format_number(price, decimals_of(self.tick))

    def scale_text(self, price: float) -> str:
        """A price as the axis writes it: in percent of the base while the scale is one of percents."""
        base = self.percent_base()
        if base is None:
            return self.price_text(price)
        percent = (price / base - 1) * 100
        return format_percent(0.0 if abs(percent) < 0.005 else percent, signed=True)

    def value_text(self, indicator: Indicator, value: float | None) -> str:
        decimals = decimals_of(self.tick) if indicator.decimals is None else indicator.decimals
        value = None if indicator.zero_is_none and not value else value
        return format_number(value, decimals, unit=indicator.unit)

    def rising(self) -> bool:
        """Whether the last bar closes at or above its open."""
        last = self.series.bar(len(self.series) - 1)
        return last.close >= last.open
