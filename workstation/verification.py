"""Proof of a journal: each session's inputs are run again, and every output is compared with what was journalled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from workstation.assembly import Engine, session_engine
from workstation.config.loader import settings_from_json
from workstation.core.clock import Clock, EventClock
from workstation.core.errors import StorageError, VerificationError
from workstation.core.messages import AmendRequested, OrderFilled, OrderSubmitted, Output, TradingStateChanged
from workstation.core.timeframe import utc_text
from workstation.storage.disk_journal import JournalReader
from workstation.storage.inputs import read_inputs
from workstation.storage.journal import AppendOnly, SessionEntry
from workstation.storage.layout import DataFolder
from workstation.trading.registry import StrategyRegistry
from workstation.trading.transaction import JOURNAL_FAILURE


class Verification(msgspec.Struct, frozen=True):
    """What was proved, and what could not be run again, with the reason."""

    sessions: int
    orders: int
    fills: int
    records: int
    skipped: tuple[str, ...]

    def sentence(self) -> str:
        return f"Proved: {self.sessions} sessions, {self.orders} orders, {self.fills} fills."


def verify(
    folder: DataFolder, strategies: Path | None, progress: Callable[[int, int], None] = lambda done, total: None
) -> Verification:
    """Check the hash chain, then run every session again. ``strategies`` is the folder of the user's own.

    Raises ``VerificationError`` that names the first difference.
    """
    if not folder.journal.exists():
        raise StorageError(f"There is no journal in {folder.path}: start the workstation once, or give --data.")
    reader = JournalReader(folder.journal)
    try:
        records = reader.check_chain()
        sessions = reader.sessions()
        orders = fills = proved = 0
        skipped: list[str] = []
        for index, entry in enumerate(sessions):
            progress(index, len(sessions))
            reason = obstacle(folder, entry, strategies)
            if reason:
                skipped.append(f"Session {entry.header.number} was not run again: {reason}")
                continue
            expected = list(reader.records(entry.header.number))
            found = _run_again(folder, entry, expected, strategies)
            _compare(entry, expected, found)
            unproved = len(expected) - len(found)
            if unproved > 0:
                skipped.append(
                    f"The last {unproved} records of session {entry.header.number} are not proved: the machine stopped "
                    "before their inputs were on disk. None of their orders had left."
                )
            proved += 1
            orders += sum(type(record) is OrderSubmitted for record in expected)
            fills += sum(type(record) is OrderFilled for record in expected)
        progress(len(sessions), len(sessions))
        return Verification(proved, orders, fills, records, tuple(skipped))
    finally:
        reader.close()


def obstacle(folder: DataFolder, entry: SessionEntry, strategies: Path | None) -> str:
    """Why a session cannot be run again, in words; empty when it can. Raises ``ConfigurationError`` for settings of
    another version."""
    header = entry.header
    if not header.inputs or not folder.session_inputs(header.number).is_dir():
        return "its inputs were not recorded or have been pruned."
    settings = settings_from_json(header.configuration)
    registry = StrategyRegistry(strategies)
    changed = [
        name
        for name, source_hash in header.strategies.items()
        if settings.strategies[name].strategy not in registry.names()
        or registry.source_hash(settings.strategies[name].strategy) != source_hash
    ]
    if changed:
        return f"the code of {', '.join(changed)} has changed since."
    return ""


class _Expected(msgspec.Struct, frozen=True):
    """Frozen, so that the checkpoints of a replay share it."""

    records: list[Output]


class RefusingJournal:
    """Takes records as the session's own did: it refuses to where the journal says that the disk refused."""

    def __init__(self, expected: list[Output]) -> None:
        self.outputs: list[Output] = AppendOnly()
        self.clock: Clock = EventClock()
        self._expected = _Expected(expected)
        self._committed = 0
        self._refusal = ""

    @property
    def pending(self) -> int:
        return len(self.outputs) - self._committed

    def append(self, output: Output, /) -> None:
        self.outputs.append(output)

    def commit(self) -> None:
        count = len(self.outputs)
        expected = self._expected.records
        told = expected[count] if count < len(expected) else None
        if type(told) is TradingStateChanged and told.ts_ns == self.clock.now_ns():
            # A refusal halts, and the first commit after it lifts the halt: each is the next record.
            self._refusal = told.reason if told.reason.startswith(JOURNAL_FAILURE) else ""
        if self._refusal:
            raise StorageError(self._refusal.removeprefix(JOURNAL_FAILURE).strip())
        self._committed = count


def engine_again(
    entry: SessionEntry, expected: list[Output], strategies: Path | None
) -> tuple[Engine, RefusingJournal]:
    """A session's engine as it was when it began, to be fed with its inputs. ``expected`` are the session's records."""
    header = entry.header
    journal = RefusingJournal(expected)
    engine = session_engine(
        settings_from_json(header.configuration),
        journal=journal,
        recorder=None,
        latch=None,
        registry=StrategyRegistry(strategies),
        session=header.number,
        seed=header.seed,
        start_ns=header.started_ns,
        token=header.token,
    )
    journal.clock = engine.kernel.clock
    if header.opening:
        engine.restore(header.opening)
    engine.start(header.started_ns)
    return engine, journal


def _run_again(
    folder: DataFolder, entry: SessionEntry, expected: list[Output], strategies: Path | None
) -> list[Output]:
    header = entry.header
    engine, journal = engine_again(entry, expected, strategies)
    kernel = engine.kernel
    count = 0
    for event in read_inputs(folder.session_inputs(header.number)):
        kernel.dispatch(event)
        count += 1
    if entry.summary is not None:
        if count != entry.summary.inputs:
            raise VerificationError(
                f"Session {header.number} took {entry.summary.inputs:,} inputs; "
                f"{folder.session_inputs(header.number)} holds {count:,} of them."
            )
        kernel.close()
    return journal.outputs


def _compare(entry: SessionEntry, expected: list[Output], found: list[Output]) -> None:
    """A session that was killed may have decided more than it could journal: then the journal is a beginning."""
    number = entry.header.number
    for index, (journalled, produced) in enumerate(zip(expected, found, strict=False)):
        if journalled != produced:
            raise VerificationError(
                f"Session {number} differs at record {entry.first_seq + index} ({utc_text(journalled.ts_ns)} UTC): "
                f"the journal has {_short(journalled)}, its inputs give {_short(produced)}."
            )
    unproved = expected[len(found) :]
    if unproved and (entry.summary is not None or left_without_inputs(unproved)):
        raise VerificationError(
            f"Session {number} differs at record {entry.first_seq + len(found)}: the journal has "
            f"{_short(expected[len(found)])}, its inputs end before it."
        )
    if entry.summary is not None and len(found) > len(expected):
        raise VerificationError(
            f"Session {number} differs after its last record: its inputs also give {_short(found[len(expected)])}."
        )


def left_without_inputs(unproved: list[Output]) -> bool:
    """Whether an order left although its inputs were not on disk.

    What does not lead to an order may be journalled before its inputs are on disk, and so may the orders of the last
    record's moment, which leave after both.
    """
    return any(isinstance(o, OrderSubmitted | AmendRequested) and o.ts_ns < unproved[-1].ts_ns for o in unproved)


def _short(output: Output) -> str:
    text = msgspec.json.encode(output).decode()
    return text if len(text) <= 300 else text[:297] + "..."
