"""Open positions by owner, with the newest working orders below them where there is room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QRect, SignalInstance
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets import shapes
from widgets.dialogs import ReasonDialog
from widgets.engine_model import EngineModel
from widgets.live_panel import LivePanel
from widgets.order_words import is_protective, owner_tone
from widgets.orders_panel import AGE_FRAMES, OrderActions, OrdersTable, order_row
from widgets.table import Action, Column, Kind, Row, Table
from widgets.theme import current
from widgets.tokens import Tone
from workstation.core.messages import CancelOrder, Flatten, TransferPosition
from workstation.core.types import EXTERNAL, MANUAL
from workstation.core.views import PositionView

ORDERS_FROM = 190  # pixels of height from which working orders show below
NEWEST = 4


def of_strategy(rows: list[Row]) -> bool:
    return len(rows) == 1 and rows[0]["owner"] != MANUAL


def returnable(rows: list[Row]) -> bool:
    return len(rows) == 1 and rows[0]["owner"] == MANUAL and bool(rows[0]["takers"])


def none_or_price(row: Row, key: str) -> str | None:
    return "none" if row[key] is None else None


class PositionsTable(Table):
    key = "id"
    columns = (
        Column("symbol", "Symbol", width=80),
        Column("owner", "Owner", width=90, label=True, tone=owner_tone),
        Column("quantity", "Size", Kind.SIGNED, 84, "lot"),
        Column("entry", "Entry", Kind.PRICE, 86, "tick"),
        Column("mark", "Mark", Kind.PRICE, 86, "tick"),
        Column(
            "liquidation",
            "Liq.",
            Kind.PRICE,
            70,
            "tick",
            text=lambda row: none_or_price(row, "liquidation"),
            tone=lambda row: Tone.FAINT if row["liquidation"] is None else None,
            shown_from=560,
        ),
        Column("unrealised", "P&L", Kind.SIGNED, 76, 2),
        Column("r_multiple", "P&L R", Kind.SIGNED, 60, 2, shown_from=480),
        Column(
            "stop",
            "Stop at venue",
            Kind.PRICE,
            92,
            "tick",
            text=lambda row: none_or_price(row, "stop"),
            tone=lambda row: Tone.WARNING if row["stop"] is None else None,
        ),
    )
    actions_declared = (
        Action("close", "Close at the market", "flatten"),
        Action("cancel", "Cancel its entries", "cancel"),
        Action("take", "Take over…", "", of_strategy, separated=True),
        Action("return", "Hand back…", "", returnable),
    )
    empty = "No open positions. F9 opens the ticket. Positions of every strategy appear here."
    sorted_by = "symbol"
    descending = False


def position_row(position: PositionView, model: EngineModel) -> Row:
    instrument = model.engine.market(position.symbol).instrument
    strategies = model.engine.strategies() if position.owner in (MANUAL, EXTERNAL) else ()
    takers = [each.name for each in strategies if each.symbol == position.symbol]
    return {
        "id": f"{position.owner} {position.symbol}",
        "symbol": position.symbol,
        "owner": position.owner,
        "quantity": position.quantity,
        "entry": position.entry,
        "mark": position.mark,
        "liquidation": position.liquidation,
        "unrealised": position.unrealised,
        "r_multiple": position.r_multiple,
        "stop": position.stop_at_venue,
        "tick": instrument.tick,
        "lot": instrument.lot,
        "takers": takers,
    }


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
        self.table.action_triggered.connect(self._act)
        self.table.row_activated.connect(lambda row: model.choose_symbol(row["symbol"]))
        self.header = WorkingHeader(self)
        self.orders = OrdersTable(self)
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
            (model.ticked, self._tick),
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
        working = self.model.working_orders()
        self.header.set_count(len(working))
        newest = sorted(working, key=lambda order: order.created_ns)[-NEWEST:]
        self.orders.replace([order_row(order, self.model) for order in newest])

    def _tick(self, frame: int) -> None:
        if frame % AGE_FRAMES == 0 and not self.orders.isHidden():
            self._show_orders()

    def _act(self, name: str, keys: Sequence[str]) -> None:
        for key in keys:
            row = self.table.rows_model.row_of(key)
            if row is None:
                continue
            if name == "close":
                self.model.command(Flatten(symbol=row["symbol"], owner=row["owner"]))
            elif name == "cancel":
                self._cancel_entries(row["symbol"], row["owner"])
            else:
                self.open_transfer(row)

    def _cancel_entries(self, symbol: str, owner: str) -> None:
        for order in self.model.working_orders():
            if order.symbol == symbol and order.owner == owner and not is_protective(order):
                self.model.command(CancelOrder(client_id=order.client_id))

    def open_transfer(self, row: Row) -> ReasonDialog:
        """Ask for the reason of a take-over or of a return."""
        taking = row["owner"] != MANUAL
        what = f"{row['symbol']} {row['quantity']:+f}".replace("-", "−")
        if taking:
            sentence = f"{what} moves from {row['owner']} to you, with its protective stop. Its entries are cancelled."
            title, action, choices = "Take over the position", "Take over", [MANUAL, *row["takers"]]
            if row["takers"]:
                sentence = f"{what} was traded by somebody else. Entries there are cancelled, exits move with it."
        else:
            sentence = f"{what} moves from you to a strategy, with its protective stop."
            title, action, choices = "Hand back the position", "Hand back", row["takers"]
        dialog = ReasonDialog(title, sentence, action, choices=choices, parent=self.window())
        symbol, owner = str(row["symbol"]), str(row["owner"])
        dialog.reason_given.connect(
            lambda reason, to: self.model.command(
                TransferPosition(symbol=symbol, from_owner=owner, to_owner=to, reason=reason)
            )
        )
        dialog.show()
        return dialog
