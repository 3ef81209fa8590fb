"""Lines from what the engine tells of a market beside its bars: cumulative volume delta, funding."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from widgets.chart.chart_view import ChartView
from widgets.chart.pyramid import Floats
from widgets.engine.engine_model import EngineModel
from widgets.look.numbers import decimals_of, format_time
from workstation.core.errors import ConfigurationError
from workstation.core.money import RATE_SCALE
from workstation.core.types import InstrumentKind

CVD: Final = "CVD"
FUNDING: Final = "FUNDING"
OPEN_INTEREST: Final = "OPEN_INTEREST"
TITLES: Final = {
    CVD: "Cumulative volume delta",
    FUNDING: "Funding rate",
    OPEN_INTEREST: "Open interest",
}


class MarketLines:
    """Of the symbol that the chart shows."""

    def __init__(self, chart: ChartView, model: EngineModel) -> None:
        self._chart = chart
        self._model = model
        self.symbol = model.symbol

    def knows(self, name: str) -> bool:
        return name in TITLES

    def source(self, name: str) -> VolumeDelta | FundingRates:
        """Raises ``ConfigurationError`` for what the engine does not know of this market."""
        if name == OPEN_INTEREST:
            raise ConfigurationError(f"Open interest of {self.symbol} is not shown: the engine does not receive it.")
        if name == FUNDING:
            if self._model.engine.attachment is not None:
                raise ConfigurationError("Funding is not shown in an attached window: the engine does not send it.")
            if self._model.engine.market(self.symbol).instrument.kind is InstrumentKind.SPOT:
                raise ConfigurationError(f"{self.symbol} is a spot market: it has no funding.")
            return FundingRates(self._chart, self._model, self.symbol)
        return VolumeDelta(self._chart, self._model, self.symbol)

    def words(self, name: str) -> str:
        """The label, with the time (UTC) from which on the line is known."""
        if name == FUNDING:
            return "Funding % since the window opened"
        trades = self._model.tapes[self.symbol].since(0)
        return f"CVD since {format_time(int(trades.ts_ns[0]))}" if len(trades.ts_ns) else "CVD"

    def decimals(self, name: str) -> int:
        if name == FUNDING:
            return 4
        return min(4, decimals_of(self._model.engine.market(self.symbol).instrument.lot))


class VolumeDelta:
    """What takers bought less what they sold, summed up since the first trade that the window heard; NaN before."""

    def __init__(self, chart: ChartView, model: EngineModel, symbol: str) -> None:
        self._chart, self._tape = chart, model.tapes[symbol]
        self._lot = model.engine.market(symbol).instrument.lot_lossy
        self._taken = 0
        self._first = len(chart.model.series)
        """The bar of the first trade."""
        self._deltas = np.zeros(0, dtype=np.int64)
        self._take()
        self.lines = {"cvd": self._sums(len(chart.model.series))}

    def newest(self, series: Any, known: dict[str, Floats], count: int) -> dict[str, Floats]:
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


class FundingRates:
    """The rate of each funding, in percent, in the bar in which it fell due; 0 in the others."""

    def __init__(self, chart: ChartView, model: EngineModel, symbol: str) -> None:
        self._chart, self._model, self._symbol = chart, model, symbol
        self.lines = {"funding": self._values(0)}

    def newest(self, series: Any, known: dict[str, Floats], count: int) -> dict[str, Floats]:
        return {"funding": self._values(max(0, len(self._chart.model.series) - count))}

    def _values(self, first: int) -> Floats:
        bars = self._chart.model.series
        values = np.zeros(len(bars) - first)
        for ts_ns, rate in self._model.fundings.get(self._symbol, ()):
            place = int(bars.index_at(ts_ns)) - first
            if 0 <= place < len(values):
                values[place] = rate / RATE_SCALE * 100
        return values
