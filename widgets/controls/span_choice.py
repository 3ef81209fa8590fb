"""From when to when: today, this week, this month, all, or two days that a person types. Days are of UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from widgets.controls.dialogs import FormDialog
from widgets.controls.fields import Field
from widgets.controls.segmented import Segmented
from widgets.controls.toolbar import TextButton
from widgets.look.numbers import MONTHS
from workstation.core.timeframe import DAY_NS, parse_utc, utc_text
from workstation.session.trade_history import EVER, Span

PRESETS = ("Today", "Week", "Month", "All")
TODAY, WEEK, MONTH, ALL = range(4)
TIP = "Days of UTC; the week begins on Monday, the month on its first day"


def preset_span(preset: int, now_ns: int) -> Span:
    """From the beginning of the UTC day, week or month that ``now_ns`` is in."""
    if preset == ALL:
        return EVER
    day = now_ns // DAY_NS
    moment = datetime.fromtimestamp(day * DAY_NS // 1_000_000_000, tz=UTC)
    back = {TODAY: 0, WEEK: moment.weekday(), MONTH: moment.day - 1}[preset]
    return Span((day - back) * DAY_NS)


def typed_span(first: str, last: str) -> Span:
    """Both days belong to it; an empty one leaves that end open. Raises ValueError with a sentence."""
    ends = []
    for words, text in (("From", first.strip()), ("To", last.strip())):
        try:
            ends.append(parse_utc(text) // DAY_NS * DAY_NS if text else None)
        except ValueError:
            raise ValueError(f"{words}: {text} is no day; write it as 2024-03-01.") from None
    start_ns, last_ns = ends
    span = Span(start_ns or 0, EVER.end_ns if last_ns is None else last_ns + DAY_NS)
    if span.start_ns >= span.end_ns:
        raise ValueError("The first day comes after the last one.")
    return span


def span_words(span: Span) -> str:
    """``1 Mar – 5 Mar``."""
    first = _day(span.start_ns) if span.start_ns else "…"
    last = _day(span.end_ns - DAY_NS) if span.end_ns != EVER.end_ns else "…"
    return first if first == last else f"{first} – {last}"


def _day(ts_ns: int) -> str:
    _, month, day = utc_text(ts_ns)[:10].split("-")
    return f"{int(day)} {MONTHS[int(month) - 1]}"


class SpanDialog(FormDialog):
    """Asks for the first and the last day."""

    wanted = Signal(object)  # Span

    def __init__(self, first: str, parent: QWidget | None = None) -> None:
        super().__init__("From day to day", "Days of UTC, both included; an empty one is open.", "Show", parent)
        self.first, self.last = Field(first), Field("")
        self.first.setPlaceholderText("2024-03-01")
        self.last.setPlaceholderText("today")
        self.add_field("From", self.first)
        self.add_field("To", self.last)
        self.first.setFocus()

    def hand_over(self) -> str:
        try:
            self.wanted.emit(typed_span(self.first.text(), self.last.text()))
        except ValueError as error:
            return str(error)
        return ""


class SpanChoice(QWidget):
    """``chosen`` comes with each choice; presets move with the time, so ask ``span`` anew."""

    chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.presets = Segmented(PRESETS, framed=False)
        self.presets.setToolTip(TIP)
        self.presets.set_index(ALL)
        self.presets.chosen.connect(self._take_preset)
        self.days = TextButton("From…", "From day to day")
        self._typed: Span | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.presets)
        row.addWidget(self.days)

    def span(self, now_ns: int) -> Span:
        return self._typed if self._typed is not None else preset_span(self.presets.index, now_ns)

    def ask(self, now_ns: int) -> SpanDialog:
        """Open the window in which days are typed."""
        start_ns = self.span(now_ns).start_ns or now_ns
        dialog = SpanDialog(utc_text(start_ns)[:10], self.window())
        dialog.wanted.connect(self._take_typed)
        dialog.show()
        return dialog

    def _take_typed(self, span: Span) -> None:
        self._typed = span
        self.presets.set_index(-1)
        self.days.set_text(span_words(span))
        self.chosen.emit()

    def _take_preset(self, _: int) -> None:
        self._typed = None
        self.days.set_text("From…")
        self.chosen.emit()
