"""What the window shows until the engine runs: what is being done, or why it cannot be and what to do about it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from widgets.controls.controls import Button, ButtonKind, ToneLabel
from widgets.look.theme import current
from widgets.look.tokens import Tone

PROGRAM = "Trading Workstation"
WIDTH = 640


class StartPage(QWidget):
    """A title over a sentence; after a failure that a person can mend, buttons below."""

    keys_wanted = Signal()
    again_wanted = Signal()
    add_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = ToneLabel("", pixels=16, weight=500)
        self._text = ToneLabel("", Tone.LABEL)
        for label in (self._title, self._text):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            label.setWordWrap(True)
            label.setFixedWidth(WIDTH)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.keys = Button("Keys…")
        self.keys.clicked.connect(self.keys_wanted)
        self.again = Button("Try again", ButtonKind.PRIMARY)
        self.again.clicked.connect(self.again_wanted)
        self.add = Button("Add them and start", ButtonKind.PRIMARY)
        self.add.setToolTip("Writes them into the configuration; the file as it was is kept")
        self.add.clicked.connect(self.add_wanted)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(self.keys)
        buttons.addWidget(self.again)
        buttons.addWidget(self.add)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.addStretch(1)
        for label in (self._title, self._text):
            # An alignment in the column would give a label the height of another width than its own, and cut it.
            row = QHBoxLayout()
            row.addStretch(1)
            row.addWidget(label)
            row.addStretch(1)
            column.addLayout(row)
        column.addSpacing(6)
        column.addLayout(buttons)
        column.addStretch(1)
        self.tell("", "")

    @property
    def title(self) -> str:
        return self._title.text()

    @property
    def text(self) -> str:
        return self._text.text()

    def tell(self, title: str, text: str, *, keys: bool = False, again: bool = False, add: bool = False) -> None:
        """Show both, and the buttons that are asked for."""
        self._title.setText(title)
        self._text.setText(text)
        self.keys.setVisible(keys)
        self.again.setVisible(again)
        self.again.set_kind(ButtonKind.NORMAL if add else ButtonKind.PRIMARY)
        self.add.setVisible(add)
        if again or add:
            (self.add if add else self.again).setFocus()
        self.setAccessibleName(f"{title}. {text}")

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), current().tokens.ground)
