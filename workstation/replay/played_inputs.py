"""The inputs of a replay, to which it can return: what was drawn is kept, some 20 bytes an input."""

from __future__ import annotations

from collections.abc import Iterator
from os import SEEK_END
from tempfile import TemporaryFile
from typing import IO

import zstandard

from workstation.core.errors import StorageError
from workstation.core.input_codec import InputDecoder, InputEncoder
from workstation.core.messages import Input

BLOCK = 512
"""Inputs that are kept together, and decoded together when they come again."""
MOST_IN_MEMORY = 64_000_000
"""Bytes; what goes beyond is in a file without a name, which ends with the replay."""


class PlayedInputs:
    """Draws each input from where it is recorded once, however often the replay goes back and comes again."""

    def __init__(self, inputs: Iterator[Input]) -> None:
        self.position = 0
        """How many come before the next one."""
        self._inputs = inputs
        self._fresh: list[Input] = []
        self._blocks: list[bytes | tuple[int, int]] = []
        self._in_memory = 0
        self._file: IO[bytes] | None = None
        self._loaded: tuple[int, list[Input]] = -1, []

    def next(self) -> Input | None:
        """``None`` after the last. Raises ``WorkstationError``."""
        position = self.position
        if position == len(self._blocks) * BLOCK + len(self._fresh):
            drawn = next(self._inputs, None)
            if drawn is None:
                return None
            if len(self._fresh) == BLOCK:
                self._keep_block()
            self._fresh.append(drawn)
            self.position = position + 1
            return drawn
        self.position = position + 1
        block, place = divmod(position, BLOCK)
        if block == len(self._blocks):
            return self._fresh[place]
        if self._loaded[0] != block:
            self._loaded = block, self._read_block(block)
        return self._loaded[1][place]

    def seek(self, position: int) -> None:
        """To one that was drawn before, or to the one after it."""
        assert 0 <= position <= len(self._blocks) * BLOCK + len(self._fresh)
        self.position = position

    def close(self) -> None:
        """Keep nothing any more."""
        if self._file is not None:
            self._file.close()

    def _keep_block(self) -> None:
        content = zstandard.ZstdCompressor(level=1).compress(InputEncoder().encode(self._fresh))
        self._fresh = []
        if self._in_memory < MOST_IN_MEMORY:
            self._in_memory += len(content)
            self._blocks.append(content)
            return
        try:
            self._file = self._file or TemporaryFile()  # noqa: SIM115
            start = self._file.seek(0, SEEK_END)
            self._file.write(content)
        except OSError as error:
            raise StorageError(
                f"What was replayed cannot be kept in the folder for temporary files ({error.strerror}): free some "
                "space, then open the replay again."
            ) from error
        self._blocks.append((start, len(content)))

    def _read_block(self, block: int) -> list[Input]:
        content = self._blocks[block]
        if isinstance(content, tuple):
            assert self._file is not None
            start, length = content
            self._file.seek(start)
            content = self._file.read(length)
        return list(InputDecoder().decode(zstandard.ZstdDecompressor().decompress(content)))
