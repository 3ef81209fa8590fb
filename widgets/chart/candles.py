"""Candles: bodies and wicks as whole device pixels, one batch a colour, at most one shape a pixel column."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from widgets.chart.model import ChartModel
from widgets.chart.pyramid import Floats
from widgets.chart.scale import PaneScale, whole_pixels
from widgets.chart.series import Columns
from widgets.look.painting import Canvas
from widgets.look.tokens import Tokens

BODY_SHARE: Final = 0.8
NARROWEST_BODY: Final = 3  # pixels; below it a candle is its wick


class Slots(NamedTuple):
    """Left edges and widths of the columns, and the edges of the 1-pixel wicks."""

    left: Floats
    width: NDArray[np.int64]
    wick: Floats


def column_slots(columns: Columns, scale: PaneScale) -> Slots:
    """Where columns stand: single bars with odd widths and a gap, merged bars without one."""
    width = column_width(scale.pitch)
    if columns.size == 1 and width >= 1:
        wick = whole_pixels(scale.x(columns.starts))
        return Slots(wick - width // 2, np.full(len(wick), width), wick)
    edges = whole_pixels(scale.x(columns.starts - 0.5))
    ends = whole_pixels(scale.x(columns.starts + columns.size - 0.5))
    return Slots(edges, np.maximum(1, ends - edges).astype(np.int64), edges)


def column_width(pitch: float) -> int:
    """Width of a body in pixels, odd and with a gap; 0 when bars stand too close for a gap."""
    if pitch < 2:
        return 0
    width = int(min(pitch * BODY_SHARE + 0.5, pitch - 1))
    return max(1, width - 1 + width % 2)


class CandleLayer:
    """Wicks and bodies of the visible bars."""

    def draw(self, canvas: Canvas, scale: PaneScale, model: ChartModel, tokens: Tokens) -> None:
        columns = model.columns(scale)
        if not len(columns.starts):
            return
        slots = column_slots(columns, scale)
        high, low = whole_pixels(scale.ys(columns.high)), whole_pixels(scale.ys(columns.low))
        open_, close = whole_pixels(scale.ys(columns.open)), whole_pixels(scale.ys(columns.close))
        rising = columns.close >= columns.open
        bodies = bool(slots.width[0] >= NARROWEST_BODY)
        for chosen, colour in ((rising, tokens.up), (~rising, tokens.down)):
            wicks = slots.wick[chosen], high[chosen]
            tall = np.maximum(1, low[chosen] - high[chosen] + 1)
            if not bodies:
                canvas.fill_batch(*wicks, slots.width[chosen], tall, colour)
                continue
            top = np.minimum(open_, close)[chosen]
            deep = np.abs(open_ - close)[chosen] + 1
            wide = slots.width[chosen]
            canvas.fill_batch(
                np.concatenate([wicks[0], slots.left[chosen]]),
                np.concatenate([wicks[1], top]),
                np.concatenate([np.ones(len(tall), dtype=np.int64), wide]),
                np.concatenate([tall, deep]),
                colour,
            )
            if tokens.hollow_up_candles and chosen is rising:
                self._hollow(canvas, slots.left[chosen], top, wide, deep, tokens.ground)

    def _hollow(
        self, canvas: Canvas, left: Floats, top: Floats, wide: NDArray[np.int64], deep: Floats, ground: QColor
    ) -> None:
        open_inside = deep > 2
        canvas.fill_batch(
            left[open_inside] + 1, top[open_inside] + 1, wide[open_inside] - 2, deep[open_inside] - 2, ground
        )


class HollowCandleLayer:
    """Hollow where the close is above the open, filled where not; coloured by the close before, up or down."""

    def draw(self, canvas: Canvas, scale: PaneScale, model: ChartModel, tokens: Tokens) -> None:
        columns = model.columns(scale)
        if not len(columns.starts):
            return
        slots = column_slots(columns, scale)
        high, low = whole_pixels(scale.ys(columns.high)), whole_pixels(scale.ys(columns.low))
        open_, close = whole_pixels(scale.ys(columns.open)), whole_pixels(scale.ys(columns.close))
        before = np.maximum(columns.starts - 1, 0)
        rising = columns.close >= np.where(columns.starts > 0, model.drawn.column(3)[before], columns.open)
        hollow = columns.close > columns.open
        top, deep = np.minimum(open_, close), np.abs(open_ - close) + 1
        if slots.width[0] < NARROWEST_BODY:
            for chosen, colour in ((rising, tokens.up), (~rising, tokens.down)):
                tall = np.maximum(1, low - high + 1)[chosen]
                canvas.fill_batch(slots.wick[chosen], high[chosen], slots.width[chosen], tall, colour)
            return
        line = canvas.px(1)
        for chosen, colour in ((rising, tokens.up), (~rising, tokens.down)):
            wick, left, wide = slots.wick[chosen], slots.left[chosen], slots.width[chosen]
            above, below = (top - high)[chosen], (low - top - deep + 1)[chosen]
            canvas.fill_batch(wick, high[chosen], line, np.maximum(0, above), colour)
            canvas.fill_batch(wick, (top + deep)[chosen], line, np.maximum(0, below), colour)
            canvas.fill_batch(left, top[chosen], wide, deep[chosen], colour)
            inside = hollow[chosen] & (deep[chosen] > 2 * line)
            canvas.fill_batch(
                left[inside] + line,
                top[chosen][inside] + line,
                wide[inside] - 2 * line,
                deep[chosen][inside] - 2 * line,
                tokens.ground,
            )
