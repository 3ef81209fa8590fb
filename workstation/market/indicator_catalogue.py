"""Every indicator with what a person wants to know before choosing it: title, group, lines, and where it is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from workstation.market.indicators import OWN, indicator_names, indicator_parameters
from workstation.market.ta_lib import talib

OURS = "Of this workstation"
LineStyle = Literal["line", "histogram"]
SAME_SCALE = "Output scale same as input"
CANDLE_PATTERN = "Output is a candlestick"
NOT_OVER_PRICES = frozenset({"AVGDEV"})
"""TA-Lib says that it has the scale of its input; it is a distance between prices."""


@dataclass(frozen=True, slots=True)
class IndicatorInfo:
    """``lines`` by name with their style; ``over_prices`` says that its values are prices."""

    name: str
    title: str
    group: str
    parameters: dict[str, Any]
    lines: dict[str, LineStyle]
    over_prices: bool

    @property
    def words(self) -> str:
        """All that a search looks through, in lower case."""
        return f"{self.name} {self.title} {self.group}".lower()


_OURS: dict[str, tuple[str, dict[str, LineStyle], bool]] = {
    "VWAP": ("Volume-weighted average price", {"vwap": "line"}, True),
    "SUPERTREND": ("Supertrend", {"supertrend": "line"}, True),
    "ICHIMOKU": (
        "Ichimoku cloud",
        {"conversion": "line", "base": "line", "span_a": "line", "span_b": "line", "lagging": "line"},
        True,
    ),
    "DONCHIAN": ("Donchian channel", {"upper": "line", "middle": "line", "lower": "line"}, True),
    "VOLUME": ("Volume", {"volume": "histogram"}, False),
}


@cache
def indicator_catalogue() -> dict[str, IndicatorInfo]:
    """All that ``indicator`` computes, by name: ours first, then TA-Lib's by group and name."""
    found = [_ours(name) if name in OWN else _of_talib(name) for name in indicator_names()]
    return {info.name: info for info in sorted(found, key=lambda info: (info.group != OURS, info.group, info.name))}


def _ours(name: str) -> IndicatorInfo:
    title, lines, over = _OURS[name]
    return IndicatorInfo(name, title, OURS, indicator_parameters(name), lines, over)


def _of_talib(name: str) -> IndicatorInfo:
    information = talib.abstract.Function(name).info
    flags = information["function_flags"] or ()
    outputs = list(information["output_flags"].items())
    pattern = CANDLE_PATTERN in flags
    lines: dict[str, LineStyle] = {
        (line if len(outputs) > 1 else name.lower()): "histogram" if pattern or "Histogram" in shapes else "line"
        for line, shapes in outputs
    }
    over = SAME_SCALE in flags and name not in NOT_OVER_PRICES
    title = information["display_name"]
    return IndicatorInfo(name, title, information["group"], indicator_parameters(name), lines, over)
