"""How long an order lives, and how much of it shows: the fields of the ticket for it, and their menu."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu, QWidget

from widgets.controls.controls import ToneLabel
from widgets.controls.fields import Field
from widgets.controls.moment_field import MomentField
from widgets.controls.toolbar import TextButton, popup_below
from widgets.look.tokens import Tone
from workstation.core.instrument import Instrument
from workstation.core.timeframe import DAY_NS, HOUR_NS, MINUTE_NS
from workstation.core.types import TimeInForce

LIVES = {
    TimeInForce.GTC: "Good till cancelled",
    TimeInForce.GTD: "Good till a date",
    TimeInForce.IOC: "Immediate or cancel",
    TimeInForce.FOK: "Fill or kill",
}
SOON = {"15 min": 15 * MINUTE_NS, "1 h": HOUR_NS, "4 h": 4 * HOUR_NS, "1 day": DAY_NS, "7 days": 7 * DAY_NS}
"""Dates that the menu offers, from now."""
FIRST_NS = HOUR_NS
PARTS = 5


class OrderLife(QObject):
    """``button`` and the rows stand in the ticket; a row is shown where the order needs it."""

    changed = Signal()
    part_wanted = Signal(bool)
    """The menu asks for an iceberg, or for none."""

    def __init__(self, now_ns: Callable[[], int], unit_room: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._now_ns = now_ns
        self.time_in_force = TimeInForce.GTC
        self._used = True
        self.iceberg = False
        """Only a part of the order is to show at the venue."""
        self.button = TextButton("GTC", "How long the order lives, and how much of it shows", opens=True, inset=0)
        self.until = MomentField(now_ns, unit_room)
        self.until.setAccessibleName("good till")
        self.until.setToolTip("2024-01-31 13:00, or 13:00 for the next such time. The arrow keys move it by 15 min.")
        self.visible_part = Field(unit="–", unit_room=unit_room, step=Decimal(1))
        self.visible_part.setAccessibleName("visible part")
        self.visible_part.setToolTip("What the venue's own iceberg shows at a time")
        self.labels = {"until": ToneLabel("Until", Tone.LABEL), "visible": ToneLabel("Shows", Tone.LABEL)}
        self.fields: dict[str, Field] = {"until": self.until, "visible": self.visible_part}
        for field in self.fields.values():
            field.textEdited.connect(self.changed)
        self.button.clicked.connect(lambda: popup_below(self.menu(), self.button))
        for row in self.rows():
            for widget in row:
                widget.hide()

    def rows(self) -> list[tuple[QWidget, QWidget]]:
        """Label and field of each row."""
        return [(self.labels[name], field) for name, field in self.fields.items()]

    def take_instrument(self, instrument: Instrument) -> None:
        """An empty part, in the steps of another instrument."""
        self.visible_part.clear()
        self.visible_part.set_unit("cont." if instrument.valuation.inverse else instrument.base)
        self.visible_part.set_step(instrument.lot)

    def choose(self, kind: TimeInForce, until_ns: int = 0) -> None:
        """Choose how long the order lives; of a date, when it ends."""
        self.time_in_force = kind
        if kind is TimeInForce.GTD and (until_ns or self.until.moment_ns() is None):
            minutes = -(-(until_ns or self._now_ns() + FIRST_NS) // MINUTE_NS)
            self.until.set_moment(minutes * MINUTE_NS)
        self._show()
        self.changed.emit()

    def show_part(self, on: bool, lots: int, instrument: Instrument) -> None:
        """Show the order whole, or a part of it; the first one is a fifth."""
        self.iceberg = on
        if on and self.visible_part.number() is None:
            self.visible_part.set_figure(instrument.quantity(max(1, lots // PARTS)).normalize())
        self._show()
        self.changed.emit()

    def set_used(self, used: bool) -> None:
        """An execution algorithm has a time and a part of its own."""
        self._used = used
        self._show()

    def _show(self) -> None:
        dated = self.time_in_force is TimeInForce.GTD
        for name, shown in (("until", dated), ("visible", self.iceberg)):
            self.labels[name].setVisible(shown and self._used)
            self.fields[name].setVisible(shown and self._used)
        self.button.set_text(self.time_in_force.upper())

    def menu(self) -> QMenu:
        """Every life, dates near at hand, and the venue's iceberg."""
        menu = QMenu(self.button)
        self.fill_menu(menu)
        return menu

    def fill_menu(self, menu: QMenu) -> None:
        """Add the choices to a menu."""
        for kind, text in LIVES.items():
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(kind is self.time_in_force)
            action.triggered.connect(lambda _=False, kind=kind: self.choose(kind))
        dates = menu.addMenu("Good for")
        for text, after_ns in SOON.items():
            action = dates.addAction(text)
            action.triggered.connect(
                lambda _=False, after_ns=after_ns: self.choose(TimeInForce.GTD, self._now_ns() + after_ns)
            )
        menu.addSeparator()
        part = menu.addAction("Iceberg at the venue")
        part.setCheckable(True)
        part.setChecked(self.iceberg)
        part.triggered.connect(self.part_wanted)
