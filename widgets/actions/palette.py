"""The command palette: everything that can be done, found by a few letters."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
from shiboken6 import isValid

from widgets.actions.fuzzy import match
from widgets.actions.palette_list import Entry, PaletteList
from widgets.actions.registry import Action, Actions
from widgets.look import shapes
from widgets.look.theme import current

WIDTH = 520
FIELD = 40
FOOT = 30
ORDER = ("Trade", "Symbols", "Panels", "Workspaces", "Chart", "Window", "Settings", "Help")
SHORT = 8
"""So many of a group are shown while several groups match."""


class Palette(QWidget):
    """Lies over the window, top centre, until something is chosen, Esc is pressed or the focus goes elsewhere."""

    keys_wanted = Signal(str)  # the name of the action that is to get a hotkey

    def __init__(self, actions: Actions, window: QWidget) -> None:
        super().__init__(window)
        self._actions = actions
        self._window = window
        self._all: list[Action] = []
        self._found = 0
        self._before: QWidget | None = None
        """What had the keyboard before, and has it again afterwards: actions are about the panel under the hand."""
        self.field = QLineEdit(self)
        self.field.setFrame(False)
        self.field.setPlaceholderText("Symbol, panel or command")
        self.field.setAccessibleName("Command palette")
        self.field.setFont(current().font(13))
        self.field.textChanged.connect(self._search)
        self.field.installEventFilter(self)
        self.list = PaletteList(self)
        self.list.chosen.connect(self._run)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, FIELD, 1, FOOT)
        column.addWidget(self.list)
        self.hide()

    def open(self) -> None:
        """Show everything, with the field ready."""
        if not self.isVisible():
            self._before = QApplication.focusWidget()
        self._all = self._actions.all()
        self.field.clear()
        self._search("")
        self.field.setFont(current().font(13))
        self.move((self._window.width() - WIDTH) // 2, 74)
        self.field.setGeometry(38, 6, WIDTH - 140, FIELD - 12)
        self.show()
        self.raise_()
        self.field.setFocus()

    def _search(self, query: str) -> None:
        found: list[tuple[int, Action, tuple[int, ...]]] = []
        for action in self._all:
            fit = match(query, action.text)
            if fit is not None:
                found.append((fit.score, action, fit.places))
        self._found = len(found)
        best: dict[str, int] = {}
        for score, action, _ in found:
            best[action.group] = max(score, best.get(action.group, score))
        place = {name: at for at, name in enumerate(ORDER)}
        groups = sorted(best, key=lambda name: (-best[name] if query else 0, place.get(name, len(ORDER))))
        entries: list[Entry] = []
        for group in groups:
            members = [each for each in found if each[1].group == group]
            if query:
                members.sort(key=lambda each: -each[0])
            short = members[:SHORT] if len(groups) > 1 else members
            entries += [self._entry(action, places) for _, action, places in short]
        self.list.set_entries(entries)
        self.resize(WIDTH, FIELD + self.list.height() + FOOT)
        self.update()

    def _entry(self, action: Action, places: tuple[int, ...]) -> Entry:
        why_not = action.enabled()
        scope = "" if why_not else action.scope()
        keys = self._actions.keys_of(action)
        return Entry(action.name, action.group, action.text, places, scope, keys, action.icon, why_not)

    def _run(self, name: str) -> None:
        self._close()
        self._actions.run(name)

    def _close(self) -> None:
        before, self._before = self._before, None
        self.hide()
        (before if before is not None and isValid(before) and before.isVisible() else self._window).setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            return self._press(event)
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            event.accept() if event.key() == Qt.Key.Key_Escape else None
            return event.key() == Qt.Key.Key_Escape
        if event.type() is QEvent.Type.FocusOut and self.isVisible():
            self.hide()
        return False

    def _press(self, event: QKeyEvent) -> bool:
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}
        key = Qt.Key(event.key())
        entry = self.list.entry
        if key in steps:
            self.list.move_by(steps[key])
        elif key is Qt.Key.Key_Escape:
            self._close()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and entry is not None:
            if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                self._close()
                self.keys_wanted.emit(entry.name)
            else:
                self._run(entry.name)
        else:
            return False
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current()
        tokens = theme.tokens
        painter = QPainter(self)
        shapes.box(painter, self.rect(), tokens.raised, tokens.border, radius=0)
        painter.fillRect(QRect(1, FIELD - 1, self.width() - 2, 1), tokens.border)
        shapes.place_pixmap(painter, QRect(14, 0, 14, FIELD), theme.pixmap("search", "text_2"))
        counted = QRect(self.width() - 110, 0, 96, FIELD)
        words = f"{self._found} of {len(self._all)}"
        shapes.write(painter, counted, words, tokens.text_3, theme.font(11), shapes.RIGHT)
        top = self.height() - FOOT
        painter.fillRect(QRect(1, top, self.width() - 2, 1), tokens.hairline)
        foot = QRect(14, top, self.width() - 28, FOOT)
        words = "Enter runs     Ctrl+Enter sets a key     Esc closes"
        shapes.write(painter, foot, words, tokens.text_3, theme.font(11))
