"""How bars are drawn, and on which scale prices stand."""

from __future__ import annotations

from enum import StrEnum


class ChartKind(StrEnum):
    """The shape of a bar. The value is what a saved layout holds."""

    CANDLES = "candles"
    HOLLOW = "hollow candles"
    HEIKIN_ASHI = "heikin-ashi"
    BARS = "bars"
    LINE = "line"
    AREA = "area"

    @property
    def word(self) -> str:
        """As a menu and the toolbar name it."""
        return "Heikin-Ashi" if self is ChartKind.HEIKIN_ASHI else self.value.capitalize()


class PriceScale(StrEnum):
    """Of the price axis. Percent counts from the close of the first visible bar."""

    LINEAR = "linear"
    LOGARITHMIC = "logarithmic"
    PERCENT = "percent"


def switched(now: PriceScale, wanted: PriceScale) -> PriceScale:
    """The wanted scale, or the linear one where it is on already."""
    return PriceScale.LINEAR if now is wanted else wanted
