"""The journal on disk: SQLite rows that refuse to change, each hashed together with the one before."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from struct import Struct
from typing import NamedTuple

import msgspec

from workstation.core.errors import StorageError, VerificationError
from workstation.core.messages import Output
from workstation.storage.journal import SessionEntry, SessionHeader, SessionSummary
from workstation.storage.sqlite import connect, newer_version_error, storage_error

SCHEMA_VERSION = 1
GENESIS = bytes(32)
"""Hash before the first record."""

_SCHEMA = """
CREATE TABLE records (
    seq INTEGER PRIMARY KEY,
    session INTEGER NOT NULL,
    ts_ns INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    hash BLOB NOT NULL
);
CREATE TABLE sessions (
    number INTEGER PRIMARY KEY,
    started_ns INTEGER NOT NULL,
    mode TEXT NOT NULL,
    seq INTEGER NOT NULL REFERENCES records (seq)
);
CREATE TRIGGER records_are_final BEFORE UPDATE ON records
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER records_stay BEFORE DELETE ON records
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER sessions_are_final BEFORE UPDATE ON sessions
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER sessions_stay BEFORE DELETE ON sessions
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
"""
_INSERT_RECORD = "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)"
_INSERT_SESSION = "INSERT INTO sessions VALUES (?, ?, ?, ?)"
_LAST = "SELECT seq, hash FROM records ORDER BY seq DESC LIMIT 1"

_HEADER = SessionHeader.__name__
_SUMMARY = SessionSummary.__name__
_NUMBERS = Struct(">qqq").pack

# Beyond this the writer checkpoints by itself; before it a reader does, so that no order waits for one.
_WRITER_CHECKPOINT_PAGES = 16_384
_WRITER_BUSY_TIMEOUT_MS = 1_000

Row = tuple[int, int, int, str, str, bytes]


class JournalRecord(NamedTuple):
    seq: int
    session: int
    message: Output | SessionHeader | SessionSummary


def record_hash(previous: bytes, seq: int, session: int, ts_ns: int, kind: str, body: bytes) -> bytes:
    return sha256(b"%b%b%b\0%b" % (previous, _NUMBERS(seq, session, ts_ns), kind.encode(), body)).digest()


class JournalReader:
    """Reads a journal, also while another thread or process writes it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open(connect(path, read_only=True))
        if self._schema_version() == 0:
            self._connection.close()
            raise StorageError(f"{path} is not a journal of the workstation: choose another folder with --data.")

    def _open(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._decode_output = msgspec.json.Decoder(Output).decode
        self._decode_header = msgspec.json.Decoder(SessionHeader).decode
        self._decode_summary = msgspec.json.Decoder(SessionSummary).decode
        try:
            version = self._schema_version()
        except sqlite3.Error as error:
            connection.close()
            raise storage_error(self.path, error) from error
        if version > SCHEMA_VERSION:
            connection.close()
            raise newer_version_error(self.path, version, SCHEMA_VERSION)

    def _schema_version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def close(self) -> None:
        self._connection.close()

    def written(self) -> tuple[int, bytes]:
        """Sequence number and hash of the last record on disk."""
        return self._connection.execute(_LAST).fetchone() or (0, GENESIS)

    def hash_of(self, seq: int) -> bytes:
        """Hash of a record; empty when there is no such record."""
        if seq == 0:
            return GENESIS
        row = self._connection.execute("SELECT hash FROM records WHERE seq = ?", (seq,)).fetchone()
        return bytes(row[0]) if row else b""

    def sessions(self) -> list[SessionEntry]:
        """Every session, oldest first."""
        starts = self._connection.execute("SELECT number, seq FROM sessions ORDER BY number").fetchall()
        ends = [seq - 1 for _, seq in starts[1:]] + [self.written()[0]]
        return [self._entry(start, end) for (_, start), end in zip(starts, ends)]

    def _entry(self, start: int, end: int) -> SessionEntry:
        header = self._message(start)
        last = self._message(end) if end > start else None
        if not isinstance(header, SessionHeader):
            raise VerificationError(f"The journal {self.path} is damaged at record {start}: no session starts there.")
        if isinstance(last, SessionSummary):
            return SessionEntry(header, last, start + 1, end - 1)
        return SessionEntry(header, None, start + 1, end)

    def records(self, session: int) -> Iterator[Output]:
        """The outputs of a session, oldest first; none when there is no such session."""
        bounds = self._connection.execute(
            "SELECT min(seq), (SELECT min(seq) FROM sessions WHERE number > ?1) FROM sessions WHERE number = ?1",
            (session,),
        ).fetchone()
        if bounds[0] is not None:
            for record in self.entries(bounds[0], bounds[1]):
                if not isinstance(record.message, SessionSummary | SessionHeader):
                    yield record.message

    def entries(self, after_seq: int, before_seq: int | None = None, limit: int = -1) -> Iterator[JournalRecord]:
        """Records of every kind after ``after_seq``, oldest first."""
        rows = self._connection.execute(
            "SELECT seq, session, kind, body FROM records WHERE seq > ? AND seq < ? ORDER BY seq LIMIT ?",
            (after_seq, before_seq or 1 << 62, limit),
        )
        for seq, session, kind, body in rows:
            yield JournalRecord(seq, session, self._decode(seq, kind, body))

    def _message(self, seq: int) -> Output | SessionHeader | SessionSummary | None:
        row = self._connection.execute("SELECT kind, body FROM records WHERE seq = ?", (seq,)).fetchone()
        return self._decode(seq, *row) if row else None

    def _decode(self, seq: int, kind: str, body: str) -> Output | SessionHeader | SessionSummary:
        try:
            if kind == _HEADER:
                return self._decode_header(body)
            if kind == _SUMMARY:
                return self._decode_summary(body)
            output: Output = self._decode_output(body)
            return output
        except msgspec.MsgspecError as error:
            raise VerificationError(
                f"Record {seq} ({kind}) of the journal {self.path} cannot be read: {error}. It is damaged, or another "
                "version of the workstation wrote it."
            ) from error

    def check_chain(self) -> int:
        """Number of records, each proved to follow the one before.

        Raises ``VerificationError`` that names the first which does not.
        """
        previous, count, current = GENESIS, 0, 0
        starts = dict(self._connection.execute("SELECT seq, number FROM sessions"))
        rows = self._connection.execute("SELECT seq, session, ts_ns, kind, body, hash FROM records ORDER BY seq")
        while True:
            try:
                row = rows.fetchone()
            except sqlite3.DatabaseError as error:
                raise self._broken(count + 1, str(error)) from error
            if row is None:
                break
            seq, session, ts_ns, kind, body, digest = row
            if seq != count + 1:
                raise self._broken(count + 1, "it is missing")
            if record_hash(previous, seq, session, ts_ns, kind, body.encode()) != digest:
                raise self._broken(seq, "its content and its hash disagree")
            current += kind == _HEADER
            if session != current or (kind == _HEADER and starts.pop(seq, 0) != session):
                raise self._broken(seq, "the list of sessions does not know it")
            previous, count = digest, seq
        if starts:
            raise self._broken(min(starts), "it is missing")
        return count

    def _broken(self, seq: int, what: str) -> VerificationError:
        return VerificationError(f"The hash chain of the journal {self.path} is broken at record {seq}: {what}.")

    def checkpoint(self, above_bytes: int = 0) -> None:
        """Move what was written ahead into the main file, without making the writer wait."""
        log = self.path.with_name(self.path.name + "-wal")
        if log.exists() and log.stat().st_size > above_bytes:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


class DiskJournal(JournalReader):
    """The one writer. A ``kill -9`` at any moment loses at most what was not committed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open(connect(path, busy_timeout_ms=_WRITER_BUSY_TIMEOUT_MS))
        try:
            if self._schema_version() == 0:
                self._connection.executescript(
                    f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
                )
            self._connection.execute(f"PRAGMA wal_autocheckpoint = {_WRITER_CHECKPOINT_PAGES}")
            self.last_seq, self.last_hash = self.written()
            row = self._connection.execute("SELECT max(number) FROM sessions").fetchone()
        except sqlite3.Error as error:
            self._connection.close()
            raise storage_error(path, error) from error
        self.pending = 0
        self._last_session: int = row[0] or 0
        self._session = 0
        self._rows: list[Row] = []
        self._starts: list[tuple[int, int, str, int]] = []
        self._in_doubt = False
        self._encode = msgspec.json.Encoder().encode

    @property
    def next_session(self) -> int:
        return self._last_session + 1

    def begin_session(self, header: SessionHeader) -> int:
        """Number of the new session, whose header is on disk when this returns. Raises ``StorageError``."""
        self._session = self._last_session = self.next_session
        header = msgspec.structs.replace(header, number=self._session)
        self._add(header.started_ns, _HEADER, self._encode(header))
        self._starts.append((self._session, header.started_ns, str(header.mode), self.last_seq))
        self.commit()
        return self._session

    def end_session(self, summary: SessionSummary) -> None:
        """Commit what is pending together with the summary."""
        self._add(summary.ended_ns, _SUMMARY, self._encode(summary))
        self.commit()
        self._session = 0

    def append(self, output: Output, /) -> None:
        """Remember a record for the next commit. Raises ``ValueError`` for what JSON cannot hold, such as NaN."""
        body = self._encode(output)
        if b"null" in body:
            self._decode_output(body)
        self._add(output.ts_ns, type(output).__name__, body)

    def _add(self, ts_ns: int, kind: str, body: bytes) -> None:
        if not self._session:
            raise StorageError("Nothing can be journalled outside a session.")
        seq = self.last_seq + 1
        digest = record_hash(self.last_hash, seq, self._session, ts_ns, kind, body)
        self._rows.append((seq, self._session, ts_ns, kind, body.decode(), digest))
        self.last_seq, self.last_hash = seq, digest
        self.pending += 1

    def commit(self) -> None:
        """Write what is pending, whole or not at all. Raises ``StorageError``; then it is still pending."""
        if not self._rows:
            return
        connection = self._connection
        try:
            if self._in_doubt:
                self._forget_written()
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_INSERT_RECORD, self._rows)
            if self._starts:
                connection.executemany(_INSERT_SESSION, self._starts)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._in_doubt = True
            if connection.in_transaction:
                connection.rollback()
            raise storage_error(self.path, error) from error
        self._in_doubt = False
        self._rows.clear()
        self._starts.clear()
        self.pending = 0

    def _forget_written(self) -> None:
        """After a commit that failed: SQLite may have written it none the less."""
        last_seq, _ = self.written()
        self._rows = [row for row in self._rows if row[0] > last_seq]
        self._starts = [start for start in self._starts if start[3] > last_seq]
        self.pending = len(self._rows)

    def close(self) -> None:
        """Commit what is pending and close the file."""
        try:
            self.commit()
        finally:
            self._connection.close()
