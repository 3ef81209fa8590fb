"""The hotkeys: every action with its own, searched and changed, with a word where a key is taken."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QKeySequenceEdit, QVBoxLayout, QWidget

from widgets.actions.registry import Action, Actions
from widgets.controls.controls import Button, ButtonKind, ToneLabel
from widgets.controls.fields import Field
from widgets.controls.table import Column, Kind, Row, Table
from widgets.look import shapes
from widgets.look.theme import current
from widgets.look.tokens import Tone

TITLE = "Hotkeys"


class HotkeysTable(Table):
    key = "name"
    columns = (
        Column("group", "Group", Kind.TEXT, 90, label=True),
        Column("text", "Action", Kind.TEXT, 250),
        Column("keys", "Hotkey", Kind.TEXT, 120),
        Column("own", "Default", Kind.TEXT, 120, label=True, tooltip="The hotkey that it has when none was chosen"),
    )
    empty = "No action matches."


class HotkeysDialog(QDialog):
    """Not modal. A key that another action has is taken from it with the second press of Set."""

    def __init__(self, actions: Actions, parent: QWidget | None = None, chosen: str = "") -> None:
        super().__init__(parent)
        self.setWindowTitle(TITLE)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(QSize(640, 520))
        self._actions = actions
        self._asked = ""
        self.search = Field()
        self.search.setPlaceholderText("Search")
        self.search.setAccessibleName("Search the actions")
        self.table = HotkeysTable(self)
        self.keys = QKeySequenceEdit(self)
        self.keys.setMaximumSequenceLength(1)
        self.keys.setAccessibleName("New hotkey")
        self.set = Button("Set", ButtonKind.PRIMARY)
        self.clear = Button("None")
        self.own = Button("Default")
        self.reset = Button("Reset all")
        self.done_button = Button("Close")
        self.problem = ToneLabel("", Tone.WARNING, pixels=11)
        self.problem.setWordWrap(True)
        self._lay_out()
        self.search.textChanged.connect(self.table.set_filter)
        self.table.selection_changed.connect(self._show_chosen)
        self.keys.keySequenceChanged.connect(lambda _: self._tell(""))
        self.set.clicked.connect(lambda: self._take(self.keys.keySequence().toString()))
        self.clear.clicked.connect(lambda: self._take(""))
        self.own.clicked.connect(self._take_own)
        self.reset.clicked.connect(actions.reset_keys)
        self.done_button.clicked.connect(self.close)
        actions.keys_changed.connect(self._fill)
        self._fill()
        self.table.flush()
        self.table.select_key(chosen)
        self._show_chosen([])
        (self.keys if chosen else self.search).setFocus()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(10)
        column.addWidget(ToneLabel(TITLE, pixels=16, weight=600))
        column.addWidget(self.search)
        column.addWidget(self.table, 1)
        chosen = QHBoxLayout()
        chosen.setSpacing(8)
        chosen.addWidget(self.keys, 1)
        for button in (self.set, self.clear, self.own):
            chosen.addWidget(button)
        column.addLayout(chosen)
        column.addWidget(self.problem)
        ends = QHBoxLayout()
        ends.addWidget(self.reset)
        ends.addStretch(1)
        ends.addWidget(self.done_button)
        column.addLayout(ends)

    def _fill(self) -> None:
        self.table.replace(self._row(action) for action in self._actions.all())
        self.table.flush()

    def _row(self, action: Action) -> Row:
        keys = self._actions.keys_of(action)
        return {"name": action.name, "group": action.group, "text": action.text, "keys": keys, "own": action.keys}

    @property
    def chosen(self) -> Action | None:
        """The action whose hotkey is changed."""
        keys = self.table.selected_keys()
        return self._actions.find(keys[0]) if keys else None

    def _show_chosen(self, _: list[str]) -> None:
        action = self.chosen
        for widget in (self.keys, self.set, self.clear, self.own):
            widget.setEnabled(action is not None)
        self.keys.setKeySequence(QKeySequence(self._actions.keys_of(action) if action is not None else ""))
        self._tell("" if action is not None else "Choose an action to change its hotkey.")

    def _tell(self, sentence: str, asked: str = "") -> None:
        self.problem.setText(sentence)
        self._asked = asked

    def _take_own(self) -> None:
        action = self.chosen
        if action is not None:
            self._take(action.keys)

    def _take(self, keys: str) -> None:
        action = self.chosen
        if action is None:
            return
        problem = self._actions.why_not_keys(action, keys)
        if problem:
            self._tell(problem)
            return
        holder = self._actions.held_by(keys, action.name)
        if holder and self._asked != keys:
            self._tell(f"{keys} belongs to {holder}. Press Set again to take it from there.", keys)
            self.keys.blockSignals(True)
            self.keys.setKeySequence(QKeySequence(keys))
            self.keys.blockSignals(False)
            return
        self._actions.set_keys(action, keys)
        self.table.select_key(action.name)
        self.keys.setKeySequence(QKeySequence(keys))
        self._tell(f"“{action.text}” has {keys} now." if keys else f"“{action.text}” has no hotkey now.")

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = current().tokens
        shapes.box(QPainter(self), self.rect(), tokens.raised, tokens.border, radius=0)
