"""Keeps the candles of a session, so that the next one begins with a past."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from workstation.core.bus import Bus
from workstation.core.errors import StorageError
from workstation.core.instrument import Instrument
from workstation.core.messages import Bar, History
from workstation.core.timeframe import DAY_NS, HOUR_NS, MINUTE_NS
from workstation.market.bar_rows import candles_of
from workstation.market.history import BarRow
from workstation.storage.candles import CandleDatabase

log = logging.getLogger("workstation.session")


class CandleKeeper:
    """``series`` names the candles of a symbol by the market they are of."""

    def __init__(
        self, store: CandleDatabase, instruments: Mapping[str, Instrument], series: Callable[[str], str], bus: Bus
    ) -> None:
        self._store = store
        self._instruments = instruments
        self._series = series
        self._new: dict[str, list[BarRow]] = {}
        bus.subscribe(Bar, self._on_bar)

    def load(self, symbol: str, interval_ns: int, start_ns: int, end_ns: int) -> tuple[BarRow, ...]:
        """What earlier sessions kept of the time."""
        stored = self._store.load(self._series(symbol), interval_ns, start_ns, end_ns)
        return tuple(stored.rows(self._instruments[symbol])) if stored is not None else ()

    def keep(self, history: History) -> None:
        """Keep bars from before the session. Raises ``StorageError``."""
        instrument = self._instruments[history.symbol]
        series = self._series(history.symbol)
        self._store.save(candles_of(series, instrument, history.interval_ns, history.bars))

    def save(self) -> None:
        """Write the minutes that closed since; one log line where that fails."""
        bars, self._new = self._new, {}
        for symbol, rows in bars.items():
            try:
                self._store.save(candles_of(self._series(symbol), self._instruments[symbol], MINUTE_NS, rows))
            except StorageError as error:
                log.warning("%s", error)

    def save_hours(self, end_ns: int) -> None:
        """Write the minutes, and the hours that they complete."""
        changed = [symbol for symbol, rows in self._new.items() if rows]
        self.save()
        for symbol in changed:
            minutes = self._store.load(self._series(symbol), MINUTE_NS, end_ns - 3 * DAY_NS, end_ns)
            if minutes is not None and len(minutes):
                self._store.save(minutes.resample(HOUR_NS))

    def _on_bar(self, bar: Bar) -> None:
        if bar.interval_ns == MINUTE_NS:
            row = (bar.ts_ns, bar.open, bar.high, bar.low, bar.close, bar.lots)
            self._new.setdefault(bar.symbol, []).append(row)
