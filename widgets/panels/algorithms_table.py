"""Execution algorithms above the orders: what each is to do, how far it is, and what it waits for."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.controls.table import Action, Column, Kind, Row, RowState, Table
from widgets.engine.engine_model import EngineModel
from widgets.look.theme import current
from widgets.look.tokens import Tone
from workstation.core.algorithms import AlgorithmState
from workstation.core.messages import CancelAlgorithm, PauseAlgorithm, ResumeAlgorithm
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import Side
from workstation.core.views import AlgorithmView

MOST_ROWS = 4
COMMANDS: dict[str, type[Any]] = {"pause": PauseAlgorithm, "resume": ResumeAlgorithm, "cancel": CancelAlgorithm}


def paint_progress(painter: QPainter, cell: QRect, row: Row) -> None:
    """Filled, and behind it in a fainter shade what is at the venue."""
    tokens = current().tokens
    bar = cell.adjusted(6, 0, -6, 0)
    bar = QRect(bar.left(), bar.center().y() - 2, bar.width(), 5)
    painter.fillRect(bar, tokens.control)
    colour = tokens.colour(Tone.UP if row["buys"] else Tone.DOWN)
    faint = tokens.colour(Tone.FAINT)
    for share, shade in ((row["done"] + row["shown"], faint), (row["done"], colour)):
        painter.fillRect(QRect(bar.left(), bar.top(), round(bar.width() * min(1.0, share)), bar.height()), shade)


def state_tone(row: Row) -> Tone | None:
    return Tone.WARNING if row["paused"] or row["waits"] else None


class AlgorithmsTable(Table):
    """As high as its rows, up to four and half of its panel; it is there while an algorithm runs or is paused."""

    key = "algorithm_id"
    columns = (
        Column("started_ns", "Time", Kind.TIME, 74),
        Column("symbol", "Symbol", width=78),
        Column("kind", "Algorithm", Kind.SIDE, 112),
        Column("quantity", "Size", Kind.NUMBER, 72, "lot", tooltip="In the base asset"),
        Column("done", "Progress", Kind.TEXT, 70, paint=paint_progress),
        Column("filled", "Filled", Kind.NUMBER, 76, "lot", tooltip="In the base asset"),
        Column("working", "At venue", Kind.NUMBER, 72, "lot", shown_from=900, tooltip="In the base asset"),
        Column(
            "average",
            "Average",
            Kind.PRICE,
            84,
            "tick",
            shown_from=820,
            tooltip="Average price of what filled, in the quote asset",
        ),
        Column("step", "Step", width=56, shown_from=980, tooltip="Slices that were due, or orders that were shown."),
        Column("state", "State", width=150, tone=state_tone),
    )
    actions_declared = (
        Action("pause", "Pause", "pause", lambda rows: all(row["open"] and not row["paused"] for row in rows)),
        Action("resume", "Resume", "", lambda rows: all(row["paused"] for row in rows)),
        Action("cancel", "Cancel with its orders", "cancel", lambda rows: all(row["open"] for row in rows)),
    )
    sorted_by = "started_ns"

    def __init__(self, model: EngineModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._shown: list[Row] = []
        self.blocked = lambda: model.blocked
        self.action_triggered.connect(self._run)
        self.row_activated.connect(lambda row: model.choose_symbol(row["symbol"]))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.hide()

    def show_algorithms(self, views: list[AlgorithmView]) -> None:
        """Those that run or are paused; a double click on one shows its symbol."""
        rows = [algorithm_row(view, self._model) for view in views if view.state.is_live]
        if rows == self._shown:
            return
        grown = len(rows) != len(self._shown)
        self._shown = rows
        self.replace(rows)
        self.setVisible(bool(rows))
        if grown:
            self.updateGeometry()

    def _run(self, name: str, algorithm_ids: list[str]) -> None:
        for algorithm_id in algorithm_ids:
            self._model.command(COMMANDS[name](algorithm_id=algorithm_id))

    def sizeHint(self) -> QSize:
        head, row = self.horizontalHeader().sizeHint().height() + 2, self.verticalHeader().defaultSectionSize()
        parent = self.parentWidget()
        room = (parent.height() // 2 - head) // row if parent is not None else MOST_ROWS
        rows = max(1, min(MOST_ROWS, len(self._shown), room))
        return QSize(super().sizeHint().width(), head + rows * row)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())


def algorithm_row(view: AlgorithmView, model: EngineModel) -> Row:
    instrument = model.engine.market(view.symbol).instrument
    paused = view.state is AlgorithmState.PAUSED
    return {
        "algorithm_id": view.algorithm_id,
        "started_ns": view.started_ns,
        "symbol": view.symbol,
        "kind": f"{view.side.word.capitalize()} {view.kind}",
        "quantity": view.quantity,
        "filled": view.filled,
        "working": view.working,
        "done": float(view.filled / view.quantity),
        "shown": float(view.working / view.quantity),
        "average": view.average_price,
        "step": f"{view.steps} of {view.steps_planned}" if view.steps_planned else str(view.steps or ""),
        "state": state_words(view, model.engine.now_ns()),
        "buys": view.side is Side.BUY,
        "paused": paused,
        "waits": bool(view.detail) and not paused,
        "open": view.state.is_live,
        "tick": instrument.tick,
        "lot": instrument.lot,
        "row_state": RowState.NORMAL,
    }


def state_words(view: AlgorithmView, now_ns: int) -> str:
    """``Running, next in 12 s``, ``Paused: paused by desktop``, ``Waits: The feed is down.``"""
    if view.state is AlgorithmState.PAUSED:
        return f"Paused: {view.detail}"
    if view.detail:
        return f"Waits: {view.detail}"
    if not view.next_ns:
        return "Running"
    left_s = max(0, view.next_ns - now_ns) // SECOND_NS
    what = "ends" if view.steps == view.steps_planned else "next"
    return f"Running, {what} in {left_s // 60}:{left_s % 60:02}"
