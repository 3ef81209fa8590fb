"""Opening files and folders from the menu and the palette: the same as dropping them onto the window."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from widgets.actions.registry import Action
from widgets.window.drop_import import DropImport

FILTERS = ";;".join(
    (
        "What can be opened (*.csv *.csv.gz *.gz *.parquet *.recording *.inputs.zst *.json)",
        "Candles and recorded streams (*.csv *.csv.gz *.gz *.parquet)",
        "Recordings (*.recording)",
        "Workspaces and runs (*.json)",
        "All files (*)",
    )
)


class FileActions(QObject):
    """``drops`` takes what is chosen and tells what comes of it."""

    def __init__(self, drops: DropImport, window: QWidget) -> None:
        super().__init__(drops)
        self._drops = drops
        self._window = window

    def each(self) -> Iterable[Action]:
        yield Action(
            "file.open",
            "Files",
            "Open files…",
            self.ask_files,
            "Imports candles and streams, replays recordings, adds a workspace.",
            "Ctrl+O",
            "text",
        )
        yield Action(
            "file.folder",
            "Files",
            "Replay a session or run folder…",
            self.ask_folder,
            "Replays a recorded session, or a backtest, by its folder.",
            icon="play",
        )

    def ask_files(self) -> QFileDialog:
        dialog = self._dialog("Open files", FILTERS)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.show()
        return dialog

    def ask_folder(self) -> QFileDialog:
        dialog = self._dialog("Replay a session or run", "")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.show()
        return dialog

    def _dialog(self, title: str, filters: str) -> QFileDialog:
        dialog = QFileDialog(self._window, title, "", filters)
        dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
        dialog.setModal(False)
        dialog.finished.connect(dialog.deleteLater)
        dialog.filesSelected.connect(lambda names: self._drops.take([Path(name) for name in names]))
        return dialog
