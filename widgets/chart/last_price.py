"""The dotted line of the last price."""

from __future__ import annotations

from widgets.chart.model import ChartModel
from widgets.chart.scale import PaneScale
from widgets.look.painting import Canvas
from widgets.look.tokens import Tokens


class LastPriceLayer:
    """Across the whole pane to its tag on the axis; grey while the feed is stale."""

    def draw(self, canvas: Canvas, scale: PaneScale, model: ChartModel, tokens: Tokens) -> None:
        if not len(model.series):
            return
        colour = tokens.up if model.rising() else tokens.down
        if model.stale_seconds is not None:
            colour = tokens.border
        y = round(scale.y(model.series.bar(len(model.series) - 1).close))
        line = canvas.px(1)
        canvas.dashes_across(y, 0, canvas.width, line, 2 * line, colour, line)
