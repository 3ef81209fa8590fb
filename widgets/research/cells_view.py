"""What trades came to by the day of the week or the hour, as cells that are tinted by it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from widgets.look.numbers import MISSING, format_money, format_number, format_percent
from widgets.look.theme import current
from widgets.research.cell_grid import PADDING, SIX_IN_ROW_FROM, CellGrid, paint_named, paint_tint
from workstation.backtest.breakdown import Group
from workstation.core.money import from_money


class CellsView(CellGrid):
    """The deepest tint is that of the largest result, up or down; a tooltip tells trades and win rate."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.groups: Sequence[Group] = ()

    def set_groups(self, groups: Sequence[Group]) -> None:
        if len(groups) != len(self.groups):
            self.updateGeometry()
        self.groups = groups
        self.setAccessibleDescription(", ".join(words_of(group) for group in groups if group.trades))
        self.update()

    @property
    def in_row(self) -> int:
        return 7 if len(self.groups) == 7 else 6 if self.width() >= SIX_IN_ROW_FROM else 4

    def count(self) -> int:
        return len(self.groups)

    def cell(self, place: int) -> QRect:
        return self.tinted_cell(place, self.in_row)

    def tip(self, place: int) -> str:
        return words_of(self.groups[place])

    def sizeHint(self) -> QSize:
        return super().sizeHint() + QSize(0, PADDING)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), current().tokens.ground)
        largest = max((abs(group.net) for group in self.groups), default=0) or 1
        for place, group in enumerate(self.groups):
            area = self.cell(place)
            paint_tint(painter, area, group.net if group.trades else None, largest)
            paint_named(painter, area, group.name, short_money(group.net) if group.trades else MISSING)


def short_money(amount: int) -> str:
    """Without decimals from 100 on: there is no room for them."""
    return format_number(from_money(amount), 0 if abs(amount) >= 10_000_000_000 else 2, signed=True)


def words_of(group: Group) -> str:
    if not group.trades:
        return f"{group.name}: no trades were entered"
    won = format_percent(group.wins / group.trades * 100, 0)
    net = format_money(from_money(group.net), signed=True)
    return f"{group.name}: {net} net, {group.trades:,} trades entered, {won} won"
