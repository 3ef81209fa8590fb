"""Files and folders as sources of a replay: a recorded session, a finished run, recordings of a market."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from workstation.backtest.history import REPORT, RunFolder
from workstation.config.settings import Settings
from workstation.core.errors import DataError
from workstation.market.recordings.file_format import SUFFIX as RECORDING
from workstation.replay.backtest import BacktestSource, RecordingSource
from workstation.replay.session import SessionSource, recorded_sessions
from workstation.replay.source import ReplaySource
from workstation.storage.inputs import SUFFIX as INPUTS
from workstation.storage.layout import DataFolder

OF_RUN = ("job.json", "summary.json", REPORT)
_SESSION = re.compile(r"session-(\d{6,})$")


def can_be_replayed(path: Path) -> bool:
    """Whether its name says that it may be one; cheap. Of a folder ``source_of`` tells."""
    return path.is_dir() or path.name in OF_RUN or path.name.endswith((RECORDING, INPUTS))


def source_of(paths: Sequence[Path], settings: Settings, strategies: Path | None) -> ReplaySource:
    """One session or run by its folder or a file of it, the newest session of a data folder, or recordings.

    ``strategies`` is the folder of the user's own. Reads the disk: not in the loop of a window. Raises ``DataError``
    that says what is wrong with what was given, and ``StorageError`` or ``StrategyError``.
    """
    if all(path.name.endswith(RECORDING) for path in paths):
        return RecordingSource(paths, settings)
    if len(paths) > 1:
        raise DataError("One session or run is replayed at a time, or recordings of one market.")
    path = paths[0]
    folder = path if path.is_dir() else path.parent
    if (folder / "job.json").exists():
        return BacktestSource(RunFolder(folder))
    if (folder / "journal.sqlite3").exists():
        return _newest(DataFolder(folder), strategies)
    found = _SESSION.match(folder.name)
    if found is None or not any(folder.glob(f"*{INPUTS}")):
        raise DataError(
            f"{path.name} is no recorded session and no finished run: a session is a folder inputs/session-… of a data "
            "folder, a run is one of its backtests/run-…."
        )
    data = DataFolder(folder.parent.parent)
    if not data.journal.exists():
        raise DataError(
            f"{folder.name} holds inputs, but the journal that belongs to them is not in {data.path}: take the whole "
            "data folder along."
        )
    return SessionSource(data, int(found[1]), strategies)


def _newest(folder: DataFolder, strategies: Path | None) -> SessionSource:
    sessions = recorded_sessions(folder, strategies)
    number = next((session.number for session in sessions if not session.obstacle), 0)
    if not number:
        why = f" Of the newest one {sessions[0].obstacle}" if sessions else ""
        raise DataError(f"No session in {folder.path} can be replayed.{why}")
    return SessionSource(folder, number, strategies)
