"""The indicators of one chart under a person's hand: the dialog, the legend's signs, and clicks that place them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from widgets.chart.bar_picker import BarPicker
from widgets.chart.chart_feed import ChartFeed
from widgets.chart.chart_view import ChartView
from widgets.chart.chosen import ChosenIndicator, chosen
from widgets.chart.indicator_dialog import ANCHORED, IndicatorDialog
from widgets.chart.legend_pointer import LegendPointer
from widgets.chart.profiles import ProfileKind, profile_text
from workstation.core.timeframe import SECOND_NS


class ChartIndicators(QObject):
    """Holds what was chosen and hands it to the feed."""

    changed = Signal()

    def __init__(self, view: ChartView, feed: ChartFeed, parent: QWidget) -> None:
        super().__init__(parent)
        self._parent = parent
        self._feed = feed
        self._dialog: IndicatorDialog | None = None
        self.chosen: list[ChosenIndicator] = []
        self.picker = BarPicker(view)
        self.legend = LegendPointer(view, self.open_dialog, self.remove)
        view.hand.pointers += [self.picker, self.legend]

    def choose(self, entries: Iterable[Any]) -> None:
        """Show these instead of all others: texts as ``EMA(21)``, what a layout holds, or chosen ones."""
        self.chosen = chosen(entries)
        self._feed.set_indicators(self.chosen)
        if self._dialog is not None and isValid(self._dialog):
            self._dialog.set_shown(self.chosen)
        self.changed.emit()

    def add(self, one: ChosenIndicator) -> None:
        self.choose([*self.chosen, one])

    def change(self, place: int, one: ChosenIndicator) -> None:
        self.choose([*self.chosen[:place], one, *self.chosen[place + 1 :]])

    def remove(self, place: int) -> None:
        self.choose([*self.chosen[:place], *self.chosen[place + 1 :]])

    def open_dialog(self, place: int | None = None) -> IndicatorDialog:
        """The dialog, with the indicator at `place` chosen."""
        if self._dialog is None or not isValid(self._dialog) or not self._dialog.isVisible():
            self._dialog = IndicatorDialog(self.chosen, self._parent)
            self._dialog.added.connect(self.add)
            self._dialog.changed.connect(self.change)
            self._dialog.removed.connect(self.remove)
            self._dialog.pick_wanted.connect(self._pick)
        if place is not None:
            self._dialog.edit(place)
        self._dialog.show()
        self._dialog.raise_()
        return self._dialog

    def _pick(self, name: str, count: int, hint: str) -> None:
        """Let the clicks come: the dialog stands in their way."""
        if self._dialog is not None and isValid(self._dialog):
            self._dialog.close()
        self.picker.pick(count, hint, lambda times: self.add(picked(name, times)))


def picked(name: str, times_ns: list[int]) -> ChosenIndicator:
    """What the clicks on bars at these times (UTC nanoseconds) make."""
    seconds = [time_ns // SECOND_NS for time_ns in times_ns]
    if name == ANCHORED:
        return ChosenIndicator(f"VWAP(anchor={seconds[0]})")
    return ChosenIndicator(profile_text(ProfileKind.FIXED, seconds[0], seconds[-1]))
