"""The trades of the shown run, as a table whose rows lead to the chart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.controls.controls import Button, ToneLabel
from widgets.controls.table import Column, Kind, Row, Table
from widgets.controls.toolbar import Toolbar
from widgets.engine.engine_model import EngineModel, Result
from widgets.look.numbers import format_date
from widgets.look.tokens import Tone
from widgets.research.export import write_csv
from widgets.research.result_panels import ResultPanel
from widgets.research.shown_result import Shown, ShownResult
from workstation.backtest.round_trips import Trade
from workstation.backtest.wording import plural
from workstation.core.errors import StorageError
from workstation.core.money import from_money
from workstation.core.timeframe import DAY_NS


def _span(row: Row) -> str:
    entry, leave = row["entry_ns"], row["exit_ns"]
    first = format_date(entry)
    if row["open"]:
        return f"{first} – open"
    if entry // DAY_NS == leave // DAY_NS:
        return first
    day, _, month = first.partition(" ")
    if format_date(leave).endswith(f" {month}") and leave - entry < 32 * DAY_NS:
        return f"{day} – {format_date(leave)}"
    return f"{first} – {format_date(leave)}"


class TradesTable(Table):
    key = "number"
    columns = (
        Column("entry_ns", "Entry – exit", Kind.TIME, 104, text=_span),
        Column("side", "Side", Kind.SIDE, 50),
        Column("quantity", "Size", Kind.NUMBER, 60, "lot", tooltip="In the base asset"),
        Column(
            "entry_price", "Entry", Kind.PRICE, 74, "tick", shown_from=520, tooltip="Average price in the quote asset"
        ),
        Column(
            "exit_price", "Exit", Kind.PRICE, 74, "tick", shown_from=520, tooltip="Average price in the quote asset"
        ),
        Column("reason", "Exit by", width=66, label=True),
        Column("net", "P&L", Kind.SIGNED, 66, 2, tooltip="After fees and funding, in the account's currency"),
        Column("r", "R", Kind.SIGNED, 40, 1, tooltip="In units of the risk to the first stop at the venue"),
        Column(
            "adverse",
            "Adverse",
            Kind.SIGNED,
            70,
            2,
            tone=lambda row: Tone.LABEL,
            shown_from=640,
            tooltip="Worst result on the way, in the account's currency",
        ),
        Column(
            "favourable",
            "Favourable",
            Kind.SIGNED,
            74,
            2,
            tone=lambda row: Tone.LABEL,
            shown_from=640,
            tooltip="Best result on the way, in the account's currency",
        ),
    )
    empty = "No trades. A run whose strategy never entered has none."
    sorted_by = "entry_ns"
    limit = 100_000


class TradesPanel(ResultPanel):
    """A click shows a trade on the run's chart; a double click or Return brings the chart to the front."""

    def __init__(
        self,
        model: EngineModel,
        shown: ShownResult,
        folder: Path,
        bring_chart: Callable[[], None] = lambda: None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(model, shown, parent)
        self._folder = folder
        self._bring_chart = bring_chart

    def build(self) -> None:
        self.table = TradesTable(self)
        self.table.selection_changed.connect(self._choose)
        self.table.row_activated.connect(lambda row: self._bring_chart())
        self.words = ToneLabel("", Tone.LABEL, pixels=11)
        self.export = Button("Export CSV")
        self.export.setToolTip("Write the trades and the equity as CSV files into the reports folder.")
        self.export.clicked.connect(self.write_files)
        bar = Toolbar()
        bar.row.addWidget(self.words, 1)
        bar.row.addWidget(self.export)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(bar)
        column.addWidget(self.table, 1)

    def show_result(self, shown: Shown | None) -> None:
        trades = shown.result.trades if shown is not None else ()
        self.table.empty = self.shown.hint if shown is None else TradesTable.empty
        self.table.replace([] if shown is None else [trade_row(trade, shown) for trade in trades])
        self.table.flush()
        self.words.setText("" if shown is None else f"{plural(len(trades), 'trade')}, {shown.result.run.currency}")
        self.export.setEnabled(shown is not None and shown.whole)

    def _choose(self, numbers: list[int]) -> None:
        """Of several it stays with the one before."""
        if len(numbers) == 1:
            self.shown.choose_trade(numbers[0])

    def write_files(self) -> None:
        """Trades and equity of the shown run, as files of the reports folder."""
        shown = self.shown.now
        if shown is None:
            return
        try:
            trades, equity = write_csv(self._folder, shown.number, self.table.as_csv(), shown.result)
        except StorageError as error:
            self.model.result_told.emit(Result(str(error), False))
        else:
            self.model.result_told.emit(Result(f"Written: {trades.name} and {equity.name} in {trades.parent}.", True))


def trade_row(trade: Trade, shown: Shown) -> Row:
    def money(amount: int | None) -> Any:
        return None if amount is None else from_money(amount)

    return {
        "number": trade.number,
        "entry_ns": trade.entry_ns,
        "exit_ns": trade.exit_ns,
        "open": trade.is_open,
        "side": "Long" if trade.side > 0 else "Short",
        "quantity": trade.quantity,
        "entry_price": trade.entry_price,
        "exit_price": trade.exit_price,
        "reason": "running" if trade.is_open else trade.exit_reason.removeprefix("protective ") or "–",
        "net": money(trade.net),
        "r": trade.r_multiple,
        "adverse": money(trade.adverse),
        "favourable": money(trade.favourable),
        "tick": shown.instrument.tick,
        "lot": shown.instrument.lot,
    }
