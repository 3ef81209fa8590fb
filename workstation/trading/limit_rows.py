"""Limits and their use, as they are shown. Rates are 1e-8."""

from __future__ import annotations

from workstation.core.money import RATE_SCALE, from_rate
from workstation.core.views import LimitView


def rate_of(part: int, whole: int) -> int:
    return part * RATE_SCALE // whole if whole > 0 else 0


def percent_text(rate: int) -> str:
    return f"{from_rate(rate) * 100:.1f} %"


def rate_limit(name: str, rate: int, limit: int, sign: str = "") -> LimitView:
    value = percent_text(rate)
    shown = f"{sign if value != percent_text(0) else ''}{value}"
    return LimitView(name, shown, f"{sign}{percent_text(limit)}", rate / limit if limit else 0.0)


def count_limit(name: str, count: int, limit: int) -> LimitView:
    return LimitView(name, str(count), str(limit), count / limit if limit else 0.0)


def time_limit(name: str, duration_ns: int, limit_ns: int) -> LimitView:
    return LimitView(
        name, f"{duration_ns / 1e9:.2f} s", f"{limit_ns / 1e9:g} s", duration_ns / limit_ns if limit_ns else 0.0
    )
