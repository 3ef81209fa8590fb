"""What an alert on a drawing watches."""

from __future__ import annotations

from decimal import Decimal

from widgets.chart.drawings.drawing import Drawing, Tool
from workstation.market.alerts.alert import PriceLevel, PriceLine


def condition_of(drawing: Drawing) -> PriceLevel | PriceLine | None:
    """A level, a line or a ray as an alert watches it; None for drawings that have no one line."""
    first, last = drawing.anchors[0], drawing.anchors[-1]
    if drawing.tool is Tool.HORIZONTAL_LINE:
        return PriceLevel(_exact(first.price), drawing.name) if first.price > 0 else None
    if drawing.tool not in (Tool.TREND_LINE, Tool.RAY) or first.time_ns == last.time_ns:
        return None
    if drawing.tool is Tool.RAY and last.time_ns < first.time_ns:
        # It runs into the past.
        return None
    if last.time_ns < first.time_ns:
        first, last = last, first
    extends = drawing.tool is Tool.RAY
    prices = _exact(first.price), _exact(last.price)
    return PriceLine(first.time_ns, prices[0], last.time_ns, prices[1], extends, drawing.name)


def _exact(price: float) -> Decimal:
    """The shortest decimal that is this number: anchors are on whole ticks."""
    return Decimal(repr(price))
