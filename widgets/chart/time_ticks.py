"""Round times of the chosen zone for the time axis and the vertical grid lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from widgets.chart.series import BarSeries
from widgets.look.numbers import NANOSECONDS, format_clock, format_date, format_time, local_moment, zone_offset_ns

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAY = 86_400
STEPS = (1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 14_400, 28_800, 43_200, DAY, 2 * DAY, 7 * DAY)
MONTH_STEPS = (1, 3, 6, 12, 24, 60, 120, 240)
FIRST_MONDAY = 4 * DAY


class TimeTick(NamedTuple):
    """A label at a bar's index; `strong` marks the start of a day, month or year."""

    at: float
    text: str
    strong: bool


def time_ticks(series: BarSeries, left: float, right: float, width: int, distance: int) -> list[TimeTick]:
    """Ticks between two bar indices that span `width` pixels, about `distance` pixels apart or more."""
    if not len(series) or right <= left or width <= 0:
        return []
    first = _local(series.time_at(int(left)) // NANOSECONDS)
    last = _local(series.time_at(int(right)) // NANOSECONDS)
    wanted = series.bar_ns / NANOSECONDS * (right - left) * distance / width
    ticks: list[TimeTick] = []
    pitch = width / (right - left)
    for seconds, text, strong in _round_times(first, last, wanted):
        index = _index_of(series, _utc(seconds) * NANOSECONDS)
        if not left <= index <= right:
            continue
        if ticks and (index - ticks[-1].at) * pitch < distance * 0.8:
            if not strong or ticks[-1].strong:
                continue
            ticks.pop()
        ticks.append(TimeTick(index, text, strong))
    return ticks


def crosshair_time(time_ns: int, this_year: int) -> str:
    """A bar's time in full: "Wed 6 Dec 03:30", with the year when it is not `this_year`."""
    moment = local_moment(time_ns)
    clock = format_time(time_ns)
    if clock.endswith(":00"):
        clock = clock[:5]
    day = format_date(time_ns, year=moment.year != this_year)
    return f"{DAYS[moment.weekday()]} {day} {clock}"


def _local(seconds: int) -> int:
    """Seconds of the zone's own clock, from those of UTC."""
    return seconds + zone_offset_ns(seconds * NANOSECONDS) // NANOSECONDS


def _utc(local: int) -> int:
    """The inverse; an hour that the clock shows twice is its first."""
    guess = local - zone_offset_ns(local * NANOSECONDS) // NANOSECONDS
    return local - zone_offset_ns(guess * NANOSECONDS) // NANOSECONDS


def _index_of(series: BarSeries, time_ns: int) -> float:
    """Where a time lies in bars: exact on a bar, the next bar in a gap, extrapolated outside."""
    times = series.open_ns
    if time_ns < times[0]:
        return float(time_ns - int(times[0])) / series.bar_ns
    if time_ns > times[-1]:
        return len(times) - 1 + float(time_ns - int(times[-1])) / series.bar_ns
    return float(times.searchsorted(time_ns))


def _round_times(first: int, last: int, wanted: float) -> Iterator[tuple[int, str, bool]]:
    step = next((step for step in STEPS if step >= wanted), None)
    if step is None:
        yield from _round_months(first, last, wanted)
        return
    offset = FIRST_MONDAY if step == 7 * DAY else 0
    start = -(-(first - offset) // step) * step + offset
    for seconds in range(start, last + 1, step):
        yield seconds, *_label(seconds, step)


@lru_cache(maxsize=4096)
def _label(seconds: int, step: int) -> tuple[str, bool]:
    if seconds % DAY:
        clock = format_clock(seconds * NANOSECONDS)
        return (clock if step < 60 else clock[:5]), False
    moment = datetime.fromtimestamp(seconds, tz=UTC)
    if step >= DAY and moment.day == 1:
        return (str(moment.year) if moment.month == 1 else MONTHS[moment.month - 1]), True
    return f"{moment.day} {MONTHS[moment.month - 1]}", step < DAY


def _round_months(first: int, last: int, wanted: float) -> Iterator[tuple[int, str, bool]]:
    step = next((step for step in MONTH_STEPS if step * 30 * DAY >= wanted), MONTH_STEPS[-1])
    begin = datetime.fromtimestamp(first, tz=UTC)
    month = begin.year * 12 // step * step if step > 12 else (begin.year * 12 + begin.month - 1) // step * step
    while True:
        year, number = divmod(month, 12)
        seconds = int(datetime(year, number + 1, 1, tzinfo=UTC).timestamp())
        if seconds > last:
            return
        if seconds >= first:
            yield seconds, (str(year) if number == 0 else MONTHS[number]), number == 0
        month += step
