"""Price tags on the axis: what they say, and how those that meet are pushed apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from PySide6.QtGui import QColor

from widgets.chart.model import PRICE_PANE, ChartModel, IndicatorLine, LineKind
from widgets.chart.scale import PaneScale
from widgets.look.numbers import NANOSECONDS
from widgets.look.painting import Canvas
from widgets.look.tokens import Tokens

TAG_HEIGHT: Final = 18
TWO_LINES: Final = 30
POSITION: Final = "position"
LAST_PRICE: Final = "last"
ANCHORED: Final = 1e6
SECONDS_A_DAY: Final = 86_400


class Tag(NamedTuple):
    """One tag: outlined in `line` on ground, or filled with `fill`."""

    key: str
    value: float
    text: str
    second: str
    line: QColor
    fill: QColor
    colour: QColor
    second_colour: QColor


class Placed(NamedTuple):
    """A tag with its place in device pixels."""

    tag: Tag
    top: int
    height: int


def spread(tops: Sequence[float], heights: Sequence[float], weights: Sequence[float], limit: float) -> list[float]:
    """Nearest tops that keep boxes (sorted by top) from overlapping, within 0 to `limit`.

    Weighted least squares by pooling adjacent violators; the heavier a box, the less it moves.
    """
    offsets = np.concatenate([[0.0], np.cumsum(heights)[:-1]]) if len(heights) else np.empty(0)
    pools: list[tuple[float, float, int]] = []
    for top, offset, weight in zip(tops, offsets, weights, strict=True):
        value, mass, size = float(top - offset), weight, 1
        while pools and pools[-1][0] > value:
            before, before_mass, before_size = pools.pop()
            value = (before * before_mass + value * mass) / (before_mass + mass)
            mass, size = mass + before_mass, size + before_size
        pools.append((value, mass, size))
    free = max(0.0, limit - float(sum(heights)))
    flat = [min(free, max(0.0, value)) for value, _, size in pools for _ in range(size)]
    return [value + float(offset) for value, offset in zip(flat, offsets, strict=True)]


def place(tags: Sequence[Tag], scale: PaneScale, canvas: Canvas) -> list[Placed]:
    """Tags whose value is in view, in order from the top; the last price stays where it is."""
    shown = sorted((scale.y(tag.value), number) for number, tag in enumerate(tags))
    shown = [(y, number) for y, number in shown if 0 <= y <= scale.height]
    chosen = [tags[number] for _, number in shown]
    heights = [canvas.px(TWO_LINES if tag.second else TAG_HEIGHT) for tag in chosen]
    wanted = [y - height / 2 for (y, _), height in zip(shown, heights, strict=True)]
    weights = [ANCHORED if tag.key == LAST_PRICE else 1.0 for tag in chosen]
    tops = spread(wanted, [height + canvas.px(1) for height in heights], weights, scale.height)
    return [Placed(tag, round(top), height) for tag, top, height in zip(chosen, tops, heights, strict=True)]


def line_colour(kind: LineKind | None, tokens: Tokens) -> QColor:
    """The colour of an order's line; None stands for the position."""
    if kind is None:
        return tokens.text_2
    return {LineKind.WORKING: tokens.accent, LineKind.STOP: tokens.down, LineKind.TARGET: tokens.up}[kind]


def pane_tags(pane: str, model: ChartModel, tokens: Tokens) -> list[Tag]:
    """The tags of a pane's axis: last price, position and orders, or the newest value of each indicator."""
    if pane == PRICE_PANE:
        return _price_tags(model, tokens)
    tags: list[Tag] = []
    for line in model.drawn_in(pane):
        text = newest_text(line, model)
        if text:
            value, place_of = float(line.values[-1]), (line.indicator.color_index - 1) % 4
            colour = tokens.series_text[place_of]
            tags.append(
                Tag(
                    line.indicator.name,
                    value,
                    text,
                    "",
                    tokens.series[place_of],
                    tokens.ground,
                    colour,
                    colour,
                )
            )
    return tags


def newest_text(line: IndicatorLine, model: ChartModel) -> str:
    """The newest value without its unit; empty where there is none."""
    value = float(line.values[-1]) if line.count else float("nan")
    if not np.isfinite(value) or (line.indicator.zero_is_none and not value):
        return ""
    return model.value_text(line.indicator, value).split("\u2009")[0]


def _price_tags(model: ChartModel, tokens: Tokens) -> list[Tag]:
    tags: list[Tag] = []
    if len(model.series):
        price = model.series.bar(len(model.series) - 1).close
        text = model.price_text(price)
        if model.stale_seconds is not None:
            age = f"{model.stale_seconds:.0f} s old"
            fill, line = tokens.control, tokens.border
            tags.append(Tag(LAST_PRICE, price, text, age, line, fill, tokens.text_1, tokens.warning))
        else:
            fill = tokens.up_tag if model.rising() else tokens.down_tag
            tags.append(Tag(LAST_PRICE, price, text, countdown(model), fill, fill, tokens.on_tag, tokens.on_tag))
    lines = [(order.order_id, order.price, line_colour(order.kind, tokens)) for order in model.orders]
    if model.position is not None:
        lines.append((POSITION, model.position.price, line_colour(None, tokens)))
    for key, price_of_line, colour in lines:
        text = model.price_text(price_of_line)
        tags.append(Tag(key, float(price_of_line), text, "", colour, tokens.ground, tokens.text_1, tokens.text_1))
    return tags


def countdown(model: ChartModel) -> str:
    """Time until the newest bar closes: 02:18, 1:02:18, 2d 04h; empty without a clock, or where trades close bars."""
    if model.now_ns is None or not model.countdown or not len(model.series):
        return ""
    closes = int(model.series.open_ns[-1]) + model.series.bar_ns
    seconds = max(0, -(-(closes - model.now_ns) // NANOSECONDS))
    if seconds >= SECONDS_A_DAY:
        return f"{seconds // SECONDS_A_DAY}d {seconds % SECONDS_A_DAY // 3600:02}h"
    hours, rest = divmod(seconds, 3600)
    clock = f"{rest // 60:02}:{rest % 60:02}"
    return f"{hours}:{clock}" if hours else clock
