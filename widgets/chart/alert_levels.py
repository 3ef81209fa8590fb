"""Dotted lines where alerts wait, with a bell at the right."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRectF

from widgets.chart.model import ChartModel
from widgets.chart.scale import PaneScale
from widgets.look.painting import Canvas
from widgets.look.theme import current
from widgets.look.tokens import Tokens

DOTS: Final = (1, 5)
BELL: Final = 12
MARGIN: Final = 4


class AlertLevelLayer:
    def draw(self, canvas: Canvas, scale: PaneScale, model: ChartModel, tokens: Tokens) -> None:
        on, off = (canvas.px(length) for length in DOTS)
        size, margin = canvas.px(BELL), canvas.px(MARGIN)
        for price in model.alert_levels:
            y = round(scale.y(price))
            if not 0 <= y < canvas.height:
                continue
            left = canvas.width - size - margin
            canvas.dashes_across(y, 0, left - margin, on, off, tokens.text_3)
            bell = current().pixmap("bell", "text_3", BELL)
            canvas.painter.drawPixmap(QRectF(left, y - size / 2, size, size), bell, QRectF(bell.rect()))
