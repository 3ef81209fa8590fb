"""Orders: the working ones newest first, then those that ended, with cancel and amend by right click."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import SignalInstance
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.controls.controls import IconButton
from widgets.controls.dialogs import AmendDialog
from widgets.controls.table import Action, Column, Kind, Row, RowState, Table
from widgets.engine.engine_model import EngineModel
from widgets.engine.order_words import owner_tone, reason_words, shown_price, state_words, type_words
from widgets.panels.algorithms_table import AlgorithmsTable
from widgets.panels.live_panel import LivePanel
from workstation.core.messages import AmendOrder, CancelOrder
from workstation.core.types import OrderState
from workstation.core.views import OrderView

AGE_FRAMES = 15
WORKING_FIRST = 1 << 62


class CreatedColumn(Column):
    """When the order was made; working orders sort as newer than any that ended."""

    def order(self, row: Row) -> Any:
        return row["created_ns"] + (WORKING_FIRST if row["open"] else 0)


def is_working(rows: list[Row]) -> bool:
    return all(row["open"] for row in rows)


class OrdersTable(Table):
    key = "client_id"
    columns = (
        CreatedColumn("created_ns", "Time", Kind.TIME, 74),
        Column("symbol", "Symbol", width=78),
        Column("owner", "Owner", width=80, label=True, tone=owner_tone),
        Column("type", "Type", Kind.SIDE, 96),
        Column("quantity", "Size", Kind.NUMBER, 72, "lot", tooltip="In the base asset"),
        Column("price", "Price", Kind.PRICE, 80, "tick", tooltip="Limit, or trigger of a stop, in the quote asset"),
        Column("filled", "Filled", Kind.NUMBER, 68, "lot", shown_from=520, tooltip="So far, in the base asset"),
        Column("age", "Age", Kind.AGE, 60, shown_from=560, tooltip="Since it was placed"),
        Column("state", "State", Kind.STATE, 104),
        Column("reason", "Reason", width=120, label=True, shown_from=900),
    )
    actions_declared = (
        Action("cancel", "Cancel", "cancel", is_working),
        Action("amend", "Change…", "", lambda rows: len(rows) == 1 and is_working(rows)),
    )
    empty = "No working orders. F9 opens the ticket. Orders of every strategy appear here."
    sorted_by = "created_ns"
    limit = 2_000


def order_row(order: OrderView, model: EngineModel) -> Row:
    instrument = model.engine.market(order.symbol).instrument
    now_ns = model.engine.now_ns()
    open_ = order.state.is_open
    state = RowState.NORMAL if open_ else RowState.TERMINAL
    return {
        "client_id": order.client_id,
        "created_ns": order.created_ns,
        "symbol": order.symbol,
        "owner": order.owner,
        "type": type_words(order),
        "quantity": order.quantity,
        "price": shown_price(order),
        "filled": order.filled,
        "age": (now_ns if open_ else order.updated_ns) - order.created_ns,
        "state": state_words(order, now_ns),
        "reason": reason_words(order),
        "tick": instrument.tick,
        "lot": instrument.lot,
        "open": open_,
        "row_state": RowState.IN_DOUBT if order.state is OrderState.UNKNOWN else state,
    }


class OrderActions:
    """What the menus of order tables do."""

    def __init__(self, model: EngineModel, window: QWidget) -> None:
        self._model = model
        self._window = window

    def run(self, name: str, client_ids: Sequence[str]) -> None:
        if name == "cancel":
            for client_id in client_ids:
                self._model.command(CancelOrder(client_id=client_id))
        elif name == "amend":
            order = self._model.heard.orders.get(client_ids[0])
            if order is not None:
                self.open_amend(order)

    def open_amend(self, order: OrderView) -> AmendDialog:
        dialog = AmendDialog(order, self._model.engine.market(order.symbol).instrument, self._window.window())
        dialog.amended.connect(self._amend)
        dialog.show()
        return dialog

    def _amend(self, client_id: str, price: int | None, stop: int | None, lots: int | None) -> None:
        self._model.command(AmendOrder(client_id=client_id, price=price, stop_price=stop, lots=lots))


class OrdersPanel(LivePanel):
    def __init__(self, model: EngineModel, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.table = OrdersTable(self)
        self.table.blocked = lambda: model.blocked
        self.actions_ = OrderActions(model, self)
        self.table.action_triggered.connect(self.actions_.run)
        self.table.row_activated.connect(self._activated)
        self.working_only = IconButton("filter", "Show working orders only", checkable=True)
        self.working_only.toggled.connect(self.refresh)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.algorithms = AlgorithmsTable(model, self)
        column.addWidget(self.algorithms)
        column.addWidget(self.table)

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        return (
            (self.model.orders_changed, self._take),
            (self.frames, self._tick),
            (self.model.algorithms_changed, self.algorithms.show_algorithms),
        )

    def refresh(self) -> None:
        self.algorithms.show_algorithms(list(self.model.engine.algorithms()))
        orders = (
            self.model.heard.working_orders() if self.working_only.isChecked() else self.model.heard.orders.values()
        )
        self.table.replace([order_row(order, self.model) for order in orders])
        self.table.flush()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.algorithms.updateGeometry()

    def _take(self, orders: list[OrderView]) -> None:
        for order in orders:
            if self.working_only.isChecked() and not order.state.is_open:
                self.table.remove(order.client_id)
            else:
                self.table.upsert(order_row(order, self.model))

    def _tick(self, frame: int) -> None:
        if self.due(frame, AGE_FRAMES):
            for order in self.model.heard.working_orders():
                self.table.upsert(order_row(order, self.model))

    def _activated(self, row: Row) -> None:
        self.model.choose_symbol(row["symbol"])
