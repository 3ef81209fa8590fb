"""The newest values of an indicator at the cost of a few hundred bars, however long the series is.

Most indicators forget: over enough of the newest bars they give what they give over all of them, or differ from it by a
constant amount (sums that run) or a constant factor. How many bars are enough is found once, by comparing.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from workstation.core.timeframe import DAY_NS, SECOND_NS
from workstation.market.indicators import IndicatorCall, Lines, PriceSeries, indicator_parameters

FIRST_TAIL = 512
LONGEST_TAIL = 32_768
FORGOTTEN_PERIODS = 32
"""Bars for each bar of the longest period: an average with weights of 1 / period keeps e⁻³² of what was before."""
COMPARED = 8
TOLERANCE = 1e-9


class Fit(Enum):
    """What the values over the tail alone are to those over all bars."""

    SAME = "same"
    SHIFTED = "shifted"
    SCALED = "scaled"


class GrowingSeries(PriceSeries, Protocol):
    """Bars of which the newest can be had alone."""

    def since(self, first: int) -> PriceSeries:
        """The bars from an index on."""


class IndicatorTail:
    """``lines`` over all bars when it is made; ``newest`` then follows the series as it grows."""

    def __init__(self, call: IndicatorCall, series: GrowingSeries) -> None:
        self._call = call
        self.lines = _finite(call.compute(series))
        self._fits: dict[str, Fit] = {}
        self._length = 0
        self._find_tail(series)

    @property
    def cheap(self) -> bool:
        """Whether ``newest`` needs few bars; else it computes all of them."""
        return bool(self._length)

    def newest(self, series: GrowingSeries, known: Lines, count: int = 2) -> Lines:
        """The last ``count`` values of each line in ``known``, which holds its values up to the bar before, or more."""
        total = len(series.close)
        length = max(self._length, self._since_anchor(series))
        if not self._length or length + count + COMPARED >= total:
            whole = _finite(self._call.compute(series))
            return {name: whole[name][-count:] for name in known}
        lines = _finite(self._call.compute(series.since(total - length - count)))
        found: Lines = {}
        for name in known:
            values = lines[name]
            tail, fit = values[-count:], self._fits[name]
            before, known_before = values[-count - 1], known[name][total - count - 1]
            if fit is Fit.SHIFTED:
                tail = tail + (known_before - before)
            elif fit is Fit.SCALED:
                tail = tail * (known_before / before if before else 1.0)
            found[name] = tail
        return found

    def _find_tail(self, series: GrowingSeries) -> None:
        total = len(series.close)
        numbers = [v for v in (*dict(self._call.parameters).values(), *_defaults(self._call)) if isinstance(v, int)]
        length = max(FIRST_TAIL, FORGOTTEN_PERIODS * min(1000, max(numbers, default=1)), self._since_anchor(series))
        while length <= LONGEST_TAIL and length + COMPARED < total:
            part = _finite(self._call.compute(series.since(total - length)))
            fits = {name: _fit(self.lines[name][-COMPARED:], values[-COMPARED:]) for name, values in part.items()}
            known = {name: fit for name, fit in fits.items() if fit is not None}
            if len(known) == len(fits):
                self._length, self._fits = length, known
                return
            length *= 4

    def _since_anchor(self, series: GrowingSeries) -> int:
        """Bars since what a VWAP counts from, 00:00 UTC or its anchor; all that are looked at when it is older."""
        if self._call.name != "VWAP" or not len(series.close):
            return 0
        close_ns = series.since(max(0, len(series.close) - LONGEST_TAIL)).close_ns
        anchor_ns = int(dict(self._call.parameters).get("anchor", 0)) * SECOND_NS
        from_ns = anchor_ns or (int(close_ns[-1]) - 1) // DAY_NS * DAY_NS
        return len(close_ns) - int(np.searchsorted(close_ns, from_ns, side="right")) + 1


def _defaults(call: IndicatorCall) -> list[Any]:
    return list(indicator_parameters(call.name).values())


def _finite(lines: Lines) -> Lines:
    """NaN for what is infinite: a plot has no place for it."""
    return {name: np.where(np.isfinite(values), values, np.nan) for name, values in lines.items()}


def _fit(whole: NDArray[np.float64], part: NDArray[np.float64]) -> Fit | None:
    if _equal(whole, part):
        return Fit.SAME
    if not (np.isfinite(whole).all() and np.isfinite(part).all()):
        return None
    if _equal(whole, part + (whole[0] - part[0])):
        return Fit.SHIFTED
    if part.all() and _equal(whole, part * (whole[0] / part[0])):
        return Fit.SCALED
    return None


def _equal(left: NDArray[np.float64], right: NDArray[np.float64]) -> bool:
    scale = np.nanmax(np.abs(left)) if np.isfinite(left).any() else 1.0
    return bool(np.allclose(left, right, rtol=TOLERANCE, atol=TOLERANCE * scale, equal_nan=True))
