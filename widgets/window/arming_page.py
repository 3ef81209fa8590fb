"""The page on which a person arms live trading: what was checked, what should be known, and the account's name to type.

It stands in the window's start area, so that no second event loop is entered and the banner stays in sight.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from widgets.controls.controls import Button, ButtonKind, ToneLabel
from widgets.controls.fields import Field
from widgets.controls.toolbar import Hairline
from widgets.look import shapes
from widgets.look.theme import current
from widgets.look.tokens import Mode, Tone

if TYPE_CHECKING:
    # It loads ccxt, 180 MB that a session without an exchange does not need.
    from workstation.venues.exchange.account.preflight import Check

WIDTH = 680
MARGIN = 20
GAP = 4
MARK_WIDTH = 22
NAME_WIDTH = 104
INNER_WIDTH = WIDTH - 2 * MARGIN


def wrap(label: QLabel, width: int) -> None:
    """Give a label of this width the height that its sentence needs: layouts in scrolled pages do not ask."""
    label.setWordWrap(True)
    label.setFixedWidth(width)
    label.setFixedHeight(max(label.fontMetrics().height(), label.heightForWidth(width)))


class CheckLine(QWidget):
    """A green tick or a red cross, the name of the check and its sentence."""

    def __init__(self, check: Check, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.check = check
        mark, tone = ("check", Tone.GOOD) if check.passed else ("cross", Tone.BAD)
        self._mark = QLabel()
        self._mark.setPixmap(current().pixmap(mark, tone))
        self._mark.setFixedWidth(MARK_WIDTH)
        name = ToneLabel(f"{check.name[:1].upper()}{check.name[1:]}", weight=500)
        name.setFixedWidth(NAME_WIDTH)
        text = ToneLabel(check.text, Tone.LABEL if check.passed else Tone.BAD)
        wrap(text, INNER_WIDTH - MARK_WIDTH - NAME_WIDTH - 2 * GAP)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 5, 0, 5)
        row.setSpacing(GAP)
        for widget in (self._mark, name, text):
            row.addWidget(widget, 0, Qt.AlignmentFlag.AlignTop)
        self.setAccessibleName(f"{check.name} {'passed' if check.passed else 'failed'}: {check.text}")


class Card(QFrame):
    """The ground of the page's content, under a line in the colour of live trading."""

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = current().tokens
        painter = QPainter(self)
        shapes.box(painter, self.rect(), tokens.raised, tokens.border, radius=0)
        painter.fillRect(QRect(0, 0, self.width(), 3), tokens.live)


class ArmingPage(QWidget):
    """``arm_wanted`` carries the name that was typed. Esc cancels; only the button arms.

    ``stake`` says in a sentence whose money it is.
    """

    arm_wanted = Signal(str)
    check_wanted = Signal()
    keys_wanted = Signal()
    cancelled = Signal()

    def __init__(self, account: str, exchange: str, stake: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._account = account
        self._checks: tuple[Check, ...] = ()
        self._busy = False
        self.lines: list[CheckLine] = []
        self.name = Field()
        self.name.setAccessibleName(f"Type {account} to arm")
        self.name.textChanged.connect(self._judge)
        self.problem = ToneLabel("", Tone.WARNING, pixels=11)
        self.keys = Button("Keys…")
        self.keys.clicked.connect(self.keys_wanted)
        self.again = Button("Check again")
        self.again.clicked.connect(self.check_wanted)
        self.cancel = Button("Cancel")
        self.cancel.clicked.connect(self.cancelled)
        self.arm = Button("Arm live trading", ButtonKind.SUBMIT, icon="lock")
        self.arm.set_submit(Mode.LIVE, Tone.WARNING)
        self.arm.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.arm.clicked.connect(lambda: self.arm_wanted.emit(self.name.text()))
        self._check_lines = QVBoxLayout()
        self._check_lines.setSpacing(0)
        self._notes = ToneLabel("", Tone.LABEL, pixels=11)
        self._lay_out(account, f"{exchange}. {stake}")
        self._judge()

    def _lay_out(self, account: str, sentence: str) -> None:
        card = Card()
        card.setFixedWidth(WIDTH)
        inner = QVBoxLayout(card)
        inner.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN - 4)
        inner.setSpacing(8)
        inner.addWidget(ToneLabel(f"Arm live trading on {account}", pixels=16, weight=600))
        lead = ToneLabel(sentence, Tone.LABEL)
        wrap(lead, INNER_WIDTH)
        inner.addWidget(lead)
        inner.addSpacing(2)
        inner.addLayout(self._check_lines)
        inner.addWidget(self._notes)
        inner.addSpacing(4)
        inner.addWidget(ToneLabel(f"Type {account} to arm", Tone.LABEL))
        inner.addWidget(self.name)
        inner.addWidget(self.problem)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self.keys, self.again):
            buttons.addWidget(button)
        buttons.addStretch(1)
        for button in (self.cancel, self.arm):
            buttons.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        inner.addLayout(buttons)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        content = QWidget()
        middle = QVBoxLayout(content)
        middle.addStretch(1)
        middle.addWidget(card, 0, Qt.AlignmentFlag.AlignHCenter)
        middle.addStretch(1)
        scroll.setWidget(content)
        for surface in (content, scroll.viewport()):
            surface.setAutoFillBackground(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(scroll)

    def show_checks(self, checks: Sequence[Check], notes: Sequence[str]) -> None:
        """The list as it stands now, and the exchange's notes below it."""
        self._checks = tuple(checks)
        while (item := self._check_lines.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.lines = [CheckLine(check) for check in checks]
        self._check_lines.addWidget(Hairline())
        for line in self.lines:
            self._check_lines.addWidget(line)
            self._check_lines.addWidget(Hairline())
        self._notes.setText("\n".join(notes))
        wrap(self._notes, INNER_WIDTH)
        self._notes.setVisible(bool(notes))
        self.set_busy(False)

    def tell(self, problem: str) -> None:
        """What stands in the way."""
        self.problem.setText(problem)
        wrap(self.problem, INNER_WIDTH)

    def set_busy(self, busy: bool) -> None:
        """While the exchange is asked nothing can be armed."""
        self._busy = busy
        self.again.setEnabled(not busy)
        self.again.setText("Checking …" if busy else "Check again")
        self._judge()

    def _judge(self) -> None:
        """Open the button when every check is green and the name is the account's; otherwise say what is missing."""
        typed = self.name.text()
        matches = typed == self._account
        obstacle = self._obstacle()
        wrong = bool(typed) and not self._account.startswith(typed)
        self.tell(obstacle or ("The name does not match." if wrong else ""))
        self.arm.setEnabled(matches and not obstacle)
        self.arm.setToolTip(obstacle or ("" if matches else f"Type {self._account} first."))

    def _obstacle(self) -> str:
        if self._busy:
            return "The exchange is being asked."
        failed = [check.name for check in self._checks if not check.passed]
        if failed:
            return f"Not passed: {', '.join(failed)}. Mend it and check again."
        return "" if self._checks else "Nothing is checked yet."

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), current().tokens.ground)
