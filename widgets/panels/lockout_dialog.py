"""Asks for how long no new risk is to pass."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QWidget

from widgets.controls.dialogs import FormDialog
from widgets.controls.fields import Field
from widgets.look.numbers import format_date, format_time, parse_moment, zone_words
from workstation.core.timeframe import DAY_NS, HOUR_NS, MINUTE_NS

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
        self.time.setPlaceholderText(f"20:00, {zone_words(now_ns)}")
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
            return f"Type a time of the day such as 20:00, in {zone_words(self._now_ns)}."
        self.wanted.emit(until_ns, self.reason.text().strip())
        return ""


def next_time_ns(text: str, now_ns: int) -> int:
    """When it is this time of the day next, in the chosen zone, or that day and time; 0 when the text is neither."""
    then_ns = parse_moment(text, now_ns)
    return then_ns if then_ns is not None and then_ns > now_ns else 0
