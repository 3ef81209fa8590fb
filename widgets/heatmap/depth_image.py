"""The cells of the heatmap: columns in a ring, a 32-bit image over a numpy array; only new ones are painted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage, QPainter

from workstation.market.order_flow.depth_history import DepthHistory

SCALE_PERCENTILE: Final = 99
SCALE_EVERY: Final = 30  # updates between two looks at the full scale
SCALE_SLACK: Final = 0.15  # a full scale that is nearer than this stays, so that colours stand still
SAMPLE: Final = 100_000  # cells, most of which may hold nothing
SPARE_COLUMNS: Final = 64
PIECE: Final = 128  # columns


class DepthImage:
    """Shows a window of a ``DepthHistory``: ``rows`` price rows down from row number ``top``, columns by number.

    A margin of half a window above and below lets the price move without painting anew.
    """

    def __init__(self, ramp: Sequence[QColor]) -> None:
        self.full_scale = 0.0
        """Lots at the end of the ramp: the 99th percentile of what is there; 0 before anything is."""
        self._ramp = _as_pixels(ramp)
        self._history: DepthHistory | None = None
        self._key: tuple[int, int, int] | None = None
        self._top = self._first = self._last = 0
        self._known = 0
        """The history's newest column when it was looked at last: later ones are not painted yet, wherever they lie."""
        self._age = 0
        self._lots: NDArray[np.float32] = np.zeros((1, 1), dtype=np.float32)
        self._pixels: NDArray[np.uint32] = np.zeros((1, 1), dtype=np.uint32)
        self._image = QImage()

    def set_ramp(self, ramp: Sequence[QColor]) -> None:
        """Other colours, for a theme that changed."""
        self._ramp = _as_pixels(ramp)
        self._colour_all()

    def forget(self) -> None:
        """Paint all anew at the next ``show``, for another history."""
        self._history = None
        self.full_scale = 0.0

    def show(self, history: DepthHistory, first: int, last: int, top: int, rows: int, group: int) -> None:
        """Bring the columns ``first`` to ``last`` up to date; cheap when only the newest changed."""
        width = last - first + 1
        capacity = self._pixels.shape[1]
        room = capacity if width <= capacity <= 2 * (width + SPARE_COLUMNS) else width + SPARE_COLUMNS
        key, margin = (rows, group, room), rows // 2
        apart = first > self._last + 1 or last < self._first - 1 or abs(top + margin - self._top) >= rows + 2 * margin
        if history is not self._history or key != self._key or apart:
            if key != self._key:
                self._allocate(rows + 2 * margin, room)
            self._history, self._key, self._top = history, key, top + margin
            self._first, self._last = last - room + 1, last
            self._paint(history, self._first, last, self._top, len(self._lots), group)
            self._known = history.last
            self._rescale()
            return
        if not self._top - 2 * margin <= top <= self._top:
            self._move_rows(history, top + margin, group)
        if first < self._first:
            before, self._first, self._last = self._first, last - room + 1, last
            self._paint(history, self._first, before - 1, self._top, len(self._lots), group)
            self._rescale()
        elif last >= min(self._last, self._known):
            # The newest column of before may have been half done.
            fresh = max(min(self._last, self._known), self._first, last - room + 1)
            self._paint(history, fresh, last, self._top, len(self._lots), group)
            self._first, self._last, self._known = max(self._first, last - room + 1), last, history.last
            self._age += 1
            if self._age % SCALE_EVERY == 0:
                self._rescale()

    def draw(self, painter: QPainter, area: QRect, first: int, last: int, top: int, rows: int) -> None:
        """Paint the columns and rows over an area, which is a whole number of pixels a cell."""
        if self._image.isNull():
            return
        count, ring = last - first + 1, self._pixels.shape[1]
        cell = area.width() // count
        offset = self._top - top
        done = 0
        while done < count:
            slot = (first + done) % ring
            part = min(count - done, ring - slot)
            target = QRect(area.left() + done * cell, area.top(), part * cell, area.height())
            painter.drawImage(target, self._image, QRect(slot, offset, part, rows))
            done += part

    def lots_at(self, column: int, row: int) -> float:
        """Lots of a cell that is shown, 0 outside."""
        offset = self._top - row
        inside = self._first <= column <= self._last and 0 <= offset < self._lots.shape[0]
        return float(self._lots[offset, column % self._lots.shape[1]]) if inside else 0.0

    def _allocate(self, rows: int, columns: int) -> None:
        self._lots = np.zeros((rows, columns), dtype=np.float32)
        self._pixels = np.full((rows, columns), self._ramp[0], dtype=np.uint32)
        stride = self._pixels.strides[0]
        self._image = QImage(self._pixels.data, columns, rows, stride, QImage.Format.Format_RGB32)

    def _move_rows(self, history: DepthHistory, top: int, group: int) -> None:
        """Bring another row to the top: what stays is shifted, what comes into reach is painted."""
        up, rows = top - self._top, len(self._lots)
        for cells in (self._lots, self._pixels):
            if up > 0:
                cells[up:] = cells[:-up].copy()
            else:
                cells[:up] = cells[-up:].copy()
        self._top = top
        fresh = top if up > 0 else top - rows - up
        self._paint(history, self._first, self._last, fresh, abs(up), group)
        self._rescale()

    def _paint(self, history: DepthHistory, first: int, last: int, top: int, rows: int, group: int) -> None:
        """Take in columns and, from row number ``top`` down, rows; a few columns at a time, so that all stays near."""
        ring, offset = self._lots.shape[1], self._top - top
        while first <= last:
            slot = first % ring
            count = min(PIECE, last - first + 1, ring - slot)
            area = slice(offset, offset + rows), slice(slot, slot + count)
            lots = history.grid(first, first + count - 1, top, rows, group)
            self._lots[area] = lots
            self._pixels[area] = self._colours(lots)
            first += count

    def _colours(self, lots: NDArray[np.float32]) -> NDArray[np.uint32]:
        steps = len(self._ramp) - 1
        share = lots * np.float32(steps / self.full_scale if self.full_scale else 0.0)
        colours: NDArray[np.uint32] = self._ramp[np.minimum(share, steps).astype(np.uint8)]
        return colours

    def _colour_all(self) -> None:
        self._pixels[:] = self._colours(self._lots)

    def _rescale(self) -> None:
        there = self._lots.ravel()[:: self._lots.size // SAMPLE | 1]
        there = there[there > 0]
        if not len(there):
            return
        found = two_figures(float(np.percentile(there, SCALE_PERCENTILE)))
        if not self.full_scale or abs(found / self.full_scale - 1.0) > SCALE_SLACK:
            self.full_scale = found
            self._colour_all()


def two_figures(value: float) -> float:
    """Rounded up to two significant figures. ``value`` is above 0."""
    unit = 10.0 ** (np.floor(np.log10(value)) - 1)
    return float(np.ceil(value / unit - 1e-9) * unit)


def _as_pixels(ramp: Sequence[QColor]) -> NDArray[np.uint32]:
    return np.array([colour.rgb() for colour in ramp], dtype=np.uint32)
