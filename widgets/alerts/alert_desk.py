"""Watches the engine's trades for all alerts, whatever panels are shown, and keeps them in their file."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal

from widgets.alerts.alert_words import firing_words
from widgets.alerts.drawn_lines import condition_of, part_of
from widgets.chart.drawings.drawing import Drawing
from widgets.chart.drawings.drawing_shelf import DrawingShelf
from widgets.engine.engine_model import EngineModel, Result
from workstation.core.errors import ConfigurationError, StorageError
from workstation.core.instrument import Instrument
from workstation.core.messages import Trade
from workstation.core.timeframe import TIMEFRAMES
from workstation.core.types import Severity
from workstation.core.views import LogView
from workstation.market.alerts.alert import Alert, IndicatorLevel
from workstation.market.alerts.alert_book import AlertBook, Firing
from workstation.market.alerts.past import past_prices
from workstation.market.indicators import parse_indicator
from workstation.storage.document import DocumentWriter, read_document

VERSION = 1
SOURCE = "alerts"
INDICATOR_FRAMES = 7
KEEP_FRAMES = 300
"""Where prices stand is saved this often, so that the next start can tell what was missed."""
WARM_UP_BARS = 2_000
SLOW = "SUPERTREND"
"""Of thousands of bars it would hold the window up: it goes from bar to bar."""
MINUTE = "1m"

log = logging.getLogger("widgets.alerts")


class AlertFile(msgspec.Struct, frozen=True):
    """The alerts of an account as they are saved."""

    version: int
    next_number: int
    muted: bool
    alerts: tuple[Alert, ...]


class _Tail:
    """Bars of a series up to one, as indicators read them: all, as a chart shows them, for some sum up from the first;
    of one that is slow and forgets, the newest."""

    def __init__(self, series: object, until: int, indicator: str) -> None:
        first = max(0, until - WARM_UP_BARS) if indicator == SLOW else 0
        for name in ("open", "high", "low", "close", "volume", "close_ns"):
            setattr(self, name, getattr(series, name)[first:until])


class AlertDesk(QObject):
    """Prices are judged trade by trade as the engine tells them; what fired is told with the next frame."""

    changed = Signal()  # an alert, or whether it is muted
    fired = Signal(object, str)  # Firing, and its sentence
    problem_told = Signal(str)  # a file that could not be written

    def __init__(
        self, model: EngineModel, drawings: DrawingShelf, path: Path | None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._model, self._drawings, self._path = model, drawings, path
        self.muted = False
        self.book = AlertBook(self.instrument)
        self.writer = DocumentWriter(self.problem_told.emit)
        self.problem_told.connect(lambda text: model.result_told.emit(Result(text, False)))
        self._waiting: list[Firing] = []
        self._totals: dict[str, int] = {}
        self._unseen: set[str] = set()
        self._read()
        model.trade_listeners.append(self._on_trade)
        model.ticked.connect(self._on_tick)
        drawings.changed.connect(self._follow_drawings)

    def instrument(self, symbol: str) -> Instrument | None:
        engine = self._model.engine
        return engine.market(symbol).instrument if symbol in engine.symbols else None

    def drawing_of(self, alert: Alert) -> Drawing | None:
        """The drawing that an alert follows."""
        name = "" if isinstance(alert.condition, IndicatorLevel) else alert.condition.drawing
        return self._drawings.book(alert.symbol).find(name) if name else None

    def alerts_on(self, symbol: str, drawing: Drawing) -> list[Alert]:
        """The alerts that follow a drawing."""
        return [
            alert
            for alert in self.book.alerts
            if alert.symbol == symbol
            and not isinstance(alert.condition, IndicatorLevel)
            and alert.condition.drawing == drawing.name
        ]

    # --- What people do ---------------------------------------------------------------------------------------------

    def add(self, alert: Alert) -> str:
        """Begin to watch; what is wrong, in a sentence, else nothing."""
        try:
            made = self.book.add(msgspec.structs.replace(alert, created_ns=self._model.engine.now_ns()))
        except ValueError as error:
            self._model.result_told.emit(Result(str(error), False))
            return str(error)
        self._see_now(made)
        self._changed()
        return ""

    def change(self, alert: Alert) -> None:
        self.book.change(alert)
        self._see_now(alert)
        self._changed()

    def enable(self, name: str, on: bool) -> None:
        alert = self.book.find(name)
        if alert is not None:
            self.change(msgspec.structs.replace(alert, enabled=on))

    def remove(self, names: Sequence[str]) -> None:
        for name in names:
            self.book.remove(name)
            self._totals.pop(name, None)
        self._changed()

    def set_muted(self, muted: bool) -> None:
        if muted != self.muted:
            self.muted = muted
            self._changed()

    # --- What the market does ---------------------------------------------------------------------------------------

    def _on_trade(self, trade: Trade) -> None:
        if not self.book.watches_prices(trade.symbol):
            return
        if trade.symbol in self._unseen:
            self._look_back(trade.symbol)
        self._waiting += self.book.on_price(trade.symbol, trade.price, trade.ts_ns)

    def _look_back(self, symbol: str) -> None:
        """Before the first price since the start: what the bars say of the time when nothing watched."""
        self._unseen.discard(symbol)
        market = self._model.engine.market(symbol)
        series = market.series(TIMEFRAMES[MINUTE])
        for alert in self.book.alerts if series is not None else ():
            if alert.symbol == symbol and alert.enabled and alert.side is not None:
                for price in past_prices(alert, market.instrument, series):
                    firing = self.book.on_past(alert.name, price.ticks, price.ts_ns)
                    if firing is not None:
                        self._waiting.append(firing)
                        break

    def _on_tick(self, frame: int) -> None:
        for symbol in [each for each in self._unseen if self.instrument(each) is not None]:
            self._see(symbol)
        if frame % INDICATOR_FRAMES == 0:
            for alert in self.book.alerts:
                if alert.enabled and isinstance(alert.condition, IndicatorLevel):
                    self._watch_indicator(alert, alert.condition)
        if self._waiting:
            fired, self._waiting = self._waiting, []
            for firing in fired:
                self._tell(firing)
            self._changed()
        elif frame % KEEP_FRAMES == 0 and self.book.alerts:
            self._keep()

    def _watch_indicator(self, alert: Alert, condition: IndicatorLevel) -> None:
        """Every bar that has closed since the last look, one by one."""
        if self.instrument(alert.symbol) is None:
            return
        series = self._model.engine.market(alert.symbol).series(alert.interval_ns)
        if series is None or not len(series):
            return
        known = self._totals.get(alert.name)
        self._totals[alert.name] = series.total
        if known == series.total:
            return
        closed = series.close_ns
        count = len(series)
        # After a start: the bars since it was seen, of which the first one may have crossed.
        missed = known is None and alert.seen_ns > 0
        fresh = int((closed > alert.seen_ns).sum()) if missed else series.total - known if known is not None else 1
        fresh = min(fresh, count)
        values = self._values(condition, series, count)
        for place in range(count - min(fresh, len(values)), count):
            firing = self.book.on_value(alert.name, values[place - count], int(closed[place]), missed)
            if firing is not None:
                self._waiting.append(firing)

    def _values(self, condition: IndicatorLevel, series: object, count: int) -> Sequence[float]:
        try:
            call = parse_indicator(condition.indicator)
            lines = call.compute(_Tail(series, count, call.name))  # type: ignore[arg-type]
        except ConfigurationError as error:
            log.warning("The alert on %s cannot be judged: %s", condition.indicator, error)
            return ()
        line = lines.get(condition.line)
        return () if line is None else [float(value) for value in line]

    def _tell(self, firing: Firing) -> None:
        instrument = self.instrument(firing.alert.symbol)
        assert instrument is not None
        text = firing_words(firing, instrument)
        if firing.alert.note:
            text = f"{text} {firing.alert.note}"
        self._model.tell_log(LogView(firing.ts_ns, Severity.INFO, SOURCE, text))
        log.info("%s", text)
        self.fired.emit(firing, text)

    # --- Lines on the chart -----------------------------------------------------------------------------------------

    def _follow_drawings(self, symbol: str) -> None:
        """Alerts on drawings go where these go; one whose drawing was deleted is switched off."""
        moved = False
        for alert in self.book.alerts:
            name = "" if isinstance(alert.condition, IndicatorLevel) else alert.condition.drawing
            if alert.symbol != symbol or not name:
                continue
            drawing = self.drawing_of(alert)
            condition = None if drawing is None else condition_of(drawing, part_of(alert.condition))
            if condition is None:
                wanted = msgspec.structs.replace(alert, enabled=False)
            else:
                wanted = msgspec.structs.replace(alert, condition=condition)
            if wanted != alert:
                self.book.change(wanted)
                self._see_now(wanted)
                moved = True
        if moved:
            self._changed()

    def _see_now(self, alert: Alert) -> None:
        """Let a new or moved alert see the last price, so that the next trade can cross it."""
        self._totals.pop(alert.name, None)
        if self.instrument(alert.symbol) is not None:
            self._see(alert.symbol)

    def _see(self, symbol: str) -> None:
        market = self._model.engine.market(symbol)
        if market.last_price:
            if symbol in self._unseen:
                self._look_back(symbol)
            self._waiting += self.book.on_price(symbol, market.last_price, market.last_ns)

    # --- The file ---------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        if self._path is None:
            return
        try:
            found = read_document(self._path, AlertFile, VERSION)
        except StorageError as error:
            log.warning("%s", error)
            self._model.result_told.emit(Result(str(error), False))
            return
        if found is not None:
            self.book.restore(found.alerts, found.next_number)
            self.muted = found.muted
            self._unseen = {alert.symbol for alert in found.alerts}

    def _changed(self) -> None:
        self._keep()
        self.changed.emit()

    def _keep(self) -> None:
        if self._path is not None:
            alerts = tuple(self.book.alerts)
            self.writer.write(self._path, AlertFile(VERSION, self.book.next_number, self.muted, alerts))
