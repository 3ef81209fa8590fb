"""Alerts on a chart: made by right click on a price, a line or an indicator; their dotted levels are dragged."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import QObject, QPointF, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QMenu

from widgets.alerts.alert_desk import MINUTE, AlertDesk
from widgets.alerts.alert_dialog import ZONE_DIRECTIONS, AlertDialog
from widgets.alerts.alert_words import condition_words
from widgets.alerts.drawn_lines import ZONE, condition_of, parts_of
from widgets.chart.chart_panel import ChartPanel
from widgets.chart.drawings.drawing import Drawing, Tool
from widgets.chart.model import PRICE_PANE, IndicatorLine
from widgets.chart.pane import Pane
from widgets.chart.pointer import ChartPointer, PanePoint
from widgets.engine.engine_model import EngineModel, Result
from widgets.look.numbers import decimals_of, format_number
from workstation.core.instrument import Instrument
from workstation.core.timeframe import TIMEFRAMES
from workstation.market.alerts.alert import Alert, Condition, Direction, IndicatorLevel, PriceLevel, ended

SHAPES = {Tool.CHANNEL: "channel", Tool.RECTANGLE: "rectangle", Tool.RETRACEMENT: "retracement"}
"""Drawings of which more than one thing can be watched."""
REMEDY = "Extend it to the right, by its menu, or move its end."
REACH = 4.0
"""Logical pixels around a level that count as on it."""


class ChartAlerts(ChartPointer, QObject):
    """Of one chart; it follows the chart's symbol."""

    def __init__(self, chart: ChartPanel, desk: AlertDesk, model: EngineModel) -> None:
        super().__init__(chart)
        self._chart, self._desk, self._model = chart, desk, model
        self._held: str | None = None
        self._moved: float | None = None
        chart.view.menu_wanted.connect(self.fill)
        chart.view.hand.pointers.append(self)
        chart.title_changed.connect(self.show)
        desk.changed.connect(self.show)
        self.show()

    def show(self) -> None:
        """Draw the levels of the alerts that watch the chart's symbol, and a bell at the drawings that have some."""
        self._chart.view.drawings.watched = frozenset(
            alert.condition.drawing
            for alert in self._desk.book.alerts
            if alert.symbol == self._chart.symbol and alert.enabled and not isinstance(alert.condition, IndicatorLevel)
        )
        self._chart.view.set_alert_levels(
            [self._moved if name == self._held and self._moved else price for name, price in self._levels()]
        )

    def _levels(self) -> list[tuple[str, float]]:
        return [
            (alert.name, float(alert.condition.price))
            for alert in self._desk.book.alerts
            if alert.symbol == self._chart.symbol
            and alert.enabled
            and isinstance(alert.condition, PriceLevel)
            and not alert.condition.drawing
        ]

    # --- The pointer ------------------------------------------------------------------------------------------------

    def hover(self, pane: Pane, position: QPointF) -> Qt.CursorShape | None:
        return Qt.CursorShape.SizeVerCursor if self._held or self._at(pane, position) else None

    def press(self, pane: Pane, position: QPointF) -> bool:
        self._held = self._at(pane, position)
        return self._held is not None

    def move(self, pane: Pane, position: QPointF) -> None:
        if self._held is not None:
            self._moved = pane.logical_scale().value_at(position.y())
            self.show()

    def release(self, pane: Pane, position: QPointF) -> None:
        held, moved = self._held, self._moved
        self._held = self._moved = None
        alert = self._desk.book.find(held) if held is not None and moved is not None else None
        instrument = self._desk.instrument(self._chart.symbol)
        if alert is not None and instrument is not None and moved is not None:
            price = instrument.price(max(1, instrument.ticks_rounded(moved)))
            self._desk.change(msgspec.structs.replace(alert, condition=PriceLevel(price)))
        self.show()

    def key(self, event: QKeyEvent) -> bool:
        if event.key() != Qt.Key.Key_Escape or self._held is None:
            return False
        self._held = self._moved = None
        self.show()
        return True

    def wants_escape(self) -> bool:
        return self._held is not None

    def _at(self, pane: Pane, position: QPointF) -> str | None:
        """The alert whose level is under a point, unless something else is."""
        view = self._chart.view
        scale = pane.logical_scale()
        if pane is not view.price_pane or view.line_at(pane, position):
            return None
        near = [(abs(scale.y(price) - position.y()), name) for name, price in self._levels()]
        distance, name = min(near, default=(REACH + 1, ""))
        return name if distance <= REACH else None

    # --- The menu ---------------------------------------------------------------------------------------------------

    def fill(self, menu: QMenu, at: PanePoint) -> None:
        """Add what can be watched at this place of the chart."""
        instrument = self._desk.instrument(self._chart.symbol)
        if instrument is None:
            return
        if at.pane == PRICE_PANE:
            self._fill_for_price(menu, at, instrument)
        lines = self._chart.view.model.in_pane(at.pane)
        if lines and self._chart.timeframe not in TIMEFRAMES:
            menu.addAction("Alerts on indicators need a chart with bars of time").setEnabled(False)
            return
        for line in lines:
            self._fill_for_indicator(menu, line, at, instrument)

    def _fill_for_price(self, menu: QMenu, at: PanePoint, instrument: Instrument) -> None:
        view = self._chart.view
        under = self._at(view.price_pane, at.position)
        if under is not None:
            menu.addAction("Delete this alert").triggered.connect(lambda: self._desk.remove([under]))
        drawing = view.drawings.at(at.position, view.price_pane.logical_scale(), view.model.series)
        if drawing is not None:
            self._fill_for_drawing(menu, drawing, instrument)
        ticks = instrument.ticks_rounded(at.value)
        if ticks > 0:
            price = instrument.price(ticks)
            words = f"Alert at {view.model.price_text(price)}"
            menu.addAction(words).triggered.connect(lambda: self._add(PriceLevel(price)))

    def _fill_for_drawing(self, menu: QMenu, drawing: Drawing, instrument: Instrument) -> None:
        """What of it can be watched, then the alerts that watch it."""
        parts = parts_of(drawing)
        word = SHAPES.get(drawing.tool)
        if word is None:
            drawn = condition_of(drawing) if parts else None
            if drawn is not None:
                menu.addAction("Alert on this line").triggered.connect(lambda: self._add(drawn))
        else:
            offered = menu.addMenu(f"Alert on this {word}")
            for part, words in parts.items():
                condition = condition_of(drawing, part)
                if condition is None:
                    continue
                directions = ZONE_DIRECTIONS if part == ZONE else {Direction.EITHER: words}
                for direction, sentence in directions.items():
                    action = offered.addAction(sentence)
                    action.triggered.connect(
                        lambda _=False, condition=condition, direction=direction: self._add(condition, direction)
                    )
                if part == ZONE:
                    offered.addSeparator()
            offered.setEnabled(not offered.isEmpty())
        known = self._desk.alerts_on(self._chart.symbol, drawing)
        if known:
            alerts = menu.addMenu("Its alerts")
            for alert in known:
                action = alerts.addAction(f"{condition_words(alert, instrument)}…")
                action.triggered.connect(lambda _=False, alert=alert: self.open(alert))
            alerts.addSeparator()
            names = [alert.name for alert in known]
            words = "Delete its alert" if len(known) == 1 else f"Delete its {len(known)} alerts"
            alerts.addAction(words).triggered.connect(lambda: self._desk.remove(names))

    def open(self, alert: Alert) -> AlertDialog:
        """The window in which it is changed."""
        dialog = AlertDialog(self._desk, alert, self._model.engine.now_ns(), self._chart.window())
        dialog.show()
        return dialog

    def _fill_for_indicator(self, menu: QMenu, line: IndicatorLine, at: PanePoint, instrument: Instrument) -> None:
        indicator = line.indicator
        if indicator.shift < 0:
            # At the newest bar it has no value that could cross anything.
            return
        decimals = decimals_of(instrument.tick) if indicator.decimals is None else indicator.decimals
        text, _, name = indicator.name.rpartition(" ")
        try:
            condition = IndicatorLevel(text, name, round(at.value, decimals))
        except ValueError:
            # A line that is no indicator of the engine's, which could not be watched while the chart is hidden.
            return
        words = f"Alert on {indicator.label} at {format_number(at.value, decimals)}"
        menu.addAction(words).triggered.connect(lambda: self._add(condition))

    def _add(self, condition: Condition, direction: Direction = Direction.EITHER) -> None:
        """Watch it from now on, once; Alerts offers the rest."""
        chart = self._chart
        if ended(condition, self._model.engine.now_ns()):
            text = f"The line ends in the past, so that no price can cross it. {REMEDY}"
            self._model.result_told.emit(Result(text, False))
            return
        alert = Alert(
            name="",
            symbol=chart.symbol,
            condition=condition,
            direction=direction,
            timeframe=chart.timeframe if chart.timeframe in TIMEFRAMES else MINUTE,
        )
        if not self._desk.add(alert):
            words = condition_words(alert, self._desk.instrument(chart.symbol))
            if not isinstance(condition, IndicatorLevel):
                words = f"{words[0].lower()}{words[1:]}"
            text = f"Alert set: {chart.symbol}, {words}. Change it in Alerts."
            self._model.result_told.emit(Result(text))
