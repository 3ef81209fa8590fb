"""Paints drawings: what they enclose below the candles, their lines and words above."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from widgets.chart.drawings.drawing import Drawing, Tool
from widgets.chart.drawings.drawing_scene import DrawingScene
from widgets.chart.drawings.geometry import Segment, Shape, bar_index, clipped, clipped_area
from widgets.chart.model import ChartModel
from widgets.chart.scale import PaneScale
from widgets.look.numbers import format_age, format_number, format_percent
from widgets.look.painting import CENTRE, Canvas
from widgets.look.text import laid_out
from widgets.look.theme import current
from widgets.look.tokens import Tokens, mix

AREA_SHARE: Final = 0.13
HANDLE: Final = 7
BELL: Final = 12
DASH: Final = (4, 3)
LINE_HEIGHT: Final = 14
TEXT_HEIGHT: Final = 16
PADDING: Final = 6
REACH: Final = 60  # pixels beyond the pane within which an area is still drawn


class DrawingAreaLayer:
    """The tinted insides of rectangles, channels and measures."""

    def __init__(self, scene: DrawingScene) -> None:
        self._scene = scene

    def draw(self, canvas: Canvas, scale: PaneScale, model: ChartModel, tokens: Tokens) -> None:
        for drawing, shape in self._scene.shapes(scale, model.series):
            seen = clipped_area(shape.area, canvas.width, canvas.height)
            if not seen:
                continue
            tint = mix(line_colour(drawing, tokens), tokens.ground, AREA_SHARE)
            if drawing.tool is Tool.CHANNEL:
                canvas.polygon(list(seen), tint)
            else:
                (left, top), (right, bottom) = min(seen), max(seen)
                canvas.fill(left, top, right - left, bottom - top, tint)


class DrawingLayer:
    """Lines, levels, words, and the handles of the chosen drawing."""

    def __init__(self, scene: DrawingScene) -> None:
        self._scene = scene

    def draw(self, canvas: Canvas, scale: PaneScale, model: ChartModel, tokens: Tokens) -> None:
        for drawing, shape in self._scene.shapes(scale, model.series):
            colour = line_colour(drawing, tokens)
            under_hand = drawing.name in (self._scene.hovered, self._scene.selected)
            thick = max(drawing.width, 2 if under_hand and drawing.tool is not Tool.MEASURE else 1)
            for line in shape.lines:
                _draw_line(canvas, line, colour, thick)
            for line in shape.dashed:
                _draw_dashed(canvas, line, colour)
            self._draw_words(canvas, drawing, shape, colour, model, tokens)
            if drawing.name in self._scene.watched:
                _draw_bell(canvas, shape)
            if drawing.name == self._scene.selected or drawing is self._scene.draft:
                _draw_handles(canvas, shape, colour, tokens, drawing.locked)

    def _draw_words(
        self, canvas: Canvas, drawing: Drawing, shape: Shape, colour: QColor, model: ChartModel, tokens: Tokens
    ) -> None:
        height = canvas.px(LINE_HEIGHT)
        if drawing.tool is Tool.TEXT:
            x, y = shape.handles[0]
            _write(canvas, x, y - canvas.px(TEXT_HEIGHT), drawing.text, colour, 12, 500)
        elif drawing.tool is Tool.HORIZONTAL_LINE:
            words = f"{drawing.text}  {_price(drawing, 0, model)}".strip()
            begin = canvas.width - canvas.text_width(words, 11) - canvas.px(PADDING)
            _write(canvas, begin, shape.handles[0].y - height - 1, words, colour)
        elif drawing.tool is Tool.RETRACEMENT:
            end, start = drawing.anchors[1].price, drawing.anchors[0].price
            left = min(handle.x for handle in shape.handles)
            above = float("nan")
            for share, y in shape.levels:
                # Levels that are close together share the room: the first and the last are always told.
                if share < 1 and (abs(y - above) < height or abs(y - shape.levels[-1][1]) < height):
                    continue
                above = y
                words = f"{share:g}  {model.price_text(end + (start - end) * share)}"
                x = max(canvas.px(4), left - canvas.text_width(words, 11) - canvas.px(PADDING))
                _write(canvas, x, y - height / 2, words, colour)
        elif drawing.tool is Tool.MEASURE:
            _draw_measure(canvas, drawing, shape, model, tokens)


def line_colour(drawing: Drawing, tokens: Tokens) -> QColor:
    if drawing.tool is Tool.MEASURE:
        start, end = drawing.anchors
        return tokens.up_text if end.price >= start.price else tokens.down_text
    if drawing.tool is Tool.TEXT or not drawing.colour.startswith("series"):
        return tokens.colour({"up": "up_text", "down": "down_text"}.get(drawing.colour, drawing.colour))
    return tokens.colour(drawing.colour)


def measured_words(drawing: Drawing, model: ChartModel) -> tuple[str, str]:
    """The change of price with its percentage, and the bars with their time."""
    start, end = drawing.anchors
    change = end.price - start.price
    percent = change / start.price * 100 if start.price else None
    decimals = max(0, -int(model.tick.normalize().as_tuple().exponent))
    first = f"{format_number(change, decimals, signed=True)}   {format_percent(percent, signed=True)}"
    bars = bar_index(model.series, end.time_ns) - bar_index(model.series, start.time_ns)
    word = "bar" if abs(bars) == 1 else "bars"
    return first, f"{format_number(bars, 0)} {word}   {format_age(abs(end.time_ns - start.time_ns))}"


def _draw_measure(canvas: Canvas, drawing: Drawing, shape: Shape, model: ChartModel, tokens: Tokens) -> None:
    words = measured_words(drawing, model)
    line, edge = canvas.px(TEXT_HEIGHT), canvas.px(1)
    width = max(canvas.text_width(text, 11, 500) for text in words) + 2 * canvas.px(PADDING)
    height = 2 * line + canvas.px(4)
    start, end = shape.handles
    x = round(min(canvas.width - width, max(0, (start.x + end.x - width) / 2)))
    gap = canvas.px(4)
    y = round(end.y + gap if end.y > start.y else end.y - height - gap)
    y = min(canvas.height - height, max(0, y))
    colour = line_colour(drawing, tokens)
    canvas.fill(x, y, width, height, tokens.control)
    canvas.frame(x, y, width, height, colour, edge)
    for place, (text, tone) in enumerate(zip(words, (colour, tokens.text_2), strict=True)):
        canvas.text(x, y + canvas.px(2) + place * line, width, line, text, tone, CENTRE, 11, 500)


def _write(canvas: Canvas, x: float, y: float, words: str, colour: QColor, pixels: int = 11, weight: int = 400) -> None:
    """A line of text from its top left, where that is in view; laid out once."""
    if not (y / canvas.ratio > -LINE_HEIGHT * 2 and y < canvas.height and x < canvas.width):
        return
    painter, ratio, font = canvas.painter, canvas.ratio, current().font(pixels, weight)
    painter.setPen(colour)
    painter.setFont(font)
    before = painter.worldTransform()
    painter.scale(ratio, ratio)
    painter.drawStaticText(QPointF(x / ratio, y / ratio), laid_out(words, font).laid)
    painter.setWorldTransform(before)
    painter.setPen(Qt.PenStyle.NoPen)


def _draw_line(canvas: Canvas, line: Segment, colour: QColor, thick: int) -> None:
    """Crisp where it is straight across or down, antialiased where it is not."""
    seen = clipped(line, canvas.width, canvas.height)
    if seen is None:
        return
    (x, y), (end_x, end_y) = seen
    pixels = canvas.px(thick)
    if round(y) == round(end_y):
        canvas.fill(round(min(x, end_x)), round(y) - (pixels - 1) // 2, abs(end_x - x) + 1, pixels, colour)
    elif round(x) == round(end_x):
        canvas.fill(round(x) - (pixels - 1) // 2, round(min(y, end_y)), pixels, abs(end_y - y) + 1, colour)
    else:
        _stroke(canvas, seen, QPen(colour, pixels))


def _draw_dashed(canvas: Canvas, line: Segment, colour: QColor) -> None:
    seen = clipped(line, canvas.width, canvas.height)
    if seen is None:
        return
    pen = QPen(colour, canvas.px(1))
    pen.setDashPattern(DASH)
    _stroke(canvas, seen, pen)


def _stroke(canvas: Canvas, line: Segment, pen: QPen) -> None:
    painter = canvas.painter
    painter.setPen(pen)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.drawLine(QPointF(line.start.x + 0.5, line.start.y + 0.5), QPointF(line.end.x + 0.5, line.end.y + 0.5))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(Qt.PenStyle.NoPen)


def _draw_bell(canvas: Canvas, shape: Shape) -> None:
    """Right above its last anchor that is in view: an alert waits there."""
    seen = [handle for handle in shape.handles if 0 <= handle.x < canvas.width and 0 <= handle.y < canvas.height]
    if seen:
        size, picture = canvas.px(BELL), current().pixmap("bell", "text_3", BELL)
        at = QRectF(round(seen[-1].x) + canvas.px(4), round(seen[-1].y) - size - canvas.px(4), size, size)
        canvas.painter.drawPixmap(at, picture, QRectF(picture.rect()))


def _draw_handles(canvas: Canvas, shape: Shape, colour: QColor, tokens: Tokens, locked: bool) -> None:
    size, edge = canvas.px(HANDLE), canvas.px(1)
    for handle in shape.handles:
        if abs(handle.x) < canvas.width + REACH and abs(handle.y) < canvas.height + REACH:
            x, y = round(handle.x) - size // 2, round(handle.y) - size // 2
            canvas.fill(x, y, size, size, tokens.border if locked else tokens.ground)
            canvas.frame(x, y, size, size, colour, edge)


def _price(drawing: Drawing, place: int, model: ChartModel) -> str:
    return model.price_text(drawing.anchors[place].price)
