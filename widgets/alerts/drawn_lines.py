"""What an alert on a drawing watches: a line, a level of it, or the zone that it encloses."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from widgets.chart.drawings.drawing import Anchor, Drawing, Tool, opposite_line
from widgets.chart.drawings.geometry import RETRACEMENTS
from workstation.market.alerts.alert import Condition, PriceLevel, PriceLine, PriceZone

ZONE: Final = "zone"
UPPER, LOWER, MIDDLE = "upper", "lower", "middle"
EVER_NS: Final = 1
"""A rectangle's zone is its prices: what it waits for lies in the future, whenever the rectangle ends."""


def parts_of(drawing: Drawing) -> dict[str, str]:
    """What of a drawing can be watched, and its words; the part of a drawing that is one line is empty."""
    match drawing.tool:
        case Tool.HORIZONTAL_LINE | Tool.TREND_LINE | Tool.RAY:
            return {"": "Line"}
        case Tool.CHANNEL:
            return {ZONE: "Channel", UPPER: "Upper line", MIDDLE: "Middle line", LOWER: "Lower line"}
        case Tool.RECTANGLE:
            return {ZONE: "Rectangle", UPPER: "Upper edge", LOWER: "Lower edge"}
        case Tool.RETRACEMENT:
            return {f"{share:g}": f"Level {share:g}" for share in RETRACEMENTS}
    return {}


def part_of(condition: Condition) -> str:
    """Which part of its drawing a condition watches."""
    if isinstance(condition, PriceZone):
        return ZONE
    return condition.part if isinstance(condition, PriceLevel | PriceLine) else ""


def condition_of(drawing: Drawing, part: str = "") -> PriceLevel | PriceLine | PriceZone | None:
    """A part of a drawing as an alert watches it; None where there is no such part, or nothing to wait for."""
    match drawing.tool:
        case Tool.HORIZONTAL_LINE:
            return _level(drawing, drawing.anchors[0].price, "")
        case Tool.TREND_LINE | Tool.RAY:
            return _line(drawing, *drawing.anchors)
        case Tool.RETRACEMENT:
            start, end = drawing.anchors
            share = next((each for each in RETRACEMENTS if f"{each:g}" == part), None)
            return None if share is None else _level(drawing, end.price + (start.price - end.price) * share, part)
        case Tool.RECTANGLE:
            low, high = sorted(anchor.price for anchor in drawing.anchors)
            if part == ZONE:
                prices = _exact(low), _exact(low), _exact(high), _exact(high)
                return PriceZone(0, EVER_NS, *prices, extends=True, drawing=drawing.name)
            return _level(drawing, high if part == UPPER else low, part) if part in (UPPER, LOWER) else None
        case Tool.CHANNEL:
            return _of_channel(drawing, part)
    return None


def _level(drawing: Drawing, price: float, part: str) -> PriceLevel | None:
    return PriceLevel(_exact(price), drawing.name, part) if price > 0 else None


def _line(drawing: Drawing, first: Anchor, last: Anchor) -> PriceLine | None:
    if first.time_ns == last.time_ns:
        return None
    if drawing.tool is Tool.RAY and last.time_ns < first.time_ns:
        # It runs into the past.
        return None
    first, last = sorted((first, last), key=lambda anchor: anchor.time_ns)
    extends = drawing.tool is Tool.RAY or drawing.extends_right
    prices = _exact(first.price), _exact(last.price)
    return PriceLine(first.time_ns, prices[0], last.time_ns, prices[1], extends, drawing.name)


def _of_channel(drawing: Drawing, part: str) -> PriceLine | PriceZone | None:
    """Its lines go on: who waits for the price to leave a channel waits at its extension."""
    first, second = drawing.anchors[:2]
    if first.time_ns == second.time_ns:
        return None
    lines = [(first, second), opposite_line(drawing)]
    if second.time_ns < first.time_ns:
        lines = [(end, start) for start, end in lines]
    (low_start, low_end), (high_start, high_end) = sorted(lines, key=lambda line: line[0].price)
    times = low_start.time_ns, low_end.time_ns
    low, high = (_exact(low_start.price), _exact(low_end.price)), (_exact(high_start.price), _exact(high_end.price))
    if part == ZONE:
        return PriceZone(*times, *low, *high, extends=True, drawing=drawing.name)
    middle = (low[0] + high[0]) / 2, (low[1] + high[1]) / 2
    chosen = {UPPER: high, MIDDLE: middle, LOWER: low}.get(part)
    if chosen is None:
        return None
    return PriceLine(times[0], chosen[0], times[1], chosen[1], True, drawing.name, part)


def _exact(price: float) -> Decimal:
    """The shortest decimal that is this number: anchors are on whole ticks."""
    return Decimal(repr(float(price)))
