"""Writing recordings: one file, and the files of one symbol that follow each other."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import msgspec

from workstation.core.errors import StorageError
from workstation.core.input_stream import StreamEncoder
from workstation.core.messages import BookSnapshot, FeedStatus, MarketInput, MarkPrice
from workstation.core.timeframe import SECOND_NS
from workstation.market.order_book import OrderBook
from workstation.market.recordings.file_format import RecordingHeader, head_bytes, recording_name, span_bytes

_MOST_PENDING = 256
_FLUSH_NS = SECOND_NS


class RecordingWriter:
    """Writes one file. Used by one thread. After a ``StorageError`` it can only be closed."""

    def __init__(self, folder: Path, header: RecordingHeader, first: BookSnapshot) -> None:
        self.size = 0
        """Bytes on disk."""
        self._pending: list[MarketInput] = []
        self._stream = StreamEncoder()
        self._inputs = 0
        self._first_ns = self._last_ns = self._flushed_ns = first.ts_ns
        head = head_bytes(header)
        self._span_at = len(head)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.path, self._file = _create(folder, header.instrument.symbol, first.ts_ns)
        except OSError as error:
            raise _write_error(folder, error) from error
        try:
            self._write(head + span_bytes(self._first_ns, self._last_ns, 0))
            self.append(first)
            self.flush()
        except BaseException:
            os.close(self._file)
            self.path.unlink(missing_ok=True)
            raise

    def append(self, message: MarketInput) -> None:
        """Remember an input; each second of the market, and each 256th, writes them. Raises ``StorageError``."""
        self._pending.append(message)
        if len(self._pending) >= _MOST_PENDING or message.ts_ns - self._flushed_ns >= _FLUSH_NS:
            self.flush()

    def flush(self) -> None:
        """Hand over to the system what is remembered. Raises ``StorageError``."""
        if not self._pending:
            return
        frame = self._stream.frame(self._pending)
        self._inputs += len(self._pending)
        self._last_ns = max(self._last_ns, *(message.ts_ns for message in self._pending))
        self._flushed_ns = self._last_ns
        self._pending.clear()
        self._write(frame)
        self._write_span()

    def close(self) -> None:
        """End the file and wait for the disk. Raises ``StorageError``; the file is closed in any case."""
        try:
            self.flush()
            self._write(self._stream.last_frame())
            os.fsync(self._file)
        except OSError as error:
            raise _write_error(self.path, error) from error
        finally:
            os.close(self._file)

    def abandon(self) -> None:
        """Close without writing anything more."""
        os.close(self._file)

    def _write(self, content: bytes) -> None:
        left = memoryview(content)
        try:
            while left:
                written = os.write(self._file, left)
                self.size += written
                left = left[written:]
        except OSError as error:
            raise _write_error(self.path, error) from error

    def _write_span(self) -> None:
        try:
            os.lseek(self._file, self._span_at, os.SEEK_SET)
            os.write(self._file, span_bytes(self._first_ns, self._last_ns, self._inputs))
            os.lseek(self._file, 0, os.SEEK_END)
        except OSError as error:
            raise _write_error(self.path, error) from error


class RecordedMarket(Protocol):
    """What is known of a symbol, always with the newest input applied."""

    book: OrderBook
    mark_price: int
    connected: bool


class KnownMarket(msgspec.Struct):
    """A market of which nothing but the book needs to be known. ``mark_price`` is in ticks, 0 where there is none."""

    book: OrderBook
    mark_price: int = 0
    connected: bool = True


class SymbolRecording:
    """The recording of one symbol: a file after the other, each of which begins with the whole book, the mark price,
    and whether the feed is down.

    It waits for a book to begin with.
    """

    def __init__(self, folder: Path, header: RecordingHeader, market: RecordedMarket, segment_bytes: int) -> None:
        self.header = header
        self.paths: list[Path] = []
        """Every file so far, the one being written last."""
        self._folder = folder
        self._market = market
        self._segment_bytes = segment_bytes
        self._writer: RecordingWriter | None = None

    @property
    def size(self) -> int:
        """Bytes of the file that is being written; 0 before the first."""
        return self._writer.size if self._writer is not None else 0

    def take(self, message: MarketInput) -> None:
        """Write an input. What comes before the first book is left out. Raises ``StorageError``."""
        writer = self._writer
        if writer is None:
            if isinstance(message, BookSnapshot):
                self._begin(message, continues=False)
            return
        writer.append(message)
        if writer.size >= self._segment_bytes and self._market.book.synchronised:
            self._writer = None
            writer.close()
            self._begin(whole_book(self._market.book, message.ts_ns), continues=True)

    def begin_now(self, now_ns: int) -> None:
        """Begin with the book as it is, if it is whole. Raises ``StorageError``."""
        if self._market.book.synchronised:
            self._begin(whole_book(self._market.book, now_ns), continues=False)

    def close(self) -> None:
        """End the last file. Raises ``StorageError``."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def abandon(self) -> None:
        """Give up without writing anything more."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.abandon()

    def _begin(self, snapshot: BookSnapshot, continues: bool) -> None:
        opening = _opening(self._market, snapshot.symbol, snapshot.ts_ns)
        header = msgspec.structs.replace(self.header, continues=continues, opening=opening)
        self._writer = RecordingWriter(self._folder, header, snapshot)
        self.paths.append(self._writer.path)


def _opening(market: RecordedMarket, symbol: str, ts_ns: int) -> tuple[MarkPrice | FeedStatus, ...]:
    known: list[MarkPrice | FeedStatus] = []
    if not market.connected:
        known.append(FeedStatus(symbol, ts_ns, False, f"{symbol}: it was down when the recording began"))
    if market.mark_price:
        known.append(MarkPrice(symbol, ts_ns, market.mark_price))
    return tuple(known)


def whole_book(book: OrderBook, ts_ns: int) -> BookSnapshot:
    bids, asks = book.top_bids(len(book.bid_prices)), book.top_asks(len(book.ask_prices))
    return BookSnapshot(book.symbol, ts_ns, book.sequence, tuple(bids), tuple(asks))


def _create(folder: Path, symbol: str, first_ns: int) -> tuple[Path, int]:
    number = 1
    while True:
        path = folder / recording_name(symbol, first_ns, number)
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            return path, os.open(path, flags, 0o644)
        except FileExistsError:
            number += 1


def _write_error(path: Path, error: OSError) -> StorageError:
    return StorageError(f"{path} cannot be written ({error.strerror or error}): free some space or check the disk.")
