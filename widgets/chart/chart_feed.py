"""Brings bars and indicators of one symbol and timeframe from the engine into a chart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from widgets.chart.chart_view import ChartView
from widgets.chart.market_lines import MarketLines
from widgets.chart.studies import Studies
from widgets.chart.time_bars import TimeBars
from widgets.chart.trade_bars_feed import TradeBarsFeed
from widgets.engine.engine_model import EngineModel
from widgets.look.numbers import format_number
from workstation.core.errors import ConfigurationError
from workstation.core.instrument import Instrument
from workstation.core.timeframe import TIMEFRAMES
from workstation.core.types import InstrumentKind
from workstation.market.trade_bars import TradeBarKind, TradeBars, parse_trade_bars

KIND_WORDS = {InstrumentKind.SPOT: "Spot", InstrumentKind.LINEAR: "Perpetual", InstrumentKind.INVERSE: "Inverse"}


def spaced(timeframe: str) -> str:
    """``15m`` as the screen writes it: ``15 m``; bars of trades as they are: ``range 50``."""
    return f"{timeframe[:-1]} {timeframe[-1]}" if timeframe in TIMEFRAMES else timeframe


def is_timeframe(text: Any) -> bool:
    """Whether it is a timeframe, ``15m``, or bars of trades, ``range 50``."""
    if not isinstance(text, str):
        return False
    try:
        return text in TIMEFRAMES or bool(parse_trade_bars(text))
    except ConfigurationError:
        return False


def bars_in_words(bars: TradeBars, instrument: Instrument) -> str:
    """The kind and the size with its unit: ``range 50 ticks (5.0 USDT)``."""
    size = format_number(bars.size, max(0, -int(bars.size.as_tuple().exponent)))
    if bars.kind is TradeBarKind.TICK:
        return f"{size} trades"
    if bars.kind is TradeBarKind.VOLUME:
        return f"volume {size} {instrument.base}"
    return f"{bars.kind} {size} ticks ({bars.size * instrument.tick:f} {instrument.quote})"


class ChartFeed:
    """``load`` shows a market from its beginning; ``update`` then follows it at little cost."""

    def __init__(self, chart: ChartView, model: EngineModel) -> None:
        self._chart = chart
        self._model = model
        self._lines = MarketLines(chart, model)
        self._bars: TimeBars | TradeBarsFeed | None = None
        self.studies = Studies(chart, self._lines)
        self.symbol = ""
        self.timeframe = ""

    @property
    def problem(self) -> str:
        """Why an indicator is not shown."""
        return self.studies.problem

    def load(self, symbol: str, timeframe: str) -> None:
        """Show bars of a timeframe, ``15m``, or of trades, ``range 50``; then ``set_indicators`` is called.

        Raises ``ConfigurationError``.
        """
        engine = self._model.engine
        market = engine.market(symbol)
        words = KIND_WORDS[market.instrument.kind]
        bars: TimeBars | TradeBarsFeed
        if timeframe in TIMEFRAMES:
            bars, size = TimeBars(self._chart, market, TIMEFRAMES[timeframe]), spaced(timeframe)
        else:
            chosen = parse_trade_bars(timeframe)
            bars = TradeBarsFeed(self._chart, market, self._model.heard.tapes[symbol], chosen)
            size = bars_in_words(chosen, market.instrument)
        self.symbol, self.timeframe, self._bars = symbol, timeframe, bars
        self._lines.symbol = symbol
        self._chart.model.countdown = timeframe in TIMEFRAMES
        self._chart.set_instrument(symbol, f"{words} · {size}", market.instrument.tick)
        bars.load()

    def set_indicators(self, entries: Iterable[Any]) -> None:
        """Indicators as the configuration names them, ``EMA(21)``, or as chosen. One that is wrong is left out."""
        self.studies.choose(entries)
        self._chart.set_problem(self.problem)

    def update(self) -> bool:
        """Take new bars and the growing one; whether anything changed."""
        changed = self._bars.update() if self._bars is not None else False
        if changed is None:
            self.studies.reload()
        elif changed:
            self.studies.follow()
        return changed is not False
