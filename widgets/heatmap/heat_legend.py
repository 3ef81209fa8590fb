"""The ramp of the heatmap with what its ends stand for."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.look import shapes
from widgets.look.theme import current

RAMP: Final = 128
HEIGHT: Final = 8
TEXT: Final = 64


class HeatLegend(QWidget):
    """``Size 0``, the ramp, and the size at its end, which larger ones share."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setToolTip("Resting size by colour. The brightest is the 99th percentile of what is shown, and more.")
        current().changed.connect(self.update)

    @property
    def text(self) -> str:
        """The size at the end of the ramp."""
        return self._text

    def set_text(self, text: str) -> None:
        if text != self._text:
            self._text = text
            self.setAccessibleName(f"Resting size, up to {text}")
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(RAMP + 2 * TEXT, 22)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 22)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, painter = current(), QPainter(self)
        room = self.width() - 2 * TEXT
        font, tokens = theme.font(11), theme.tokens
        if room < 16:
            shapes.write(painter, self.rect(), self._text, tokens.text_2, font, shapes.RIGHT, elide=True)
            return
        shapes.write(painter, QRect(0, 0, TEXT - 8, 22), "Size 0", tokens.text_3, font, shapes.RIGHT)
        ramp, top = tokens.heatmap, (self.height() - HEIGHT) // 2
        for step, colour in enumerate(ramp):
            left, right = step * room // len(ramp), (step + 1) * room // len(ramp)
            painter.fillRect(QRect(TEXT + left, top, right - left, HEIGHT), colour)
        area = QRect(TEXT + room + 8, 0, TEXT - 8, 22)
        shapes.write(painter, area, self._text, tokens.text_2, font, elide=True)
