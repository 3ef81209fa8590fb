"""How far a stream was taken, kept in a file beside what was made of it, so that a restart begins there."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec


class Position(msgspec.Struct):
    """As it is kept."""

    position: int = 0
    """Number of the last message that was taken."""
    stream: str = ""
    """When the stream was made: another of its name is read from its beginning."""
    record: str = ""
    """The last record of a journal that was taken, as ``journal:number``."""


class KeptPosition:
    """Written after each batch: after a kill the last one may come again, and must be known by what it holds."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.value = Position()
        self.known = False
        """There was something to go on from."""
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            self.value = msgspec.json.decode(file.read_bytes(), type=Position)
            self.known = True

    def keep(self, position: int, stream: str, record: str = "") -> None:
        """A disk that is full costs no more than that the batch comes again."""
        self.value = Position(position, stream, record or self.value.record)
        self.known = True
        with contextlib.suppress(OSError):
            fresh = self._file.with_suffix(".new")
            fresh.write_bytes(msgspec.json.encode(self.value))
            fresh.replace(self._file)

    def begin_again(self) -> None:
        """The stream is another one. What was taken of a journal stays known."""
        self.value.position = 0


def split_record(record: str) -> tuple[str, int]:
    """Journal and number; an empty name where it is none."""
    name, _, number = record.rpartition(":")
    return (name, int(number)) if number.isdigit() else ("", 0)
