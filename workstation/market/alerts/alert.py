"""What an alert waits for, and what became of it."""

from __future__ import annotations

import math
from decimal import Decimal
from enum import StrEnum

import msgspec

from workstation.core.errors import ConfigurationError
from workstation.core.timeframe import TIMEFRAMES
from workstation.market.indicators import parse_indicator

LONGEST_NOTE = 200


class Direction(StrEnum):
    ABOVE = "above"
    BELOW = "below"
    EITHER = "either"
    ENTERS = "enters"
    LEAVES = "leaves"


OF_ZONES = frozenset({Direction.ENTERS, Direction.LEAVES})
"""What only the zone of an alert can be; ``EITHER`` is both of it there."""


class Repeat(StrEnum):
    ONCE = "once"
    """It is switched off when it has fired."""
    EVERY_BAR = "every_bar"
    """At most once in each bar of its timeframe."""


class PriceLevel(msgspec.Struct, frozen=True, tag="price"):
    """The price of trades against one price.

    ``drawing`` names what it follows on the chart, if anything, and ``part`` which of its levels.
    """

    price: Decimal
    drawing: str = ""
    part: str = ""

    def __post_init__(self) -> None:
        if not self.price.is_finite() or self.price <= 0:
            raise ValueError("the price of an alert is above 0")


class PriceLine(msgspec.Struct, frozen=True, tag="line"):
    """The price of trades against a line through two points, UTC nanoseconds and prices.

    It is straight in price over time. Before the first point there is no line; after the second there is where it
    ``extends``.
    """

    start_ns: int
    start_price: Decimal
    end_ns: int
    end_price: Decimal
    extends: bool = False
    drawing: str = ""
    part: str = ""

    def __post_init__(self) -> None:
        if not self.start_ns < self.end_ns:
            raise ValueError("the line of an alert begins before it ends")
        if not (self.start_price.is_finite() and self.end_price.is_finite()):
            raise ValueError("the prices of an alert's line are numbers")


class PriceZone(msgspec.Struct, frozen=True, tag="zone"):
    """The price of trades against what lies between two lines, the edges included, UTC nanoseconds and prices.

    As with a line there is no zone before the first time, and after the second one where it ``extends``.
    """

    start_ns: int
    end_ns: int
    low_start: Decimal
    low_end: Decimal
    high_start: Decimal
    high_end: Decimal
    extends: bool = False
    drawing: str = ""

    def __post_init__(self) -> None:
        if not self.start_ns < self.end_ns:
            raise ValueError("the zone of an alert begins before it ends")
        edges = (self.low_start, self.high_start), (self.low_end, self.high_end)
        if not all(low.is_finite() and high.is_finite() and low <= high for low, high in edges):
            raise ValueError("the lower edge of an alert's zone is below its upper edge")

    @property
    def is_level(self) -> bool:
        """Whether it lies between two prices."""
        return self.low_start == self.low_end and self.high_start == self.high_end


class IndicatorLevel(msgspec.Struct, frozen=True, tag="indicator"):
    """A line of an indicator against a value, at the end of each bar of the alert's timeframe.

    ``indicator`` is written as for a chart: ``RSI(14)``. Raises ``ValueError`` when there is no such one.
    """

    indicator: str
    line: str
    value: float

    def __post_init__(self) -> None:
        try:
            parse_indicator(self.indicator)
        except ConfigurationError as error:
            raise ValueError(str(error)) from error
        if not math.isfinite(self.value):
            raise ValueError("the value of an alert is a number")


Condition = PriceLevel | PriceLine | PriceZone | IndicatorLevel


def ended(condition: Condition, now_ns: int) -> bool:
    """Whether it is a line or zone whose last point has passed (UTC ns): no price can cross it any more."""
    return isinstance(condition, PriceLine | PriceZone) and not condition.extends and condition.end_ns < now_ns


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """``side`` is where its price stood last: 1 above, −1 below, 0 at the level or in the zone, None unknown.

    Times are UTC nanoseconds. Raises ``ValueError`` when the parts do not fit.
    """

    name: str
    symbol: str
    condition: Condition
    direction: Direction = Direction.EITHER
    repeat: Repeat = Repeat.ONCE
    timeframe: str = "1m"
    expires_ns: int = 0
    """0 is never."""
    note: str = ""
    enabled: bool = True
    created_ns: int = 0
    last_fired_ns: int = 0
    """0 before the first time."""
    times_fired: int = 0
    side: int | None = None
    seen_ns: int = 0
    """When that was."""

    def __post_init__(self) -> None:
        if self.timeframe not in TIMEFRAMES:
            raise ValueError(f"{self.timeframe} is no timeframe")
        if len(self.note) > LONGEST_NOTE:
            raise ValueError(f"a note has at most {LONGEST_NOTE} letters")
        if self.direction in OF_ZONES and not isinstance(self.condition, PriceZone):
            raise ValueError("only a zone can be entered or left")
        if self.direction in (Direction.ABOVE, Direction.BELOW) and isinstance(self.condition, PriceZone):
            raise ValueError("a zone is entered or left")
        if self.side not in (None, -1, 0, 1):
            raise ValueError("a side is −1, 0 or 1")

    @property
    def interval_ns(self) -> int:
        return TIMEFRAMES[self.timeframe]

    def expired(self, now_ns: int) -> bool:
        return bool(self.expires_ns) and now_ns >= self.expires_ns
