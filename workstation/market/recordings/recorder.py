"""Records chosen symbols of a running session. What goes wrong ends the recording, never the trading."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from workstation.core.bus import Bus
from workstation.core.clock import Clock
from workstation.core.errors import DataError, StorageError
from workstation.core.instrument import Instrument
from workstation.core.messages import (
    BookDelta,
    BookGap,
    BookSnapshot,
    FeedStatus,
    FundingRate,
    LogLine,
    MarketInput,
    MarkPrice,
    OpenInterest,
    Trade,
)
from workstation.core.types import Severity
from workstation.market.recordings.file_format import RecordingHeader
from workstation.market.recordings.writing import RecordedMarket, SymbolRecording


class RunningRecording(msgspec.Struct, frozen=True):
    """A symbol that is being recorded: the newest file and its bytes; no name yet while the book is awaited."""

    symbol: str
    name: str
    size: int


class MarketRecorder:
    """Hears market inputs on the bus while a symbol is recorded. All methods are called on the engine's thread.

    Books are recorded as the engine's own, so that a gap is in the recording as it was in the session: the replayed
    book misses something at the same time and waits for the same snapshot.
    """

    def __init__(
        self,
        folder: Path,
        bus: Bus,
        clock: Clock,
        markets: Mapping[str, RecordedMarket],
        instruments: Mapping[str, Instrument],
        *,
        source: str,
        seed: int | None,
        segment_bytes: int,
    ) -> None:
        self._folder = folder
        self._bus = bus
        self._clock = clock
        self._markets = markets
        self._instruments = instruments
        self._source = source
        self._seed = seed
        self._segment_bytes = segment_bytes
        self._recordings: dict[str, SymbolRecording] = {}
        self._subscriptions: list[Callable[[], None]] = []

    def start(self, symbol: str) -> None:
        """Record a symbol from now on, or from its first book; again is nothing. Raises ``DataError``.

        A disk that does not take it is told in the log.
        """
        if symbol in self._recordings:
            return
        if symbol not in self._markets:
            known = ", ".join(self._markets)
            raise DataError(f"{symbol} cannot be recorded: it is not a symbol of this session, which has {known}.")
        header = RecordingHeader(instrument=self._instruments[symbol], source=self._source, seed=self._seed)
        recording = SymbolRecording(self._folder, header, self._markets[symbol], self._segment_bytes)
        self._recordings[symbol] = recording
        if not self._subscriptions:
            self._listen()
        self._guard(symbol, lambda: recording.begin_now(self._clock.now_ns()))
        if symbol in self._recordings:
            self._log(Severity.INFO, f"Recording {symbol} in {self._folder}.")

    def start_all(self, symbols: Iterable[str]) -> None:
        for symbol in symbols:
            self.start(symbol)

    def stop(self, symbol: str) -> None:
        """End the recording of a symbol, if there is one."""
        recording = self._recordings.get(symbol)
        if recording is None:
            return
        self._guard(symbol, recording.close)
        if self._recordings.pop(symbol, None) is not None:
            self._log(Severity.INFO, f"Stopped recording {symbol}.")
        self._listen_no_more()

    def close(self) -> None:
        """End every recording."""
        for symbol in list(self._recordings):
            self.stop(symbol)

    def recording(self) -> list[RunningRecording]:
        """What is being recorded."""
        return [
            RunningRecording(symbol, recording.paths[-1].name if recording.paths else "", recording.size)
            for symbol, recording in self._recordings.items()
        ]

    def _listen(self) -> None:
        for kind in (Trade, BookDelta, BookSnapshot, MarkPrice, FundingRate, OpenInterest):
            self._subscriptions.append(self._bus.subscribe(kind, self._take))
        self._subscriptions.append(self._bus.subscribe(FeedStatus, self._take_status))
        self._subscriptions.append(self._bus.subscribe(BookGap, self._take_gap))

    def _listen_no_more(self) -> None:
        if not self._recordings:
            for unsubscribe in self._subscriptions:
                unsubscribe()
            self._subscriptions = []

    def _take(self, message: Any) -> None:
        recording = self._recordings.get(message.symbol)
        if recording is not None:
            self._write(recording, message)

    def _take_status(self, status: FeedStatus) -> None:
        for symbol, recording in list(self._recordings.items()):
            if status.symbol in ("", symbol):
                self._write(recording, msgspec.structs.replace(status, symbol=symbol))

    def _take_gap(self, gap: BookGap) -> None:
        """A change of nothing that the replayed book cannot follow either."""
        recording = self._recordings.get(gap.symbol)
        if recording is not None:
            after = max(gap.expected, gap.got) + 1
            self._write(recording, BookDelta(gap.symbol, gap.ts_ns, gap.got, after, (), ()))

    def _write(self, recording: SymbolRecording, message: MarketInput) -> None:
        self._guard(recording.header.instrument.symbol, lambda: recording.take(message))

    def _guard(self, symbol: str, write: Callable[[], None]) -> None:
        try:
            write()
        except StorageError as error:
            self._recordings.pop(symbol).abandon()
            self._listen_no_more()
            self._log(Severity.ERROR, f"The recording of {symbol} stopped, trading goes on: {error}")

    def _log(self, severity: Severity, text: str) -> None:
        # Not a record of the journal: what the disk did to a recording does not follow from the inputs.
        self._bus.publish(LogLine(ts_ns=self._clock.now_ns(), severity=severity, source="recorder", text=text))
