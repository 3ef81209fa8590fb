"""Lines of text: laid out when they are first drawn, and then copied. Figures and labels recur from frame to frame."""

from __future__ import annotations

from functools import lru_cache
from math import floor
from typing import Final, NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QStaticText, QTransform

LEFT: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
CENTRE: Final = Qt.AlignmentFlag.AlignCenter
KEPT: Final = 8192
"""Lines that stay laid out, about a kilobyte each: some screens full."""


class Line(NamedTuple):
    """A line in logical pixels: its width, and how far its baseline is from its top and from its middle."""

    laid: QStaticText
    width: float
    ascent: float
    drop: float


@lru_cache(maxsize=KEPT)
def laid_out(text: str, font: QFont) -> Line:
    """The text as one line. The font must not change afterwards."""
    laid = QStaticText(text.replace("\n", " "))
    laid.setTextFormat(Qt.TextFormat.PlainText)
    laid.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
    laid.prepare(QTransform(), font)
    metrics = QFontMetricsF(font)
    return Line(laid, laid.size().width(), metrics.ascent(), metrics.ascent() - metrics.height() / 2)


def draw_text(
    painter: QPainter,
    x: float,
    y: float,
    width: float,
    height: float,
    text: str,
    colour: QColor,
    font: QFont,
    align: Qt.AlignmentFlag = LEFT,
    ratio: float = 1.0,
) -> None:
    """One line inside a rectangle of logical pixels; what does not fit its width is cut off.

    `align` is LEFT, RIGHT or CENTRE, `ratio` the device pixels of a logical one. Stands where `QPainter.drawText` puts
    it, at less than half the cost.
    """
    line = laid_out(text, font)
    free = width - line.width
    left = x if align == LEFT else x + free if align == RIGHT else x + free / 2
    # The baseline stands on a whole device pixel.
    top = (floor((y + height / 2 + line.drop) * ratio + 0.5) - floor(line.ascent * ratio + 0.5)) / ratio
    painter.setPen(colour)
    painter.setFont(font)
    if free > -1:
        painter.drawStaticText(QPointF(left, top), line.laid)
        return
    painter.save()
    painter.setClipRect(QRectF(x, y, width, height), Qt.ClipOperation.IntersectClip)
    painter.drawStaticText(QPointF(left, top), line.laid)
    painter.restore()


@lru_cache(maxsize=KEPT)
def text_advance(text: str, font: QFont) -> float:
    """Logical width of a line of text."""
    return QFontMetricsF(font).horizontalAdvance(text)
