"""Discs of trades, drawn once a size and colour and then copied."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap

OPACITY: Final = 0.86


def radii(lots: NDArray[np.int64], full: float, largest: int) -> NDArray[np.int64]:
    """Radii in pixels whose areas are as the lots, ``largest`` at ``full`` lots and above, at least 2."""
    share = np.minimum(np.sqrt(lots / full), 1.0)
    found: NDArray[np.int64] = np.maximum(np.rint(share * largest), 2).astype(np.int64)
    return found


def draw_bubbles(
    painter: QPainter,
    x: NDArray[np.floating[Any]],
    y: NDArray[np.floating[Any]],
    radius: NDArray[np.int64],
    colour: QColor,
    outline: QColor,
) -> None:
    """Discs at device pixels, in the order given."""
    for left, top, each in zip((x - radius - 1).tolist(), (y - radius - 1).tolist(), radius.tolist(), strict=True):
        painter.drawPixmap(round(left), round(top), _disc(each, colour.rgb(), outline.rgb()))


@lru_cache(maxsize=256)
def _disc(radius: int, colour: int, outline: int) -> QPixmap:
    size = 2 * radius + 3
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setOpacity(OPACITY)
    painter.setBrush(QColor.fromRgb(colour))
    painter.setPen(QPen(QColor.fromRgb(outline), 1.0))
    painter.drawEllipse(QPointF(size / 2, size / 2), radius, radius)
    painter.end()
    return pixmap
