"""What the footprint shows, and where its parts lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from widgets.ladder.ladder_rows import Side, followed_top
from workstation.market.order_flow.footprint import FootprintBar

PRICE_AXIS: Final = 66
SUMS: Final = 54
TIME_AXIS: Final = 24
PITCHES: Final = (8, 12, 18, 28, 44, 104, 132)
"""Logical pixels from one bar to the next; from ``TEXT_PITCH`` on there is room for figures."""
TEXT_PITCH: Final = 104
CELL: Final = 15
"""Logical pixels of a row."""


@dataclass
class FootprintScene:
    """Prices in ticks, quantities in lots. ``back`` counts the bars after the one at the right edge."""

    bars: Sequence[FootprintBar] = ()
    interval_ns: int = 60_000_000_000
    group: int = 1
    tick: Decimal = Decimal("0.01")
    lot: Decimal = Decimal("0.001")
    imbalance_percent: int = 300
    last_ticks: int = 0
    last_side: Side = "buy"
    stale: bool = False
    pitch: int = TEXT_PITCH
    columns: int = 1
    rows: int = 1
    back: int = 0
    top: int | None = None
    follows_price: bool = True

    def fit(self, width: float, height: float) -> None:
        """Take the logical pixels of the widget."""
        self.columns = max(1, int(width - PRICE_AXIS) // self.pitch)
        self.rows = max(1, int(height - SUMS - TIME_AXIS) // CELL)

    def visible(self) -> Sequence[FootprintBar]:
        """The bars that fit, oldest first."""
        end = len(self.bars) - self.back
        return self.bars[max(0, end - self.columns) : end]

    def follow(self) -> None:
        """Keep the last price within the middle third, unless the rows were moved by hand."""
        if not self.last_ticks:
            return
        centre = self.last_ticks // self.group
        if self.top is None:
            self.top = centre + self.rows // 2
        elif self.follows_price:
            self.top = followed_top(self.top, self.rows, centre)

    def pan(self, bars: int, rows: int) -> None:
        """Move the view so many bars into the past and so many rows up."""
        self.back = max(0, min(self.back + bars, len(self.bars) - 1))
        if rows and self.top is not None:
            self.top += rows
            self.follows_price = False

    def resume(self) -> None:
        """Back to the newest bar and the last price."""
        self.back, self.top, self.follows_price = 0, None, True
        self.follow()
