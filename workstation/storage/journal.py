"""The journal: an append-only record of every output of the engine, the truth from which all tables are projected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import Any, Protocol

import msgspec

from workstation.core.instrument import Instrument
from workstation.core.messages import (
    AmendRequested,
    CancelRejected,
    CancelRequested,
    FundingPaid,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    OrderTriggered,
    OrderUnknown,
    Output,
    PositionLiquidated,
    PositionTransferred,
)
from workstation.core.types import Mode


class SessionHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What a session started from; with its recorded inputs it is all that is needed to run it again."""

    started_ns: int
    mode: Mode
    seed: int
    engine_version: str
    configuration: str
    """JSON text of the settings, secrets absent."""
    instruments: dict[str, Instrument]
    """By symbol: what the ticks and lots of the records mean."""
    strategies: dict[str, str]
    """SHA-256 of each strategy's file, by strategy."""
    opening: dict[str, Any]
    """The kernel's state at the start: orders, positions, cash, strategies' states, counters. Plain JSON values."""
    inputs: str = ""
    """Name of the folder of recorded inputs; empty when they are not recorded."""
    number: int = 0
    """Given by the journal."""
    token: str = ""
    """Part of every client id of a live session, so that two installations on one account use different ones."""


class SessionSummary(msgspec.Struct, frozen=True, kw_only=True):
    """How a session ended in order. A session that was killed has none."""

    ended_ns: int
    reason: str = ""
    inputs: int = 0
    orders: int = 0
    fills: int = 0


class SessionEntry(msgspec.Struct, frozen=True):
    """A session as the journal holds it; its outputs are the records between ``first_seq`` and ``last_seq``."""

    header: SessionHeader
    summary: SessionSummary | None
    first_seq: int
    last_seq: int


class Journal(Protocol):
    """What the kernel needs of a journal.

    ``append`` only remembers; ``commit`` makes everything remembered durable, whole or not at all. When it raises
    ``StorageError`` nothing was written and everything is still remembered, so that it can be tried again.
    """

    pending: int
    """Records that are not on disk yet."""

    @property
    def next_session(self) -> int: ...
    def begin_session(self, header: SessionHeader) -> int: ...
    def end_session(self, summary: SessionSummary) -> None: ...
    def append(self, output: Output, /) -> None: ...
    def commit(self) -> None: ...
    def close(self) -> None: ...
    def sessions(self) -> list[SessionEntry]: ...
    def records(self, session: int) -> Iterator[Output]: ...


class AppendOnly(list[Output]):
    """A list from which nothing is taken and in which nothing changes: a checkpoint keeps its length, not a copy."""


class MemoryJournal:
    """The journal of a backtest: a list. There is never anything pending."""

    def __init__(self) -> None:
        self.pending = 0
        self.outputs: list[Output] = AppendOnly()
        self.append: Callable[[Output], None] = self.outputs.append
        self._headers: list[tuple[SessionHeader, int]] = []
        self._summaries: dict[int, SessionSummary] = {}

    @property
    def next_session(self) -> int:
        return len(self._headers) + 1

    def begin_session(self, header: SessionHeader) -> int:
        header = msgspec.structs.replace(header, number=self.next_session)
        self._headers.append((header, len(self.outputs)))
        return header.number

    def end_session(self, summary: SessionSummary) -> None:
        self._summaries[len(self._headers)] = summary

    def commit(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""

    def sessions(self) -> list[SessionEntry]:
        return [
            SessionEntry(header, self._summaries.get(header.number), start + 1, self._end(header.number))
            for header, start in self._headers
        ]

    def records(self, session: int) -> Iterator[Output]:
        if not 1 <= session <= len(self._headers):
            return iter(())
        return iter(self.outputs[self._headers[session - 1][1] : self._end(session)])

    def order_hash(self) -> str:
        return order_hash(self.outputs)

    def _end(self, session: int) -> int:
        return self._headers[session][1] if session < len(self._headers) else len(self.outputs)


ORDER_KINDS = (
    OrderSubmitted,
    OrderDenied,
    OrderAccepted,
    OrderRejected,
    OrderUnknown,
    OrderTriggered,
    OrderFilled,
    OrderCancelled,
    OrderExpired,
    OrderAmended,
    CancelRequested,
    AmendRequested,
    CancelRejected,
    FundingPaid,
    PositionLiquidated,
    PositionTransferred,
)
"""Outputs that say what was ordered and what became of it."""

_IDENTIFIERS = ("client_id", "venue_id", "fill_id", "funding_id", "parent_id", "oco_group")


def order_hash(records: Iterable[Output]) -> str:
    """SHA-256, in hex, of everything that was ordered and what became of it.

    Identifiers count by their order of appearance, since they may hold the session's number: the same decisions and
    outcomes at the same times give the same hash in any session.
    """
    digest = sha256()
    encode = msgspec.json.Encoder(order="sorted").encode
    ordinals: dict[str, int] = {"": 0}
    for record in records:
        if isinstance(record, ORDER_KINDS):
            fields = msgspec.structs.asdict(record)
            for name in _IDENTIFIERS:
                if name in fields:
                    fields[name] = ordinals.setdefault(fields[name], len(ordinals))
            digest.update(encode((type(record).__name__, fields)))
    return digest.hexdigest()
