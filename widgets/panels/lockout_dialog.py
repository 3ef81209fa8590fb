"""Asks for how long no new risk is to pass."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QWidget

from widgets.controls.dialogs import FormDialog
from widgets.controls.fields import Field
from widgets.look.numbers import format_date, format_time
from workstation.core.timeframe import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS

DURATIONS = {
    "15 minutes": 15 * MINUTE_NS,
    "1 hour": HOUR_NS,
    "4 hours": 4 * HOUR_NS,
    "24 hours": DAY_NS,
}
END_OF_DAY = "The end of the day"
A_TIME = "A time of mine"


class LockoutDialog(FormDialog):
    """Hands over when it ends, UTC nanoseconds, and why."""

    wanted = Signal(object, str)

    def __init__(self, now_ns: int, parent: QWidget | None = None) -> None:
        super().__init__(
            "Lock me out",
            "Entries are cancelled and no new risk passes until then. Exits, stops and the kill switch work. Where the "
            "configuration says that a lock-out is fixed, nobody can lift it early.",
            "Lock out",
            parent,
        )
        self._now_ns = now_ns
        self.choice = QComboBox()
        self.choice.addItems([*DURATIONS, END_OF_DAY, A_TIME])
        self.choice.setCurrentText("1 hour")
        self.time = Field()
        self.time.setPlaceholderText("20:00, UTC")
        self.reason = Field()
        self.reason.setPlaceholderText("It is written into the journal")
        self.add_field("Until", self.choice)
        self.add_field("Time", self.time)
        self.add_field("Reason", self.reason)
        self.choice.currentTextChanged.connect(self._show_choice)
        self._show_choice(self.choice.currentText())

    def _show_choice(self, text: str) -> None:
        self.time.setEnabled(text == A_TIME)
        until_ns = self._until_ns(text)
        if until_ns and text != A_TIME:
            self.time.setText(f"{format_date(until_ns)} {format_time(until_ns)[:5]}")
        elif text == A_TIME:
            self.time.clear()
            self.time.setFocus()

    def _until_ns(self, text: str) -> int:
        if text in DURATIONS:
            return self._now_ns + DURATIONS[text]
        if text == END_OF_DAY:
            return self._now_ns // DAY_NS * DAY_NS + DAY_NS
        return next_time_ns(self.time.text(), self._now_ns)

    def hand_over(self) -> str:
        until_ns = self._until_ns(self.choice.currentText())
        if not until_ns:
            self.time.set_in_error(True)
            return "Type a time of the day such as 20:00, in UTC."
        self.wanted.emit(until_ns, self.reason.text().strip())
        return ""


def next_time_ns(text: str, now_ns: int) -> int:
    """When it is this time of the day next, in UTC; 0 when the text is none."""
    hours, colon, minutes = text.strip().partition(":")
    if not (colon and hours.isdigit() and minutes.isdigit() and int(hours) < 24 and int(minutes) < 60):
        return 0
    now = datetime.fromtimestamp(now_ns // SECOND_NS, tz=UTC)
    then = now.replace(hour=int(hours), minute=int(minutes), second=0)
    if then <= now:
        then += timedelta(days=1)
    return int(then.timestamp()) * SECOND_NS
