"""Lines from what the engine tells of a market beside its bars: volume delta, funding, open interest."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from widgets.chart.chart_view import ChartView
from widgets.chart.model import LineStyle
from widgets.chart.pyramid import Floats
from widgets.engine.engine_model import EngineModel
from widgets.look.numbers import decimals_of, format_time
from workstation.core.errors import ConfigurationError
from workstation.core.money import RATE_SCALE
from workstation.core.types import InstrumentKind
from workstation.market.perpetual_figures import PerpetualFigures

CVD: Final = "CVD"
FUNDING: Final = "FUNDING"
OPEN_INTEREST: Final = "OPEN_INTEREST"
WHOLE_FROM: Final = 1_000
"""Open interest is told without decimals from here on."""
TITLES: Final = {
    CVD: "Cumulative volume delta",
    FUNDING: "Funding rate",
    OPEN_INTEREST: "Open interest",
}


class LineLook(NamedTuple):
    decimals: int
    unit: str = ""
    style: LineStyle = "line"
    zero_is_none: bool = False


class MarketLook(NamedTuple):
    label: str
    lines: dict[str, LineLook]
    """By the line's own name."""


class MarketLines:
    """Of the symbol that the chart shows."""

    def __init__(self, chart: ChartView, model: EngineModel) -> None:
        self._chart = chart
        self._model = model
        self.symbol = model.symbol

    def knows(self, name: str) -> bool:
        return name in TITLES

    def source(self, name: str) -> VolumeDelta | PerpetualLines:
        """Raises ``ConfigurationError`` for what the engine does not know of this market."""
        if name in (FUNDING, OPEN_INTEREST):
            if not self._model.engine.market(self.symbol).instrument.is_derivative:
                raise ConfigurationError(f"{self.symbol} is a spot market: it has no {TITLES[name].lower()}.")
            shown = FundingRates if name == FUNDING else OpenInterest
            return shown(self._chart, self._model, self.symbol)
        return VolumeDelta(self._chart, self._model, self.symbol)

    def look(self, name: str) -> MarketLook:
        """How it is labelled and drawn; volume delta tells the time (UTC) from which on it is known."""
        instrument = self._model.engine.market(self.symbol).instrument
        decimals = min(4, decimals_of(instrument.lot))
        unit = "contracts" if instrument.kind is InstrumentKind.INVERSE else instrument.base
        if name == FUNDING:
            return MarketLook("Funding", {"funding": LineLook(4, "%", "histogram", zero_is_none=True)})
        if name == OPEN_INTEREST:
            newest = self._model.engine.market(self.symbol).perpetual.open_interest.rows(1)
            if newest and newest[0][1] * instrument.lot_lossy >= WHOLE_FROM:
                decimals = 0
            looks = {"open interest": LineLook(decimals, unit), "worth": LineLook(0, instrument.quote, "told")}
            return MarketLook("Open interest", looks)
        trades = self._model.heard.tapes[self.symbol].since(0)
        since = f" since {format_time(int(trades.ts_ns[0]))}" if len(trades.ts_ns) else ""
        return MarketLook(f"CVD{since}", {"cvd": LineLook(decimals, unit)})


