"""A field for a date and time in the chosen time zone."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from widgets.controls.fields import Field
from widgets.look import shapes
from widgets.look.numbers import format_moment, parse_moment, zone_words
from widgets.look.theme import current
from workstation.core.timeframe import MINUTE_NS

STEP_NS = 15 * MINUTE_NS
SIDES = 24
"""Pixels beside a field's text and its unit."""


class MomentField(Field):
    """The arrow keys move it by quarters of an hour. ``now_ns`` tells from when on a time of day is the next one."""

    def __init__(self, now_ns: Callable[[], int], unit_room: int = 0, parent: QWidget | None = None) -> None:
        self._zone = ""
        super().__init__(unit="UTC", unit_room=unit_room, parent=parent)
        self._now_ns = now_ns

    def moment_ns(self) -> int | None:
        """UTC nanoseconds, None when the text is no time."""
        return parse_moment(self.text(), self._now_ns())

    def set_moment(self, time_ns: int) -> None:
        self.setText(format_moment(time_ns))
        self._zone = zone_words(time_ns)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """A narrow field keeps its room for the time; the zone stands in the status bar, too."""
        room = shapes.text_width("2024-01-31 13:00", current().font()) + self._unit_room + SIDES
        unit = self._zone if self.width() >= room else ""
        if unit != self.unit:
            self.set_unit(unit)

    @property
    def steppable(self) -> bool:
        return True

    def step_by(self, steps: int) -> None:
        before_ns = self.moment_ns()
        if before_ns is not None and not self.isReadOnly():
            self.set_moment((before_ns // STEP_NS + steps) * STEP_NS)
            self.textEdited.emit(self.text())
            self.stepped.emit()
