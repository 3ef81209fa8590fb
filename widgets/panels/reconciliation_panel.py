"""Ours and the venue's account side by side, where they differ; a person accepts the venue's with a reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt, SignalInstance
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from widgets.controls.controls import Button, ToneLabel
from widgets.controls.dialogs import ReasonDialog
from widgets.controls.table import Column, Kind, Row, Table
from widgets.engine.engine_model import EngineModel
from widgets.look.numbers import format_age
from widgets.look.tokens import Tone
from widgets.panels.live_panel import LivePanel
from widgets.window.panic import plural
from workstation.core.messages import AcceptReconciliation, Difference, Reconcile
from workstation.core.views import ReconciliationView

NOTHING = "There is nothing to reconcile: the simulated venue's account is this engine's own."


class DifferencesTable(Table):
    key = "what"
    columns = (
        Column("what", "What", width=120),
        Column("ours", "Ours", Kind.NUMBER, 84, text=lambda row: row["ours"], tooltip="What the engine's books say"),
        Column(
            "theirs", "The venue's", Kind.NUMBER, 84, text=lambda row: row["theirs"], tooltip="What the exchange says"
        ),
        Column("proposed", "Proposed", width=150, label=True, takes_rest=True),
    )
    empty = "No differences. Orders, positions and balances are compared with the venue's."
    sorted_by = "what"
    descending = False


def difference_row(difference: Difference) -> Row:
    return {
        "what": difference.what,
        "ours": difference.ours,
        "theirs": difference.theirs,
        "proposed": difference.proposed,
    }


def state_words(view: ReconciliationView, now_ns: int) -> tuple[str, Tone]:
    """The line above the table."""
    if not view.reconciles:
        return NOTHING, Tone.LABEL
    if view.differences:
        return f"{plural(len(view.differences), 'difference')}: trading is halted", Tone.WARNING
    if view.comparing:
        return "Comparing …", Tone.LABEL
    if not view.agreed_ns:
        return "Not compared yet: no order that adds risk leaves", Tone.WARNING
    return f"Agreed {format_age(now_ns - view.agreed_ns)} ago", Tone.GOOD


class ReconciliationPanel(LivePanel):
    def __init__(self, model: EngineModel, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.state = ToneLabel("", Tone.LABEL, weight=500)
        self.state.setWordWrap(True)
        self.compare = Button("Compare now")
        self.compare.clicked.connect(self._compare)
        self.accept = Button("Accept the venue's…")
        self.accept.clicked.connect(self.open_accept)
        self.table = DifferencesTable(self)
        head = QHBoxLayout()
        head.setContentsMargins(10, 6, 10, 6)
        head.setSpacing(8)
        head.addWidget(self.state, 1)
        for button in (self.compare, self.accept):
            head.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.table, 1)
        self._reconciles = model.engine.reconciliation().reconciles
        for part in (self.compare, self.accept, self.table):
            part.setVisible(self._reconciles)
        if not self._reconciles:
            column.addStretch(1)

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        return ((self.model.differences_changed, self.refresh), (self.model.account_changed, self.refresh))

    def refresh(self, _: object = None) -> None:
        view = self.model.engine.reconciliation()
        words, tone = state_words(view, self.model.engine.now_ns())
        self.state.setText(words)
        self.state.set_tone(tone)
        if self._reconciles:
            self.table.replace([difference_row(difference) for difference in view.differences])
            self.table.flush()
            self.accept.setEnabled(bool(view.differences))
            self.accept.setToolTip("" if view.differences else "There is no difference to accept.")

    def _compare(self) -> None:
        self.model.engine.command(Reconcile())
        self.refresh()

    def open_accept(self) -> ReasonDialog:
        """Ask why the venue's account is taken over."""
        proposed = "; ".join(f"{each.what}: {each.proposed}" for each in self.model.differences)
        dialog = ReasonDialog(
            "Accept the venue's account",
            f"{proposed[:1].upper()}{proposed[1:]}. Trading goes on when the next comparison agrees.",
            "Accept",
            parent=self.window(),
        )
        dialog.reason_given.connect(lambda reason, _: self.model.command(AcceptReconciliation(reason=reason)))
        dialog.show()
        return dialog
