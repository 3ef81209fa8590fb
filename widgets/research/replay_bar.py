"""The transport of a replay: a track with what was traded so far, play and steps, speeds, jumps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from widgets.controls.controls import Button, ButtonKind, IconButton, ToneLabel
from widgets.controls.fields import Field
from widgets.controls.segmented import Segmented
from widgets.look.painting import Canvas
from widgets.look.theme import current
from widgets.look.tokens import Mode, Tone
from widgets.research.replay import SPEEDS, Replay
from workstation.core.timeframe import parse_utc, utc_text

TRACK_HEIGHT: Final = 26
TICK: Final = 5
MARGIN: Final = 12


class Track(QWidget):
    """The whole time as a line; a click or a drag on it asks for a moment."""

    wanted = Signal(float)

    def __init__(self, replay: Replay, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._replay = replay
        self._dragged: float | None = None
        self.setFixedHeight(TRACK_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Click to go there. What was traded so far stands above (results) and below (entries).")
        current().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(400, TRACK_HEIGHT)

    def _share_at(self, event: QMouseEvent) -> float:
        width = max(1, self.width() - 2 * MARGIN)
        return min(1.0, max(0.0, (event.position().x() - MARGIN) / width))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._dragged = self._share_at(event)
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged is not None:
            self._dragged = self._share_at(event)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._dragged is not None:
            self._dragged = None
            self.wanted.emit(self._share_at(event))

    def paintEvent(self, event: QPaintEvent) -> None:
        canvas = Canvas.of_widget(QPainter(self), self)
        tokens, replay = current().tokens, self._replay
        canvas.fill(0, 0, canvas.width, canvas.height, tokens.ground)
        left, width = canvas.px(MARGIN), canvas.width - 2 * canvas.px(MARGIN)
        middle = canvas.height // 2
        share = replay.share if self._dragged is None else self._dragged
        done = round(width * share)
        canvas.fill(left, middle - canvas.px(1), width, canvas.px(2), tokens.control)
        canvas.fill(left, middle - canvas.px(1), done, canvas.px(3), tokens.replay)
        source = replay.source
        if replay.marks:
            times = np.fromiter((mark.ts_ns for mark in replay.marks), np.int64, len(replay.marks))
            results = np.fromiter((mark.result for mark in replay.marks), np.int64, len(replay.marks))
            x = left + np.floor((times - source.start_ns) / max(1, source.end_ns - source.start_ns) * width)
            up, down = middle - canvas.px(4 + TICK), middle + canvas.px(5)
            for sign, top, colour in ((1, up, tokens.up), (-1, up, tokens.down), (0, down, tokens.text_3)):
                columns = np.unique(x[results == sign])
                canvas.fill_batch(columns, np.full(len(columns), top), 1, canvas.px(TICK), colour)
        canvas.fill(left + done - canvas.px(2), middle - canvas.px(7), canvas.px(5), canvas.px(15), tokens.replay)
        canvas.fill(left + done - canvas.px(1), middle - canvas.px(6), canvas.px(3), canvas.px(13), tokens.on_replay)


class ReplayBar(QWidget):
    """Space plays and pauses, Left and Right step (ten with Shift, to a trade with Ctrl), Up and Down change the speed,
    Home and End go to the edges."""

    left = Signal()

    def __init__(self, replay: Replay, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.replay = replay
        self.track = Track(replay)
        self.track.wanted.connect(self._go_to_share)
        self.first = IconButton("first", "Back to the beginning (Home)")
        self.first.clicked.connect(lambda: replay.go_to(replay.source.start_ns))
        self.back = IconButton("chevron-left", "One step back (Left); ten with Shift")
        self.back.clicked.connect(lambda: replay.step(-1))
        self.play = Button("Play", ButtonKind.SUBMIT, icon="play")
        self.play.set_submit(Mode.REPLAY, Tone.WARNING)
        self.play.setFixedHeight(current().metrics.button)
        self.play.setToolTip("Play and pause (Space)")
        self.play.clicked.connect(lambda: replay.play(not replay.playing))
        self.forward = IconButton("chevron-right", "One step (Right); ten with Shift")
        self.forward.clicked.connect(lambda: replay.step(1))
        self.last = IconButton("last", "To the end (End)")
        self.last.clicked.connect(lambda: replay.go_to(replay.source.end_ns))
        self.speeds = Segmented([f"{speed}×" if speed else "Max" for speed in SPEEDS])
        unit = "a second" if replay.source.has_depth else "a bar"
        self.speeds.setToolTip(f"1× is {unit} of the replay a second. Up and Down change it.")
        self.speeds.set_index(SPEEDS.index(replay.speed))
        self.speeds.chosen.connect(lambda place: replay.set_speed(SPEEDS[place]))
        self.words = ToneLabel("", Tone.LABEL)
        self.date = Field()
        self.date.setFixedWidth(140)
        self.date.setPlaceholderText(utc_text(replay.source.start_ns)[:16])
        self.date.setAccessibleName("Jump to, UTC")
        self.date.setToolTip("A date and time in UTC; Return goes there.")
        self.date.returnPressed.connect(self.jump)
        self.jump_button = Button("Go")
        self.jump_button.clicked.connect(self.jump)
        self.previous_trade = IconButton("chevron-left", "Back to the own execution before (Ctrl+Left)")
        self.previous_trade.clicked.connect(replay.go_to_previous_trade)
        self.next_trade = Button("Next trade")
        self.next_trade.setToolTip("Forward to the next own execution (Ctrl+Right)")
        self.next_trade.clicked.connect(replay.go_to_next_trade)
        self.leave = Button("Leave replay", icon="cross")
        self.leave.setToolTip("Back to the live panels; the session went on meanwhile.")
        self.leave.clicked.connect(self.left)
        self._lay_out()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        replay.moved.connect(self._show_move)
        replay.changed.connect(self._show_state)
        self._show_state()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(MARGIN, 0, MARGIN, 8)
        row.setSpacing(6)
        for widget in (self.first, self.back, self.play, self.forward, self.last):
            row.addWidget(widget)
        row.addSpacing(6)
        row.addWidget(self.speeds)
        row.addSpacing(6)
        row.addWidget(self.words, 1)
        row.addWidget(ToneLabel("Jump to", Tone.LABEL))
        row.addWidget(self.date)
        row.addWidget(self.jump_button)
        row.addWidget(self.previous_trade)
        row.addWidget(self.next_trade)
        row.addSpacing(12)
        row.addWidget(self.leave)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.track)
        column.addLayout(row)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def ask_date(self) -> None:
        """Bring the keyboard into the field of the date."""
        self.date.setFocus()
        self.date.selectAll()

    def jump(self) -> None:
        """To the moment in the field."""
        source = self.replay.source
        try:
            wanted = parse_utc(self.date.text())
        except (ValueError, OverflowError):
            self.date.set_in_error(True)
            self.replay.told.emit("The date to jump to is in UTC, as 2023-08-21 or 2023-08-21 16:00.")
            return
        inside = source.start_ns <= wanted <= source.end_ns
        self.date.set_in_error(not inside)
        if not inside:
            first, last = utc_text(source.start_ns)[:16], utc_text(source.end_ns)[:16]
            self.replay.told.emit(f"The replay runs from {first} to {last} UTC.")
            return
        if self.date.hasFocus():
            # The next key is one of the replay again.
            self.setFocus()
        self.replay.go_to(wanted)

    def _go_to_share(self, share: float) -> None:
        source = self.replay.source
        self.replay.go_to(source.start_ns + round(share * (source.end_ns - source.start_ns)))

    def _show_move(self) -> None:
        self.track.update()
        replay = self.replay
        where = utc_text(replay.time_ns)
        if replay.travelling:
            self.words.setText(f"Going there, now {where[:16]} …")
        else:
            self.words.setText(f"{where} UTC" if replay.source.has_depth else f"{where[:16]} UTC")

    def _show_state(self) -> None:
        playing = self.replay.playing
        self.play.setText("Pause" if playing else "Play")
        self.play.set_icon_name("pause" if playing else "play")
        self._show_move()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.take_key(event):
            super().keyPressEvent(event)

    def take_key(self, event: QKeyEvent) -> bool:
        """Do what a key says; False for one that says nothing here."""
        replay, key, modifiers = self.replay, Qt.Key(event.key()), event.modifiers()
        steps = 10 if modifiers & Qt.KeyboardModifier.ShiftModifier else 1
        plain: dict[Qt.Key, Callable[[], None]] = {
            Qt.Key.Key_Space: lambda: replay.play(not replay.playing),
            Qt.Key.Key_Left: lambda: replay.step(-steps),
            Qt.Key.Key_Right: lambda: replay.step(steps),
            Qt.Key.Key_Up: lambda: self._change_speed(1),
            Qt.Key.Key_Down: lambda: self._change_speed(-1),
            Qt.Key.Key_Home: lambda: replay.go_to(replay.source.start_ns),
            Qt.Key.Key_End: lambda: replay.go_to(replay.source.end_ns),
            Qt.Key.Key_T: replay.go_to_next_trade,
        }
        with_control: dict[Qt.Key, Callable[[], None]] = {
            Qt.Key.Key_Left: replay.go_to_previous_trade,
            Qt.Key.Key_Right: replay.go_to_next_trade,
        }
        act = (with_control if modifiers & Qt.KeyboardModifier.ControlModifier else plain).get(key)
        if act is not None:
            act()
        return act is not None

    def _change_speed(self, by: int) -> None:
        place = SPEEDS.index(self.replay.speed) + by
        if 0 <= place < len(SPEEDS):
            self.speeds.set_index(place)
            self.replay.set_speed(SPEEDS[place])

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = current().tokens
        painter = QPainter(self)
        painter.fillRect(self.rect(), tokens.ground)
        painter.fillRect(QRect(0, 0, self.width(), 1), tokens.hairline)
