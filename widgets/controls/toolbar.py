"""Parts of panel toolbars and the small lists of facts in panels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from widgets.look import shapes
from widgets.look.theme import current
from widgets.look.tokens import Tone

FACT_LINE = 18


class TextButton(QToolButton):
    """Flat text in a toolbar: a switch when checkable, with an arrow when it opens a menu, with a count on request."""

    def __init__(
        self,
        text: str,
        tip: str = "",
        *,
        checkable: bool = False,
        opens: bool = False,
        inset: int = 7,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._opens = opens
        self._inset = inset
        self._count: int | None = None
        self.setText(text)
        self.setToolTip(tip)
        self.setAccessibleName(tip or text)
        self.setCheckable(checkable)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        current().changed.connect(self.updateGeometry)

    def set_count(self, count: int | None) -> None:
        if count != self._count:
            self._count = count
            self.updateGeometry()
            self.update()

    def set_text(self, text: str) -> None:
        if text != self.text():
            self.setText(text)
            self.updateGeometry()

    def _words(self) -> str:
        return self.text() if self._count is None else f"{self.text()} {self._count}"

    def sizeHint(self) -> QSize:
        width = shapes.text_width(self._words(), current().font(12, 500)) + self._inset + 7 + (16 if self._opens else 0)
        return QSize(max(24, width), 22)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current()
        tokens = theme.tokens
        painter = QPainter(self)
        if self.isEnabled() and (self.isDown() or self.underMouse()):
            shapes.box(painter, self.rect(), tokens.ground if self.isDown() else tokens.hover)
        if self.hasFocus():
            shapes.box(painter, self.rect(), None, tokens.accent)
        strong = self.isChecked() if self.isCheckable() else True
        colour = tokens.text_3 if not self.isEnabled() or not strong else tokens.text_1
        if not self.isCheckable() and self.isEnabled():
            colour = tokens.text_2
        font = theme.font(12, 500)
        area = self.rect().adjusted(self._inset, 0, -2, 0)
        shapes.write(painter, area, self.text(), colour, font)
        used = shapes.text_width(self.text(), font)
        if self._count is not None:
            count = area.adjusted(used + 4, 0, 0, 0)
            shapes.write(painter, count, str(self._count), tokens.text_3, theme.font())
        if self._opens:
            arrow = QRect(self.width() - 18, 0, 12, self.height())
            shapes.place_pixmap(painter, arrow, theme.pixmap("chevron-down", "text_3", 12))


class Separator(QWidget):
    """A short vertical hairline between groups of a toolbar."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(9, 22)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(QRect(4, 3, 1, self.height() - 6), current().tokens.hairline)


class Hairline(QWidget):
    """A horizontal line across a panel."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), current().tokens.hairline)


class Toolbar(QWidget):
    """A row of controls at the top of a panel, on ground with a hairline below."""

    def __init__(self, parent: QWidget | None = None, *, lined: bool = True) -> None:
        super().__init__(parent)
        self._lined = lined
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(6, 0, 6, 1)
        self.row.setSpacing(2)
        self.setFixedHeight(current().metrics.panel_toolbar)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._spare: Sequence[QWidget] = ()

    def leave_out(self, *widgets: QWidget) -> None:
        """Where there is no room for everything these are hidden, the first one first."""
        self._spare = widgets

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for widget in self._spare:
            widget.show()
        self._fit()

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()  # a text has become longer
        return done

    def _fit(self) -> None:
        for widget in self._spare:
            if self.row.sizeHint().width() <= self.width():
                break
            widget.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = current().tokens
        painter = QPainter(self)
        painter.fillRect(self.rect(), tokens.ground)
        if self._lined:
            painter.fillRect(QRect(0, self.height() - 1, self.width(), 1), tokens.hairline)


class Fact(NamedTuple):
    label: str
    value: str
    tone: Tone = Tone.NORMAL


class Facts(QWidget):
    """Lines of a label at the left and its value at the right; lines for which there is no room are left out."""

    def __init__(self, lines: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._facts: Sequence[Fact] = ()
        self._lines = lines
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)

    def set_facts(self, facts: Sequence[Fact]) -> None:
        if facts != self._facts:
            if len(facts) != len(self._facts):
                self.updateGeometry()
            self._facts = facts
            self.setAccessibleDescription("; ".join(f"{fact.label} {fact.value}" for fact in facts))
            self.update()

    @property
    def facts(self) -> Sequence[Fact]:
        return self._facts

    def sizeHint(self) -> QSize:
        return QSize(180, max(self._lines, len(self._facts)) * FACT_LINE)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current()
        tokens = theme.tokens
        painter = QPainter(self)
        font = theme.font()
        for place, fact in enumerate(self._facts):
            line = QRect(0, place * FACT_LINE, self.width(), FACT_LINE)
            if line.bottom() > self.height():
                break
            shapes.write(painter, line, fact.label, tokens.text_2, font)
            shapes.write(painter, line, fact.value, tokens.colour(fact.tone), font, shapes.RIGHT)


def popup_below(menu: QMenu, widget: QWidget) -> None:
    """Open a menu under a button; it goes when it closes."""
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.popup(widget.mapToGlobal(widget.rect().bottomLeft()))
