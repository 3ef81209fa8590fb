"""Bar intervals by their usual names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS

TIMEFRAMES: dict[str, int] = {
    "1m": MINUTE_NS,
    "3m": 3 * MINUTE_NS,
    "5m": 5 * MINUTE_NS,
    "15m": 15 * MINUTE_NS,
    "30m": 30 * MINUTE_NS,
    "1h": HOUR_NS,
    "2h": 2 * HOUR_NS,
    "4h": 4 * HOUR_NS,
    "12h": 12 * HOUR_NS,
    "1d": DAY_NS,
    "1w": 7 * DAY_NS,
}
"""Interval in nanoseconds by name."""

TIMEFRAME_NAMES = {interval_ns: name for name, interval_ns in TIMEFRAMES.items()}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONDAY_OFFSET_NS = 4 * DAY_NS


def bar_open_ns(ts_ns: int, interval_ns: int) -> int:
    """Open time of the bar that holds ``ts_ns``. Weeks open on Monday 00:00 UTC, as at the exchanges."""
    if interval_ns == 7 * DAY_NS:
        return (ts_ns - _MONDAY_OFFSET_NS) // interval_ns * interval_ns + _MONDAY_OFFSET_NS
    return ts_ns // interval_ns * interval_ns


def utc_datetime(ts_ns: int) -> datetime:
    """Aware UTC datetime, to the microsecond."""
    return _EPOCH + timedelta(microseconds=ts_ns // 1000)


def utc_text(ts_ns: int) -> str:
    """``2023-01-01 00:00:00`` in UTC."""
    return utc_datetime(ts_ns).strftime("%Y-%m-%d %H:%M:%S")


def iso_text(ts_ns: int) -> str:
    """RFC 3339 in UTC, ``2023-01-01T00:00:00Z``; fractions of a second only when there are some."""
    moment = utc_datetime(ts_ns)
    return moment.isoformat(timespec="auto").replace("+00:00", "Z")


def parse_utc(text: str) -> int:
    """Nanoseconds of an ISO date or time, taken as UTC when it names no zone. Raises ``ValueError``."""
    moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    delta = moment - _EPOCH
    return ((delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds) * 1_000
