"""Asks for the account's name before live trading is armed again."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from widgets.controls.controls import ButtonKind
from widgets.controls.dialogs import FormDialog
from widgets.controls.fields import Field
from widgets.look.theme import current
from widgets.look.tokens import Mode, Tone


class ArmDialog(FormDialog):
    """``arm_wanted`` carries the name that was typed. As on the arming page, only the button arms, and not before the
    name matches.
    """

    arm_wanted = Signal(str)

    def __init__(self, account: str, sentence: str, parent: QWidget | None = None) -> None:
        super().__init__(f"Arm live trading on {account}", sentence, "Arm live trading", parent)
        self._account = account
        self.action_button.set_kind(ButtonKind.SUBMIT)
        self.action_button.set_submit(Mode.LIVE, Tone.WARNING)
        self.action_button.set_icon_name("lock")
        self.name = Field()
        self.name.textChanged.connect(self._judge)
        self.add_field(f"Type {account} to arm", self.name)
        self.name.setFocus()
        self._judge()

    def _judge(self) -> None:
        typed = self.name.text()
        matches = typed == self._account
        wrong = bool(typed) and not self._account.startswith(typed)
        self.problem.setText("The name does not match." if wrong else "")
        self.action_button.setEnabled(matches)
        self.action_button.setToolTip("" if matches else f"Type {self._account} first.")

    def hand_over(self) -> str:
        self.arm_wanted.emit(self.name.text())
        return ""

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        QPainter(self).fillRect(QRect(0, 0, self.width(), 3), current().tokens.live)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
