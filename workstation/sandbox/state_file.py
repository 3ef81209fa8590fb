"""What a sandbox exchange remembers, in one file: every turn is written as a whole before anybody hears of it.

The file is a SQLite database in WAL mode with ``synchronous=FULL``: a turn is in it entirely or not at all, and what
was acknowledged survives ``kill -9``. Each thing is a row, named by its kind and what tells it apart.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from workstation.core.errors import StorageError
from workstation.sandbox.exchange import Changes
from workstation.sandbox.floor import StoredKey
from workstation.storage.sqlite import connect, newer_version_error, storage_error

SCHEMA = 1

Thing = TypeVar("Thing")


class StateFile:
    """Raises ``StorageError`` when the file cannot be used: damaged, newer, held by another exchange, a full disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.parent.is_dir():
            raise StorageError(f"There is no folder {path.parent} for the state file: make it, or choose another.")
        try:
            # It holds the keys' secrets.
            path.touch(mode=0o600)
        except OSError as error:
            raise StorageError(f"{path} cannot be written ({error.strerror}): choose another file.") from None
        self._database = connect(path, busy_timeout_ms=500)
        try:
            self._open()
        except sqlite3.Error as error:
            self._database.close()
            raise storage_error(path, error) from error
        except BaseException:
            self._database.close()
            raise

    def _open(self) -> None:
        # One exchange alone: two would give the same ids.
        self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
        version = self._database.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA:
            raise newer_version_error(self.path, version, SCHEMA)
        tables = self._database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        if version == 0 and tables:
            raise StorageError(f"{self.path} is not a state file of the sandbox exchange: choose another with --state.")
        self._database.execute("BEGIN IMMEDIATE")
        self._database.execute("CREATE TABLE IF NOT EXISTS things (name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID")
        self._database.execute(f"PRAGMA user_version = {SCHEMA}")
        self._database.execute("COMMIT")

    def write(self, changes: Changes) -> None:
        """Write what a turn has changed, all or nothing, and on the disk when it returns."""
        rows = [(_name(key), msgspec.json.encode(value())) for key, value in changes.items()]
        try:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany("INSERT OR REPLACE INTO things VALUES (?, ?)", rows)
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            raise storage_error(self.path, error) from error

    def all(self, kind: str, type_: type[Thing]) -> Iterator[tuple[StoredKey, Thing]]:
        """Everything of a kind: what tells each apart, and itself."""
        try:
            rows = self._database.execute(
                "SELECT name, value FROM things WHERE name >= ? AND name < ?", (f'["{kind}"', f'["{kind}"~')
            ).fetchall()
            for name, value in rows:
                yield tuple(msgspec.json.decode(name))[1:], msgspec.json.decode(value, type=type_)
        except sqlite3.Error as error:
            raise storage_error(self.path, error) from error
        except msgspec.MsgspecError as error:
            raise StorageError(
                f"{self.path} holds a {kind} that this version cannot read ({error}): move the file aside."
            ) from None

    def one(self, kind: str, type_: type[Thing]) -> Thing | None:
        """The only thing of a kind; ``None`` when there is none."""
        return next((value for _, value in self.all(kind, type_)), None)

    def close(self) -> None:
        self._database.close()


def _name(key: StoredKey) -> str:
    return msgspec.json.encode(key).decode()


def grouped(things: Iterator[tuple[StoredKey, Thing]], depth: int) -> Mapping[StoredKey, list[Thing]]:
    """Things by the first ``depth`` parts of what tells them apart, each group in order of its number."""
    groups: dict[StoredKey, list[tuple[int, Thing]]] = {}
    for key, thing in things:
        groups.setdefault(key[:depth], []).append((int(key[-1]), thing))
    return {key: [thing for _, thing in sorted(group, key=lambda pair: pair[0])] for key, group in groups.items()}
