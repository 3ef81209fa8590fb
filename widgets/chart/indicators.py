"""Indicator lines: an antialiased curve, or an envelope of pixel columns when bars are merged."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor

from widgets.chart.candles import column_slots
from widgets.chart.model import ChartModel, IndicatorLine
from widgets.chart.pyramid import bucket_size
from widgets.chart.scale import PaneScale, whole_pixels
from widgets.chart.series import Columns
from widgets.look.painting import Canvas
from widgets.look.tokens import Tokens


class IndicatorLayer:
    """All lines of one pane, visible range only."""

    def __init__(self, pane: str) -> None:
        self._pane = pane

    def draw(self, canvas: Canvas, scale: PaneScale, model: ChartModel, tokens: Tokens) -> None:
        for line in model.drawn_in(self._pane):
            colour = tokens.series[(line.indicator.color_index - 1) % 4]
            if line.indicator.style == "histogram":
                _draw_histogram(canvas, scale, line, tokens)
            elif scale.pitch >= 2:
                _draw_curve(canvas, scale, line, colour)
            else:
                _draw_envelope(canvas, scale, line, colour)


def _draw_curve(canvas: Canvas, scale: PaneScale, line: IndicatorLine, colour: QColor) -> None:
    shift = line.indicator.shift
    first, last = max(0, scale.first_bar() - 1 - shift), min(line.count, scale.last_bar() + 1 - shift)
    if first >= last:
        return
    values = line.values[first:last]
    present = np.isfinite(values)
    x = scale.x(np.arange(first + shift, last + shift, dtype=np.float64))
    y = scale.ys(values)
    if present.all():
        canvas.curve(x, y, colour)
        return
    breaks = np.flatnonzero(np.diff(present.astype(np.int8))) + 1
    for start, stop in zip([0, *breaks], [*breaks, len(values)], strict=True):
        if present[start]:
            canvas.curve(x[start:stop], y[start:stop], colour)


def _draw_envelope(canvas: Canvas, scale: PaneScale, line: IndicatorLine, colour: QColor) -> None:
    size, shift = bucket_size(1.0 / scale.pitch), line.indicator.shift
    start = max(0, scale.first_bar() - shift) // size
    stop = -(-min(line.count, scale.last_bar() - shift) // size)
    if start >= stop:
        return
    low_pyramid, high_pyramid = line.pyramids()
    low = low_pyramid.buckets(line.values, line.count, start, stop, size)
    high = high_pyramid.buckets(line.values, line.count, start, stop, size)
    present = np.isfinite(low)
    edges = whole_pixels(scale.x(np.arange(start, stop + 1) * size - 0.5 + shift))
    top, bottom = whole_pixels(scale.ys(high)), whole_pixels(scale.ys(low))
    # Each column reaches its neighbour's nearer end, so that the line does not fall apart where it is steep.
    top[1:] = np.fmin(top[1:], bottom[:-1])
    bottom[1:] = np.fmax(bottom[1:], whole_pixels(scale.ys(high))[:-1])
    left, wide = edges[:-1][present], np.maximum(1, np.diff(edges)[present])
    top, bottom = top[present], bottom[present]
    canvas.fill_batch(left, top, wide, bottom - top + canvas.px(1), colour)


def _draw_histogram(canvas: Canvas, scale: PaneScale, line: IndicatorLine, tokens: Tokens) -> None:
    """Columns from zero, in the tints of up and down; merged bars show what reaches furthest from zero."""
    size = bucket_size(1.0 / scale.pitch)
    start = max(0, scale.first_bar()) // size
    stop = -(-min(line.count, scale.last_bar()) // size)
    if start >= stop:
        return
    low_pyramid, high_pyramid = line.pyramids()
    low = low_pyramid.buckets(line.values, line.count, start, stop, size)
    high = high_pyramid.buckets(line.values, line.count, start, stop, size)
    values = np.where(np.abs(low) > np.abs(high), low, high)
    starts = np.arange(start, stop, dtype=np.int64) * size
    slots = column_slots(Columns(size, starts, values, values, values, values, values), scale)
    zero = round(scale.y(0.0))
    ends = whole_pixels(scale.ys(np.nan_to_num(values)))
    for chosen, colour in ((values > 0, tokens.volume_up), (values < 0, tokens.volume_down)):
        top, bottom = np.minimum(ends, zero)[chosen], np.maximum(ends, zero)[chosen]
        tall = np.maximum(canvas.px(1), bottom - top)
        canvas.fill_batch(slots.left[chosen], top, slots.width[chosen], tall, colour)
