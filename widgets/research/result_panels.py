"""Panels over the result that is shown: figures with months and assumptions, and the trades."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, SignalInstance
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from widgets.controls.controls import Button, SectionHeader, ToneLabel
from widgets.controls.segmented import Segmented
from widgets.controls.table import Column, Kind, Row, Table
from widgets.controls.toolbar import Toolbar
from widgets.engine.engine_model import EngineModel, Result
from widgets.look.numbers import format_date
from widgets.look.tokens import Tone
from widgets.panels.live_panel import LivePanel
from widgets.research.export import write_csv
from widgets.research.figures import COSTS, ROWS, shown_figures
from widgets.research.figures_view import FiguresView, LinesView, MonthsView
from widgets.research.shown_result import Shown, ShownResult
from workstation.backtest.result import BacktestResult
from workstation.backtest.round_trips import Trade
from workstation.backtest.wording import assumptions, period
from workstation.core.errors import StorageError
from workstation.core.money import from_money
from workstation.core.timeframe import DAY_NS, utc_datetime

SECTIONS = ("Figures", "Costs", "Assumptions", "Parameters")


class ResultPanel(LivePanel):
    """Hears of the shown result while it is shown itself; ``show_result`` brings it up to date."""

    def __init__(self, model: EngineModel, shown: ShownResult, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.shown = shown
        self._built = False

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        return ((self.shown.changed, self.refresh),)

    def refresh(self) -> None:
        if not self._built:
            self._built = True
            self.build()
        self.show_result(self.shown.now)

    def build(self) -> None:
        """Make the widgets, when the panel is first shown."""
        raise NotImplementedError

    def show_result(self, shown: Shown | None) -> None:
        raise NotImplementedError


class FiguresPanel(ResultPanel):
    def build(self) -> None:
        self.title = ToneLabel("", weight=500)
        self.detail = ToneLabel("", Tone.LABEL, pixels=11)
        self.detail.setWordWrap(True)
        self.section = Segmented(SECTIONS, framed=False)
        self.section.chosen.connect(lambda _: self._choose())
        self.figures = FiguresView()
        self.months = MonthsView()
        self.month_head = SectionHeader("Months")
        self.costs = FiguresView()
        self.lines = LinesView()
        inside = QWidget()
        inside.setBackgroundRole(QPalette.ColorRole.Base)
        inside.setAutoFillBackground(True)
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        head = QWidget()
        words = QVBoxLayout(head)
        words.setContentsMargins(12, 8, 12, 6)
        words.setSpacing(2)
        words.addWidget(self.title)
        words.addWidget(self.detail)
        month_row = QWidget()
        beside = QHBoxLayout(month_row)
        beside.setContentsMargins(12, 6, 12, 0)
        beside.addWidget(self.month_head)
        self.month_row = month_row
        for widget in (head, self.figures, month_row, self.months, self.costs, self.lines):
            column.addWidget(widget)
        column.addStretch(1)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        bar = Toolbar()
        bar.row.addWidget(self.section)
        bar.row.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(bar)
        whole.addWidget(area, 1)

    def show_result(self, shown: Shown | None) -> None:
        if shown is None:
            self.title.setText("No result")
            self.detail.setText(self.shown.hint)
        else:
            self._fill(shown)
        self._choose()

    def _fill(self, shown: Shown) -> None:
        run = shown.result.run
        self.title.setText(shown.title)
        if shown.whole:
            self.detail.setText(" ".join((f"{period(run)}.", *run.warnings)))
            last = None
        else:
            self.detail.setText(f"To {format_date(run.end_ns, year=True)}; what comes after is not shown.")
            moment = utc_datetime(shown.end_ns - 1)
            last = (moment.year, moment.month)
        self.figures.set_figures(shown_figures(shown.result.figures, ROWS))
        self.costs.set_figures(shown_figures(shown.result.figures, COSTS))
        self.months.set_months(shown.result.figures.months, last)

    def _choose(self) -> None:
        shown, section = self.shown.now, self.section.text
        there = shown is not None
        self.figures.setVisible(there and section == "Figures")
        self.month_row.setVisible(there and section == "Figures")
        self.months.setVisible(there and section == "Figures")
        self.costs.setVisible(there and section == "Costs")
        self.lines.setVisible(there and section in ("Assumptions", "Parameters"))
        if shown is not None and section == "Assumptions":
            self.lines.set_lines([(subject, text, Tone.NORMAL) for subject, text in assumptions(shown.result.run)])
        elif shown is not None and section == "Parameters":
            self.lines.set_lines(parameter_lines(shown.result))


def parameter_lines(result: BacktestResult) -> list[tuple[str, str, Tone]]:
    """Each parameter with its value."""
    return [(name, str(value).replace("-", "−"), Tone.NORMAL) for name, value in result.run.parameters.items()]


def _span(row: Row) -> str:
    entry, leave = row["entry_ns"], row["exit_ns"]
    first = format_date(entry)
    if row["open"]:
        return f"{first} – open"
    if entry // DAY_NS == leave // DAY_NS:
        return first
    return f"{first} – {format_date(leave)}"


class TradesTable(Table):
    key = "number"
    columns = (
        Column("entry_ns", "Entry – exit", Kind.TIME, 104, text=_span),
        Column("side", "Side", Kind.SIDE, 50),
        Column("quantity", "Size", Kind.NUMBER, 60, "lot"),
        Column("entry_price", "Entry", Kind.PRICE, 74, "tick", shown_from=520),
        Column("exit_price", "Exit", Kind.PRICE, 74, "tick", shown_from=520),
        Column("reason", "Exit by", width=66, label=True),
        Column("net", "P&L", Kind.SIGNED, 66, 2, tooltip="After fees and funding, in the account's currency"),
        Column("r", "R", Kind.SIGNED, 40, 1, tooltip="In units of the risk to the initial stop"),
        Column("adverse", "Adverse", Kind.SIGNED, 70, 2, tone=lambda row: Tone.LABEL, shown_from=640),
        Column("favourable", "Favourable", Kind.SIGNED, 74, 2, tone=lambda row: Tone.LABEL, shown_from=640),
    )
    empty = "No trades. A run whose strategy never entered has none."
    sorted_by = "entry_ns"
    limit = 100_000


class TradesPanel(ResultPanel):
    """The trades of the shown run; a double click shows one on the chart."""

    def __init__(
        self,
        model: EngineModel,
        shown: ShownResult,
        folder: Path,
        show_trade: Callable[[int], None] = lambda time_ns: None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(model, shown, parent)
        self._folder = folder
        self._show_trade = show_trade

    def build(self) -> None:
        self.table = TradesTable(self)
        self.table.row_activated.connect(lambda row: self._show_trade(row["entry_ns"]))
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
        self.table.replace([] if shown is None else [trade_row(trade, shown) for trade in trades])
        self.table.flush()
        self.words.setText("" if shown is None else f"{len(trades):,} trades, {shown.result.run.currency}")
        self.export.setEnabled(shown is not None and shown.whole)

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
