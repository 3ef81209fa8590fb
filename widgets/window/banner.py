"""The mode banner: whose money it is, how it stands, what last happened, and the four panic buttons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.controls.controls import Button, ButtonKind
from widgets.look import shapes
from widgets.look.theme import current
from widgets.look.tokens import Mode, Tone, mix
from widgets.window.panic_buttons import LINE, PanicButtons

MOST_CONTROL = 190
"""Pixels of the words on the button for control: names of people and machines may be long."""


class Cell(NamedTuple):
    """A label over its value. Without room the cell of the highest `priority` gives way first."""

    label: str
    value: str
    tone: Tone = Tone.NORMAL
    dot: bool = False
    priority: int = 0


class _Message(NamedTuple):
    text: str = ""
    tone: Tone = Tone.NORMAL
    lead: str = ""
    action: str = ""
    act: Callable[[], None] | None = None


class Banner(QWidget):
    """Stands across the top of the window and never changes its height or the place of its buttons."""

    pause_clicked = Signal()
    cancel_all_clicked = Signal()
    flatten_clicked = Signal()
    kill_clicked = Signal()
    resume_clicked = Signal()
    arm_clicked = Signal()
    control_clicked = Signal()
    notice_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mode = Mode.PAPER
        self._account, self._venue = "", ""
        self._cells: list[Cell] = []
        self._widths: dict[str, int] = {}
        self._message = _Message()
        self._session: tuple[Mode, str, str, Tone] | None = None
        self._killed = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.panic = PanicButtons(self)
        self.panic.pause.clicked.connect(self.pause_clicked)
        self.panic.cancel_all.clicked.connect(self.cancel_all_clicked)
        self.panic.flatten.clicked.connect(self.flatten_clicked)
        self.panic.kill.clicked.connect(self.kill_clicked)
        self.resume = Button("Resume…", ButtonKind.BAND, parent=self)
        self.resume.setToolTip("Lifts the kill after a confirmation.")
        self.resume.clicked.connect(self.resume_clicked)
        self.arm = Button("Arm again…", ButtonKind.BAND, icon="lock", parent=self)
        self.arm.setToolTip("Arms live trading again, by the account's name.")
        self.arm.clicked.connect(self.arm_clicked)
        self.control = Button("", ButtonKind.BAND, parent=self)
        self.control.clicked.connect(self.control_clicked)
        self.action = Button("", ButtonKind.BAND, parent=self)
        self.action.clicked.connect(self._act)
        self.notice = Button("", ButtonKind.NOTICE, icon="warning", parent=self)
        self.notice.clicked.connect(self.notice_clicked)
        self._right = (self.control, self.resume, self.arm, self.notice, self.action)
        for button in self._right:
            button.hide()
        self.set_killed(False)
        current().changed.connect(self._follow_theme)

    @property
    def mode(self) -> Mode:
        return self._mode

    @property
    def killed(self) -> bool:
        return self._killed

    def set_mode(self, mode: Mode | str) -> None:
        """`mode` is PAPER, LIVE or REPLAY in any case. Raises ValueError for another."""
        self._mode = Mode(mode.upper())
        self.resume.set_submit(self._mode)
        self.arm.set_submit(self._mode)
        self.control.set_submit(self._mode)
        self.action.set_submit(self._mode)
        self._refresh()

    def set_account(self, name: str, venue: str) -> None:
        self._account, self._venue = name, venue
        self._refresh()

    def set_cells(self, cells: Sequence[Cell | tuple[str, str, Tone]]) -> None:
        """Only what changed is painted again, as long as it fits its place: a figure that counts costs no more."""
        fresh = [cell if isinstance(cell, Cell) else Cell(*cell) for cell in cells]
        if fresh == self._cells:
            return
        places = self._places()
        before, self._cells = self._cells, fresh
        if self._places() != places:
            self._refresh()
            return
        for cell in fresh:
            if cell not in before and cell.label in places:
                self.update(places[cell.label])

    def set_counts(self, *, running: int, entries: int, positions: int) -> None:
        """Running strategies, working entries and open positions: what each button would act on."""
        self.panic.pause.set_count(running)
        self.panic.cancel_all.set_count(entries)
        self.panic.flatten.set_count(positions)

    def set_message(
        self,
        text: str,
        tone: Tone = Tone.NORMAL,
        *,
        lead: str = "",
        action: str = "",
        act: Callable[[], None] | None = None,
    ) -> None:
        """The last result or a warning, with a bold `lead`, and a button called `action` that does `act`.

        An empty text clears it.
        """
        self._message = _Message(text, tone, lead, action, act)
        self.setAccessibleDescription(f"{lead} {text}".strip())
        self.action.setText(action)
        self._refresh()

    def set_result(self, text: str, good: bool) -> None:
        """What something came to, as a message; in amber when it is not good."""
        self.set_message(text, Tone.NORMAL if good else Tone.WARNING)

    def _act(self) -> None:
        if self._message.act is not None:
            self._message.act()

    def set_notice(self, text: str) -> None:
        """In amber whatever the mode until it is over; a press on it opens what it is about. Empty ends it."""
        if text != self.notice.text() or self.notice.isHidden() is bool(text):
            self.notice.setText(text)
            self.notice.setAccessibleName(text)
            self.notice.setVisible(bool(text))
            self._refresh()

    def set_running_session(self, mode: Mode, text: str, value: str = "", tone: Tone = Tone.NORMAL) -> None:
        """In REPLAY: names the session that runs on beside it and that the buttons act on."""
        self._session = (mode, text, value, tone)
        self._refresh()

    def set_arm_wanted(self, wanted: bool) -> None:
        """Whether live trading is to be armed again: a button in the band opens the confirmation."""
        if self.arm.isHidden() is wanted:
            self.arm.setVisible(wanted)
            self._refresh()

    def set_control(self, text: str, tip: str) -> None:
        """Of a window whose engine runs elsewhere: the button that takes control, or gives it up. Empty hides it."""
        self.control.setToolTip(tip)
        if text != self.control.accessibleName() or self.control.isHidden() is bool(text):
            metrics = QFontMetrics(current().font(12, 500))
            self.control.setText(metrics.elidedText(text, Qt.TextElideMode.ElideRight, MOST_CONTROL))
            self.control.setAccessibleName(text)
            self.control.setVisible(bool(text))
            self._refresh()

    def set_killed(self, killed: bool) -> None:
        self._killed = killed
        self.panic.kill.setText("KILLED" if killed else "KILL")
        self.panic.kill.set_kind(ButtonKind.KILLED if killed else ButtonKind.KILL)
        self.panic.kill.set_icon_name("" if killed else "kill")
        again = "Killed. Press again to repeat the cancellations; Resume is in the band."
        first = "Denies new orders and cancels all entries, until you resume. Protective stops stay."
        self.panic.kill.setToolTip(again if killed else first)
        self.resume.setVisible(killed)
        self._refresh()

    def sizeHint(self) -> QSize:
        return QSize(1280, current().metrics.banner)

    def minimumSizeHint(self) -> QSize:
        return QSize(self.panic.width() + 200, current().metrics.banner)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ToolTip:
            self.setToolTip(f"{self._message.lead} {self._message.text}".strip())
        return super().event(event)

    def shown_cells(self) -> list[Cell]:
        """The cells for which the message leaves room, in their order; the most important one always stays."""
        left = self._account_right()
        message = self._message_width()
        room = self._message_right() - left - (message + 16 if message else 0)
        shown = list(self._cells)
        while len(shown) > 1 and sum(self._cell_width(cell) for cell in shown) > room:
            shown.remove(max(shown, key=lambda cell: (cell.priority, self._cells.index(cell))))
        return shown

    def _follow_theme(self) -> None:
        self._widths.clear()
        self.panic.arrange()
        self.updateGeometry()
        self._refresh()

    def _refresh(self) -> None:
        self.action.setVisible(bool(self._message.action))
        self._place()
        self.update()

    def _place(self) -> None:
        self.panic.move(self.width() - self.panic.width(), 0)
        height = 22
        top = (self.height() - LINE - height) // 2
        x = self.width() - self.panic.width() - 12
        for button in self._right:
            if not button.isHidden():
                width = button.sizeHint().width()
                x -= width
                button.setGeometry(x, top, width, height)
                x -= 8

    def _message_right(self) -> int:
        right = self.width() - self.panic.width() - 14
        for button in self._right:
            if not button.isHidden():
                right -= button.sizeHint().width() + 8
        return right

    def _message_width(self) -> int:
        theme = current()
        width = 0
        if self._session is not None and self._mode is Mode.REPLAY:
            mode, text, value, _ = self._session
            words = f"{mode} {text} {value}"
            width += shapes.text_width(words, theme.font(12, 500)) + 36
        if self._message.text:
            width += shapes.text_width(self._message.text, theme.font()) + 24
            width += shapes.text_width(self._message.lead + " ", theme.font(12, 600))
        return width

    def _block_width(self) -> int:
        return shapes.text_width(self._mode, current().font(16, 700)) + 36

    def _account_right(self) -> int:
        theme = current()
        name = shapes.text_width(self._account, theme.font(12, 500))
        # Where it is attached to, which the title tells too, leaves room for the figures.
        venue = min(shapes.text_width(self._venue, theme.font(11)), self.width() // 5)
        return self._block_width() + max(name, venue) + 14 + 14

    def _places(self) -> dict[str, QRect]:
        """Where the shown cells stand, by label."""
        x, found = self._account_right(), {}
        for cell in self.shown_cells():
            width = self._cell_width(cell)
            found[cell.label] = QRect(x, 0, width, self.height() - LINE)
            x += width
        return found

    def _cell_width(self, cell: Cell) -> int:
        """Grows with its content and never shrinks again, so that neighbours stand still."""
        theme = current()
        value = shapes.text_width(cell.value, theme.font(12, 500)) + (12 if cell.dot else 0)
        width = max(value, shapes.text_width(cell.label, theme.font(11))) + 30
        self._widths[cell.label] = max(width, self._widths.get(cell.label, 0))
        return self._widths[cell.label]

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current()
        colours = theme.tokens.mode(self._mode)
        painter = QPainter(self)
        height = self.height() - LINE
        block = self._block_width()
        painter.fillRect(self.rect(), colours.band)
        painter.fillRect(QRect(0, height, self.width(), LINE), colours.fill)
        painter.fillRect(QRect(0, 0, block, height), colours.fill)
        area = QRect(0, 0, block, height)
        shapes.write(painter, area, self._mode, colours.on_fill, theme.font(16, 700), shapes.CENTRE)
        x = block + 14
        upper, lower = QRect(x, height // 2 - 15, 0, 15), QRect(x, height // 2, 0, 15)
        width = self._account_right() - x
        upper.setWidth(width)
        lower.setWidth(width)
        shapes.write(painter, upper, self._account, colours.band_text, theme.font(12, 500))
        shapes.write(painter, lower.adjusted(0, 0, -12, 0), self._venue, colours.band_label, theme.font(11), elide=True)
        x += width
        separator = mix(colours.band_label, colours.band, 0.28)
        places = self._places()
        for cell in self._cells:
            place = places.get(cell.label)
            if place is None:
                continue
            x = place.right() + 1
            if place.intersects(event.rect()):
                painter.fillRect(QRect(place.x(), 5, 1, height - 10), separator)
                self._paint_cell(painter, cell, place.x() + 15, height)
        self._paint_message(painter, x + 16, height)

    def _paint_cell(self, painter: QPainter, cell: Cell, x: int, height: int) -> None:
        theme = current()
        colours = theme.tokens.mode(self._mode)
        width = self._cell_width(cell) - 15
        upper, lower = QRect(x, height // 2 - 15, width, 15), QRect(x, height // 2, width, 15)
        shapes.write(painter, upper, cell.label, colours.band_label, theme.font(11))
        tone = self._tone(cell.tone)
        if cell.dot:
            shapes.dot(painter, x + 3, lower.center().y() + 1, tone)
            lower.setLeft(x + 12)
            tone = tone if cell.tone in (Tone.BAD, Tone.WARNING) else colours.band_text
        shapes.write(painter, lower, cell.value, tone, theme.font(12, 500))

    def _tone(self, tone: Tone) -> QColor:
        """Only PAPER and REPLAY colour their figures; on LIVE's red they are all white."""
        tokens = current().tokens
        if self._mode is Mode.LIVE or tone is Tone.NORMAL:
            return tokens.mode(self._mode).band_text
        return tokens.colour(tone)

    def _paint_message(self, painter: QPainter, left: int, height: int) -> None:
        theme = current()
        right = self._message_right()
        x = max(left, right - self._message_width())
        if self._session is not None and self._mode is Mode.REPLAY:
            x = self._paint_session(painter, x, height)
        if not self._message.text or x >= right:
            return
        tone = self._tone(self._message.tone)
        icon = {Tone.WARNING: "warning", Tone.BAD: "warning", Tone.GOOD: "check"}.get(self._message.tone)
        if icon:
            shapes.place_pixmap(painter, QRect(x, 0, 14, height), theme.pixmap(icon, tone.name()))
            x += 22
        colour = theme.tokens.mode(self._mode).band_text
        if self._message.lead:
            bold = theme.font(12, 600)
            shapes.write(painter, QRect(x, 0, right - x, height), self._message.lead, colour, bold)
            x += shapes.text_width(self._message.lead + " ", bold)
        area = QRect(x, 0, max(0, right - x), height)
        shapes.write(painter, area, self._message.text, colour, theme.font(), elide=True)

    def _paint_session(self, painter: QPainter, x: int, height: int) -> int:
        assert self._session is not None
        theme = current()
        tokens = theme.tokens
        mode, text, value, tone = self._session
        colours, small, font = tokens.mode(mode), theme.font(11, 700), theme.font()
        width = shapes.text_width(mode, small) + 10
        tag = QRect(x, (height - 16) // 2, width, 16)
        painter.fillRect(tag, colours.fill)
        shapes.write(painter, tag, mode, colours.on_fill, small, shapes.CENTRE)
        x += width + 8
        for words, colour in ((text, tokens.text_1), (value, tokens.colour(tone))):
            wide = shapes.text_width(words, font)
            shapes.write(painter, QRect(x, 0, wide + 2, height), words, colour, font)
            x += wide + 8
        return x + 8
