"""Figures as they stand on the screen: true minus, signs, thousands, decimals by tick and lot, ages, times."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from zoneinfo import ZoneInfo

from widgets.look.tokens import Tone

MINUS = "\u2212"
THIN_SPACE = "\u2009"
MISSING = "–"
NANOSECONDS = 1_000_000_000
MONEY_DECIMALS = 2
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Number = Decimal | int | float


@dataclass
class Separators:
    """What stands between thousands and before decimals."""

    group: str = ","
    point: str = "."


_separators = Separators()
_zone: list[ZoneInfo | None] = [ZoneInfo("UTC")]
QUARTER_NS = 900 * NANOSECONDS


def separators() -> Separators:
    """Those in force."""
    return replace(_separators)


def set_separators(group: str, point: str) -> None:
    """Choose the marks of a locale for every figure that is formatted from now on."""
    _separators.group = group
    _separators.point = point


def set_zone(name: str) -> None:
    """Choose the time zone of every time that is formatted from now on: a name of the tz database, or "local".

    Raises ``ZoneInfoNotFoundError`` or ValueError for an unknown one.
    """
    _zone[0] = None if name == "local" else ZoneInfo(name)
    _offset_s.cache_clear()


def zone_offset_ns(time_ns: int) -> int:
    """What the chosen zone is ahead of UTC at that time."""
    return _offset_s(time_ns // QUARTER_NS) * NANOSECONDS


@lru_cache(maxsize=4096)
def _offset_s(quarter: int) -> int:
    """Zones change at quarters of an hour."""
    offset = datetime.fromtimestamp(quarter * 900, tz=UTC).astimezone(_zone[0]).utcoffset()
    return round(offset.total_seconds()) if offset is not None else 0


def local_day(time_ns: int) -> int:
    """The day of the chosen zone in which a time lies, counted from 1970."""
    return (time_ns + zone_offset_ns(time_ns)) // (86_400 * NANOSECONDS)


def local_moment(time_ns: int) -> datetime:
    """A time in the chosen zone, to the second."""
    return datetime.fromtimestamp(time_ns // NANOSECONDS, tz=UTC).astimezone(_zone[0])


def format_moment(time_ns: int) -> str:
    """``2024-01-31 13:00`` in the chosen zone, with seconds where there are any: what ``parse_moment`` reads."""
    moment = local_moment(time_ns)
    return moment.strftime("%Y-%m-%d %H:%M:%S" if moment.second else "%Y-%m-%d %H:%M")


def parse_moment(text: str, now_ns: int) -> int | None:
    """UTC nanoseconds of a date and time in the chosen zone, or of the next such time of day; None when it is
    neither."""
    text = text.strip()
    for form in ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"):
        with suppress(ValueError, OverflowError):
            return _utc_ns(datetime.strptime(text, form).replace(tzinfo=_zone[0]))
    for form in ("%H:%M", "%H:%M:%S"):
        with suppress(ValueError):
            clock = datetime.strptime(text, form).replace(tzinfo=UTC).time()
            today = local_moment(now_ns).date()
            at_ns = _utc_ns(datetime.combine(today, clock, _zone[0]))
            return at_ns if at_ns > now_ns else _utc_ns(datetime.combine(today + timedelta(days=1), clock, _zone[0]))
    return None


def _utc_ns(moment: datetime) -> int:
    return round(moment.timestamp()) * NANOSECONDS


def zone_words(time_ns: int) -> str:
    """The zone's abbreviation at that time: UTC, CET, EDT."""
    return local_moment(time_ns).strftime("%Z")


@lru_cache(maxsize=1024)
def decimals_of(step: Decimal) -> int:
    """Decimals that a tick or lot size needs: 0.10 gives 1, 0.001 gives 3, 5 gives 0."""
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def format_number(value: Number | None, decimals: int, *, signed: bool = False, unit: str = "") -> str:
    """`value` with exactly `decimals` decimals; a zero has no sign, None and NaN give the dash."""
    if value is None or not math.isfinite(value):
        return MISSING
    text = f"{value:,.{decimals}f}"
    negative = text.startswith("-")
    if negative:
        text = text[1:]
    zero = not text.strip("0.,")
    if _separators.group != "," or _separators.point != ".":
        text = text.translate({ord(","): _separators.group, ord("."): _separators.point})
    if not zero:
        if negative:
            text = MINUS + text
        elif signed:
            text = "+" + text
    return f"{text}{THIN_SPACE}{unit}" if unit else text


