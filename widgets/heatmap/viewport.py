"""What the heatmap shows of time and price: whole columns and rows, so that cells stay crisp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from widgets.ladder.ladder_rows import followed_top

CELL_SIZES: Final = (1, 2, 3, 4, 6, 8, 12, 16, 24)
"""Device-independent pixels of a cell, along time or price."""


@dataclass
class HeatmapViewport:
    """Columns count from the epoch and rows are prices // group, as in ``DepthHistory``.

    ``columns`` and ``rows`` are how many fit; ``last`` is the column at the right edge and ``top`` the uppermost row.
    """

    cell_width: int = 3
    row_height: int = 4
    columns: int = 1
    rows: int = 1
    last: int = 0
    top: int = 0
    follows_time: bool = True
    follows_price: bool = True

    @property
    def first(self) -> int:
        return self.last - self.columns + 1

    @property
    def follows(self) -> bool:
        return self.follows_time and self.follows_price

    def fit(self, width: int, height: int) -> None:
        """Take the pixels of the area; the right edge and the middle row stay where they are."""
        rows = max(1, height // self.row_height)
        self.top += (rows - self.rows) // 2
        self.columns, self.rows = max(1, width // self.cell_width), rows

    def follow(self, now: int, centre: int | None) -> None:
        """Keep the newest column at the right, and the price within the middle third, as far as they are followed."""
        if self.follows_time:
            self.last = now
        if self.follows_price and centre is not None:
            self.top = followed_top(self.top, self.rows, centre)

    def centre_on(self, centre: int) -> None:
        self.top = centre + self.rows // 2

    def resume(self) -> None:
        """Follow the newest again, in time and in price."""
        self.follows_time = self.follows_price = True

    def pan(self, columns: int, rows: int) -> None:
        """Move the view so many columns into the past and so many rows up."""
        if columns:
            self.last -= columns
            self.follows_time = False
        if rows:
            self.top += rows
            self.follows_price = False

    def zoom_time(self, steps: int, width: int, at: int) -> None:
        """Wider cells for ``steps`` above 0. The column at ``at`` from the right stays, unless time is followed."""
        before = self.cell_width
        self.cell_width = _stepped(before, steps)
        self.columns = max(1, width // self.cell_width)
        if not self.follows_time:
            self.last -= at - round(at * before / self.cell_width)

    def zoom_price(self, steps: int, height: int, at: int) -> None:
        """Higher cells for ``steps`` above 0. The row at ``at`` from the top stays."""
        before = self.row_height
        self.row_height = _stepped(before, steps)
        self.rows = max(1, height // self.row_height)
        self.top -= at - round(at * before / self.row_height)


def _stepped(size: int, steps: int) -> int:
    place = CELL_SIZES.index(size) + steps
    return CELL_SIZES[max(0, min(len(CELL_SIZES) - 1, place))]
