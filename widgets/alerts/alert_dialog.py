"""The window in which an alert is changed, or one on a price is made."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec
from PySide6.QtWidgets import QComboBox, QWidget

from widgets.alerts.alert_desk import AlertDesk
from widgets.alerts.alert_words import condition_words, value_decimals
from widgets.alerts.drawn_lines import condition_of, part_of, parts_of
from widgets.controls.dialogs import FormDialog
from widgets.controls.fields import Field
from widgets.look.numbers import decimals_of, format_date, format_time
from workstation.core.timeframe import DAY_NS, TIMEFRAMES
from workstation.market.alerts.alert import (
    LONGEST_NOTE,
    Alert,
    Condition,
    Direction,
    IndicatorLevel,
    PriceLevel,
    PriceZone,
    Repeat,
)

DIRECTIONS: Final = {Direction.EITHER: "Crosses", Direction.ABOVE: "Crosses above", Direction.BELOW: "Crosses below"}
ZONE_DIRECTIONS: Final = {
    Direction.EITHER: "Enters or leaves",
    Direction.ENTERS: "Enters",
    Direction.LEAVES: "Leaves",
}
REPEATS: Final = {Repeat.ONCE: "Once", Repeat.EVERY_BAR: "Once in every bar"}
HOUR_NS: Final = DAY_NS // 24
EXPIRIES: Final = {
    "Never": 0,
    "In 1 hour": HOUR_NS,
    "In 4 hours": 4 * HOUR_NS,
    "In 1 day": DAY_NS,
    "In 1 week": 7 * DAY_NS,
}


class AlertDialog(FormDialog):
    """``alert`` is a new one where it has no name yet."""

    def __init__(self, desk: AlertDesk, alert: Alert, now_ns: int, parent: QWidget | None = None) -> None:
        self._instrument = desk.instrument(alert.symbol)
        new = not alert.name
        sentence = f"{alert.symbol}. {condition_words(alert, self._instrument)}."
        super().__init__("New alert" if new else "Change the alert", sentence, "Watch" if new else "Change", parent)
        self._desk, self._alert, self._now_ns = desk, alert, now_ns
        self.level: Field | None = self._level_field(alert.condition)
        drawing = desk.drawing_of(alert)
        self._parts: dict[str, Condition] = {}
        """What can be watched of the drawing, by its words."""
        if drawing is not None:
            offered = {words: condition_of(drawing, part) for part, words in parts_of(drawing).items()}
            self._parts = {words: condition for words, condition in offered.items() if condition is not None}
        self.part: QComboBox | None = None
        if len(self._parts) > 1:
            watched = part_of(alert.condition)
            now = next((words for words, condition in self._parts.items() if part_of(condition) == watched), "")
            self.part = self._choices("Watches", list(self._parts), now)
            self.part.currentTextChanged.connect(self._show_directions)
        self.direction = self._choices("Fires when it", [], "")
        self._show_directions()
        self.direction.setCurrentText(self._directions[alert.direction])
        self.repeat = self._choices("How often", list(REPEATS.values()), REPEATS[alert.repeat])
        self.timeframe = self._choices("Timeframe", list(TIMEFRAMES), alert.timeframe)
        kept = f"{format_date(alert.expires_ns)} {format_time(alert.expires_ns)}" if alert.expires_ns else "Never"
        self.expires = self._choices("Expires", list(dict.fromkeys((kept, *EXPIRIES))), kept)
        self.note = Field(alert.note)
        self.note.setMaxLength(LONGEST_NOTE)
        self.note.setPlaceholderText("Shown when it fires")
        self.add_field("Note", self.note)

    @property
    def _directions(self) -> dict[Direction, str]:
        """What the chosen part can do, in words."""
        return ZONE_DIRECTIONS if isinstance(self._chosen, PriceZone) else DIRECTIONS

    @property
    def _chosen(self) -> Condition:
        """The condition before a level is read from its field."""
        return self._alert.condition if self.part is None else self._parts[self.part.currentText()]

    def _show_directions(self) -> None:
        self.direction.clear()
        self.direction.addItems(list(self._directions.values()))

    def _choices(self, label: str, texts: list[str], chosen: str) -> QComboBox:
        box = QComboBox()
        box.addItems(texts)
        box.setCurrentText(chosen)
        self.add_field(label, box)
        return box

    def _level_field(self, condition: Condition) -> Field | None:
        if isinstance(condition, IndicatorLevel):
            decimals = value_decimals(condition.value)
            field = Field(step=Decimal(1).scaleb(-decimals))
            field.set_number(Decimal(repr(condition.value)), decimals)
            self.add_field("Value", field)
            return field
        if not isinstance(condition, PriceLevel) or condition.drawing:
            # It is where the line on the chart is.
            return None
        tick = self._instrument.tick if self._instrument is not None else Decimal("0.01")
        field = Field(unit=self._instrument.quote if self._instrument is not None else "", step=tick)
        field.set_number(condition.price, decimals_of(tick))
        self.add_field("Price", field)
        return field

    def hand_over(self) -> str:
        condition, problem = self._condition()
        if problem:
            return problem
        expiry = self.expires.currentText()
        expires_ns = self._alert.expires_ns
        if expiry in EXPIRIES:
            expires_ns = self._now_ns + EXPIRIES[expiry] if EXPIRIES[expiry] else 0
        alert = msgspec.structs.replace(
            self._alert,
            condition=condition,
            direction=list(self._directions)[self.direction.currentIndex()],
            repeat=list(REPEATS)[self.repeat.currentIndex()],
            timeframe=self.timeframe.currentText(),
            expires_ns=expires_ns,
            note=self.note.text().strip(),
            enabled=True,
        )
        if not alert.name:
            return self._desk.add(alert)
        self._desk.change(alert)
        return ""

    def _condition(self) -> tuple[Condition, str]:
        before = self._chosen
        if self.level is None:
            return before, ""
        amount = self.level.number()
        self.level.set_in_error(amount is None)
        if amount is None:
            return before, "A number is needed."
        if isinstance(before, IndicatorLevel):
            return msgspec.structs.replace(before, value=float(amount)), ""
        try:
            if self._instrument is not None:
                self._instrument.ticks(amount)
            return PriceLevel(amount), ""
        except ValueError as error:
            self.level.set_in_error(True)
            return before, f"{str(error)[0].upper()}{str(error)[1:].rstrip('.')}."
