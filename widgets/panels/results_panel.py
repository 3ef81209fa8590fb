"""What was earned, in a table by strategy, symbol, day, or who traded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.controls.controls import ToneLabel
from widgets.controls.segmented import Segmented
from widgets.controls.table import Column, Kind, Table
from widgets.controls.toolbar import Toolbar
from widgets.engine.engine_model import KEPT_FILLS, EngineModel
from widgets.look.numbers import format_date, format_number, format_time, tone_of
from widgets.look.tokens import Tone
from widgets.panels.live_panel import LivePanel
from workstation.core.views import FillView, FundingView
from workstation.trading.results import Grouping, Result, Results

GROUPINGS = (Grouping.STRATEGY, Grouping.SYMBOL, Grouping.DAY, Grouping.WHO)


class ResultsTable(Table):
    key = "id"
    columns = (
        Column("name", "Name", width=92),
        Column("fills", "Fills", Kind.NUMBER, 40, 0),
        Column("realised", "Realised", Kind.SIGNED, 64, 2, tooltip="Before fees and funding"),
        Column("fees", "Fees", Kind.SIGNED, 56, 2, tone=lambda row: Tone.LABEL, tooltip="Received when positive"),
        Column("funding", "Funding", Kind.SIGNED, 60, 2, tone=lambda row: Tone.LABEL, shown_from=330),
        Column("net", "Net", Kind.SIGNED, 64, 2),
        Column("asset", "Asset", width=50, label=True, shown_from=400),
    )
    empty = "No results yet. They are made of executions and funding."
    sorted_by = "net"


class ResultsPanel(LivePanel):
    def __init__(self, model: EngineModel, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.table = ResultsTable()
        self.choice = Segmented(("Strategy", "Symbol", "Day", "Who"), framed=False)
        self.choice.chosen.connect(self._show)
        self.net = ToneLabel("", weight=600)
        self.note = ToneLabel("", Tone.FAINT, pixels=11)
        self.note.setContentsMargins(6, 2, 6, 3)
        self._results = Results({})
        bar = Toolbar()
        bar.row.addWidget(self.choice)
        bar.row.addStretch(1)
        bar.row.addWidget(self.net)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(bar)
        column.addWidget(self.table, 1)
        column.addWidget(self.note)

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        return ((self.model.fills_added, self._take_fills), (self.model.payments_added, self._take_payments))

    def refresh(self) -> None:
        engine = self.model.engine
        self._results = Results({symbol: engine.market(symbol).instrument for symbol in engine.symbols})
        self._take_payments(self.model.payments)
        self._take_fills(self.model.fills)
        self.table.flush()

    def _take_fills(self, fills: Sequence[FillView]) -> None:
        for fill in fills:
            self._results.add(fill)
        self._show()

    def _take_payments(self, payments: Sequence[FundingView]) -> None:
        for payment in payments:
            self._results.add_funding(payment)
        self._show()

    def _show(self, _: int = 0) -> None:
        self.table.replace(result_row(result) for result in self._results.by(GROUPINGS[self.choice.index]))
        nets = self._results.net()
        self.net.setText(", ".join(format_number(net, 2, signed=True, unit=asset) for asset, net in nets.items()))
        self.net.set_tone(tone_of(next(iter(nets.values()))) if len(nets) == 1 else Tone.NORMAL)
        self.note.setText(self._note())
        self.note.setToolTip(self.note.text())
        self.note.setVisible(bool(self.note.text()))

    def _note(self) -> str:
        """From when, and what the results do not hold."""
        results = self._results
        if not results.since_ns:
            return ""
        words = [f"Since {format_date(results.since_ns, year=True)} {format_time(results.since_ns)}"]
        if len(self.model.fills) >= KEPT_FILLS:
            words.append(f"the newest {KEPT_FILLS:,} fills")
        if not self.model.past_payments_known:
            words.append("funding since this window opened")
        words += [f"without fees of {format_number(fee, 8, unit=asset)}" for asset, fee in results.unpriced.items()]
        if results.unknown:
            words.append(f"without {results.unknown:,} fills of other symbols")
        return ", ".join(words)


def result_row(result: Result) -> dict[str, Any]:
    return {
        "id": f"{result.name} {result.asset}",
        "name": result.name,
        "asset": result.asset,
        "fills": result.fills,
        "realised": result.realised,
        "fees": -result.fees,
        "funding": result.funding,
        "net": result.net,
    }
