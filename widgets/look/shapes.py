"""Boxes, hairlines and text that flat controls share, in logical pixels."""

from __future__ import annotations

from math import floor

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPixmap

from widgets.look.text import CENTRE, LEFT, RIGHT, draw_text, text_advance
from widgets.look.theme import current

__all__ = ["CENTRE", "LEFT", "RIGHT", "box", "dot", "place_pixmap", "text_width", "write", "write_figures"]


def box(
    painter: QPainter,
    rect: QRect,
    fill: QColor | None,
    edge: QColor | None = None,
    *,
    radius: float = 3.0,
    edge_width: float = 1.0,
) -> None:
    """A rounded rectangle with its edge drawn inside `rect`."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, radius > 0)
    inset = edge_width / 2 if edge is not None else 0.0
    painter.setPen(QPen(edge, edge_width) if edge is not None else Qt.PenStyle.NoPen)
    painter.setBrush(fill if fill is not None else Qt.BrushStyle.NoBrush)
    area = QRectF(rect).adjusted(inset, inset, -inset, -inset)
    if radius > 0:
        painter.drawRoundedRect(area, radius, radius)
    else:
        painter.drawRect(area)
    painter.restore()


def dot(painter: QPainter, x: float, y: float, colour: QColor, diameter: float = 6.0) -> None:
    """A filled disc centred on (x, y)."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawEllipse(QPointF(x, y), diameter / 2, diameter / 2)
    painter.restore()


def write(
    painter: QPainter,
    rect: QRect,
    text: str,
    colour: QColor,
    font: QFont,
    align: Qt.AlignmentFlag = LEFT,
    *,
    elide: bool = False,
) -> None:
    """One line of text; `elide` shortens what does not fit."""
    if elide and text_advance(text, font) > rect.width():
        text = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
    if align != LEFT and not current().tabular_figures:
        painter.setPen(colour)
        painter.setFont(font)
        write_figures(painter, rect, text, font, align)
        return
    ratio = painter.device().devicePixelRatio()
    draw_text(painter, rect.x(), rect.y(), rect.width(), rect.height(), text, colour, font, align, ratio)


def broken(text: str, font: QFont, width: int, lines: int) -> list[str]:
    """The text in at most so many lines, broken between words; the last holds all that is left."""
    found, words = [""], text.split()
    for word in words:
        longer = f"{found[-1]} {word}".strip()
        if found[-1] and len(found) < lines and text_advance(longer, font) > width:
            found.append(word)
        else:
            found[-1] = longer
    return found


def write_figures(painter: QPainter, rect: QRect, text: str, font: QFont, align: Qt.AlignmentFlag) -> None:
    """Text in a font without tabular figures: each digit takes the width of 0."""
    metrics = QFontMetrics(font)
    zero = metrics.horizontalAdvance("0")
    widths = [zero if character.isdigit() else metrics.horizontalAdvance(character) for character in text]
    free = rect.width() - sum(widths)
    x = rect.left() + (free if align & Qt.AlignmentFlag.AlignRight else free // 2)
    for character, width in zip(text, widths, strict=True):
        painter.drawText(QRect(x, rect.top(), width, rect.height()), CENTRE, character)
        x += width


def text_width(text: str, font: QFont) -> int:
    return floor(text_advance(text, font) + 0.5)


def place_pixmap(painter: QPainter, rect: QRect, pixmap: QPixmap) -> None:
    """The pixmap at its logical size in the middle of `rect`, on whole pixels."""
    size = pixmap.deviceIndependentSize()
    painter.drawPixmap(
        rect.left() + (rect.width() - round(size.width())) // 2,
        rect.top() + (rect.height() - round(size.height())) // 2,
        pixmap,
    )
