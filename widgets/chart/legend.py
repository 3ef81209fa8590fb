"""Two lines at the top left: the instrument with the bar under the crosshair, and the indicators."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, NamedTuple

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPixmap

from widgets.chart.model import PRICE_PANE, ChartModel
from widgets.chart.scale import PaneScale
from widgets.look.numbers import format_number, format_percent
from widgets.look.painting import LEFT, Canvas
from widgets.look.theme import current
from widgets.look.tokens import Tokens

LEFT_EDGE: Final = 8
TOP_EDGE: Final = 6
LINE_HEIGHT: Final = 18
SUB_PANE_TOP: Final = 2
MOST_LINES: Final = 3
SIGN_WIDTH: Final = 20
SIGN_PIXELS: Final = 12


class Word(NamedTuple):
    """A piece of text with the space before it; a label is not shown without the word after it."""

    text: str
    colour: QColor
    gap: int = 8
    pixels: int = 12
    weight: int = 400
    label: bool = False
    study: str = ""


class LegendAct(Enum):
    """What lies under the pointer: the label itself, or one of the two signs after it."""

    LABEL = "label"
    EDIT = "edit"
    REMOVE = "remove"


class LegendHit(NamedTuple):
    study: str
    act: LegendAct


@dataclass(slots=True)
class _Line:
    """A line as it was laid out: its words with their left edges and widths, and the ground under them.

    ``laid_for`` is what it holds for, beside the words; ``picture`` is taken when it is drawn a second time.
    """

    words: list[Word]
    laid_for: tuple[Any, ...]
    placed: list[tuple[int, int, Word]]
    ground: QRectF
    picture: QPixmap | None = None


class LegendLayer:
    """Remembers where it drew each indicator, so that the pointer finds it.

    Its words stay the same while the chart moves under them: a line that comes again is drawn from a picture.
    """

    def __init__(self, pane: str) -> None:
        self._pane = pane
        self._areas: list[tuple[QRectF, LegendHit]] = []
        self._lines: list[_Line] = []

    def draw(self, canvas: Canvas, scale: PaneScale, model: ChartModel, tokens: Tokens) -> None:
        self._areas = []
        lines = wrapped(indicator_words(self._pane, model, tokens), canvas)
        top = SUB_PANE_TOP
        if self._pane == PRICE_PANE:
            lines.insert(0, instrument_words(model, tokens))
            lines += [[Word(text, tokens.warning)] for text in (model.armed, model.problem, model.hint) if text]
            top = TOP_EDGE
        del self._lines[len(lines) :]
        for number, words in enumerate(lines):
            y = canvas.px(top + number * LINE_HEIGHT)
            self._draw_line(canvas, number, words, y, tokens, model.hovered_study)

    def hit(self, point: QPointF) -> LegendHit | None:
        """The indicator at a point of the pane, in logical pixels; the signs win over the label."""
        found = [hit for area, hit in self._areas if area.contains(point)]
        return next((hit for hit in found if hit.act is not LegendAct.LABEL), found[0] if found else None)

    def _draw_line(
        self, canvas: Canvas, number: int, words: list[Word], y: int, tokens: Tokens, hovered: str | None
    ) -> None:
        line = self._lines[number] if number < len(self._lines) else None
        laid_for = canvas.width, canvas.ratio, tokens, current().family
        if line is None or line.words != words or line.laid_for != laid_for:
            line = _Line(words, laid_for, *_lay_out(words, y, canvas))
            self._lines[number : number + 1] = [line]
            _draw_words(canvas, line, tokens)
        elif line.placed:
            line.picture = line.picture or _take_picture(line, canvas.ratio, tokens)
            canvas.painter.drawPixmap(line.ground, line.picture, QRectF(line.picture.rect()))
        height = canvas.px(LINE_HEIGHT)
        for study in dict.fromkeys(word.study for _, _, word in line.placed if word.study):
            of = [(left, width) for left, width, word in line.placed if word.study == study]
            self._remember(canvas, QRectF(of[0][0], y, sum(of[-1]) - of[0][0], height), study, LegendAct.LABEL)
            if study == hovered:
                self._draw_signs(canvas, of[0][0], y, study, tokens)

    def _draw_signs(self, canvas: Canvas, left: int, y: int, study: str, tokens: Tokens) -> None:
        """A gear and a cross over the beginning of the label under the pointer: nothing else moves."""
        side, height = canvas.px(SIGN_WIDTH), canvas.px(LINE_HEIGHT)
        canvas.fill(left - canvas.px(2), y, 2 * side + canvas.px(2), height, tokens.control)
        for number, (icon, act) in enumerate((("gear", LegendAct.EDIT), ("cross", LegendAct.REMOVE))):
            x = left + number * side
            picture = current().pixmap(icon, "text_1", SIGN_PIXELS)
            margin = (side - canvas.px(SIGN_PIXELS)) / 2
            size = canvas.px(SIGN_PIXELS)
            at = QRectF(x + margin, y + (height - size) / 2, size, size)
            canvas.painter.drawPixmap(at, picture, QRectF(picture.rect()))
            self._remember(canvas, QRectF(x, y, side, height), study, act)

    def _remember(self, canvas: Canvas, area: QRectF, study: str, act: LegendAct) -> None:
        ratio = canvas.ratio
        logical = QRectF(area.x() / ratio, area.y() / ratio, area.width() / ratio, area.height() / ratio)
        self._areas.append((logical, LegendHit(study, act)))


def _lay_out(words: list[Word], y: int, canvas: Canvas) -> tuple[list[tuple[int, int, Word]], QRectF]:
    """The words that fit the pane, from the left, in the line that begins at device pixel ``y``; and its ground."""
    height = canvas.px(LINE_HEIGHT)
    placed: list[tuple[int, int, Word]] = []
    x = canvas.px(LEFT_EDGE)
    for word in words:
        width = canvas.text_width(word.text, word.pixels, word.weight)
        x += canvas.px(word.gap) if placed else 0
        if x + width > canvas.width - canvas.px(LEFT_EDGE):
            break
        placed.append((x, width, word))
        x += width
    while placed and placed[-1][2].label:
        placed.pop()
    top = y if y > height else canvas.px(1)
    return placed, QRectF(0, top, x + canvas.px(LEFT_EDGE), y + height - top)


def _draw_words(canvas: Canvas, line: _Line, tokens: Tokens, above: float = 0) -> None:
    """The line, on a canvas that begins so many device pixels below the pane's."""
    if not line.placed:
        return
    height = canvas.px(LINE_HEIGHT)
    ground = line.ground.translated(0, -above)
    canvas.fill(0, ground.top(), ground.width(), ground.height(), tokens.ground)
    for left, width, word in line.placed:
        place = left, ground.bottom() - height, width + canvas.px(2), height
        canvas.text(*place, word.text, word.colour, LEFT, word.pixels, word.weight)


