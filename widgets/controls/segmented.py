"""The segmented control: one choice of several in a row."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.look import shapes
from widgets.look.theme import current
from widgets.look.tokens import Tone


class Segmented(QWidget):
    """One choice of several in a row. Left and right move the choice; `chosen` carries its index."""

    chosen = Signal(int)

    def __init__(
        self,
        texts: Sequence[str],
        *,
        framed: bool = True,
        tones: Sequence[Tone | None] = (),
        stretch: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._texts = list(texts)
        self._tones = list(tones) or [None] * len(self._texts)
        self._framed = framed
        self._stretch = stretch
        self._index = 0
        self._hovered = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        horizontal = QSizePolicy.Policy.Expanding if stretch else QSizePolicy.Policy.Fixed
        self.setSizePolicy(horizontal, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(", ".join(self._texts))

    @property
    def index(self) -> int:
        return self._index

    @property
    def text(self) -> str:
        """The chosen one; empty when none is."""
        return self._texts[self._index] if self._index >= 0 else ""

    def set_index(self, index: int) -> None:
        """Choose without a signal, nothing with -1. Raises IndexError outside the row."""
        if not -1 <= index < len(self._texts):
            raise IndexError(f"segment {index} of {len(self._texts)}")
        self._index = index
        self.update()

    def set_texts(self, texts: Sequence[str], index: int) -> None:
        """Other segments, without a signal."""
        self._texts, self._tones = list(texts), [None] * len(texts)
        self.setAccessibleName(", ".join(texts))
        self.set_index(index)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(sum(self._natural_widths()), current().metrics.button - (0 if self._framed else 4))

    def minimumSizeHint(self) -> QSize:
        return QSize(28 * len(self._texts), self.sizeHint().height())

    def _natural_widths(self) -> list[int]:
        font = current().font(12, 500)
        return [max(28, shapes.text_width(text, font) + 20) for text in self._texts]

    def segments(self) -> list[QRect]:
        """The area of each segment, without gaps."""
        widths = self._natural_widths()
        if self._stretch:
            each, rest = divmod(self.width(), len(widths))
            widths = [each + (1 if place < rest else 0) for place in range(len(widths))]
        elif sum(widths) > self.width():
            widths = [width * self.width() // sum(widths) for width in widths]
        areas, x = [], 0
        for width in widths:
            areas.append(QRect(x, 0, width, self.height()))
            x += width
        return areas

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current()
        tokens = theme.tokens
        painter = QPainter(self)
        areas = self.segments()
        whole = QRect(0, 0, areas[-1].right() + 1, self.height())
        if self._framed:
            shapes.box(painter, whole, tokens.ground, tokens.border)
        for place, area in enumerate(areas):
            self._paint_segment(painter, place, area, last=place == len(areas) - 1)
        if self.hasFocus():
            shapes.box(painter, whole, None, tokens.accent)

    def _paint_segment(self, painter: QPainter, place: int, area: QRect, *, last: bool) -> None:
        theme = current()
        tokens = theme.tokens
        on, tone = place == self._index, self._tones[place]
        colour = tokens.text_1 if on else tokens.text_2
        if not self.isEnabled():
            colour = tokens.text_3
        elif on and tone is not None:
            ground = {Tone.UP: tokens.up_ground, Tone.DOWN: tokens.down_ground}.get(tone, tokens.control)
            shapes.box(painter, area, ground, tokens.colour(tone))
            colour = tokens.colour(tone)
        elif on:
            shapes.box(painter, area, tokens.control, tokens.border if self._framed else None)
        elif place == self._hovered:
            shapes.box(painter, area.adjusted(1, 1, -1, -1), tokens.hover)
        if self._framed and not last and not on and place + 1 != self._index:
            painter.fillRect(QRect(area.right(), 1, 1, self.height() - 2), tokens.border)
        font = theme.font(12, 500)
        shapes.write(painter, area, self._texts[place], colour, font, shapes.CENTRE, elide=True)

    def _choose(self, index: int) -> None:
        if 0 <= index < len(self._texts) and index != self._index:
            self._index = index
            self.update()
            self.chosen.emit(index)

    def _at(self, event: QMouseEvent) -> int:
        point = event.position().toPoint()
        return next((place for place, area in enumerate(self.segments()) if area.contains(point)), -1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._choose(self._at(event))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        hovered = self._at(event)
        if hovered != self._hovered:
            self._hovered = hovered
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = -1
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self._choose(self._index + step)
