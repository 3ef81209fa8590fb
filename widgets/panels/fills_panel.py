"""Own executions, newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.controls.table import Column, Kind, Row, Table
from widgets.engine.engine_model import EngineModel
from widgets.engine.heard import KEPT_FILLS
from widgets.engine.order_words import owner_tone
from widgets.look.numbers import format_date, format_time, local_day
from widgets.look.tokens import Tone
from widgets.panels.live_panel import LivePanel
from workstation.core.views import FillView


def day_and_time(row: Row) -> str:
    """The time, with the date before it when that is not today."""
    time = format_time(row["ts_ns"])
    return time if row["today"] else f"{format_date(row['ts_ns'])} {time}"


class FillsTable(Table):
    key = "id"
    columns = (
        Column("ts_ns", "Time", Kind.TIME, 100, text=day_and_time),
        Column("symbol", "Symbol", width=78),
        Column("owner", "Owner", width=86, label=True, tone=owner_tone),
        Column("side", "Side", Kind.SIDE, 44),
        Column("quantity", "Size", Kind.NUMBER, 76, "lot", tooltip="In the base asset"),
        Column("price", "Price", Kind.PRICE, 86, "tick", tooltip="In the quote asset"),
        Column(
            "realised", "P&L", Kind.SIGNED, 72, 2, tooltip="Realised by it before fees, in the asset that it settles in"
        ),
        Column("cost", "Fee", Kind.SIGNED, 66, 4, tone=lambda row: Tone.LABEL, tooltip="Received when positive"),
        Column("fee_asset", "Fee in", width=52, label=True, shown_from=740),
        Column("liquidity", "Role", width=52, label=True, shown_from=680),
        Column(
            "slippage",
            "Slippage",
            Kind.SIGNED,
            70,
            4,
            tone=lambda row: Tone.LABEL,
            shown_from=780,
            tooltip="Against the trigger, the resting limit or else the price decided at, in the quote asset; a loss "
            "when negative",
        ),
        Column("reason", "Reason", width=130, label=True, shown_from=840),
        Column("client_id", "Order", width=90, label=True, shown_from=960, tooltip="The order's own id"),
    )
    empty = "No fills yet. Every execution of an own order appears here."
    sorted_by = "ts_ns"
    limit = KEPT_FILLS


class FillsPanel(LivePanel):
    def __init__(self, model: EngineModel, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.table = FillsTable(self)
        self.table.row_activated.connect(lambda row: model.choose_symbol(row["symbol"]))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        return ((self.model.fills_added, self._take),)

    def refresh(self) -> None:
        self.table.replace(
            [self._row(fill) for fill in self.model.heard.fills if fill.symbol in self.model.engine.symbols]
        )
        self.table.flush()

    def _take(self, fills: list[FillView]) -> None:
        for fill in fills:
            if fill.symbol in self.model.engine.symbols:
                self.table.upsert(self._row(fill))

    def _row(self, fill: FillView) -> Row:
        instrument = self.model.engine.market(fill.symbol).instrument
        return {
            "id": f"{fill.symbol} {fill.client_id} {fill.fill_id}",
            "ts_ns": fill.ts_ns,
            "today": local_day(fill.ts_ns) == local_day(self.model.engine.now_ns()),
            "symbol": fill.symbol,
            "owner": fill.owner,
            "side": fill.side.word.capitalize(),
            "quantity": fill.quantity,
            "price": fill.price,
            "realised": fill.realised,
            "cost": -fill.fee,
            "fee_asset": fill.fee_asset,
            "client_id": fill.client_id,
            "liquidity": fill.liquidity.value,
            "slippage": -fill.slippage,
            "reason": fill.reason,
            "tick": instrument.tick,
            "lot": instrument.lot,
        }
