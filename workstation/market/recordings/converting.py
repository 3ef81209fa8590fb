"""Recorded streams of an exchange, written as recordings of our own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from workstation.core.errors import DataError
from workstation.core.instrument import Instrument
from workstation.core.messages import BookDelta, BookSnapshot, Trade
from workstation.market.order_book import OrderBook
from workstation.market.recordings.binance import SOURCE, StreamRecording, spot_terms
from workstation.market.recordings.file_format import RecordingHeader, recording_name
from workstation.market.recordings.writing import KnownMarket, SymbolRecording


class Conversion(msgspec.Struct, frozen=True):
    """What was written, and what the streams told of themselves on the way."""

    paths: list[Path]
    first_ns: int
    last_ns: int
    book_changes: int
    trades: int
    streams: StreamRecording


def convert_streams(files: Sequence[Path], instrument: Instrument, folder: Path, segment_bytes: int) -> Conversion:
    """Write the recorded streams of Binance spot in ``files``, read as one, into ``folder``.

    The steps are the instrument's, the terms are spot's. Raises ``DataError`` or ``StorageError``, having written
    nothing.
    """
    streams = StreamRecording(files, spot_terms(instrument))
    book = OrderBook(instrument.symbol)
    header = RecordingHeader(instrument=streams.instrument, source=SOURCE)
    recording = SymbolRecording(folder, header, KnownMarket(book), segment_bytes)
    first_ns = last_ns = book_changes = trades = 0
    try:
        for message in streams:
            if not first_ns:
                first_ns = message.ts_ns
                _check_new(folder / recording_name(instrument.symbol, first_ns))
            if isinstance(message, BookSnapshot):
                book.apply_snapshot(message)
            elif isinstance(message, BookDelta):
                book.apply_delta(message)
                book_changes += 1
            elif isinstance(message, Trade):
                trades += 1
            last_ns = message.ts_ns
            recording.take(message)
        recording.close()
    except BaseException:
        recording.abandon()
        for path in recording.paths:
            path.unlink(missing_ok=True)
        raise
    return Conversion(recording.paths, first_ns, last_ns, book_changes, trades, streams)


def _check_new(path: Path) -> None:
    if path.exists():
        raise DataError(f"It was imported before, as {path}: remove that file to import it again.")
