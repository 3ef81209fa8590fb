"""Context help: a card over the panel under the hand, gone with the next key or click."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.controls.controls import ToneLabel
from widgets.look import shapes
from widgets.look.theme import current
from widgets.look.tokens import Tone

WIDTH = 360


class HelpCard(QWidget):
    """A title over a text. It closes on Esc, on any other key, on a click and when the focus leaves."""

    def __init__(self, title: str, text: str, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName(f"{title}. {text}")
        self.title, self.text = title, text
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(6)
        column.addWidget(ToneLabel(title, pixels=13, weight=600))
        words = ToneLabel(text, Tone.LABEL)
        words.setWordWrap(True)
        words.setFixedWidth(WIDTH - 28)
        column.addWidget(words)
        self.setFixedWidth(WIDTH)
        self.adjustSize()

    def show_at(self, place: QPoint) -> None:
        """Open with the upper left corner there, on the screen."""
        screen = self.screen().availableGeometry()
        x = max(screen.left(), min(place.x(), screen.right() - self.width()))
        y = max(screen.top(), min(place.y(), screen.bottom() - self.height()))
        self.move(x, y)
        self.show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.close()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.close()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = current().tokens
        shapes.box(QPainter(self), self.rect(), tokens.raised, tokens.border, radius=0)
