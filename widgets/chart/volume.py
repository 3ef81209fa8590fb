"""Volume in the lowest part of the price pane."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from widgets.chart.candles import column_slots
from widgets.chart.model import ChartModel
from widgets.chart.scale import PaneScale, whole_pixels
from widgets.look.painting import Canvas
from widgets.look.tokens import Tokens

VOLUME_SHARE: Final = 0.13


class VolumeLayer:
    """Bars in the tint of their direction, scaled to the largest visible one."""

    def draw(self, canvas: Canvas, scale: PaneScale, model: ChartModel, tokens: Tokens) -> None:
        columns = model.columns(scale)
        visible = model.columns(replace(scale, from_bar=0)).volume
        largest = float(visible.max()) if len(visible) else 0.0
        if largest <= 0:
            return
        slots = column_slots(columns, scale)
        tall = whole_pixels(columns.volume * (canvas.height * VOLUME_SHARE / largest))
        tall = np.where(columns.volume > 0, np.maximum(1, tall), 0)
        rising = columns.close >= columns.open
        for chosen, colour in ((rising, tokens.volume_up), (~rising, tokens.volume_down)):
            height = tall[chosen]
            canvas.fill_batch(slots.left[chosen], canvas.height - height, slots.width[chosen], height, colour)
