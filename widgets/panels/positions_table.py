"""Open positions as a table, and what a person may do to one: close, cancel its entries, take over, hand back."""

from __future__ import annotations

from decimal import Decimal

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QMenu, QWidget

from widgets.controls.dialogs import ReasonDialog
from widgets.controls.table import Action, Column, Kind, Row, Table
from widgets.engine.engine_model import EngineModel
from widgets.engine.order_words import is_protective, owner_tone
from widgets.look.numbers import format_price
from widgets.look.tokens import Tone
from workstation.core.messages import CancelOrder, Flatten, TransferPosition
from workstation.core.types import EXTERNAL, MANUAL
from workstation.core.views import PositionView


def of_strategy(rows: list[Row]) -> bool:
    return len(rows) == 1 and rows[0]["owner"] != MANUAL


def returnable(rows: list[Row]) -> bool:
    return len(rows) == 1 and rows[0]["owner"] == MANUAL and bool(rows[0]["takers"])


def stop_words(row: Row) -> str | None:
    """Beside the plain price: that there is no stop, or that it does not cover the whole position."""
    if row["stop"] is None:
        return "none"
    return f"part {format_price(row['stop'], row['tick'])}" if row["unstopped"] else None


class PositionsTable(Table):
    key = "id"
    columns = (
        Column("symbol", "Symbol", width=80),
        Column("owner", "Owner", width=90, label=True, tone=owner_tone),
        Column("quantity", "Size", Kind.SIGNED, 84, "lot", tooltip="In the base asset; negative is short"),
        Column("entry", "Entry", Kind.PRICE, 86, "tick", tooltip="Average price in the quote asset"),
        Column("mark", "Mark", Kind.PRICE, 86, "tick", tooltip="What it is valued at, in the quote asset"),
        Column(
            "liquidation",
            "Liq.",
            Kind.PRICE,
            70,
            "tick",
            text=lambda row: {None: "–", Decimal(0): "none"}.get(row["liquidation"]),
            tone=lambda row: None if row["liquidation"] else Tone.FAINT,
            shown_from=560,
            tooltip="Mark at which the venue closes it for want of margin, in the quote asset; – where it tells none",
        ),
        Column("unrealised", "P&L", Kind.SIGNED, 76, 2, tooltip="Unrealised, in the asset that it settles in"),
        Column(
            "r_multiple",
            "P&L R",
            Kind.SIGNED,
            60,
            2,
            shown_from=480,
            tooltip="Unrealised, in units of the risk to its first stop",
        ),
        Column(
            "stop",
            "Stop at venue",
            Kind.PRICE,
            92,
            "tick",
            text=stop_words,
            tone=lambda row: Tone.WARNING if row["stop"] is None or row["unstopped"] else None,
            tooltip="Trigger of the stop that works at the exchange, in the quote asset; “part” where it closes less",
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
        "unstopped": position.stopped < abs(position.quantity),
        "tick": instrument.tick,
        "lot": instrument.lot,
        "takers": takers,
    }


class PositionActions(QObject):
    """Carries them out; ``window`` is where a reason is asked for. ``name`` is that of the table's action."""

    def __init__(self, model: EngineModel, window: QWidget) -> None:
        super().__init__(window)
        self._model = model
        self._window = window

    def run(self, name: str, row: Row) -> None:
        if name == "close":
            self._model.command(Flatten(symbol=row["symbol"], owner=row["owner"]))
        elif name == "cancel":
            self._cancel_entries(row["symbol"], row["owner"])
        else:
            self.open_transfer(row)

    def menu(self, row: Row) -> QMenu:
        """What the table offers for this row."""
        menu = QMenu(self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for declared in PositionsTable.actions_declared:
            if declared.enabled is None or declared.enabled([row]):
                action = menu.addAction(declared.text)
                action.triggered.connect(lambda _=False, name=declared.name: self.run(name, row))
        return menu

    def _cancel_entries(self, symbol: str, owner: str) -> None:
        for order in self._model.heard.working_orders():
            if order.symbol == symbol and order.owner == owner and not is_protective(order):
                self._model.command(CancelOrder(client_id=order.client_id))

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
        dialog = ReasonDialog(title, sentence, action, choices=choices, parent=self._window.window())
        symbol, owner = str(row["symbol"]), str(row["owner"])
        dialog.reason_given.connect(
            lambda reason, to: self._model.command(
                TransferPosition(symbol=symbol, from_owner=owner, to_owner=to, reason=reason)
            )
        )
        dialog.show()
        return dialog