def _take_picture(line: _Line, ratio: float, tokens: Tokens) -> QPixmap:
    picture = QPixmap(line.ground.size().toSize())
    picture.setDevicePixelRatio(ratio)
    painter = QPainter(picture)
    area = QRectF(0, 0, picture.width() / ratio, picture.height() / ratio)
    _draw_words(Canvas(painter, area, ratio), line, tokens, line.ground.top())
    painter.end()
    return picture


def wrapped(words: list[Word], canvas: Canvas) -> list[list[Word]]:
    """Lines that fit the pane, each indicator whole, `MOST_LINES` at the most."""
    lines: list[list[Word]] = [[]]
    room = canvas.width - canvas.px(2 * LEFT_EDGE)
    used = 0
    for study in dict.fromkeys(word.study for word in words):
        group = [word for word in words if word.study == study]
        width = sum(canvas.text_width(word.text, word.pixels, word.weight) + canvas.px(word.gap) for word in group)
        if lines[-1] and used + width > room and len(lines) < MOST_LINES:
            lines.append([])
            used = 0
        lines[-1] += group
        used += width
    return lines


def instrument_words(model: ChartModel, tokens: Tokens) -> list[Word]:
    """Symbol, title and the figures of the bar under the crosshair, or of the newest one."""
    words = [Word(model.symbol, tokens.text_1, 0, 13, 600), Word(model.title, tokens.text_2)]
    index = bar_under_crosshair(model)
    if index is None:
        return words
    bar = model.drawn.bar(index)
    colour = tokens.up_text if bar.close >= bar.open else tokens.down_text
    for position, (letter, price) in enumerate(zip("OHLC", bar[1:5], strict=True)):
        words.append(Word(letter, tokens.text_3, 8 if position else 14, label=True))
        words.append(Word(model.price_text(price), colour, 4))
    change = (bar.close / bar.open - 1) * 100 if bar.open else None
    words.append(Word(format_percent(change, signed=True), colour))
    words.append(Word("Vol", tokens.text_3, 12, label=True))
    decimals = 0 if bar.volume >= 10_000 else 1 if bar.volume >= 1 or not bar.volume else 4
    words.append(Word(format_number(bar.volume, decimals), tokens.text_2, 4))
    return words


def indicator_words(pane: str, model: ChartModel, tokens: Tokens) -> list[Word]:
    """Labels and values of a pane's indicators at the same bar; the volume profiles of the price pane."""
    words: list[Word] = []
    index = bar_under_crosshair(model)
    shown: set[str] = set()
    for line in model.in_pane(pane):
        study = line.indicator.study
        own = -1 if index is None else index - line.indicator.shift
        value = float(line.values[own]) if 0 <= own < line.count else None
        colour = tokens.series_text[(line.indicator.color_index - 1) % 4]
        if study not in shown or not study:
            words.append(Word(line.indicator.label, tokens.text_2, 14, label=True, study=study))
            shown.add(study)
        words.append(Word(model.value_text(line.indicator, value), colour, 6, study=study))
    if pane == PRICE_PANE:
        words += [Word(profile.label, tokens.text_2, 14, study=profile.study) for profile in model.profiles]
    return words


def bar_under_crosshair(model: ChartModel) -> int | None:
    """The bar the legend tells of; None without bars."""
    count = len(model.series)
    if not count:
        return None
    if model.crosshair is None or not 0 <= model.crosshair.index < count:
        return count - 1
    return model.crosshair.index
