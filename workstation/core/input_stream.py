"""A stream of inputs as bytes: frames, each a marker, length, CRC-32 and one flushed block of a zstandard stream.

The inputs of a session and the recordings of a market are such streams behind heads of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from struct import Struct
from zlib import crc32

import msgspec
import zstandard

from workstation.core.input_codec import InputDecoder, InputEncoder
from workstation.core.messages import Input

_FRAME = Struct("<4sII")
_MARKER = b"\xf4frm"
_COMPRESSION_LEVEL = 3


class DamagedStream(Exception):
    """Where and how a stream is damaged, as the end of a sentence: ``damaged at byte 120``."""


class StreamEncoder:
    """Makes the frames of one stream, in order."""

    def __init__(self) -> None:
        self._encoder = InputEncoder()
        self._compressor = zstandard.ZstdCompressor(level=_COMPRESSION_LEVEL).compressobj()

    def frame(self, inputs: Sequence[Input]) -> bytes:
        """A frame that can be read once all before it are there."""
        block = self._encoder.encode(inputs)
        return _framed(self._compressor.compress(block) + self._compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))

    def last_frame(self) -> bytes:
        """What ends the stream; nothing may be encoded after it."""
        return _framed(self._compressor.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH))


class StreamReader:
    """Iterates over the inputs of a stream that begins at ``start`` of ``content``.

    A tail that a crash tore ends the iteration at the last whole frame where ``may_be_torn``, and ``dropped_bytes``
    tells how much was cut off. Any other damage raises ``DamagedStream``.
    """

    def __init__(self, content: bytes, start: int, may_be_torn: bool) -> None:
        self.dropped_bytes = 0
        self._content = content
        self._start = start
        self._may_be_torn = may_be_torn

    def __iter__(self) -> Iterator[Input]:
        self.dropped_bytes = 0
        content, position = self._content, self._start
        decoder = InputDecoder()
        decompressor = zstandard.ZstdDecompressor().decompressobj()
        while position < len(content):
            payload = _frame_at(content, position)
            if payload is None:
                if not self._may_be_torn or _has_frame_after(content, position):
                    raise DamagedStream(f"damaged at byte {position}")
                self.dropped_bytes = len(content) - position
                return
            position += _FRAME.size + len(payload)
            try:
                block = decompressor.decompress(payload)
                if block:
                    yield from decoder.decode(block)
            except (zstandard.ZstdError, msgspec.MsgspecError) as error:
                raise DamagedStream(f"damaged before byte {position}: {error}") from error


def _framed(payload: bytes) -> bytes:
    return _FRAME.pack(_MARKER, len(payload), crc32(payload)) + payload


def _frame_at(content: bytes, position: int) -> bytes | None:
    """The payload of the frame that begins there; ``None`` when no whole one does."""
    if position + _FRAME.size > len(content):
        return None
    marker, length, checksum = _FRAME.unpack_from(content, position)
    start = position + _FRAME.size
    payload = content[start : start + length]
    if marker != _MARKER or len(payload) != length or crc32(payload) != checksum:
        return None
    return payload


def _has_frame_after(content: bytes, position: int) -> bool:
    while (position := content.find(_MARKER, position + 1)) >= 0:
        if _frame_at(content, position) is not None:
            return True
    return False
