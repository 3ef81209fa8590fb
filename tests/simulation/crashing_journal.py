"""A journal in memory whose disk can be full, and which can end its process at any record."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from workstation.core.errors import StorageError
from workstation.core.messages import OrderSubmitted, Output
from workstation.storage.journal import MemoryJournal

_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(Output).decode


class Crash(BaseException):
    """The process died here."""


class CrashingJournal:
    """Holds what a crash would leave: committed records as JSON, so that recovery reads what a disk would give."""

    def __init__(self) -> None:
        self.pending = 0
        self.committed: list[bytes] = []
        self.submitted: set[str] = set()
        self.full = False
        self.dead = False
        self.refusals = 0
        self.before_commit: Callable[[int], bool] = lambda records: False
        """Given the number of records on disk: whether the process dies before this commit writes anything."""
        self.after_commit: Callable[[int], bool] = lambda records: False
        """Whether it dies when this commit is on disk and nothing of it has left."""
        self._rows: list[Output] = []

    def append(self, output: Output, /) -> None:
        if self.dead:
            raise Crash
        self._rows.append(output)
        self.pending += 1

    def commit(self) -> None:
        if self.dead:
            raise Crash
        if self.full:
            self.refusals += 1
            raise StorageError("The disk is full.")
        if self.before_commit(len(self.committed)):
            self.die()
        for row in self._rows:
            self.committed.append(_encode(row))
            if isinstance(row, OrderSubmitted):
                self.submitted.add(row.client_id)
        self._rows.clear()
        self.pending = 0
        if self.after_commit(len(self.committed)):
            self.die()

    def die(self) -> None:
        self.dead = True
        raise Crash

    def restart(self) -> None:
        """A new process finds what was committed."""
        self._rows.clear()
        self.pending = 0
        self.dead = self.full = False
        self.before_commit = self.after_commit = lambda records: False

    def records(self, first: int = 0) -> Iterator[Output]:
        return map(_decode, self.committed[first:])

    def order_hash(self) -> str:
        journal = MemoryJournal()
        journal.outputs.extend(self.records())
        return journal.order_hash()
