"""Reading recordings: one file, or several as one market in order of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import cast

from workstation.core.errors import DataError
from workstation.core.input_stream import DamagedStream, StreamReader
from workstation.core.instrument import Instrument
from workstation.core.messages import BookDelta, BookSnapshot, MarketInput
from workstation.core.timeframe import utc_text
from workstation.market.recordings.file_format import RecordingHeader, read_head


class Recording:
    """Iterates over the inputs of one file, oldest first, as often as wanted: what was known when it began, the whole
    book, and all that followed.

    A tail torn by a crash ends the iteration at the last whole frame, and ``dropped_bytes`` tells how much was cut
    off. Damage anywhere else raises ``DataError``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.header, self._stream_start = read_head(path)
        self.dropped_bytes = 0

    def __iter__(self) -> Iterator[MarketInput]:
        self.dropped_bytes = 0
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise DataError(f"{self.path} cannot be read: {error.strerror or error}.") from error
        yield from self.header.opening
        stream = StreamReader(content, self._stream_start, may_be_torn=True)
        try:
            yield from cast("Iterator[MarketInput]", iter(stream))
        except DamagedStream as damage:
            raise DataError(f"{self.path} is {damage}: get it again, or leave it out.") from damage
        self.dropped_bytes = stream.dropped_bytes


def read_recording(path: Path | str) -> Recording:
    """A recording's header and, by iteration, its inputs. Raises ``DataError``."""
    return Recording(Path(path))


class Recordings:
    """Several files as one market: those of a symbol one after the other, the symbols merged in order of time.

    A file that goes on where the one before it ended brings no second beginning. ``holes`` tells, once they were read,
    between which times (UTC nanoseconds) of a symbol something may be missing.
    """

    def __init__(self, files: Sequence[Recording]) -> None:
        self.files = sorted(files, key=lambda file: (file.header.first_ns, file.header.last_ns))
        self.holes: list[tuple[str, int, int]] = []
        self._chains: dict[str, list[Recording]] = {}
        for file in self.files:
            chain = self._chains.setdefault(file.header.instrument.symbol, [])
            if chain:
                _check_follows(chain[-1], file)
            chain.append(file)

    @property
    def headers(self) -> list[RecordingHeader]:
        return [file.header for file in self.files]

    @property
    def instruments(self) -> dict[str, Instrument]:
        return {symbol: chain[0].header.instrument for symbol, chain in self._chains.items()}

    @property
    def first_ns(self) -> int:
        return min(header.first_ns for header in self.headers)

    @property
    def last_ns(self) -> int:
        return max(header.last_ns for header in self.headers)

    @property
    def inputs(self) -> int:
        """How many the heads promise; a torn tail may hold more or fewer."""
        return sum(header.inputs for header in self.headers)

    @property
    def dropped_bytes(self) -> int:
        """Bytes of torn tails that were cut off, once they were read."""
        return sum(file.dropped_bytes for file in self.files)

    def __iter__(self) -> Iterator[MarketInput]:
        self.holes = []
        chains = [self._chain(chain) for chain in self._chains.values()]
        return chains[0] if len(chains) == 1 else merge(*chains, key=lambda message: message.ts_ns)

    def _chain(self, files: list[Recording]) -> Iterator[MarketInput]:
        sequence, last_ns = -1, 0
        for file in files:
            messages = iter(file)
            known = list(islice(messages, len(file.header.opening)))
            book = next(messages, None)
            if book is None:
                continue
            begins_with = book.sequence if isinstance(book, BookSnapshot) else -1
            if not file.header.continues or begins_with != sequence:
                if last_ns:
                    self.holes.append((file.header.instrument.symbol, last_ns, book.ts_ns))
                yield from known
                yield book
            sequence, last_ns = begins_with, book.ts_ns
            for message in messages:
                if type(message) is BookDelta or type(message) is BookSnapshot:
                    sequence = message.sequence
                last_ns = message.ts_ns
                yield message


def read_recordings(paths: Sequence[Path | str]) -> Recordings:
    """Raises ``DataError`` for a file that cannot be read, or for two that do not go together."""
    return Recordings([read_recording(path) for path in paths])


def _check_follows(before: Recording, after: Recording) -> None:
    ours, theirs = before.header, after.header
    symbol = ours.instrument.symbol
    if ours.instrument != theirs.instrument:
        raise DataError(f"{before.path} and {after.path} hold {symbol} on different terms: give only one of them.")
    if (ours.source, ours.seed is None) != (theirs.source, theirs.seed is None):
        raise DataError(
            f"{before.path} is of {ours.market_text()}, {after.path} of {theirs.market_text()}: give recordings of "
            "one market."
        )
    if theirs.first_ns < ours.last_ns:
        raise DataError(
            f"{before.path} and {after.path} both hold {symbol} at {utc_text(theirs.first_ns)} UTC: give only one of "
            "them."
        )
