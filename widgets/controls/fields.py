"""The input field: a figure with its unit, stepped by the arrow keys, and its error sentence."""

from __future__ import annotations

from decimal import Decimal

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from widgets.controls.controls import ToneLabel
from widgets.look import shapes
from widgets.look.numbers import decimals_of, format_number, parse_number, plain_number, separators
from widgets.look.style_primitives import IN_ERROR
from widgets.look.theme import current
from widgets.look.tokens import Tone


class Field(QLineEdit):
    """A line of input. With a unit or a step it is a figure and stands right.

    `unit_room` reserves pixels for the unit so that figures of several fields end at one place.
    """

    stepped = Signal()

    def __init__(
        self,
        text: str = "",
        *,
        unit: str = "",
        unit_room: int = 0,
        step: Decimal | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self._unit, self._unit_room, self._step = unit, unit_room, step
        self.figure = bool(unit) or step is not None
        """Whether a figure stands here: its marks follow the chosen number format."""
        self._marks = separators()
        self.setProperty(IN_ERROR, False)
        if unit or step is not None:
            self.setAlignment(shapes.RIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        current().changed.connect(self._dress)
        self._dress()

    @property
    def unit(self) -> str:
        return self._unit

    @property
    def in_error(self) -> bool:
        return bool(self.property(IN_ERROR))

    def number(self) -> Decimal | None:
        """The figure in the field, None when it is none."""
        self.follow_marks()
        return parse_number(self.text())

    def set_figure(self, value: Decimal | float | None) -> None:
        """All its digits, without marks of thousands; nothing for None."""
        self.follow_marks()
        self.setText("" if value is None else plain_number(value))

    def follow_marks(self) -> None:
        """Write what stands here with the marks of thousands and decimals that were chosen meanwhile: the figure stays
        the same."""
        before, now = self._marks, separators()
        if before == now:
            return
        self._marks = now
        if self.figure and parse_number(self.text(), before) is not None:
            self.setText(self.text().translate({ord(before.group): now.group, ord(before.point): now.point}))

    def set_number(self, value: Decimal | None, decimals: int) -> None:
        self.follow_marks()
        self.setText("" if value is None else format_number(value, decimals))

    def set_unit(self, unit: str) -> None:
        self._unit = unit
        self._dress()

    def set_step(self, step: Decimal | None) -> None:
        """The amount that an arrow key adds or takes."""
        self._step = step

    def set_in_error(self, wrong: bool) -> None:
        if wrong != self.in_error:
            self.setProperty(IN_ERROR, wrong)
            self._dress()

    @property
    def steppable(self) -> bool:
        """Whether the arrow keys change it."""
        return self._step is not None

    def step_by(self, steps: int) -> None:
        value = self.number()
        if self._step is None or value is None or self.isReadOnly():
            return
        moved = value + self._step * steps
        decimals = max(decimals_of(self._step), decimals_of(value))
        self.setText(format_number(moved, decimals))
        self.textEdited.emit(self.text())
        self.stepped.emit()

    def sizeHint(self) -> QSize:
        return QSize(130, current().metrics.field)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, current().metrics.field)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: 10, Qt.Key.Key_PageDown: -10}
        step = steps.get(Qt.Key(event.key()))
        if step is not None and self.steppable:
            self.step_by(step)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._unit:
            theme = current()
            room = self._room()
            # The same rounding as QLineEdit, so that value and unit share a baseline.
            line = self.fontMetrics().height()
            area = QRect(self.width() - room - 8, 1 + (self.height() - 1 - line) // 2, room, line)
            shapes.write(QPainter(self), area, self._unit, theme.tokens.text_3, theme.font())

    def _room(self) -> int:
        return max(self._unit_room, shapes.text_width(self._unit, current().font()))

    def _dress(self) -> None:
        theme = current()
        palette = theme.palette()
        if self.in_error:
            for group in (QPalette.ColorGroup.Active, QPalette.ColorGroup.Inactive):
                palette.setColor(group, QPalette.ColorRole.Text, theme.tokens.bad)
        self.setPalette(palette)
        self.setTextMargins(4, 0, self._room() + 10 if self._unit else 4, 0)
        self.setFixedHeight(theme.metrics.field)
        self.follow_marks()
        self.update()


class CheckedField(QWidget):
    """A field with the sentence below it that says what is wrong; without one it takes no room."""

    def __init__(self, field: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = field
        self._sentence = ToneLabel("", Tone.BAD, pixels=11)
        self._sentence.setWordWrap(True)
        self._sentence.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(field)
        layout.addWidget(self._sentence)

    @property
    def error(self) -> str:
        return self._sentence.text()

    def set_error(self, sentence: str) -> None:
        """Show the sentence, or nothing when it is empty."""
        self._sentence.setText(sentence)
        self._sentence.setVisible(bool(sentence))
        if isinstance(self.field, Field):
            self.field.set_in_error(bool(sentence))
