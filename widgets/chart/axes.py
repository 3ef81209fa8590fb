"""Price and time axis: labels on round values, and tags that the labels give way to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem, QGraphicsWidget

from widgets.chart.grid import TIME_DISTANCE, smallest_step, tick_distance
from widgets.chart.model import PRICE_PANE
from widgets.chart.scale import PaneScale, value_ticks, whole_pixels
from widgets.chart.tags import LAST_PRICE, TAG_HEIGHT, Placed, pane_tags, place
from widgets.chart.time_ticks import crosshair_time
from widgets.look.numbers import NANOSECONDS, format_number
from widgets.look.painting import CENTRE, LEFT, Canvas
from widgets.look.text import text_advance
from widgets.look.theme import current
from widgets.look.tokens import Tokens

if TYPE_CHECKING:
    from widgets.chart.chart_view import ChartView
    from widgets.chart.pane import Pane

TEXT_LEFT: Final = 10
TAG_PADDING: Final = 8
LABEL_HEIGHT: Final = 14
TIME_AXIS_HEIGHT: Final = 24
NARROWEST: Final = 56
EDGE: Final = 3


class PriceAxis(QGraphicsWidget):
    """The right axis of one pane: dragging or wheeling stretches prices, a double click fits them again."""

    def __init__(self, chart: ChartView, pane: Pane) -> None:
        super().__init__()
        self._chart, self._pane = chart, pane
        self._set_width(NARROWEST)

    def wheelEvent(self, event: Any) -> None:
        self._pane.box.wheelEvent(event, axis=1)

    def mouseDragEvent(self, event: Any) -> None:
        self._pane.box.mouseDragEvent(event, axis=1)

    def paint(self, painter: QPainter, option: Any, widget: Any = None) -> None:
        painter.save()
        canvas = Canvas(painter, self.rect(), self._chart.devicePixelRatioF())
        tokens = current().tokens
        scale = self._pane.scale(canvas.width, canvas.height)
        canvas.fill(0, 0, canvas.px(1), canvas.height, tokens.hairline)
        model, name = self._chart.model, self._pane.name
        if name != PRICE_PANE:
            canvas.fill(0, 0, canvas.width, canvas.px(1), tokens.hairline)
        tags = place(pane_tags(name, model, tokens), scale, canvas)
        cross = model.crosshair
        cross_y = round(scale.y(cross.value)) if cross is not None and cross.pane == name else None
        self._draw_labels(canvas, scale, tags, cross_y, tokens)
        for placed in tags:
            _draw_tag(canvas, placed, tokens)
        if cross is not None and cross_y is not None:
            height = canvas.px(TAG_HEIGHT)
            top = min(canvas.height - height, max(0, cross_y - height // 2))
            text = self._pane.value_text(cross.value)
            width = canvas.text_width(text) + canvas.px(TEXT_LEFT + TAG_PADDING)
            canvas.fill(0, top, width, height, tokens.control)
            canvas.frame(0, top, width, height, tokens.border, canvas.px(1))
            canvas.text(canvas.px(TEXT_LEFT), top, width, height, text, tokens.text_1)
        painter.restore()

    def mouseClickEvent(self, event: Any) -> None:
        event.accept()
        if event.button() == Qt.MouseButton.RightButton:
            box = self._pane.box
            self._chart.hand.open_menu(self._pane, box.mapFromScene(event.scenePos()), event.screenPos().toPoint())
        elif event.double():
            self._pane.set_auto_scale(True)

    def fit_width(self, texts: list[str]) -> bool:
        """Widen for the widest text; never narrows, so that nothing moves. True when the width changed."""
        wanted = max((TEXT_LEFT + TAG_PADDING + _logical_width(text) for text in texts), default=NARROWEST)
        if wanted <= self.rect().width():
            return False
        self._set_width(wanted)
        return True

    def _set_width(self, pixels: float) -> None:
        self.setMinimumWidth(pixels)
        self.setMaximumWidth(pixels)

    def _draw_labels(
        self, canvas: Canvas, scale: PaneScale, tags: list[Placed], cross_y: int | None, tokens: Tokens
    ) -> None:
        model, name = self._chart.model, self._pane.name
        if not self._pane.has_values():
            return
        values = value_ticks(scale, canvas.px(tick_distance(name)), smallest_step(name, model))
        height = canvas.px(LABEL_HEIGHT)
        taken = [(placed.top, placed.top + placed.height) for placed in tags]
        if cross_y is not None:
            taken.append((cross_y - canvas.px(TAG_HEIGHT) // 2, cross_y + canvas.px(TAG_HEIGHT) // 2))
        step = float(np.diff(values).min()) if len(values) > 1 else 1.0
        left, labels = canvas.px(TEXT_LEFT), []
        for value, y in zip(values.tolist(), whole_pixels(scale.ys(values)).tolist(), strict=True):
            top = y - height // 2
            if top < 0 or top + height > canvas.height:
                continue
            if any(top < end and start < top + height for start, end in taken):
                continue
            text = model.scale_text(value) if name == PRICE_PANE else _step_text(value, step)
            labels.append((left, top, canvas.width, height, text))
        canvas.texts(labels, tokens.text_3, LEFT, 11)


class TimeAxis(QGraphicsWidget):
    """The one time axis under all panes, in UTC, over the price axes too, whose width it leaves free.

    Dragging or wheeling stretches time; a double click goes back to the newest bars at the first zoom.
    """

    def __init__(self, chart: ChartView) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self._chart = chart
        self.setMinimumHeight(TIME_AXIS_HEIGHT)
        self.setMaximumHeight(TIME_AXIS_HEIGHT)

    def wheelEvent(self, event: Any) -> None:
        self._chart.price_pane.box.wheelEvent(event, axis=0)

    def mouseDragEvent(self, event: Any) -> None:
        self._chart.price_pane.box.mouseDragEvent(event, axis=0)

    def paint(self, painter: QPainter, option: Any, widget: Any = None) -> None:
        painter.save()
        canvas = Canvas(painter, self.rect(), self._chart.devicePixelRatioF())
        tokens, model = current().tokens, self._chart.model
        canvas.fill(0, 0, canvas.width, canvas.px(1), tokens.hairline)
        if option.exposedRect.bottom() <= EDGE:
            # Qt repaints a margin around a neighbour that changed: no label stands there.
            painter.restore()
            return
        scale = self._chart.price_pane.scale(canvas.width - canvas.px(self._chart.axis_width()), 1)
        half = canvas.px(TIME_DISTANCE) // 2
        taken = self._draw_crosshair(canvas, scale, tokens)
        labels: dict[bool, list[tuple[float, float, float, float, str]]] = {False: [], True: []}
        for tick in model.time_ticks(scale, canvas.px(TIME_DISTANCE)):
            x = round(scale.x(tick.at))
            reach = canvas.text_width(tick.text, 11) // 2
            if taken and taken[0] < x + reach and x - reach < taken[1]:
                continue
            if reach <= x <= scale.width - reach:
                labels[tick.strong].append((x - half, 1, 2 * half, canvas.height, tick.text))
        canvas.texts(labels[False], tokens.text_3, CENTRE, 11)
        canvas.texts(labels[True], tokens.text_1, CENTRE, 11, 500)
        painter.restore()

    def mouseClickEvent(self, event: Any) -> None:
        event.accept()
        if event.double():
            self._chart.reset_zoom()

    def _draw_crosshair(self, canvas: Canvas, scale: PaneScale, tokens: Tokens) -> tuple[int, int] | None:
        """Paint the crosshair's tag; returns its left and right edge, which labels keep clear of."""
        cross, series = self._chart.model.crosshair, self._chart.model.series
        if cross is None or not len(series):
            return None
        newest = datetime.fromtimestamp(int(series.open_ns[-1]) // NANOSECONDS, tz=UTC)
        text = crosshair_time(series.time_at(cross.index), newest.year)
        width = canvas.text_width(text, 11) + canvas.px(2 * TAG_PADDING)
        left = min(scale.width - width, max(0, round(scale.x(cross.index)) - width // 2))
        top, height = canvas.px(2), canvas.px(TAG_HEIGHT)
        canvas.fill(left, top, width, height, tokens.control)
        canvas.frame(left, top, width, height, tokens.border, canvas.px(1))
        canvas.text(left, top, width, height, text, tokens.text_1, CENTRE, 11)
        return left, left + width


def _draw_tag(canvas: Canvas, placed: Placed, tokens: Tokens) -> None:
    tag, top, height = placed
    weight = 600 if tag.key == LAST_PRICE else 400
    width = canvas.text_width(tag.text, 12, weight) + canvas.px(TEXT_LEFT + TAG_PADDING)
    if tag.key == LAST_PRICE:
        width = canvas.width
    canvas.fill(0, top, width, height, tag.fill)
    if tag.key != LAST_PRICE:
        canvas.frame(0, top, width, height, tag.line, canvas.px(1))
    x = canvas.px(TEXT_LEFT)
    if not tag.second:
        canvas.text(x, top, width, height, tag.text, tag.colour, LEFT, 12, weight)
        return
    half = height // 2
    canvas.text(x, top + canvas.px(1), width, half, tag.text, tag.colour, LEFT, 12, weight)
    canvas.text(x, top + half - canvas.px(1), width, half, tag.second, tag.second_colour, LEFT, 11)


def _step_text(value: float, step: float) -> str:
    return format_number(value, max(0, -int(np.floor(np.log10(step) + 1e-9))))


def _logical_width(text: str) -> int:
    return int(np.ceil(text_advance(text, current().font(12, 600))))
