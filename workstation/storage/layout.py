"""Names of everything in the data folder."""

from __future__ import annotations

import os
from pathlib import Path

from workstation.core.errors import StorageError


class DataFolder:
    """Where one account's workstation keeps what it writes."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).expanduser().absolute()

    def __repr__(self) -> str:
        return f"DataFolder({str(self.path)!r})"

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def own_engine_lock(self) -> Path:
        """Of the window whose engine has a process of its own; that engine holds ``lock``."""
        return self.path / "own_engine.lock"

    @property
    def engine_process(self) -> Path:
        """The process id of an engine that a window started, by which the next window knows it for its own."""
        return self.path / "engine.pid"

    @property
    def engine_stop(self) -> Path:
        """There while a window wants that engine to stop in order; a signal would not do that on every platform."""
        return self.path / "engine.stop"

    @property
    def engine_output(self) -> Path:
        """What that engine printed."""
        return self.logs / "engine.txt"

    @property
    def journal(self) -> Path:
        return self.path / "journal.sqlite3"

    @property
    def history(self) -> Path:
        """Candles, and the tables that are projected from the journal."""
        return self.path / "history.sqlite3"

    @property
    def inputs(self) -> Path:
        """Recorded inputs, a folder for each session."""
        return self.path / "inputs"

    @property
    def recordings(self) -> Path:
        """Recorded books, trades and marks, for backtests."""
        return self.path / "recordings"

    @property
    def backtests(self) -> Path:
        """The runs that the window made, a folder each."""
        return self.path / "backtests"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def reports(self) -> Path:
        return self.path / "reports"

    @property
    def reporter(self) -> Path:
        """What the reporter made of the executions; it is made anew from their stream when it is missing."""
        return self.path / "reporter.sqlite3"

    @property
    def configuration(self) -> Path:
        """Staged and former texts of the configuration's file."""
        return self.path / "ops" / "configuration"

    @property
    def window(self) -> Path:
        """The desktop's layout."""
        return self.path / "window.ini"

    def session_name(self, session: int) -> str:
        return f"session-{session:06d}"

    def session_inputs(self, session: int) -> Path:
        return self.inputs / self.session_name(session)

    def create(self) -> None:
        """Make the folder and its parts. Raises ``StorageError`` when that is not allowed or not possible."""
        try:
            for folder in (self.path, self.inputs, self.recordings, self.logs, self.reports):
                folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise StorageError(
                f"{error.filename} is a file, not a folder: choose another data folder with --data."
            ) from error
        except OSError as error:
            raise StorageError(
                f"The data folder {self.path} cannot be made ({error.strerror}): choose another one with --data."
            ) from error
        if not os.access(self.path, os.R_OK | os.W_OK | os.X_OK):
            raise StorageError(
                f"The data folder {self.path} may not be written to: change its permissions, or choose another one "
                "with --data."
            )


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the system has a way to."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
