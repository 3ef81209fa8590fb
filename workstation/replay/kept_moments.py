"""Moments of a replay that are kept to come back to: dense behind the newest, even over all that was played."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from workstation.replay.checkpoint import Checkpoint

MOST = 48
NEAR = 8
"""So many of the newest stand as close as they were kept."""
MOST_BYTES = 256_000_000
LEAST_INPUTS = 1_000
BYTES_AN_INPUT = 100
"""A kernel of 2 MB is kept every 20,000 inputs: keeping it takes as long as 300 of them, so some per cent."""


class Moment(NamedTuple):
    """The kernel as it was after so many inputs, and what those who listened to it had heard by then."""

    dispatched: int
    time_ns: int
    checkpoint: Checkpoint
    memory: object


class KeptMoments:
    """Bounded in number and bytes: beyond that, those that are closest together make room."""

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._moments: list[Moment] = []
        self._most, self._most_bytes = most, most_bytes
        self._bytes = 0
        self._distance = LEAST_INPUTS

    def __len__(self) -> int:
        return len(self._moments)

    def wants(self, dispatched: int, distance: int = 0) -> bool:
        """Whether none is closer than ``distance`` inputs, or than it costs to keep one."""
        distance = distance or self._distance
        after = bisect_right(self._moments, dispatched, key=lambda moment: moment.dispatched)
        before = dispatched - self._moments[after - 1].dispatched if after else distance
        behind = self._moments[after].dispatched - dispatched if after < len(self._moments) else distance
        return before >= distance and behind >= distance

    def add(self, moment: Moment) -> None:
        place = bisect_right(self._moments, moment.dispatched, key=lambda each: each.dispatched)
        self._moments.insert(place, moment)
        self._bytes += moment.checkpoint.size
        self._distance = max(LEAST_INPUTS, moment.checkpoint.size // BYTES_AN_INPUT)
        while len(self._moments) > 2 and (len(self._moments) > self._most or self._bytes > self._most_bytes):
            self._make_room()

    def latest(self, time_ns: int) -> Moment | None:
        """The last one that is not after a time."""
        after = bisect_right(self._moments, time_ns, key=lambda moment: moment.time_ns)
        return self._moments[after - 1] if after else None

    def _make_room(self) -> None:
        """The first stays: it is the beginning."""
        moments = self._moments
        last = max(2, len(moments) - NEAR)
        gaps = [moments[place + 1].dispatched - moments[place - 1].dispatched for place in range(1, last)]
        removed = moments.pop(1 + gaps.index(min(gaps)))
        self._bytes -= removed.checkpoint.size
