"""What is known of a perpetual beside its prices: open interest and funding over time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from workstation.core.messages import FundingRate, OpenInterest, PerpetualHistory
from workstation.core.timeframe import MINUTE_NS

KEPT = 10_000
"""Values: a week of minutes."""

Rows = tuple[tuple[int, int], ...]
"""UTC nanoseconds and value, oldest first."""


class TimedValues:
    """The newest ``KEPT`` values over time, the last of each minute."""

    def __init__(self) -> None:
        self._rows: dict[int, tuple[int, int]] = {}
        self.merges = 0
        """How often a past was put in: what was read before may lack some of it."""
        self._arrays: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None

    def add(self, ts_ns: int, value: int) -> None:
        """Take the newest value. One that is older than what is known of its minute changes nothing."""
        minute = ts_ns // MINUTE_NS
        known = self._rows.get(minute)
        if known is None or known[0] <= ts_ns:
            self._rows[minute] = (ts_ns, value)
            self._arrays = None
        if len(self._rows) > KEPT:
            del self._rows[next(iter(self._rows))]

    def add_past(self, rows: Iterable[tuple[int, int]]) -> None:
        """Put values between those that are known, wherever they belong. What is known of a minute stays."""
        past = {ts_ns // MINUTE_NS: (ts_ns, value) for ts_ns, value in rows}
        self.merges += 1
        self._rows = dict(sorted({**past, **self._rows}.items())[-KEPT:])
        self._arrays = None

    def rows(self, limit: int = KEPT) -> Rows:
        """The newest ``limit`` values."""
        return tuple(self._rows.values())[-limit:] if limit else ()

    @property
    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Times (UTC ns) and values, oldest first, not to be changed."""
        if self._arrays is None:
            table = np.array(self.rows(), dtype=np.int64).reshape(-1, 2)
            self._arrays = table[:, 0].copy(), table[:, 1].copy()
        return self._arrays

    def __len__(self) -> int:
        return len(self._rows)


class PerpetualFigures:
    """Of one symbol; of a spot market it stays empty."""

    def __init__(self) -> None:
        self.open_interest = TimedValues()
        """Lots."""
        self.fundings = TimedValues()
        """Rates at the times at which they fell due."""

    def take(self, event: OpenInterest | FundingRate | PerpetualHistory) -> None:
        """Keep what the market tells."""
        if isinstance(event, OpenInterest):
            self.open_interest.add(event.ts_ns, event.lots)
        elif isinstance(event, FundingRate):
            self.fundings.add(event.ts_ns, event.rate)
        else:
            self.open_interest.add_past(event.open_interest)
            self.fundings.add_past(event.fundings)

    def history(self, symbol: str, now_ns: int, limit: int = KEPT) -> PerpetualHistory:
        """What is known, for somebody who begins now: at most ``limit`` values of each."""
        return PerpetualHistory(symbol, now_ns, self.open_interest.rows(limit), self.fundings.rows(limit))

    def __bool__(self) -> bool:
        return bool(len(self.open_interest) or len(self.fundings))
