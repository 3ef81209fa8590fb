"""The bars of the price pane in the chosen kind."""

from __future__ import annotations

from typing import Final

import numpy as np
from PySide6.QtGui import QColor

from widgets.chart.candles import CandleLayer, HollowCandleLayer, column_slots
from widgets.chart.kinds import ChartKind
from widgets.chart.layers import Layer
from widgets.chart.model import ChartModel
from widgets.chart.scale import PaneScale, whole_pixels
from widgets.look.painting import Canvas
from widgets.look.tokens import Tokens, mix

AREA_SHARE: Final = 0.13
NARROWEST_TICK: Final = 3  # pixels; below it a bar is its range alone


class PriceLayer:
    """Draws by the kind that the model names."""

    def __init__(self) -> None:
        candles = CandleLayer()
        self._layers: dict[ChartKind, Layer] = {
            ChartKind.CANDLES: candles,
            ChartKind.HEIKIN_ASHI: candles,
            ChartKind.HOLLOW: HollowCandleLayer(),
            ChartKind.BARS: OhlcLayer(),
            ChartKind.LINE: CloseLineLayer(filled=False),
            ChartKind.AREA: CloseLineLayer(filled=True),
        }

    def draw(self, canvas: Canvas, scale: PaneScale, model: ChartModel, tokens: Tokens) -> None:
        self._layers[model.kind].draw(canvas, scale, model, tokens)


class OhlcLayer:
    """A line from low to high, a tick to the left at the open and one to the right at the close."""

    def draw(self, canvas: Canvas, scale: PaneScale, model: ChartModel, tokens: Tokens) -> None:
        columns = model.columns(scale)
        if not len(columns.starts):
            return
        slots = column_slots(columns, scale)
        high, low = whole_pixels(scale.ys(columns.high)), whole_pixels(scale.ys(columns.low))
        open_, close = whole_pixels(scale.ys(columns.open)), whole_pixels(scale.ys(columns.close))
        rising = columns.close >= columns.open
        ticks = bool(slots.width[0] >= NARROWEST_TICK) and columns.size == 1
        line = canvas.px(1)
        for chosen, colour in ((rising, tokens.up), (~rising, tokens.down)):
            tall = np.maximum(1, low - high + 1)[chosen]
            if not ticks:
                canvas.fill_batch(slots.wick[chosen], high[chosen], slots.width[chosen], tall, colour)
                continue
            wick, reach = slots.wick[chosen], slots.width[chosen] // 2
            ones = np.full(len(tall), line)
            canvas.fill_batch(
                np.concatenate([wick, wick - reach, wick + line]),
                np.concatenate([high[chosen], open_[chosen], close[chosen]]),
                np.concatenate([ones, reach, reach]),
                np.concatenate([tall, ones, ones]),
                colour,
            )


class CloseLineLayer:
    """The closes as one line, with its tint down to the bottom when `filled`."""

    def __init__(self, *, filled: bool) -> None:
        self._filled = filled

    def draw(self, canvas: Canvas, scale: PaneScale, model: ChartModel, tokens: Tokens) -> None:
        columns = model.columns(scale)
        if not len(columns.starts):
            return
        newest = min(len(model.drawn) - 1, int(columns.starts[-1]) + columns.size - 1)
        ends = np.minimum(columns.starts + columns.size - 1, newest)
        x, y = scale.x(ends.astype(np.float64)), scale.ys(columns.close)
        colour = tokens.series_2
        if self._filled:
            _fill_below(canvas, x, y, mix(colour, tokens.ground, AREA_SHARE))
        if len(x) == 1:
            side = canvas.px(3)
            canvas.fill(x[0] - side // 2, y[0] - side // 2, side, side, colour)
        canvas.curve(x, y, colour, 1.5)


def _fill_below(canvas: Canvas, x: np.ndarray, y: np.ndarray, colour: QColor) -> None:
    """One rectangle a pixel column, from the line to the bottom."""
    first, last = max(0, int(np.ceil(x[0]))), min(canvas.width, int(np.floor(x[-1])) + 1)
    if first >= last:
        return
    at = np.arange(first, last, dtype=np.float64)
    tops = whole_pixels(np.clip(np.interp(at, x, y), 0, canvas.height))
    canvas.fill_batch(at, tops, 1, canvas.height - tops, colour)
