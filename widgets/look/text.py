"""Lines of text: laid out when they are first drawn, and then copied. Figures and labels recur from frame to frame."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from math import floor
from typing import Final, NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QStaticText, QTransform

LEFT: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
CENTRE: Final = Qt.AlignmentFlag.AlignCenter
KEPT: Final = 2048
"""Lines that stay laid out, about a kilobyte each: some screens full. More would still fill up after an hour."""


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


def draw_texts(
    painter: QPainter,
    places: Iterable[tuple[float, float, float, float, str]],
    colour: QColor,
    font: QFont,
    align: Qt.AlignmentFlag = LEFT,
    ratio: float = 1.0,
) -> None:
    """Lines of one colour and font, each by the x, y, width and height of its rectangle in logical pixels; what does
    not fit its width is cut off.

    `align` is LEFT, RIGHT or CENTRE, `ratio` the device pixels of a logical one. They stand where `QPainter.drawText`
    puts them, at less than half the cost.
    """
    painter.setPen(colour)
    painter.setFont(font)
    for x, y, width, height, text in places:
        laid, wide, ascent, drop = laid_out(text, font)
        free = width - wide
        left = x if align == LEFT else x + free if align == RIGHT else x + free / 2
        # The baseline stands on a whole device pixel.
        top = (floor((y + height / 2 + drop) * ratio + 0.5) - floor(ascent * ratio + 0.5)) / ratio
        if free > -1:
            painter.drawStaticText(QPointF(left, top), laid)
            continue
        painter.save()
        painter.setClipRect(QRectF(x, y, width, height), Qt.ClipOperation.IntersectClip)
        painter.drawStaticText(QPointF(left, top), laid)
        painter.restore()


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
    """One such line."""
    draw_texts(painter, ((x, y, width, height, text),), colour, font, align, ratio)


@lru_cache(maxsize=KEPT)
def text_advance(text: str, font: QFont) -> float:
    """Logical width of a line of text."""
    return QFontMetricsF(font).horizontalAdvance(text)
