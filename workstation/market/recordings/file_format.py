"""What a recording is on disk: a head that says what it holds, then a stream of inputs (``core.input_stream``).

The head is a magic and the version, the length of the description, the description in JSON, a CRC-32 of all this, and
the span: times of the first and last input, their number, and a CRC-32. The span is written again with every flush, so
that it is never further behind than what a crash takes. One file holds one symbol.

Format 2 tells in the description what the session knew besides the book; format 1, which is still read, does not.
"""

from __future__ import annotations

from pathlib import Path
from struct import Struct
from zlib import crc32

import msgspec

from workstation.core.errors import DataError
from workstation.core.instrument import Instrument
from workstation.core.messages import FeedStatus, MarkPrice
from workstation.core.timeframe import utc_datetime

FORMAT_VERSION = 2
SUFFIX = ".recording"
BUILT_IN = "Built-in market"

_FIXED = Struct("<6sHI")
_MAGIC = b"WSTREC"
_CHECKSUM = Struct("<I")
_SPAN = Struct("<qqQ")
_SPAN_SIZE = _SPAN.size + _CHECKSUM.size
_LONGEST_DESCRIPTION = 8_192


class RecordingHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What a recording says of itself. Times are UTC nanoseconds."""

    instrument: Instrument
    """What its ticks and lots mean, and what may be done with it."""
    source: str
    """Whose market it is: an exchange's, as ``Binance spot``, or ``Built-in market``."""
    seed: int | None = None
    """The built-in market's; ``None`` for an exchange."""
    continues: bool = False
    """It goes on where another recording ended, with nothing missing in between."""
    opening: tuple[MarkPrice | FeedStatus, ...] = ()
    """What was known when it began, besides the book: the mark price, and that the feed was down."""
    first_ns: int = 0
    last_ns: int = 0
    inputs: int = 0

    @property
    def built_in(self) -> bool:
        return self.seed is not None

    def market_text(self) -> str:
        """``Binance spot``, or ``Built-in market, seed 7``."""
        return f"{self.source}, seed {self.seed}" if self.built_in else self.source


def recording_name(symbol: str, first_ns: int, number: int = 1) -> str:
    """``BTCUSDT-20260102T030405.recording``; the second one of the same second ends in ``-2``."""
    more = f"-{number}" if number > 1 else ""
    return f"{symbol}-{utc_datetime(first_ns):%Y%m%dT%H%M%S}{more}{SUFFIX}"


def recording_files(folder: Path) -> list[Path]:
    """The recordings of a folder by symbol and time; none when it is not there."""
    return sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: path.stem)


def is_recording(path: Path) -> bool:
    """Whether a file begins as one. Raises ``DataError`` when it cannot be read."""
    return _beginning(path, len(_MAGIC)) == _MAGIC


def head_bytes(header: RecordingHeader) -> bytes:
    """The head without its span."""
    description = msgspec.json.encode(msgspec.structs.replace(header, first_ns=0, last_ns=0, inputs=0))
    head = _FIXED.pack(_MAGIC, FORMAT_VERSION, len(description)) + description
    return head + _CHECKSUM.pack(crc32(head))


def span_bytes(first_ns: int, last_ns: int, inputs: int) -> bytes:
    span = _SPAN.pack(first_ns, last_ns, inputs)
    return span + _CHECKSUM.pack(crc32(span))


def read_header(path: Path) -> RecordingHeader:
    """Raises ``DataError`` that says what is wrong with the file."""
    return read_head(path)[0]


def read_head(path: Path) -> tuple[RecordingHeader, int]:
    """The header, and where the stream begins in the file. Raises as ``read_header`` does."""
    fixed = _beginning(path, _FIXED.size)
    if fixed[: len(_MAGIC)] != _MAGIC[: len(fixed)]:
        raise DataError(
            f"{path} is not a recording of the workstation; `workstation data import` takes candles and recorded "
            "streams of Binance."
        )
    if len(fixed) < _FIXED.size:
        raise _torn(path)
    _, version, length = _FIXED.unpack(fixed)
    if version > FORMAT_VERSION:
        raise DataError(
            f"{path} was written by a newer version of the workstation (format {version}, this one knows "
            f"{FORMAT_VERSION}): update the workstation."
        )
    if length > _LONGEST_DESCRIPTION:
        raise _damaged(path)
    head = _beginning(path, _FIXED.size + length + _CHECKSUM.size + _SPAN_SIZE)
    if len(head) < _FIXED.size + length + _CHECKSUM.size + _SPAN_SIZE:
        raise _torn(path)
    described, span = head[:-_SPAN_SIZE], head[-_SPAN_SIZE:]
    for part in (described, span):
        if crc32(part[: -_CHECKSUM.size]) != _CHECKSUM.unpack(part[-_CHECKSUM.size :])[0]:
            raise _damaged(path)
    try:
        header = msgspec.json.decode(described[_FIXED.size : -_CHECKSUM.size], type=RecordingHeader)
    except msgspec.MsgspecError as error:
        raise _damaged(path) from error
    first_ns, last_ns, inputs = _SPAN.unpack(span[: _SPAN.size])
    return msgspec.structs.replace(header, first_ns=first_ns, last_ns=last_ns, inputs=inputs), len(head)


def _beginning(path: Path, length: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(length)
    except FileNotFoundError:
        raise DataError(f"There is no file {path}.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error


def _torn(path: Path) -> DataError:
    return DataError(f"{path} ends within its head, so it holds no market data: leave it out.")


def _damaged(path: Path) -> DataError:
    return DataError(f"{path} is damaged in its head: get it again, or leave it out.")
