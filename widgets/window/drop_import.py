"""Files that are dropped onto the window: candles and recorded streams are imported, recordings, sessions and runs are
replayed, a workspace is added.

Candles are read by ``workstation data import`` in a process of its own, so that a large file holds nothing up.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, QProcess, Signal

from widgets.window.panic import plural
from workstation.core.own_program import own_command, own_environment
from workstation.replay.files import can_be_replayed

DATA = (".csv", ".csv.gz", ".parquet", ".gz")
WORKSPACE = ".json"
CANCEL = "Cancel"


def local_files(dropped: QMimeData) -> list[Path]:
    """The files of this computer among what is dropped."""
    return [Path(url.toLocalFile()) for url in dropped.urls() if url.isLocalFile()]


class DropImport(QObject):
    """``places`` are the options that name configuration and data folder; none where the engine is elsewhere.
    ``replay`` opens what can be replayed."""

    told = Signal(str, bool, str)  # words, whether they are good, and what can be done about it
    imported = Signal()

    def __init__(
        self,
        places: Sequence[str] | None,
        add_workspace: Callable[[str], None],
        replay: Callable[[Sequence[Path]], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._places = places
        self._add_workspace = add_workspace
        self._replay = replay
        self._process: QProcess | None = None
        self._cancelled = False

    @property
    def busy(self) -> bool:
        return self._process is not None

    def take(self, files: Sequence[Path]) -> None:
        """Import or replay them; what came of it is told."""
        played = [file for file in files if can_be_replayed(file)]
        others = [file for file in files if file not in played]
        for file in others:
            if file.suffix.lower() == WORKSPACE:
                self._add_workspace(str(file))
        data = [file for file in others if file.suffix.lower() != WORKSPACE]
        wrong = [file for file in data if not (file.is_file() and file.name.lower().endswith(DATA))]
        if played and not wrong:
            self._replay(played)
        if wrong:
            what = (
                "CSV, CSV.GZ or Parquet with candles, a recorded stream, a recording, the folder of a session or of a "
                "run, or a workspace as JSON"
            )
            self.told.emit(f"{wrong[0].name} was not imported: drop {what}.", False, "")
        elif data and self._places is None:
            self.told.emit("Data are imported where the engine runs; this window is attached to it.", False, "")
        elif data and self._process is not None:
            self.told.emit("Another import runs; drop the files again when it has ended.", False, CANCEL)
        elif data:
            self._begin(data)

    def cancel(self) -> None:
        """End the import that runs."""
        if self._process is not None:
            self._cancelled = True
            self._process.kill()

    def _begin(self, files: list[Path]) -> None:
        process = self._process = QProcess(self)
        self._cancelled = False
        process.finished.connect(self._ended)
        process.errorOccurred.connect(self._failed)
        program, *arguments = own_command("data", "import", *map(str, files), *(self._places or ()))
        process.setEnvironment([f"{name}={value}" for name, value in own_environment().items()])
        process.start(program, arguments)
        words = files[0].name if len(files) == 1 else plural(len(files), "file")
        self.told.emit(f"Importing {words} …", True, CANCEL)

    def _ended(self, code: int, _: QProcess.ExitStatus) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        output = bytes(process.readAllStandardOutput().data()).decode(errors="replace")
        errors = bytes(process.readAllStandardError().data()).decode(errors="replace")
        process.deleteLater()
        imported = [line for line in output.splitlines() if line.startswith("Imported ")]
        if self._cancelled:
            self.told.emit("The import was cancelled; files before it are imported.", False, "")
        elif code:
            lines = errors.strip().splitlines() or ["The import failed and did not say why."]
            self.told.emit(lines[-1], False, "")
        else:
            self.told.emit(" ".join(imported), True, "")
        # Files before one that failed are imported too.
        self.imported.emit()

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart and self._process is not None:
            process, self._process = self._process, None
            process.deleteLater()
            self.told.emit(f"{sys.executable} cannot be started for the import.", False, "")
