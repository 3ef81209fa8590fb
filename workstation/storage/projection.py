"""The thread that keeps the tables up with the journal. Trading never waits for it: the journal itself is its queue."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import peewee

from workstation.core.errors import StorageError, WorkstationError
from workstation.storage.database import database_error
from workstation.storage.disk_journal import JournalReader
from workstation.storage.projector import Projector
from workstation.storage.sqlite import storage_error

_POLL_S = 0.5
_RETRY_S = 5.0
_CHECKPOINT_BYTES = 4 << 20


class Projection:
    """Starts where it stopped the last time. ``on_error`` is called in its thread, once for each new error."""

    def __init__(
        self,
        journal_path: Path,
        database: peewee.SqliteDatabase,
        on_error: Callable[[StorageError], None] = lambda error: None,
    ) -> None:
        self._journal_path = journal_path
        self._database = database
        self._on_error = on_error
        self._changed = threading.Condition()
        self._wanted = threading.Event()
        self._stopping = False
        self._last_error = ""
        self.seq = 0
        """Last record that the tables hold."""
        self._thread = threading.Thread(target=self._run, name="projection", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Look for new records now, not within half a second. After every commit it would cost trading its pace."""
        self._wanted.set()

    def wait_for(self, seq: int, timeout_s: float) -> bool:
        """Whether the tables hold record ``seq``, after waiting for it at most so long."""
        self.wake()
        with self._changed:
            return self._changed.wait_for(lambda: self.seq >= seq, timeout_s)

    def stop(self, timeout_s: float = 10.0) -> None:
        """Project what is left, then end the thread."""
        self._stopping = True
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._project() and not self._stopping:
            self._wanted.wait(_RETRY_S)

    def _project(self) -> bool:
        """Whether it ended in order; False after an error that may pass."""
        reader = None
        try:
            reader = JournalReader(self._journal_path)
            self._database.connect(reuse_if_open=True)
            projector = Projector(self._database, reader)
            self._tell(projector.seq)
            while True:
                self._wanted.clear()
                stopping = self._stopping
                while projector.step():
                    self._tell(projector.seq)
                reader.checkpoint(_CHECKPOINT_BYTES)
                if stopping:
                    return True
                self._wanted.wait(_POLL_S)
        except peewee.PeeweeException as error:
            self._report(database_error(self._database.database, error))
        except sqlite3.Error as error:
            self._report(storage_error(self._journal_path, error))
        except WorkstationError as error:
            self._report(StorageError(str(error)))
        finally:
            if reader is not None:
                reader.close()
            self._database.close()
        return False

    def _tell(self, seq: int) -> None:
        with self._changed:
            self.seq = seq
            self._changed.notify_all()

    def _report(self, error: StorageError) -> None:
        if str(error) != self._last_error:
            self._last_error = str(error)
            self._on_error(error)
