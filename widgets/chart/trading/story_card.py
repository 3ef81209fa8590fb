"""A small card over the chart that tells the story of a mark. A click, Esc or another mark puts it away."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.chart.trading.stories import Story
from widgets.controls.controls import ToneLabel
from widgets.controls.toolbar import FACT_LINE, Facts
from widgets.look import shapes
from widgets.look.theme import current
from widgets.look.tokens import Tone

WIDTH = 280
PADDING = 10
AWAY = 12
"""Pixels between the mark and its card."""


class StoryCard(QWidget):
    def __init__(self, story: Story, parent: QWidget) -> None:
        super().__init__(parent)
        self._over = parent
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedWidth(WIDTH)
        self.title = ToneLabel(story.title, weight=600)
        self.facts = Facts(len(story.facts))
        self.facts.setFixedHeight(len(story.facts) * FACT_LINE)
        self.facts.set_facts(story.facts)
        column = QVBoxLayout(self)
        column.setContentsMargins(PADDING, PADDING - 2, PADDING, PADDING - 2)
        column.setSpacing(4)
        column.addWidget(self.title)
        column.addWidget(self.facts)
        if story.text:
            words = ToneLabel(story.text, Tone.LABEL, pixels=11)
            words.setWordWrap(True)
            column.addWidget(words)
        self.setAccessibleName(story.title)

    def open_beside(self, place: QPoint) -> None:
        """Show it beside a place of its parent, within the parent."""
        self.adjustSize()
        room = self._over.rect()
        right = place.x() + AWAY + self.width() <= room.width()
        x = place.x() + AWAY if right else place.x() - AWAY - self.width()
        y = min(room.height() - self.height() - 4, max(4, place.y() - self.height() // 2))
        self.move(max(4, x), max(4, y))
        self.show()
        self.raise_()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()
        self.close()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = current().tokens
        shapes.box(QPainter(self), self.rect(), tokens.raised, tokens.border, radius=0)
