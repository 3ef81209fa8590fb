"""The public trades of one symbol since a program began to listen, as arrays of exact integers."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
PENDING = 1024
"""Trades that wait as Python objects, at six times the memory of a row, while nobody asks for them."""
BLOCK = 4096
"""Trades in a block of arrays of about 100 kB; the oldest go so many at once."""


class Trades(NamedTuple):
    """Columns of one length, oldest first: UTC nanoseconds, ticks, lots, and the taker's side as 1 (buy) or -1."""

    ts_ns: Integers
    ticks: Integers
    lots: Integers
    side: NDArray[np.int8]

    def part(self, start: int, stop: int) -> Trades:
        span = slice(start, stop)
        return Trades(self.ts_ns[span], self.ticks[span], self.lots[span], self.side[span])


class TradeTape:
    """The newest ``capacity`` trades at least, or all of them with ``None``; appending is cheap.

    The room for so many is taken at the beginning, so that memory stays as it is while they come.
    """

    def __init__(self, capacity: int | None) -> None:
        self.capacity = capacity
        self.total = 0
        """Trades ever added."""
        self._known = 0
        """Trades that were ever added; those after ``total`` are not shown."""
        self._pending: list[tuple[int, int, int, int]] = []
        self._blocks: deque[Trades] = deque()
        self._length = 0
        """Trades in the blocks, of which the last has room for more."""
        self._spare = [] if capacity is None else [_room(BLOCK) for _ in range(capacity // BLOCK + 2)]

    def add(self, ts_ns: int, ticks: int, lots: int, side: int) -> None:
        """One trade, not older than the one before."""
        self.total += 1
        if self.total <= self._known:
            return
        self._known = self.total
        self._pending.append((ts_ns, ticks, lots, side))
        if len(self._pending) >= PENDING:
            self._take_pending()

    def wind(self, total: int) -> None:
        """Stand after the first ``total``, as a replay that goes back or comes again. The trades that follow are then
        added again, the same ones."""
        assert total <= self._known
        self.total = total

    def since(self, total: int) -> Trades:
        """The trades after the first ``total`` ever added, as far as they are kept."""
        if self._pending:
            self._take_pending()
        end = max(0, self._length - (self._known - self.total))
        kept = min(end, max(0, self.total - total))
        parts = list(self._parts(end - kept, end))
        return (
            parts[0] if len(parts) == 1 else Trades(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
        )

    def _parts(self, start: int, end: int) -> Iterator[Trades]:
        """The kept trades from ``start`` to ``end`` (exclusive), block by block."""
        if start >= end:
            yield _room(0)
            return
        for number in range(start // BLOCK, -(-end // BLOCK)):
            first = number * BLOCK
            yield self._blocks[number].part(max(0, start - first), end - first)

    def _take_pending(self) -> None:
        fresh = np.array(self._pending, dtype=np.int64).T
        self._pending.clear()
        done = 0
        while done < fresh.shape[1]:
            if self._length == len(self._blocks) * BLOCK:
                self._blocks.append(self._spare.pop() if self._spare else _room(BLOCK))
            at = self._length % BLOCK
            count = min(BLOCK - at, fresh.shape[1] - done)
            room, given = self._blocks[-1].part(at, at + count), fresh[:, done : done + count]
            room.ts_ns[:], room.ticks[:], room.lots[:], room.side[:] = given
            self._length += count
            done += count
        while self.capacity is not None and self._length - BLOCK >= self.capacity:
            self._spare.append(self._blocks.popleft())
            self._length -= BLOCK


def _room(count: int) -> Trades:
    """Written to, or the system would give it only when it is first used."""
    times, ticks, lots = np.full((3, count), 0, dtype=np.int64)
    return Trades(times, ticks, lots, np.full(count, 0, dtype=np.int8))
