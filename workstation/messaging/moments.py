"""UTC nanoseconds as RFC 3339 text and back, exactly."""

from __future__ import annotations

from functools import lru_cache

from workstation.core.timeframe import SECOND_NS, parse_utc, utc_datetime


def moment(ts_ns: int) -> str:
    """``2023-01-01T00:00:00.000000001Z``."""
    return f"{_second(ts_ns // SECOND_NS)}.{ts_ns % SECOND_NS:09d}Z"


def nanoseconds(text: str) -> int:
    """The inverse of ``moment``, for any number of decimals up to nine. Raises ``ValueError``."""
    whole, point, fraction = text.removesuffix("Z").partition(".")
    if len(fraction) > 9 or (point and not fraction.isdigit()):
        raise ValueError(f"{text} is no time in RFC 3339.")
    return _parsed_second(whole) + int(fraction.ljust(9, "0") or "0")


@lru_cache(1024)
def _second(second: int) -> str:
    return utc_datetime(second * SECOND_NS).strftime("%Y-%m-%dT%H:%M:%S")


@lru_cache(1024)
def _parsed_second(text: str) -> int:
    return parse_utc(text)