def format_price(price: Number | None, tick: Decimal) -> str:
    return format_number(price, decimals_of(tick))


def format_quantity(quantity: Number | None, lot: Decimal, *, signed: bool = False, unit: str = "") -> str:
    return format_number(quantity, decimals_of(lot), signed=signed, unit=unit)


def format_money(amount: Number | None, *, signed: bool = False, currency: str = "") -> str:
    return format_number(amount, MONEY_DECIMALS, signed=signed, unit=currency)


def format_percent(percent: Number | None, decimals: int = 2, *, signed: bool = False) -> str:
    """`percent` is already in hundredths: 4.6 gives "4.60 %"."""
    return format_number(percent, decimals, signed=signed, unit="%")


def format_multiple_of_risk(multiple: Number | None, decimals: int = 2) -> str:
    return format_number(multiple, decimals, signed=True, unit="R")


def format_age(age_ns: int | None) -> str:
    """A duration in its two largest units: 12s, 1m 15s, 1h 56m, 3d 4h."""
    if age_ns is None:
        return MISSING
    seconds = max(0, age_ns) // NANOSECONDS
    if seconds < 60:
        return f"{seconds}s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes}m {seconds}s"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h {minutes}m"
    days, hours = divmod(hours, 24)
    return f"{days}d {hours}h"


def format_time(time_ns: int | None, *, milliseconds: bool = False) -> str:
    """HH:MM:SS in the chosen zone, on request with milliseconds."""
    return MISSING if time_ns is None else format_clock(time_ns + zone_offset_ns(time_ns), milliseconds=milliseconds)


def format_clock(local_ns: int, *, milliseconds: bool = False) -> str:
    """HH:MM:SS of a time that is in its zone already."""
    seconds_of_day, rest_ns = divmod(local_ns % (86_400 * NANOSECONDS), NANOSECONDS)
    hours, rest = divmod(seconds_of_day, 3600)
    text = f"{hours:02}:{rest // 60:02}:{rest % 60:02}"
    return f"{text}.{rest_ns // 1_000_000:03}" if milliseconds else text


def format_date(time_ns: int | None, *, year: bool = False) -> str:
    """The date in the chosen zone as "6 Dec", on request with its year."""
    if time_ns is None:
        return MISSING
    moment = local_moment(time_ns)
    month = MONTHS[moment.month - 1]
    return f"{moment.day} {month} {moment.year}" if year else f"{moment.day} {month}"


def tone_of(value: Number | None, decimals: int | None = None) -> Tone:
    """The colour of a signed figure: up, down, or label for zero, what ``decimals`` round to it, and missing."""
    if value is None or not math.isfinite(value) or value == 0:
        return Tone.LABEL
    if decimals is not None and round(value, decimals) == 0:
        return Tone.LABEL
    return Tone.UP if value > 0 else Tone.DOWN


def plain_number(value: Number) -> str:
    """All digits of a figure with the chosen decimal mark and nothing between thousands: how a field begins, and what
    ``parse_number`` reads."""
    text = format(Decimal(str(value)), "f").replace("-", MINUS)
    return text.replace(".", _separators.point)


def parse_number(text: str, marks: Separators | None = None) -> Decimal | None:
    """A figure as a person types it, with thousands marks, spaces or U+2212; None when it is none.

    ``marks`` are those that it was written with, where they are not the chosen ones.
    """
    marks = marks or _separators
    plain = text.strip().replace(marks.group, "").replace(MINUS, "-")
    plain = plain.replace(" ", "").replace(THIN_SPACE, "").replace("\u00a0", "")
    try:
        value = Decimal(plain.replace(marks.point, "."))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
