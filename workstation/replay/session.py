"""A recorded session as the source of a replay: from its journal's header and its recorded inputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import peewee

from workstation.config.loader import settings_from_json
from workstation.core.errors import DataError, WorkstationError
from workstation.core.messages import Output
from workstation.core.timeframe import SECOND_NS, utc_text
from workstation.core.types import Mode
from workstation.replay.source import Opened, Past
from workstation.session.parts import engine_views
from workstation.session.past import past_equity, past_fills, past_funding, past_orders
from workstation.storage.database import open_database
from workstation.storage.disk_journal import JournalReader
from workstation.storage.inputs import read_inputs
from workstation.storage.journal import SessionEntry, SessionHeader, SessionSummary
from workstation.storage.layout import DataFolder
from workstation.verification import engine_again, obstacle

KEPT_PAST = 5_000


class RecordedSession(NamedTuple):
    """A session that can be replayed, or the reason why it cannot. Times are UTC nanoseconds."""

    number: int
    mode: Mode
    started_ns: int
    ended_ns: int
    symbols: tuple[str, ...]
    fills: int | None
    """``None`` for one that was killed, or still runs."""
    obstacle: str


def recorded_sessions(folder: DataFolder, strategies: Path | None) -> list[RecordedSession]:
    """All that the journal knows, newest first. Raises ``StorageError``; none where there is no journal."""
    if not folder.journal.exists():
        return []
    reader = JournalReader(folder.journal)
    try:
        found = []
        for entry in reversed(reader.sessions()):
            header = entry.header
            found.append(
                RecordedSession(
                    header.number,
                    header.mode,
                    header.started_ns,
                    _end_of(reader, entry),
                    tuple(header.instruments),
                    None if entry.summary is None else entry.summary.fills,
                    _reason(folder, entry, strategies),
                )
            )
        return found
    finally:
        reader.close()


class SessionSource:
    """Read from the disk when it is made, which takes a while for a long session: not in the loop of a window.

    Raises ``DataError`` when there is no such session or it cannot be run again, and ``StorageError``.
    """

    timeframe = ""
    pace_ns = SECOND_NS
    has_depth = True

    def __init__(self, folder: DataFolder, number: int, strategies: Path | None) -> None:
        reader = JournalReader(folder.journal)
        try:
            entry = next((each for each in reader.sessions() if each.header.number == number), None)
            if entry is None:
                raise DataError(f"The journal in {folder.path} has no session {number}.")
            reason = _reason(folder, entry, strategies)
            if reason:
                raise DataError(f"Session {number} cannot be replayed: {reason}")
            self._entry = entry
            self._expected: list[Output] = list(reader.records(number))
            self.end_ns = _end_of(reader, entry)
        finally:
            reader.close()
        self._folder = folder
        self._strategies = strategies
        header = entry.header
        self._settings = settings_from_json(header.configuration)
        self.start_ns = header.started_ns
        self.symbols: Sequence[str] = self._settings.market.symbols
        self.stale_ns = int(self._settings.risk.stale_data_s * SECOND_NS)
        self.title = f"Session {number} · {header.mode.lower()}"
        self.detail = f"{self._settings.account.name}, {utc_text(self.start_ns)[:16]} UTC"
        self.past = self._read_past(folder, entry)
        built_in = f"Built-in market, seed {header.seed}"
        self._market_title = built_in if self._settings.market.source == "built_in" else self._settings.exchange.name

    def open(self) -> Opened:
        engine, journal = engine_again(self._entry, self._expected, self._strategies)
        views = engine_views(engine.kernel, self._settings, self._entry.header.mode, self._market_title)
        inputs = read_inputs(self._folder.session_inputs(self._entry.header.number))
        sampled = Opened.samples(journal.outputs)
        return Opened(engine.kernel, views, iter(inputs), engine.failures, engine.arming, sampled, journal.outputs)

    def resumed(self, opened: Opened) -> None:
        """Nothing here depends on the kernel."""

    def _read_past(self, folder: DataFolder, entry: SessionEntry) -> Past:
        if not folder.history.exists():
            return Past()
        database = open_database(folder.history)
        try:
            before_ns, before_seq = entry.header.started_ns, entry.first_seq
            return Past(
                past_orders(database, KEPT_PAST, self.symbols, before_ns),
                past_fills(database, KEPT_PAST, before_seq),
                past_equity(database, KEPT_PAST * 10, before_seq),
                past_funding(database, KEPT_PAST, entry.header.number),
            )
        except peewee.PeeweeException:
            # The history is projected from the journal and may lag or lack tables: the replay itself needs none of it.
            return Past()
        finally:
            database.close()


def _reason(folder: DataFolder, entry: SessionEntry, strategies: Path | None) -> str:
    try:
        return obstacle(folder, entry, strategies)
    except WorkstationError as error:
        return str(error)


def _end_of(reader: JournalReader, entry: SessionEntry) -> int:
    if entry.summary is not None:
        return entry.summary.ended_ns
    last = next(reader.entries(entry.last_seq - 1, limit=1), None)
    known = entry.header.started_ns
    return known if last is None or isinstance(last.message, SessionHeader) else max(known, _moment(last.message))


def _moment(message: Output | SessionSummary) -> int:
    return message.ended_ns if isinstance(message, SessionSummary) else message.ts_ns
