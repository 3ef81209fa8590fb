"""A hand on a chart: it moves, clicks, drags and types in the price pane."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Workstation
from widgets.chart.chart_panel import ChartPanel
from widgets.chart.chart_view import ChartView
from widgets.chart.pointer import PanePoint

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier


class Hand:
    """Places are logical pixels of the price pane."""

    def __init__(self, qtbot: QtBot, view: ChartView) -> None:
        self.qtbot, self.view = qtbot, view
        view.setFocus()

    def spot(self, x: float, y: float) -> QPoint:
        """The place in the view."""
        return QPoint(self.view.mapFromScene(self.view.price_pane.box.mapToScene(QPointF(x, y))))

    def y(self, price: float) -> float:
        return self.view.price_pane.logical_scale().y(price)

    def price_at(self, y: float) -> float:
        return self.view.price_pane.logical_scale().value_at(y)

    def move(self, x: float, y: float) -> None:
        self.qtbot.mouseMove(self.view.viewport(), self.spot(x, y))
        QApplication.processEvents()

    def click(self, x: float, y: float) -> None:
        self.move(x, y)
        self.qtbot.mouseClick(self.view.viewport(), LEFT, pos=self.spot(x, y))

    def drag(self, start: tuple[float, float], end: tuple[float, float], *, release: bool = True) -> None:
        self.move(*start)
        self.qtbot.mousePress(self.view.viewport(), LEFT, pos=self.spot(*start))
        for step in range(1, 6):
            self.move(*(a + (b - a) * step / 5 for a, b in zip(start, end, strict=True)))
        if release:
            self.release(*end)

    def release(self, x: float, y: float) -> None:
        self.qtbot.mouseRelease(self.view.viewport(), LEFT, pos=self.spot(x, y))

    def press_key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
        self.qtbot.keyClick(self.view, key, modifiers)

    def menu(self, x: float, y: float) -> QMenu:
        """What a right click offers; the caller deletes it."""
        scale = self.view.price_pane.logical_scale()
        menu = QMenu()
        time_ns = int(self.view.model.series.time_at(round(scale.index_at(x))))
        self.view.menu_wanted.emit(menu, PanePoint("price", QPointF(x, y), time_ns, scale.value_at(y)))
        return menu


class PanelHand(Hand):
    """On the first chart of a whole window."""

    def __init__(self, station: Workstation) -> None:
        self.station = station
        self.chart: ChartPanel = station.area.charts[0]
        super().__init__(station.qtbot, self.chart.view)
