"""Brings bars and indicators of one symbol and timeframe from the engine into a chart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from widgets.chart.chart_view import ChartView
from widgets.chart.model import PRICE_PANE, Indicator
from widgets.engine.engine_model import EngineModel
from widgets.engine.protocol import Series
from workstation.core.errors import ConfigurationError
from workstation.core.timeframe import TIMEFRAME_NAMES
from workstation.core.types import InstrumentKind
from workstation.market.bars import FormingBar

if TYPE_CHECKING:
    from workstation.market.indicators import IndicatorCall

CATCH_UP_BARS = 50
DRAWN_ALWAYS = "VOLUME"
OVER_PRICES = frozenset(
    [
        "ACCBANDS",
        "BBANDS",
        "DEMA",
        "DONCHIAN",
        "EMA",
        "HT_TRENDLINE",
        "ICHIMOKU",
        "KAMA",
        "LINEARREG",
        "MA",
        "MAMA",
        "MAVP",
        "MIDPOINT",
        "MIDPRICE",
        "SAR",
        "SAREXT",
        "SMA",
        "SUPERTREND",
        "T3",
        "TEMA",
        "TRIMA",
        "TSF",
        "TYPPRICE",
        "WCLPRICE",
        "AVGPRICE",
        "MEDPRICE",
        "VWAP",
        "WMA",
    ]
)
HIDDEN_LINES = frozenset({"direction", "lagging"})
KIND_WORDS = {InstrumentKind.SPOT: "Spot", InstrumentKind.LINEAR: "Perpetual", InstrumentKind.INVERSE: "Inverse"}


def spaced(timeframe: str) -> str:
    """``15m`` as the screen writes it: ``15 m``."""
    return f"{timeframe[:-1]} {timeframe[-1]}"


class _Bars:
    """The chart's own bars, the one under construction among them, as indicators read them."""

    def __init__(self, chart: ChartView) -> None:
        series = chart.model.series
        self.close_ns = series.open_ns + series.bar_ns
        self.open, self.high, self.low, self.close, self.volume = (series.column(row) for row in range(5))


class ChartFeed:
    """``load`` shows a market from its beginning; ``update`` then follows it at little cost."""

    def __init__(self, chart: ChartView, model: EngineModel) -> None:
        self._chart = chart
        self._model = model
        self._calls: list[IndicatorCall] = []
        self._shown: FormingBar | None = None
        self._total = -1
        self._open_ns = 0
        self.symbol = ""
        self.interval_ns = 0
        self.problem = ""
        """Why an indicator is not shown."""

    def load(self, symbol: str, interval_ns: int) -> None:
        self.symbol, self.interval_ns = symbol, interval_ns
        instrument = self._model.engine.market(symbol).instrument
        title = f"{KIND_WORDS[instrument.kind]} · {spaced(TIMEFRAME_NAMES[interval_ns])}"
        self._chart.set_instrument(symbol, title, instrument.tick)
        self._reload()

    def set_indicators(self, texts: Sequence[str]) -> None:
        """Indicators as the configuration names them: ``EMA(21)``. One that is wrong is left out."""
        from workstation.market.indicators import parse_indicator

        self._calls, self.problem = [], ""
        for text in texts:
            try:
                self._calls.append(parse_indicator(text))
            except ConfigurationError as error:
                self.problem = str(error)
        self._draw_indicators()

    def update(self) -> bool:
        """Take new bars and the growing one; whether anything changed."""
        market = self._model.engine.market(self.symbol)
        series = market.series(self.interval_ns)
        if series is None:
            return False
        total, forming = series.total, market.forming(self.interval_ns)
        if total == self._total and forming == self._shown:
            return False
        missing = total - self._total
        if missing > min(CATCH_UP_BARS, len(series)) or missing < 0:
            self._reload()
            return True
        count = len(series)
        for place in range(count - missing, count):
            self._put(
                int(series.open_ns[place]),
                series.open[place],
                series.high[place],
                series.low[place],
                series.close[place],
                series.volume[place],
            )
        self._total = total
        self._put_forming(forming)
        if missing:
            self._draw_indicators()
        return True

    def refresh_indicators(self) -> None:
        """Bring the newest values up to date with the bar under construction."""
        if self._calls and len(self._chart.model.series):
            newest = {line.name: float(line.values[-1]) for line in self._lines() if len(line.values)}
            self._chart.update_indicators(newest)

    def _reload(self) -> None:
        market = self._model.engine.market(self.symbol)
        series = market.series(self.interval_ns)
        self._shown, self._total = None, series.total if series is not None else -1
        if series is not None:
            self._set_bars(series)
        self._put_forming(market.forming(self.interval_ns))
        self._draw_indicators()

    def _set_bars(self, series: Series) -> None:
        count = len(series)
        self._chart.set_bars(
            series.open_ns, series.open, series.high, series.low, series.close, series.volume, bar_ns=self.interval_ns
        )
        self._open_ns = int(series.open_ns[-1]) if count else 0

    def _put(self, open_ns: int, open_: float, high: float, low: float, close: float, volume: float) -> None:
        """Overwrite the newest bar when it is the same one, else add it; an older one is known already."""
        if open_ns == self._open_ns and len(self._chart.model.series):
            self._chart.update_last_bar(open_, high, low, close, volume)
        elif open_ns > self._open_ns:
            self._open_ns = open_ns
            self._chart.append_bar(open_ns, open_, high, low, close, volume)

    def _put_forming(self, bar: FormingBar | None) -> None:
        self._shown = bar
        if bar is None:
            return
        instrument = self._model.engine.market(self.symbol).instrument
        price = instrument.price_lossy
        volume = bar.lots * instrument.lot_lossy
        self._put(bar.open_ns, price(bar.open), price(bar.high), price(bar.low), price(bar.close), volume)

    def _draw_indicators(self) -> None:
        self._chart.set_indicators(self._lines())

    def _lines(self) -> list[Indicator]:
        found: list[Indicator] = []
        bars: Any = _Bars(self._chart)
        if not len(bars.close):
            return found
        for call in self._calls:
            if call.name == DRAWN_ALWAYS:
                continue
            over = call.name in OVER_PRICES
            try:
                lines = call.compute(bars)
            except ConfigurationError as error:
                self.problem = str(error)
                continue
            words = f"{call.name} {' '.join(str(value) for _, value in call.parameters)}".strip()
            for line, values in lines.items():
                if line in HIDDEN_LINES:
                    continue
                label = words if len(lines) == 1 else f"{words} {line.replace('band', '')}"
                colour = len(found) % 4 + 1
                pane = PRICE_PANE if over else call.text
                found.append(Indicator(f"{call.text} {line}", label, colour, values, pane, None if over else 2))
        return found
