"""A recording as the sandbox exchange's market: played at its own pace from now on, and again when it ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from workstation.core.errors import ConfigurationError, DataError
from workstation.core.instrument import Instrument
from workstation.core.messages import History, MarketInput, PerpetualHistory
from workstation.core.timeframe import SECOND_NS
from workstation.market.recordings import read_recording
from workstation.market.recordings.binance import StreamRecording, is_stream_recording, recorded_symbol

PAUSE_NS = SECOND_NS
"""Between the end and the next beginning."""


class RecordingSource:
    """Plays ``inputs``, which can be iterated over again, shifted so that the first is at ``start_ns``.

    Any iterable of market inputs in order of time will do; a book must begin with a snapshot. It knows no past. A
    recording of an exchange's raw streams brings neither marks nor funding; one of the workstation's own does.
    """

    def __init__(self, symbols: tuple[str, ...], inputs: Iterable[MarketInput], start_ns: int) -> None:
        self.symbols = symbols
        self._inputs = inputs
        self._start_ns = start_ns
        self._shift_ns = 0
        self._iterator: Iterator[MarketInput] = iter(())
        self._next = self._begin(start_ns)

    @property
    def next_ns(self) -> int:
        return self._next.ts_ns + self._shift_ns

    def next_events(self, until_ns: int, limit: int = 0) -> list[MarketInput]:
        events: list[MarketInput] = []
        while self.next_ns <= until_ns and not 0 < limit <= len(events):
            events.append(msgspec.structs.replace(self._next, ts_ns=self.next_ns))
            last_ns = self.next_ns
            following = next(self._iterator, None)
            self._next = self._begin(last_ns + PAUSE_NS) if following is None else following
        return events

    def history(self, symbol: str, interval_ns: int, bars: int) -> History:
        return History(symbol, self._start_ns, interval_ns, ())

    def perpetual_history(self, symbol: str) -> PerpetualHistory | None:
        return None

    def _begin(self, at_ns: int) -> MarketInput:
        self._iterator = iter(self._inputs)
        first = next(self._iterator, None)
        if first is None:
            raise DataError("The recording is empty: nothing can be served from it.")
        self._shift_ns = at_ns - first.ts_ns
        return first


def open_recording(path: Path, instruments: Mapping[str, Instrument]) -> tuple[list[str], Iterable[MarketInput]]:
    """The symbols of a recording and its inputs: a stream of Binance, or what the workstation recorded.

    Raises ``WorkstationError`` for one that cannot be served.
    """
    if is_stream_recording(path):
        symbol = recorded_symbol(path)
        return [symbol], StreamRecording([path], _configured(path, symbol, instruments))
    recording = read_recording(path)
    terms = recording.header.instrument
    ours = _configured(path, terms.symbol, instruments)
    if (ours.tick, ours.lot) != (terms.tick, terms.lot):
        raise ConfigurationError(
            f"{path} was recorded with tick {terms.tick:f} and lot {terms.lot:f}; set `instruments.{terms.symbol}` of "
            "the configuration to them."
        )
    return [terms.symbol], recording


def _configured(path: Path, symbol: str, instruments: Mapping[str, Instrument]) -> Instrument:
    if symbol not in instruments:
        raise ConfigurationError(
            f"{path} is a recording of {symbol}, which is not under `instruments` of the configuration; add it there."
        )
    return instruments[symbol]
