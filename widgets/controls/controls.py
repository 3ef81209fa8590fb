"""Flat controls that panels and toolbars are made of: buttons, key cap, section header, verdict."""

from __future__ import annotations

from enum import Enum

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from widgets.look import shapes
from widgets.look.theme import current
from widgets.look.tokens import Mode, Tone, mix

COUNT_LIMIT = 99


class ButtonKind(Enum):
    NORMAL = "normal"
    PRIMARY = "primary"
    SUBMIT = "submit"
    KILL = "kill"
    KILLED = "killed"
    BAND = "band"
    NOTICE = "notice"


class Button(QPushButton):
    """A flat button. PRIMARY is the accent, SUBMIT the mode's colour with a stripe in the side's tone,
    BAND an outline on the mode banner, NOTICE a warning there that opens what it is about.
    """

    def __init__(
        self,
        text: str,
        kind: ButtonKind = ButtonKind.NORMAL,
        *,
        icon: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self._kind = kind
        self._icon = icon
        self._count: int | None = None
        self._mode = Mode.PAPER
        self._stripe = Tone.UP
        self._reserved = 0
        self.setAutoDefault(False)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        current().changed.connect(self.updateGeometry)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return presses it as the space bar does, once however long it is held."""
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
        elif not event.isAutoRepeat():
            self.click()

    @property
    def kind(self) -> ButtonKind:
        return self._kind

    def set_kind(self, kind: ButtonKind) -> None:
        self._kind = kind
        self.update()

    def set_icon_name(self, name: str) -> None:
        self._icon = name
        self.update()

    def set_count(self, count: int | None) -> None:
        """A figure after the text; room for two digits is always kept so that nothing moves."""
        if count != self._count:
            self._count = count
            self.update()

    def set_submit(self, mode: Mode, stripe: Tone = Tone.UP) -> None:
        """The mode whose colour a SUBMIT or BAND button takes, and the side's tone."""
        self._mode, self._stripe = mode, stripe
        self.update()

    def reserve_width(self, width: int) -> None:
        """Never narrower than `width` pixels."""
        self._reserved = width
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        theme = current()
        width = 20 + shapes.text_width(self.text(), theme.font(12, 600 if self._kind_is_bold() else 500))
        if self._icon:
            width += 20
        if self._count is not None:
            width += 8 + shapes.text_width("00", theme.font())
        if self._kind is ButtonKind.SUBMIT:
            return QSize(max(width + 8, self._reserved), theme.metrics.submit)
        return QSize(max(width, self._reserved), theme.metrics.button)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _kind_is_bold(self) -> bool:
        return self._kind in (ButtonKind.KILL, ButtonKind.KILLED, ButtonKind.SUBMIT)

    def _colours(self) -> tuple[QColor, QColor | None, str]:
        """Fill, edge and the token of the text."""
        tokens = current().tokens
        if not self.isEnabled():
            return tokens.raised, tokens.hairline, "text_3"
        if self._kind is ButtonKind.KILL:
            return self._shade(tokens.kill), None, "on_kill"
        if self._kind is ButtonKind.PRIMARY:
            return self._shade(tokens.accent), None, "on_accent"
        if self._kind is ButtonKind.SUBMIT:
            return self._shade(tokens.mode(self._mode).fill), None, f"on_{self._mode.lower()}"
        if self._kind is ButtonKind.BAND:
            colours = tokens.mode(self._mode)
            fill = mix(colours.band_text, colours.band, 0.16) if self.underMouse() else colours.band
            return fill, colours.band_text, "on_live" if self._mode is Mode.LIVE else "text_1"
        if self._kind is ButtonKind.NOTICE:
            return self._shade(tokens.warning), None, "ground"
        down = self.isDown() or self.isChecked()
        fill = tokens.ground if down else tokens.hover if self.underMouse() else tokens.control
        if self._kind is ButtonKind.KILLED:
            return fill if self.underMouse() else tokens.ground, tokens.kill, "bad"
        return fill, tokens.border, "text_1"

    def _shade(self, fill: QColor) -> QColor:
        if self.isDown():
            return fill.darker(118)
        return fill.lighter(107) if self.underMouse() else fill

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current()
        tokens = theme.tokens
        painter = QPainter(self)
        rect = self.rect()
        fill, edge, text_token = self._colours()
        if self._kind is ButtonKind.SUBMIT:
            stripe = tokens.colour(self._stripe) if self.isEnabled() else tokens.border
            painter.fillRect(QRect(rect.left(), rect.top(), 4, rect.height()), stripe)
            rect = rect.adjusted(6, 0, 0, 0)
        shapes.box(painter, rect, fill, edge)
        if self.hasFocus():
            colour = tokens.accent if edge is not None else tokens.text_1
            shapes.box(painter, rect, None, colour, edge_width=1)
        font = theme.font(12, 600 if self._kind_is_bold() else 500)
        text = self.text()
        width = shapes.text_width(text, font)
        x = rect.left() + 10
        if self._count is None:
            used = width + (20 if self._icon else 0)
            x = rect.left() + (rect.width() - used) // 2
        if self._icon:
            icon_token = "text_2" if text_token == "text_1" else text_token
            mark = QRect(x, rect.top(), 14, rect.height())
            shapes.place_pixmap(painter, mark, theme.pixmap(self._icon, icon_token))
            x += 20
        colour = tokens.colour(text_token)
        shapes.write(painter, QRect(x, rect.top(), width + 2, rect.height()), text, colour, font)
        if self._count is not None:
            figure = str(self._count) if self._count <= COUNT_LIMIT else f"{COUNT_LIMIT}+"
            label = tokens.text_2 if self.isEnabled() else tokens.text_3
            area = QRect(x + width + 8, rect.top(), rect.right() - x - width - 8, rect.height())
            shapes.write(painter, area, figure, label, theme.font())


class IconButton(QToolButton):
    """A button of one icon without a frame; `tip` is its tooltip and its accessible name."""

    def __init__(self, icon: str, tip: str, *, checkable: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon = icon
        self._tone = ""
        self.setCheckable(checkable)
        self.setAutoRaise(True)
        self.setToolTip(tip)
        self.setAccessibleName(tip)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFixedSize(24, 22)

    def set_icon_tone(self, token: str) -> None:
        """The colour token of the icon; empty for the usual one."""
        if token != self._tone:
            self._tone = token
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current()
        tokens = theme.tokens
        painter = QPainter(self)
        if self.isEnabled() and (self.isDown() or self.isChecked() or self.underMouse()):
            fill = tokens.ground if self.isDown() else tokens.control if self.isChecked() else tokens.hover
            shapes.box(painter, self.rect(), fill, tokens.accent if self.hasFocus() else None)
        elif self.hasFocus():
            shapes.box(painter, self.rect(), None, tokens.accent)
        tone = "text_3" if not self.isEnabled() else self._tone or ("text_1" if self.isChecked() else "text_2")
        shapes.place_pixmap(painter, self.rect(), theme.pixmap(self._icon, tone))


class ToneLabel(QLabel):
    """A line of text in a tone, at one of the theme's sizes and weights, that follows the theme."""

    def __init__(
        self,
        text: str = "",
        tone: Tone = Tone.NORMAL,
        *,
        pixels: int = 12,
        weight: int = 400,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self._tone, self._pixels, self._weight = tone, pixels, weight
        self.setTextFormat(Qt.TextFormat.PlainText)
        current().changed.connect(self._dress)
        self._dress()

    def set_tone(self, tone: Tone) -> None:
        if tone is not self._tone:
            self._tone = tone
            self._dress()

    def _dress(self) -> None:
        theme = current()
        palette = theme.palette()
        for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text):
            palette.setColor(role, theme.tokens.colour(self._tone))
        self.setPalette(palette)
        self.setFont(theme.font(self._pixels, self._weight))


class SectionHeader(QWidget):
    """A caption followed by a hairline."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = text
        self.setFixedHeight(20)
        self.setAccessibleName(text)

    def sizeHint(self) -> QSize:
        return QSize(shapes.text_width(self._text, current().font(11)) + 40, 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current()
        painter = QPainter(self)
        font = theme.font(11)
        shapes.write(painter, self.rect(), self._text, theme.tokens.text_3, font)
        left = shapes.text_width(self._text, font) + 8
        painter.fillRect(QRect(left, self.height() // 2, self.width() - left, 1), theme.tokens.hairline)


class KeyCap(QWidget):
    """The name of a key in a small box."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = text
        self.setFixedSize(shapes.text_width(text, current().font(10)) + 10, 16)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current()
        painter = QPainter(self)
        shapes.box(painter, self.rect(), None, theme.tokens.border, radius=2)
        shapes.write(painter, self.rect(), self._text, theme.tokens.text_2, theme.font(10), shapes.CENTRE)


class Verdict(QWidget):
    """What the risk gate says: a word with its reason code, and the value with its limit below, in up to two lines."""

    LINE = 14
    ICONS = {Tone.GOOD: "check", Tone.WARNING: "warning", Tone.BAD: "cross"}

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tone, self._word, self._detail = Tone.GOOD, "", ""
        self.set_lines(1)

    def set_lines(self, lines: int) -> None:
        """Room for so many lines below the word, whatever is said: what stands below does not move."""
        self._lines = lines
        self.setFixedHeight(22 + lines * self.LINE)

    def set_verdict(self, tone: Tone, word: str, detail: str) -> None:
        """`tone` is good, warning or bad."""
        self._tone, self._word, self._detail = tone, word, detail
        self.setAccessibleName(f"{word}. {detail}")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(180, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._word:
            return
        theme = current()
        tokens = theme.tokens
        painter = QPainter(self)
        painter.fillRect(self.rect(), tokens.colour(f"{self._tone}_ground"))
        painter.fillRect(QRect(0, 0, 2, self.height()), tokens.colour(self._tone))
        bold, plain = theme.font(11, 600), theme.font(11)
        area = QRect(32, 0, self.width() - 38, self.LINE)
        lines = shapes.broken(self._detail, plain, area.width(), self._lines)
        area.moveTop((self.height() - (1 + len(lines)) * self.LINE) // 2)
        icon = QRect(10, area.top(), 14, 14)
        shapes.place_pixmap(painter, icon, theme.pixmap(self.ICONS[self._tone], self._tone))
        shapes.write(painter, area, self._word, tokens.colour(self._tone), bold, elide=True)
        for number, line in enumerate(lines, 1):
            place = area.translated(0, number * self.LINE)
            shapes.write(painter, place, line, tokens.text_1, plain, elide=True)
