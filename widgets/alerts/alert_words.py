"""Alerts and their firings in the words of the screen."""

from __future__ import annotations

from decimal import Decimal

from widgets.look.numbers import format_number, format_price
from widgets.look.tokens import Tone
from workstation.core.instrument import Instrument
from workstation.market.alerts.alert import (
    Alert,
    Direction,
    IndicatorLevel,
    PriceLevel,
    PriceLine,
    PriceZone,
    Repeat,
    ended,
)
from workstation.market.alerts.alert_book import Firing
from workstation.market.alerts.crossing import Crossing

ARROWS = {
    Direction.ABOVE: "↑",
    Direction.BELOW: "↓",
    Direction.EITHER: "↕",
    Direction.ENTERS: "→",
    Direction.LEAVES: "←",
}
CROSSES = {
    Direction.ABOVE: "crosses above",
    Direction.BELOW: "crosses below",
    Direction.EITHER: "crosses",
    Direction.ENTERS: "enters",
    Direction.LEAVES: "leaves",
}
ENTERS_OR_LEAVES = "enters or leaves"
CROSSED = {
    Crossing.UP: "crossed above",
    Crossing.DOWN: "crossed below",
    Crossing.ENTERED: "entered",
    Crossing.LEFT: "left",
    Crossing.THROUGH: "went through",
}
FEWEST_DECIMALS = 2
DRAWN = "its line on the chart"
DRAWN_ZONE = "its channel on the chart"
UNNAMED_LINES = ("", "value", "real")
"""Names of an indicator's line that say no more than the indicator's own."""


def value_decimals(value: float) -> int:
    """Decimals of an indicator's level: as many as were written down."""
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    return max(FEWEST_DECIMALS, -exponent if isinstance(exponent, int) else 0)


def level_words(alert: Alert, instrument: Instrument | None) -> str:
    """``42,000.0``, ``42,000.0 (0.618)``, ``its line on the chart``, ``41,000.0 to 42,000.0``, ``70.00``."""
    condition = alert.condition
    if isinstance(condition, IndicatorLevel):
        return format_number(condition.value, value_decimals(condition.value))
    if isinstance(condition, PriceLevel):
        price = _price(condition.price, instrument)
        return f"{price} ({condition.part})" if condition.part else price
    if isinstance(condition, PriceLine):
        return f"the {condition.part} line of its channel" if condition.part else DRAWN
    if not condition.is_level:
        return DRAWN_ZONE
    return f"{_price(condition.low_start, instrument)} to {_price(condition.high_start, instrument)}"


def subject_words(alert: Alert) -> str:
    """``Price``, or the indicator with its timeframe."""
    condition = alert.condition
    if not isinstance(condition, IndicatorLevel):
        return "Price"
    plain = (*UNNAMED_LINES, condition.indicator.partition("(")[0].lower())
    name = condition.indicator if condition.line.lower() in plain else f"{condition.indicator} {condition.line}"
    return f"{name} {alert.timeframe}"


def condition_words(alert: Alert, instrument: Instrument | None) -> str:
    """``Price crosses above 42,000.0``."""
    return f"{subject_words(alert)} {crosses_words(alert)} {level_words(alert, instrument)}"


def crosses_words(alert: Alert) -> str:
    """``crosses above``, ``enters or leaves``."""
    if isinstance(alert.condition, PriceZone) and alert.direction is Direction.EITHER:
        return ENTERS_OR_LEAVES
    return CROSSES[alert.direction]


def short_words(alert: Alert, instrument: Instrument | None) -> str:
    """For a narrow column: ``↑ 42,000.0``, ``↕ RSI(14) 15m 70.00``, ``↕ Line``, ``→ Rectangle``, ``↕ Level 0.618``."""
    condition = alert.condition
    if isinstance(condition, IndicatorLevel):
        words = f"{subject_words(alert)} {level_words(alert, instrument)}"
    elif isinstance(condition, PriceZone):
        words = "Rectangle" if condition.is_level else "Channel"
    elif isinstance(condition, PriceLine):
        words = f"{condition.part} line".strip().capitalize()
    else:
        words = f"Level {condition.part}" if condition.part[:1].isdigit() else _price(condition.price, instrument)
    return f"{ARROWS[alert.direction]} {words}"


def repeat_words(alert: Alert) -> str:
    return "Once" if alert.repeat is Repeat.ONCE else f"Every {alert.timeframe} bar"


def state_words(alert: Alert, now_ns: int, here: bool) -> tuple[str, Tone]:
    """``here``: whether its symbol has a market in this window."""
    if alert.expired(now_ns):
        return "Expired", Tone.FAINT
    if not alert.enabled:
        return ("Fired", Tone.FAINT) if alert.last_fired_ns and alert.repeat is Repeat.ONCE else ("Off", Tone.FAINT)
    if not here:
        return "No market", Tone.WARNING
    if ended(alert.condition, now_ns):
        return "Ended", Tone.WARNING
    return "On", Tone.NORMAL


def firing_words(firing: Firing, instrument: Instrument) -> str:
    """One sentence without the note: ``BTCUSDT crossed above 42,000.0 at 42,000.4.``"""
    alert = firing.alert
    subject = f"{alert.symbol} {subject_words(alert)}" if isinstance(alert.condition, IndicatorLevel) else alert.symbol
    if isinstance(alert.condition, IndicatorLevel):
        value = format_number(firing.value, value_decimals(alert.condition.value))
    else:
        value = _price(Decimal(firing.value), instrument)
    missed = " while nothing watched" if firing.missed else ""
    return f"{subject} {CROSSED[firing.crossing]} {level_words(alert, instrument)}{missed}, at {value}."


def _price(price: Decimal, instrument: Instrument | None) -> str:
    return f"{price}" if instrument is None else format_price(price, instrument.tick)
