"""What the heatmap shows, and where its parts lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple

from PySide6.QtCore import QPoint

from widgets.engine.protocol import Levels
from widgets.heatmap.depth_image import DepthImage
from widgets.heatmap.viewport import HeatmapViewport
from widgets.ladder.ladder_rows import Side
from workstation.market.order_flow.depth_history import DepthHistory
from workstation.market.order_flow.trade_columns import TradeColumns

PRICE_AXIS: Final = 66
BOOK: Final = 92
GAP: Final = 22
DELTA: Final = 46
TIME_AXIS: Final = 24
DELTA_FROM: Final = 220  # logical pixels of height from which the delta shows
BOOK_FROM: Final = 420  # and of width from which the book now does


class HeatmapOrder(NamedTuple):
    """An own working order. ``words`` is side and size, ``ahead`` the share of its level that is before it."""

    ticks: int
    created_ns: int
    words: str
    ahead: float | None


@dataclass
class HeatmapScene:
    """Prices in ticks, quantities in lots, times in UTC nanoseconds."""

    history: DepthHistory
    trades: TradeColumns
    image: DepthImage
    view: HeatmapViewport = field(default_factory=HeatmapViewport)
    group: int = 1
    tick: Decimal = Decimal("0.01")
    lot: Decimal = Decimal("0.001")
    base: str = ""
    bids: Levels = ()
    asks: Levels = ()
    last_ticks: int = 0
    last_side: Side = "buy"
    orders: Sequence[HeatmapOrder] = ()
    smallest_bubble: int = 0
    stale_seconds: float | None = None
    hovered: QPoint | None = None
    """In logical pixels."""


class Parts(NamedTuple):
    """The heatmap is ``width`` by ``height`` pixels at the top left; the book stands from ``book`` to ``axis``."""

    width: int
    height: int
    book: int
    axis: int
    delta: int
    """Height of the delta, 0 without it."""

    @classmethod
    def of_size(cls, width: float, height: float, ratio: float = 1.0) -> Parts:
        """Of a widget of so many pixels, ``ratio`` device pixels each."""
        axis = round(width - PRICE_AXIS * ratio)
        with_book = width >= BOOK_FROM * ratio
        book = axis - round(BOOK * ratio) if with_book else axis
        heat = book - round(GAP * ratio) if with_book else axis
        delta = round(DELTA * ratio) if height >= DELTA_FROM * ratio else 0
        return cls(max(1, heat), max(1, round(height - TIME_AXIS * ratio) - delta), book, axis, delta)
