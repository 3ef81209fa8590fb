"""Brings the engine's bars of one timeframe into a chart, and follows the growing one."""

from __future__ import annotations

from widgets.chart.chart_view import ChartView
from widgets.engine.protocol import Market, Series
from workstation.market.bars import FormingBar

CATCH_UP_BARS = 50


class TimeBars:
    """``load`` shows everything; ``update`` follows at little cost."""

    def __init__(self, chart: ChartView, market: Market, interval_ns: int) -> None:
        self._chart = chart
        self._market = market
        self._interval_ns = interval_ns
        self._shown: FormingBar | None = None
        self._total = -1
        self._open_ns = 0

    def load(self) -> None:
        series = self._market.series(self._interval_ns)
        self._shown, self._total = None, series.total if series is not None else -1
        if series is not None:
            self._set_bars(series)
        self._put_forming(self._market.forming(self._interval_ns))

    def update(self) -> bool | None:
        """Take new bars and the growing one; whether anything changed, and None when all bars were replaced."""
        series = self._market.series(self._interval_ns)
        if series is None:
            return False
        total, forming = series.total, self._market.forming(self._interval_ns)
        if total == self._total and forming == self._shown:
            return False
        missing = total - self._total
        if missing > min(CATCH_UP_BARS, len(series)) or missing < 0:
            self.load()
            return None
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
        return True

    def _set_bars(self, series: Series) -> None:
        count = len(series)
        self._chart.set_bars(
            series.open_ns, series.open, series.high, series.low, series.close, series.volume, bar_ns=self._interval_ns
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
        instrument = self._market.instrument
        price = instrument.price_lossy
        volume = bar.lots * instrument.lot_lossy
        self._put(bar.open_ns, price(bar.open), price(bar.high), price(bar.low), price(bar.close), volume)
