"""A one-pixel line of recent prices for a table cell."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from widgets.look.painting import Canvas
from widgets.look.theme import current

SPARKLINE_ROLE: Final = Qt.ItemDataRole.UserRole + 40
PADDING: Final = (6, 5)


def draw_sparkline(
    painter: QPainter, area: QRectF, values: ArrayLike, ratio: float = 1.0, colour: QColor | None = None
) -> None:
    """Values (float64, oldest first) over the whole of `area`, coloured by the last against the first.

    NaN entries are left out; fewer than two values draw nothing. `ratio` is the widget's device pixel ratio.
    """
    found = np.asarray(values, dtype=np.float64)
    found = found[np.isfinite(found)]
    if len(found) < 2 or area.width() < 2 or area.height() < 2:
        return
    tokens = current().tokens
    line = colour or (tokens.up if found[-1] >= found[0] else tokens.down)
    painter.save()
    canvas = Canvas(painter, area, ratio)
    low, high = float(found.min()), float(found.max())
    share = (found - low) / (high - low) if high > low else np.full(len(found), 0.5)
    x = np.linspace(0.0, canvas.width - 1.0, len(found))
    canvas.curve(x, (1.0 - share) * (canvas.height - 1.0), line)
    painter.restore()


class SparklineDelegate(QStyledItemDelegate):
    """Paints the array that a model returns for SPARKLINE_ROLE; None leaves the cell empty."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        values = index.data(SPARKLINE_ROLE)
        if values is None:
            return
        across, down = PADDING
        area = QRectF(option.rect).adjusted(across, down, -across, -down)
        draw_sparkline(painter, area, values, option.widget.devicePixelRatioF())
