"""Two lines at the top left: the instrument with the bar under the crosshair, and the indicators."""

from __future__ import annotations

from typing import Final, NamedTuple

from PySide6.QtGui import QColor

from widgets.chart.model import PRICE_PANE, ChartModel
from widgets.chart.scale import PaneScale
from widgets.look.numbers import format_number, format_percent
from widgets.look.painting import LEFT, Canvas
from widgets.look.tokens import Tokens

LEFT_EDGE: Final = 8
TOP_EDGE: Final = 6
LINE_HEIGHT: Final = 18
SUB_PANE_TOP: Final = 2


class Word(NamedTuple):
    """A piece of text with the space before it; a label is not shown without the word after it."""

    text: str
    colour: QColor
    gap: int = 8
    pixels: int = 12
    weight: int = 400
    label: bool = False


class LegendLayer:
    def __init__(self, pane: str) -> None:
        self._pane = pane

    def draw(self, canvas: Canvas, scale: PaneScale, model: ChartModel, tokens: Tokens) -> None:
        lines = [indicator_words(self._pane, model, tokens)]
        top = SUB_PANE_TOP
        if self._pane == PRICE_PANE:
            lines.insert(0, instrument_words(model, tokens))
            top = TOP_EDGE
        for number, words in enumerate(lines):
            y = canvas.px(top + number * LINE_HEIGHT)
            self._draw_words(canvas, words, y, tokens)

    def _draw_words(self, canvas: Canvas, words: list[Word], y: int, tokens: Tokens) -> None:
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
        if not placed:
            return
        top = y if y > height else canvas.px(1)
        canvas.fill(0, top, x + canvas.px(LEFT_EDGE), y + height - top, tokens.ground)
        for left, width, word in placed:
            room = width + canvas.px(2)
            canvas.text(left, y, room, height, word.text, word.colour, LEFT, word.pixels, word.weight)


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
    words.append(Word(format_number(bar.volume, 1 if bar.volume < 10_000 else 0), tokens.text_2, 4))
    return words


def indicator_words(pane: str, model: ChartModel, tokens: Tokens) -> list[Word]:
    """Labels and values of a pane's indicators at the same bar."""
    words: list[Word] = []
    index = bar_under_crosshair(model)
    for line in model.in_pane(pane):
        value = float(line.values[index]) if index is not None and index < line.count else None
        colour = tokens.series_text[(line.indicator.color_index - 1) % 4]
        words.append(Word(line.indicator.label, tokens.text_2, 14, label=True))
        words.append(Word(model.value_text(line.indicator, value), colour, 4))
    return words


def bar_under_crosshair(model: ChartModel) -> int | None:
    """The bar the legend tells of; None without bars."""
    count = len(model.series)
    if not count:
        return None
    if model.crosshair is None or not 0 <= model.crosshair.index < count:
        return count - 1
    return model.crosshair.index
