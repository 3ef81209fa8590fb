"""One way to open a SQLite file, and one sentence for each way it can fail."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from workstation.core.errors import StorageError

BUSY_TIMEOUT_MS = 10_000

_NEWER = (
    "{path} was written by a newer version of the workstation (schema {found}, this one knows {known}): update the "
    "workstation, or choose another folder with --data."
)


def connect(path: Path, *, read_only: bool = False, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> sqlite3.Connection:
    """Open in WAL mode with ``synchronous=FULL``; transactions are explicit. Raises ``StorageError``.

    A reader may still run checkpoints, but changes no data.
    """
    try:
        if read_only and not path.exists():
            raise StorageError(f"There is no {path}: nothing has been recorded in this folder yet.")
        connection = sqlite3.connect(path, isolation_level=None, timeout=busy_timeout_ms / 1000)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            if read_only:
                connection.execute("PRAGMA query_only = ON")
        except sqlite3.Error:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise storage_error(path, error) from error
    return connection


def storage_error(path: Path, error: sqlite3.Error) -> StorageError:
    """What a person is told about a failure of SQLite."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    primary = code & 0xFF
    if primary == sqlite3.SQLITE_FULL:
        return StorageError(f"The disk is full: {path} could not be written. Free some space; nothing is lost.")
    if primary == sqlite3.SQLITE_IOERR:
        return StorageError(f"{path} could not be read or written ({error}): check the disk and its free space.")
    if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN):
        return StorageError(f"{path} cannot be opened for writing: check that you may write to its folder.")
    if primary in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return StorageError(f"{path} is damaged ({error}): move it aside, or restore it from a backup.")
    if primary == sqlite3.SQLITE_BUSY:
        return StorageError(f"{path} is held by another program: close what has it open, then try again.")
    return StorageError(f"{path} could not be used: {error}.")


def newer_version_error(path: Path, found: int, known: int) -> StorageError:
    return StorageError(_NEWER.format(path=path, found=found, known=known))
