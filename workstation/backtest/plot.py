"""Inline SVG of a run: scales, axes and paths that hold a few points a pixel column whatever the run's length."""

from __future__ import annotations

from datetime import datetime
from math import ceil, floor, log10

import numpy as np
from numpy.typing import NDArray

from workstation.core.timeframe import DAY_NS, HOUR_NS, parse_utc, utc_datetime

WIDTH = 1160
AXIS = 78
"""Width of the labels at the right."""
PLOT = WIDTH - AXIS
COLUMNS = PLOT // 2

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


class Frame:
    """A plot's area: time runs over ``PLOT`` pixels, values over ``height`` from the top margin down."""

    def __init__(self, start_ns: int, end_ns: int, low: float, high: float, height: int, top: int = 10) -> None:
        self.start_ns = start_ns
        self.span_ns = max(1, end_ns - start_ns)
        margin = (high - low) * 0.06 or abs(high) * 0.01 or 1.0
        self.low, self.high = low - margin, high + margin
        self.height = height
        self.top = top
        self.bottom = height - 20

    def x(self, times_ns: Times) -> Floats:
        return (times_ns - self.start_ns).astype(np.float64) / self.span_ns * PLOT

    def x_of(self, ts_ns: int) -> float:
        return (ts_ns - self.start_ns) / self.span_ns * PLOT

    def y(self, values: Floats) -> Floats:
        scale = (self.bottom - self.top) / (self.high - self.low)
        result: Floats = self.bottom - (values - self.low) * scale
        return result

    def y_of(self, value: float) -> float:
        return float(self.y(np.array([value], dtype=np.float64))[0])

    def svg(self, name: str, body: str, caption: str) -> str:
        return (
            f'<svg class="plot" data-plot="{name}" viewBox="0 0 {WIDTH} {self.height}" role="img" '
            f'aria-label="{caption}">{body}'
            f'<line class="cursor" y1="{self.top}" y2="{self.bottom}" x1="-9" x2="-9"/></svg>'
        )

    def axes(self, decimals: int, unit: str = "", tagged: float | None = None) -> str:
        """Grid and labels of both axes; the label under the tag of the value ``tagged`` gives way."""
        parts = []
        for value in nice_values(self.low, self.high, max(3, self.height // 45)):
            y = self.y_of(value)
            parts.append(f'<line class="grid" x1="0" x2="{PLOT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            text = f"{value:,.{decimals}f}{unit}".replace("-", "−")
            if tagged is None or abs(y - self.y_of(tagged)) > 15:
                parts.append(f'<text class="axis" x="{PLOT + 8}" y="{y + 4:.1f}">{text}</text>')
        for ts_ns, label in time_marks(self.start_ns, self.start_ns + self.span_ns):
            x = self.x_of(ts_ns)
            parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{self.top}" y2="{self.bottom}"/>')
            if 16 <= x <= PLOT - 16:
                parts.append(
                    f'<text class="axis" x="{x:.1f}" y="{self.height - 5}" text-anchor="middle">{label}</text>'
                )
        return "".join(parts)

    def line(self, times_ns: Times, values: Floats, css: str) -> str:
        return f'<path class="{css}" d="{path(*thinned(self.x(times_ns), self.y(values)))}"/>'

    def area(self, times_ns: Times, values: Floats, css: str, base: float) -> str:
        xs, ys = thinned(self.x(times_ns), self.y(values))
        floor_y = min(self.y_of(base), float(self.bottom))
        return f'<path class="{css}" d="{path(xs, ys)}L{xs[-1]:.1f} {floor_y:.1f}L{xs[0]:.1f} {floor_y:.1f}Z"/>'

    def tag(self, value: float, text: str, css: str) -> str:
        """A filled label on the axis at a value."""
        y = min(max(self.y_of(value), self.top), self.bottom)
        return (
            f'<rect class="{css}" x="{PLOT}" y="{y - 9:.1f}" width="{AXIS}" height="18"/>'
            f'<text class="tag" x="{PLOT + 8}" y="{y + 4:.1f}">{text}</text>'
        )


def thinned(xs: Floats, ys: Floats) -> tuple[Floats, Floats]:
    """At most four points a pixel column: its first, lowest, highest and last, in order of time."""
    if len(xs) <= 4 * PLOT:
        return xs, ys
    columns = xs.astype(np.int64)
    starts = np.concatenate(([0], np.nonzero(np.diff(columns))[0] + 1))
    ends = np.concatenate((starts[1:], [len(xs)]))
    kept: list[int] = []
    for begin, end in zip(starts.tolist(), ends.tolist()):
        part = ys[begin:end]
        kept += sorted({begin, begin + int(part.argmin()), begin + int(part.argmax()), end - 1})
    return xs[kept], ys[kept]


def path(xs: Floats, ys: Floats) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(xs.tolist(), ys.tolist()))


def candles(
    frame: Frame,
    open_ns: Times,
    close_ns: Times,
    open_: Floats,
    high: Floats,
    low: Floats,
    close: Floats,
    most: int = 360,
) -> str:
    """Candles of the bars, joined to at most ``most``."""
    group = max(1, ceil(len(close_ns) / most))
    starts = np.arange(0, len(close_ns), group)
    ends = np.minimum(starts + group, len(close_ns)) - 1
    xs = (frame.x(open_ns[starts]) + frame.x(close_ns[ends])) / 2
    width = max(1.0, min(9.0, PLOT / max(1, len(starts)) * 0.62))
    first, last = open_[starts], close[ends]
    tops = frame.y(np.maximum.reduceat(high, starts))
    bottoms = frame.y(np.minimum.reduceat(low, starts))
    upper, lower = frame.y(np.maximum(first, last)), frame.y(np.minimum(first, last))
    paths = {"up": ["", ""], "down": ["", ""]}
    for i, x in enumerate(xs.tolist()):
        both = paths["up" if last[i] >= first[i] else "down"]
        both[0] += f"M{x:.1f} {tops[i]:.1f}V{bottoms[i]:.1f}"
        body = max(1.0, lower[i] - upper[i])
        both[1] += f"M{x - width / 2:.1f} {upper[i]:.1f}h{width:.1f}v{body:.1f}h{-width:.1f}z"
    return "".join(
        f'<path class="wick-{name}" d="{wick}"/><path class="body-{name}" d="{body}"/>'
        for name, (wick, body) in paths.items()
    )


def triangles(frame: Frame, times_ns: Times, values: Floats, up: bool, size: int = 4) -> str:
    """Fills as triangles that point at their price: buys from below, sells from above; one a pixel column and row."""
    seen = set()
    parts = []
    sign = 1 if up else -1
    for x, y in zip(frame.x(times_ns).tolist(), frame.y(values).tolist()):
        cell = (int(x / size), int(y / size))
        if cell not in seen:
            seen.add(cell)
            parts.append(f"M{x:.1f} {y + 2 * sign:.1f}l{size} {2 * size * sign}h{-2 * size}z")
    return f'<path class="{"buy" if up else "sell"}" d="{"".join(parts)}"/>'


def nice_values(low: float, high: float, most: int) -> list[float]:
    """Round values between ``low`` and ``high``, at most ``most`` or a few more."""
    step = nice_step(high - low, most)
    first = ceil(low / step)
    last = floor(high / step)
    return [index * step for index in range(first, last + 1)]


def nice_step(span: float, most: int) -> float:
    raw = span / max(1, most)
    power: float = 10.0 ** floor(log10(raw))
    return next((factor * power for factor in (1, 2, 2.5, 5) if factor * power >= raw), 10 * power)


def time_marks(start_ns: int, end_ns: int) -> list[tuple[int, str]]:
    """Some 6 to 13 round UTC times with short labels: hours, days, months or years as the span needs."""
    span = end_ns - start_ns
    for step, form in (
        (HOUR_NS // 4, "%H:%M"),
        (HOUR_NS, "%H:%M"),
        (4 * HOUR_NS, "%H:%M"),
        (12 * HOUR_NS, "%-d %b %H:%M"),
        (DAY_NS, "%-d %b"),
        (2 * DAY_NS, "%-d %b"),
        (7 * DAY_NS, "%-d %b"),
    ):
        if span / step <= 13:
            first = -(-start_ns // step) * step
            return [(ts_ns, _label(ts_ns, form)) for ts_ns in range(first, end_ns + 1, step)]
    months = next((step for step in (1, 2, 3, 6, 12, 24, 60) if span / (30 * DAY_NS * step) <= 13), 120)
    marks = []
    moment = utc_datetime(start_ns)
    year, month = moment.year, 1
    while (ts_ns := parse_utc(f"{year:04d}-{month:02d}-01")) <= end_ns:
        if ts_ns >= start_ns:
            marks.append((ts_ns, str(year) if month == 1 else _label(ts_ns, "%b")))
        month += months
        year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return marks


def _label(ts_ns: int, form: str) -> str:
    moment: datetime = utc_datetime(ts_ns)
    return moment.strftime(form.replace("%-d", str(moment.day)))
