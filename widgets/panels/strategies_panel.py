"""Strategies: state, result, position; start, pause, stop; parameters, inner values and log of the selected one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QRect, Qt, SignalInstance
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from widgets.controls.controls import Button, ButtonKind, ToneLabel
from widgets.controls.form import Form
from widgets.controls.segmented import Segmented
from widgets.controls.table import Action, Column, Kind, Row, Table
from widgets.controls.toolbar import Toolbar
from widgets.engine.engine_model import EngineModel
from widgets.look import shapes
from widgets.look.theme import current
from widgets.look.tokens import Tone
from widgets.panels.live_panel import LivePanel
from widgets.panels.strategy_inside import InnerTable, StrategyLogTable, inner_rows, lines_of
from workstation.core.messages import PauseStrategy, SetParameters, StartStrategy, StopStrategy
from workstation.core.types import StrategyState
from workstation.core.views import StrategyView

STATE_TONES = {
    StrategyState.RUNNING: Tone.GOOD,
    StrategyState.PAUSED: Tone.WARNING,
    StrategyState.FAILED: Tone.BAD,
    StrategyState.STOPPED: Tone.FAINT,
}
FORM_WIDTH = 330
PARAMETERS, INSIDE, LOG = range(3)
FORM_FROM = 620  # pixels of width from which the form shows


def paint_state(painter: QPainter, cell: QRect, row: Row) -> None:
    theme = current()
    tokens = theme.tokens
    tone = STATE_TONES.get(row["state"], Tone.BAD)
    shapes.dot(painter, cell.left() + 3, cell.center().y() + 0.5, tokens.colour(tone))
    colour = tokens.colour(Tone.NORMAL if tone is Tone.GOOD else tone)
    shapes.write(painter, cell.adjusted(13, 0, 0, 0), row["word"], colour, theme.font(), elide=True)


def can_start(rows: list[Row]) -> bool:
    return any(row["loaded"] and row["state"] is not StrategyState.RUNNING for row in rows)


def can_pause(rows: list[Row]) -> bool:
    return any(row["state"] is StrategyState.RUNNING for row in rows)


def can_stop(rows: list[Row]) -> bool:
    return any(row["state"] in (StrategyState.RUNNING, StrategyState.PAUSED) for row in rows)


class StrategiesTable(Table):
    key = "name"
    columns = (
        Column("word", "State", Kind.STATE, 92, paint=paint_state),
        Column("name", "Strategy", width=106),
        Column("symbol", "Symbol", width=76, label=True, shown_from=400),
        Column("timeframe", "Bars", width=44, label=True, shown_from=420),
        Column("quantity", "Position", Kind.SIGNED, 70, "lot", tooltip="In the base asset"),
        Column("day_result", "Today", Kind.SIGNED, 60, 2, tooltip="Result of the UTC day, in the account's currency"),
        Column("detail", "Detail", width=150, label=True, shown_from=640),
    )
    actions_declared = (
        Action("start", "Start", "play", can_start),
        Action("pause", "Pause", "pause", can_pause),
        Action("stop", "Stop", "stop", can_stop),
    )
    empty = "No strategies. The configuration names those of the session."


class StrategiesPanel(LivePanel):
    def __init__(self, model: EngineModel, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.table = StrategiesTable(self)
        self.table.blocked = lambda: model.blocked
        self.table.action_triggered.connect(self._act)
        self.table.selection_changed.connect(self._select)
        self.form: Form | None = None
        self._views: dict[str, StrategyView] = {}
        self._chosen = ""
        self._awaited: dict[str, Any] = {}
        """Parameters that were sent to an engine elsewhere."""
        self.title = ToneLabel("", weight=600)
        self.start = Button("Start", icon="play")
        self.pause = Button("Pause", icon="pause")
        self.stop = Button("Stop", icon="stop")
        for name, button in (("start", self.start), ("pause", self.pause), ("stop", self.stop)):
            button.clicked.connect(lambda _=False, name=name: self._act(name, [self._chosen]))
        self.problem = ToneLabel("", Tone.BAD, pixels=11)
        self.problem.setWordWrap(True)
        self.apply = Button("Apply", ButtonKind.PRIMARY)
        self.apply.clicked.connect(self._apply)
        self.revert = Button("Revert")
        self.revert.clicked.connect(self._revert)
        self.form_area = QScrollArea()
        self.form_area.setFrameShape(QFrame.Shape.NoFrame)
        self.form_area.setWidgetResizable(True)
        self.form_area.setBackgroundRole(QPalette.ColorRole.Base)
        self.form_area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.inside, self.log = InnerTable(), StrategyLogTable()
        self.pages = QStackedWidget()
        for page in (self.form_area, self.inside, self.log):
            self.pages.addWidget(page)
        self.choice = Segmented(("Parameters", "Inside", "Log"), framed=False)
        self.choice.chosen.connect(self._choose_page)
        self._lay_out()

    def _lay_out(self) -> None:
        bar = Toolbar(lined=False)
        bar.row.setSpacing(6)
        bar.row.addWidget(self.title, 1)
        for button in (self.start, self.pause, self.stop):
            bar.row.addWidget(button)
        self.foot = QWidget()
        foot = QHBoxLayout(self.foot)
        foot.setContentsMargins(8, 2, 8, 4)
        foot.addWidget(self.problem, 1)
        foot.addWidget(self.revert)
        foot.addWidget(self.apply)
        self.side = QWidget()
        self.side.setFixedWidth(FORM_WIDTH)
        self.side.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Ignored)
        column = QVBoxLayout(self.side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        pages = Toolbar()
        pages.row.addWidget(self.choice)
        pages.row.addStretch(1)
        column.addWidget(bar)
        column.addWidget(pages)
        column.addWidget(self.pages, 1)
        column.addWidget(self.foot)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.table, 1)
        row.addWidget(self.side)

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        return (
            (self.model.strategies_changed, self.show_strategies),
            (self.model.log_added, self._show_log),
            (self.model.control_changed, self._edited),
            (self.model.control_changed, self._show_buttons),
        )

    def refresh(self) -> None:
        self.show_strategies(list(self.model.engine.strategies()))
        self.table.flush()
        self._show_log()
        if not self._chosen and self._views:
            running = [view.name for view in self._views.values() if view.state is StrategyState.RUNNING]
            self.table.select_key((running or list(self._views))[0])

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self.side.setVisible(self.width() >= FORM_FROM)

    def show_strategies(self, views: list[StrategyView]) -> None:
        self._views = {view.name: view for view in views}
        rows = [self._row(view) for view in views]
        rows += [_failed_row(name, reason) for name, reason in self.model.engine.failures.items()]
        self.table.replace(rows)
        self._show_buttons()
        self._follow_applied()
        self._show_inside()

    def _choose_page(self, page: int) -> None:
        self.pages.setCurrentIndex(page)
        self.foot.setVisible(page == PARAMETERS)
        self._show_inside()
        self._show_log()

    def _show_inside(self) -> None:
        if self.choice.index == INSIDE:
            view = self._views.get(self._chosen)
            self.inside.replace(inner_rows(view.inner if view is not None else ()))

    def _show_log(self, _: object = None) -> None:
        if self.choice.index == LOG:
            self.log.replace(lines_of(self.model.heard.log, self._chosen))

    def _row(self, view: StrategyView) -> Row:
        return {
            "name": view.name,
            "state": view.state,
            "word": view.state.value.capitalize(),
            "symbol": view.symbol,
            "timeframe": view.timeframe,
            "quantity": view.quantity,
            "day_result": view.day_result,
            "detail": view.detail,
            "lot": self.model.engine.market(view.symbol).instrument.lot,
            "loaded": True,
        }

    def _select(self, names: list[str]) -> None:
        if len(names) == 1 and names[0] != self._chosen:
            self._chosen, self._awaited = names[0], {}
            self._show_form()
            self._show_inside()
            self._show_log()

    def _show_form(self) -> None:
        view = self._views.get(self._chosen)
        self.title.setText(self._chosen)
        self.problem.setText(self.model.engine.failures.get(self._chosen, ""))
        if view is None:
            self.form = None
            self.form_area.setWidget(QWidget())
        else:
            values = {parameter.name: parameter.value for parameter in view.parameters}
            self.form = Form(view.parameters, values)
            self.form.setContentsMargins(8, 4, 8, 4)
            self.form.edited.connect(self._edited)
            self.form.setBackgroundRole(QPalette.ColorRole.Base)
            self.form.setAutoFillBackground(True)
            self.form_area.setWidget(self.form)
        self._edited()
        self._show_buttons()

    def _edited(self) -> None:
        valid = self.form is not None and self.form.is_valid()
        changed = valid and self.form is not None and bool(self.form.changed_values())
        self.apply.setEnabled(changed and not self.model.blocked)
        self.revert.setEnabled(self.form is not None and (changed or not valid))

    def _show_buttons(self) -> None:
        view = self._views.get(self._chosen)
        state = view.state if view is not None else None
        blocked = self.model.blocked
        self.start.setEnabled(not blocked and state is not None and state is not StrategyState.RUNNING)
        self.pause.setEnabled(not blocked and state is StrategyState.RUNNING)
        self.stop.setEnabled(not blocked and state in (StrategyState.RUNNING, StrategyState.PAUSED))
        for button in (self.start, self.pause, self.stop, self.apply):
            button.setToolTip(blocked)

    def _act(self, name: str, keys: Sequence[str]) -> None:
        commands: dict[str, Callable[[str], Any]] = {
            "start": lambda key: StartStrategy(strategy=key),
            "pause": lambda key: PauseStrategy(strategy=key),
            "stop": lambda key: StopStrategy(strategy=key),
        }
        for key in keys:
            if key in self._views:
                self.model.command(commands[name](key))
        self.refresh()

    def _apply(self) -> None:
        if self.form is None or not self.form.is_valid():
            return
        wanted = self.form.changed_values()
        self.problem.setText(self.model.command(SetParameters(strategy=self._chosen, values=wanted)))
        if self.model.engine.attachment is not None:
            # What was entered stays until the engine shows it.
            self._awaited = wanted
            return
        self.show_strategies(list(self.model.engine.strategies()))
        self._revert()

    def _follow_applied(self) -> None:
        view = self._views.get(self._chosen)
        values = {parameter.name: parameter.value for parameter in view.parameters} if view is not None else {}
        if self._awaited and all(values.get(name) == value for name, value in self._awaited.items()):
            self._awaited = {}
            self._revert()

    def _revert(self) -> None:
        view = self._views.get(self._chosen)
        if view is not None and self.form is not None:
            self.form.set_values({parameter.name: parameter.value for parameter in view.parameters})
            self._edited()


def _failed_row(name: str, reason: str) -> Row:
    return {
        "name": name,
        "state": StrategyState.FAILED,
        "word": "Not loaded",
        "symbol": "",
        "timeframe": "",
        "quantity": None,
        "day_result": None,
        "detail": reason,
        "lot": None,
        "loaded": False,
    }
