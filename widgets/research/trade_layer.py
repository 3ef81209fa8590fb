"""The trades of a run on its chart: a dashed line from entry to exit, with the result at its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from PySide6.QtCore import QLineF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from widgets.chart.model import ChartModel
from widgets.chart.scale import PaneScale
from widgets.look.painting import CENTRE, Canvas
from widgets.look.tokens import Tokens

MOST_LABELS: Final = 40
MOST_LINES: Final = 600
DASH: Final = 4
CLEARANCE: Final = 10


class TradeMark(NamedTuple):
    """From entry to exit; prices are plotted. ``text`` is the result."""

    entry_ns: int
    exit_ns: int
    entry: float
    exit: float
    gained: bool
    text: str
    number: int = 0


class TradeLayer:
    """Draws the trades that are visible; without room for their results only the lines, and not all of too many."""

    def __init__(self) -> None:
        self._marks: Sequence[TradeMark] = ()
        self.chosen = 0
        """The number of the trade that is marked."""
        self._entries = self._exits = np.empty(0, dtype=np.int64)

    def set_marks(self, marks: Sequence[TradeMark]) -> None:
        """In the order of their entries."""
        self._marks = marks
        self._entries = np.fromiter((mark.entry_ns for mark in marks), np.int64, len(marks))
        # Trades may overlap: the latest exit so far keeps the search for the first visible one right.
        exits = np.fromiter((mark.exit_ns for mark in marks), np.int64, len(marks))
        self._exits = np.maximum.accumulate(exits) if len(marks) else exits

    def draw(self, canvas: Canvas, scale: PaneScale, model: ChartModel, tokens: Tokens) -> None:
        if not len(model.series) or not len(self._marks):
            return
        left = model.series.time_at(scale.first_bar())
        right = model.series.time_at(scale.last_bar())
        first = int(np.searchsorted(self._exits, left))
        last = int(np.searchsorted(self._entries, right, side="right"))
        if last - first > MOST_LINES:
            return
        labelled = last - first <= MOST_LABELS
        for mark in self._marks[first:last]:
            colour = tokens.up if mark.gained else tokens.down
            x1, x2 = (float(scale.x(model.series.index_at(at))) for at in (mark.entry_ns, mark.exit_ns))
            y1, y2 = scale.y(mark.entry), scale.y(mark.exit)
            chosen = mark.number == self.chosen and self.chosen > 0
            if chosen:
                _frame(canvas, (x1, y1), (x2, y2), tokens)
            _dashed(canvas, (x1, y1), (x2, y2), colour)
            if labelled or chosen:
                half, height = canvas.px(40), canvas.px(14)
                text = tokens.up_text if mark.gained else tokens.down_text
                y = y2 - height - canvas.px(CLEARANCE) if mark.exit >= mark.entry else y2 + canvas.px(CLEARANCE)
                wide = canvas.text_width(mark.text, 11) + canvas.px(4)
                canvas.fill(x2 - wide / 2, y, wide, height, tokens.ground)
                canvas.text(x2 - half, y, 2 * half, height, mark.text, text, CENTRE, 11)


def _frame(canvas: Canvas, start: tuple[float, float], end: tuple[float, float], tokens: Tokens) -> None:
    """A box round a trade, in the colour of what is chosen."""
    room = canvas.px(CLEARANCE)
    left, right = min(start[0], end[0]) - room, max(start[0], end[0]) + room
    top, bottom = min(start[1], end[1]) - room, max(start[1], end[1]) + room
    canvas.frame(round(left), round(top), round(right - left), round(bottom - top), tokens.accent)


def _dashed(canvas: Canvas, start: tuple[float, float], end: tuple[float, float], colour: QColor) -> None:
    """One call whatever the length; what lies beside the pane is left out."""
    (x1, y1), (x2, y2) = start, end
    length = max(1.0, float(np.hypot(x2 - x1, y2 - y1)))
    painter, dash = canvas.painter, canvas.px(DASH)
    from_, to = _inside(x1, x2, canvas.width)
    pen = QPen(colour, canvas.px(1))
    pen.setDashPattern([dash, dash])
    pen.setDashOffset(from_ * length)
    painter.setPen(pen)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.drawLine(QLineF(x1 + (x2 - x1) * from_, y1 + (y2 - y1) * from_, x1 + (x2 - x1) * to, y1 + (y2 - y1) * to))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(Qt.PenStyle.NoPen)


def _inside(x1: float, x2: float, width: int) -> tuple[float, float]:
    """Between which shares of the way from x1 to x2 the pane shows it."""
    if x2 <= x1:
        return 0.0, 1.0
    first = min(1.0, max(0.0, -x1 / (x2 - x1)))
    return first, max(first, min(1.0, (width - x1) / (x2 - x1)))
