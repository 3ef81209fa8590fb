"""What trades came to by the day of the week or the hour, as cells that are tinted by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QEvent, QRect, QSize
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from widgets.look import shapes
from widgets.look.numbers import MISSING, format_money, format_number, format_percent
from widgets.look.theme import current
from widgets.look.tokens import mix
from widgets.research.figures_view import LEAST_TINT, MONTH_GAP, MONTH_HEIGHT, MOST_TINT, PADDING
from workstation.backtest.breakdown import Group
from workstation.core.money import from_money

NARROW: Final = 340


class CellsView(QWidget):
    """The deepest tint is that of the largest result, up or down; a tooltip tells trades and win rate."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.groups: Sequence[Group] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        current().changed.connect(self.update)

    def set_groups(self, groups: Sequence[Group]) -> None:
        if len(groups) != len(self.groups):
            self.updateGeometry()
        self.groups = groups
        self.setAccessibleDescription(", ".join(words_of(group) for group in groups if group.trades))
        self.update()

    @property
    def in_row(self) -> int:
        return 7 if len(self.groups) == 7 else 6 if self.width() >= NARROW else 4

    def sizeHint(self) -> QSize:
        rows = -(-max(1, len(self.groups)) // self.in_row)
        return QSize(330, rows * (MONTH_HEIGHT + MONTH_GAP) + 2 * PADDING)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def cell(self, place: int) -> QRect:
        width, in_row = self.width() - 2 * PADDING + MONTH_GAP, self.in_row
        left = PADDING + width * (place % in_row) // in_row
        right = PADDING + width * (place % in_row + 1) // in_row - MONTH_GAP
        return QRect(left, PADDING + place // in_row * (MONTH_HEIGHT + MONTH_GAP), right - left, MONTH_HEIGHT)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            found = [group for place, group in enumerate(self.groups) if self.cell(place).contains(event.pos())]
            QToolTip.showText(event.globalPos(), words_of(found[0]) if found else "", self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, painter = current(), QPainter(self)
        tokens = theme.tokens
        painter.fillRect(self.rect(), tokens.ground)
        largest = max((abs(group.net) for group in self.groups), default=0) or 1
        for place, group in enumerate(self.groups):
            area = self.cell(place)
            if group.trades:
                share = LEAST_TINT + (MOST_TINT - LEAST_TINT) * abs(group.net) / largest
                tone = tokens.up if group.net >= 0 else tokens.down
                painter.fillRect(area, mix(tone, tokens.ground, share if group.net else 0.0))
            else:
                painter.setPen(tokens.hairline)
                painter.drawRect(area.adjusted(0, 0, -1, -1))
            upper = QRect(area.left() + 5, area.top() + 3, area.width() - 7, 16)
            shapes.write(painter, upper, group.name, tokens.text_2, theme.font(11))
            text = short_money(group.net) if group.trades else MISSING
            colour = tokens.text_1 if group.trades else tokens.text_3
            shapes.write(painter, upper.translated(0, 16), text, colour, theme.font(11, 500), elide=True)


def short_money(amount: int) -> str:
    """Without decimals from 100 on: there is no room for them."""
    return format_number(from_money(amount), 0 if abs(amount) >= 10_000_000_000 else 2, signed=True)


def words_of(group: Group) -> str:
    if not group.trades:
        return f"{group.name}: no trades were entered"
    won = format_percent(group.wins / group.trades * 100, 0)
    net = format_money(from_money(group.net), signed=True)
    return f"{group.name}: {net} net, {group.trades:,} trades entered, {won} won"
