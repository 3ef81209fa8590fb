"""Open positions by owner, with the newest working orders below them where there is room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QRect, SignalInstance
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.engine.engine_model import EngineModel
from widgets.look import shapes
from widgets.look.theme import current
from widgets.panels.live_panel import LivePanel
from widgets.panels.orders_panel import AGE_FRAMES, OrderActions, OrdersTable, order_row
from widgets.panels.positions_table import PositionActions, PositionsTable, position_row
from workstation.core.views import PositionView

ORDERS_FROM = 190  # pixels of height from which working orders show below
NEWEST = 4


class WorkingHeader(QWidget):
    """The line between positions and working orders."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._count = 0
        self.setFixedHeight(24)

    def set_count(self, count: int) -> None:
        if count != self._count:
            self._count = count
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current()
        tokens = theme.tokens
        painter = QPainter(self)
        painter.fillRect(self.rect(), tokens.raised)
        painter.fillRect(QRect(0, 0, self.width(), 1), tokens.hairline)
        painter.fillRect(QRect(0, self.height() - 1, self.width(), 1), tokens.hairline)
        area = self.rect().adjusted(6, 0, 0, 0)
        shapes.write(painter, area, "Working orders", tokens.text_1, theme.font(12, 500))
        left = shapes.text_width("Working orders", theme.font(12, 500)) + 8
        words = f"{NEWEST} newest of {self._count}" if self._count > NEWEST else str(self._count)
        shapes.write(painter, area.adjusted(left, 0, 0, 0), words, tokens.text_2, theme.font())


class PositionsPanel(LivePanel):
    def __init__(self, model: EngineModel, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.table = PositionsTable(self)
        self.table.blocked = lambda: model.blocked
        self.position_actions = PositionActions(model, self)
        self.table.action_triggered.connect(self._act)
        self.table.row_activated.connect(lambda row: model.choose_symbol(row["symbol"]))
        self.header = WorkingHeader(self)
        self.orders = OrdersTable(self)
        self.orders.blocked = lambda: model.blocked
        self.order_actions = OrderActions(model, self)
        self.orders.action_triggered.connect(self.order_actions.run)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.table, 1)
        column.addWidget(self.header)
        column.addWidget(self.orders)
        current().changed.connect(self._fit_orders)
        self._fit_orders()

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        model = self.model
        return (
            (model.positions_changed, self._show_positions),
            (model.orders_changed, self._show_orders),
            (self.frames, self._tick),
        )

    def refresh(self) -> None:
        self._show_positions(list(self.model.engine.positions()))
        self._show_orders()
        self.table.flush()
        self.orders.flush()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        roomy = self.height() >= ORDERS_FROM
        self.header.setVisible(roomy)
        self.orders.setVisible(roomy)

    def _fit_orders(self) -> None:
        metrics = current().metrics
        self.orders.setFixedHeight(metrics.table_header + NEWEST * metrics.table_row + 2)

    def _show_positions(self, positions: list[PositionView]) -> None:
        self.table.replace([position_row(position, self.model) for position in positions])

    def _show_orders(self, _: object = None) -> None:
        working = self.model.heard.working_orders()
        self.header.set_count(len(working))
        newest = sorted(working, key=lambda order: order.created_ns)[-NEWEST:]
        self.orders.replace([order_row(order, self.model) for order in newest])

    def _tick(self, frame: int) -> None:
        if self.due(frame, AGE_FRAMES) and not self.orders.isHidden():
            self._show_orders()

    def _act(self, name: str, keys: Sequence[str]) -> None:
        for key in keys:
            row = self.table.rows_model.row_of(key)
            if row is not None:
                self.position_actions.run(name, row)