class VolumeDelta:
    """What takers bought less what they sold, summed up since the first trade that the window heard; NaN before."""

    def __init__(self, chart: ChartView, model: EngineModel, symbol: str) -> None:
        self._chart, self._tape = chart, model.heard.tapes[symbol]
        self._lot = model.engine.market(symbol).instrument.lot_lossy
        self._taken = 0
        self._first = len(chart.model.series)
        """The bar of the first trade."""
        self._deltas = np.zeros(0, dtype=np.int64)
        self._take()
        self.lines = {"cvd": self._sums(len(chart.model.series))}

    def newest(self, series: Any, known: dict[str, Floats], count: int) -> dict[str, Floats]:
        kept = len(self._tape.since(self._taken).ts_ns)
        if self._tape.total - self._taken != kept:
            # Of trades that are gone nobody knows the delta: the sum begins anew.
            return {}
        before = len(self._deltas)
        first = self._take()
        total = len(self._chart.model.series)
        sums = self._sums(total)
        return {"cvd": sums[max(0, min(first, total - count)) :] if before else sums}

    def _take(self) -> int:
        """Add the new trades to their bars, in lots; the first bar that changed."""
        bars = self._chart.model.series
        trades = self._tape.since(self._taken)
        self._taken = self._tape.total
        if not len(trades.ts_ns) or not len(bars):
            return len(bars)
        at = np.maximum(np.searchsorted(bars.open_ns, trades.ts_ns, side="right") - 1, 0)
        if not len(self._deltas):
            self._first = int(at[0])
        at = np.maximum(at, self._first)
        missing = int(at[-1]) + 1 - self._first - len(self._deltas)
        self._deltas = np.concatenate([self._deltas, np.zeros(max(0, missing), dtype=np.int64)])
        np.add.at(self._deltas, at - self._first, trades.lots * trades.side)
        return int(at[0])

    def _sums(self, total: int) -> Floats:
        sums = np.full(total, np.nan)
        known = np.cumsum(self._deltas) * self._lot
        room = max(0, total - self._first)
        sums[self._first : self._first + len(known)] = known[:room]
        if len(known):
            sums[self._first + len(known) :] = known[-1]
        return sums


class PerpetualLines:
    """Lines of what is told of a perpetual now and then. What was known is read anew when a past came late."""

    def __init__(self, chart: ChartView, model: EngineModel, symbol: str) -> None:
        self._chart, self._model, self._symbol = chart, model, symbol
        self._read = self._told()
        self.lines = self._lines(0)

    def newest(self, series: Any, known: dict[str, Floats], count: int) -> dict[str, Floats]:
        told, before = self._told(), self._read
        self._read = told
        return self._lines(max(0, len(self._chart.model.series) - count) if told == before else 0)

    def _told(self) -> tuple[PerpetualFigures, int, int]:
        figures = self._model.engine.market(self._symbol).perpetual
        return figures, figures.open_interest.merges, figures.fundings.merges

    def _lines(self, first: int) -> dict[str, Floats]:
        """The values from a bar on."""
        raise NotImplementedError


class FundingRates(PerpetualLines):
    """The rate of each funding, in percent, in the bar in which it fell due; 0 in the others."""

    def _lines(self, first: int) -> dict[str, Floats]:
        bars = self._chart.model.series
        values = np.zeros(max(0, len(bars) - first))
        times, rates = self._read[0].fundings.arrays
        if len(times) and len(values):
            places = np.searchsorted(bars.open_ns, times, side="right") - 1
            within = (places >= first) & (times < bars.open_ns[-1] + max(bars.bar_ns, 1))
            values[places[within] - first] = rates[within] / RATE_SCALE * 100
        return {"funding": values}


class OpenInterest(PerpetualLines):
    """What was open at the close of each bar, in the base asset or in contracts, and its worth in the quote asset.

    NaN in the bars before the first value.
    """

    def _lines(self, first: int) -> dict[str, Floats]:
        bars = self._chart.model.series
        instrument = self._model.engine.market(self._symbol).instrument
        times, lots = self._read[0].open_interest.arrays
        amounts = np.full(max(0, len(bars) - first), np.nan)
        if len(times) and len(amounts):
            # A bar ends where the next one begins; the newest one is still open.
            ends = np.append(bars.open_ns[first + 1 :], np.iinfo(np.int64).max)
            places = np.searchsorted(times, ends, side="left") - 1
            known = places >= 0
            amounts[known] = lots[places[known]] * instrument.lot_lossy
        size = float(instrument.contract_size)
        inverse = instrument.kind is InstrumentKind.INVERSE
        return {"open interest": amounts, "worth": amounts * (size if inverse else size * bars.column(3)[first:])}
