"""Alerts on a chart: made by right click on a price, a line or an indicator, and shown as dotted levels."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMenu

from widgets.alerts.alert_desk import AlertDesk
from widgets.alerts.alert_words import condition_words
from widgets.alerts.drawn_lines import condition_of
from widgets.chart.chart_panel import ChartPanel
from widgets.chart.model import PRICE_PANE, IndicatorLine
from widgets.chart.pointer import PanePoint
from widgets.engine.engine_model import EngineModel, Result
from widgets.look.numbers import format_number
from workstation.core.instrument import Instrument
from workstation.market.alerts.alert import Alert, Condition, Direction, IndicatorLevel, PriceLevel


class ChartAlerts(QObject):
    """Of one chart; it follows the chart's symbol."""

    def __init__(self, chart: ChartPanel, desk: AlertDesk, model: EngineModel) -> None:
        super().__init__(chart)
        self._chart, self._desk, self._model = chart, desk, model
        chart.view.menu_wanted.connect(self.fill)
        chart.title_changed.connect(self.show)
        desk.changed.connect(self.show)
        self.show()

    def show(self) -> None:
        """Draw the levels of the alerts that watch the chart's symbol; those on drawings are on the chart anyway."""
        levels = [
            float(alert.condition.price)
            for alert in self._desk.book.alerts
            if alert.symbol == self._chart.symbol
            and alert.enabled
            and isinstance(alert.condition, PriceLevel)
            and not alert.condition.drawing
        ]
        self._chart.view.set_alert_levels(levels)

    def fill(self, menu: QMenu, at: PanePoint) -> None:
        """Add what can be watched at this place of the chart."""
        instrument = self._desk.instrument(self._chart.symbol)
        if instrument is None:
            return
        if at.pane == PRICE_PANE:
            self._fill_for_price(menu, at, instrument)
        for line in self._chart.view.model.in_pane(at.pane):
            self._fill_for_indicator(menu, line, at)

    def _fill_for_price(self, menu: QMenu, at: PanePoint, instrument: Instrument) -> None:
        view = self._chart.view
        drawing = view.drawings.at(at.position, view.price_pane.logical_scale(), view.model.series)
        drawn = None if drawing is None else condition_of(drawing)
        if drawn is not None:
            menu.addAction("Alert on this line").triggered.connect(lambda: self._add(drawn))
        ticks = instrument.ticks_rounded(at.value)
        if ticks > 0:
            price = instrument.price(ticks)
            words = f"Alert at {view.model.price_text(price)}"
            menu.addAction(words).triggered.connect(lambda: self._add(PriceLevel(price)))

    def _fill_for_indicator(self, menu: QMenu, line: IndicatorLine, at: PanePoint) -> None:
        indicator = line.indicator
        text, _, name = indicator.name.rpartition(" ")
        try:
            condition = IndicatorLevel(text, name, round(at.value, 2))
        except ValueError:
            # A line that is no indicator of the engine's, which could not be watched while the chart is hidden.
            return
        words = f"Alert on {indicator.label} at {format_number(at.value, 2)}"
        menu.addAction(words).triggered.connect(lambda: self._add(condition))

    def _add(self, condition: Condition) -> None:
        """Watch it from now on, once and from either side; Alerts offers the rest."""
        chart = self._chart
        alert = Alert(
            name="",
            symbol=chart.symbol,
            condition=condition,
            direction=Direction.EITHER,
            timeframe=chart.timeframe,
        )
        if not self._desk.add(alert):
            words = condition_words(alert, self._desk.instrument(chart.symbol))
            text = f"Alert set: {chart.symbol}, {words[0].lower()}{words[1:]}. Change it in Alerts."
            self._model.result_told.emit(Result(text))
