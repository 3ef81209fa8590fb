"""What people write about their round trips, and its file."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal

from workstation.core.errors import StorageError
from workstation.storage.document import DocumentWriter, read_document

VERSION = 1
NOT_KEPT = "Notes last as long as this window: it has no data folder."

log = logging.getLogger("widgets.panels.trade_notes")


class TradeNote(msgspec.Struct, frozen=True):
    text: str = ""
    tags: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    """Names of the files of its chart, beside the notes."""


class TradeNotesFile(msgspec.Struct, frozen=True):
    """The notes by the round trip's name, as they are saved."""

    version: int
    notes: dict[str, TradeNote]


class TradeNotes(QObject):
    """Read once, saved after every change. Without a file they last as long as the window."""

    changed = Signal()
    problem_told = Signal(str)  # a file that could not be read or written, in a sentence

    def __init__(self, file: Path | None, parent: QObject | None = None, not_kept: str = NOT_KEPT) -> None:
        super().__init__(parent)
        self._file = file
        self.not_kept = "" if file is not None else not_kept
        """Why they do not outlast the window, in a sentence; empty when they do."""
        self.writer = DocumentWriter(self.problem_told.emit)
        self.problem = ""
        """Why the file was not read, in a sentence; the journal shows it."""
        self._notes = self._read()

    def of(self, trip: str) -> TradeNote:
        return self._notes.get(trip, TradeNote())

    def tags(self) -> dict[str, tuple[str, ...]]:
        """By the round trip's name."""
        return {trip: note.tags for trip, note in self._notes.items() if note.tags}

    def put(self, trip: str, note: TradeNote) -> None:
        """Keep a note; an empty one takes it away."""
        if note == self.of(trip):
            return
        if note == TradeNote():
            del self._notes[trip]
        else:
            self._notes[trip] = note
        if self._file is not None:
            self.writer.write(self._file, TradeNotesFile(VERSION, dict(self._notes)))
        self.changed.emit()

    def _read(self) -> dict[str, TradeNote]:
        if self._file is None:
            return {}
        try:
            found = read_document(self._file, TradeNotesFile, VERSION)
        except StorageError as error:
            log.warning("%s", error)
            self.problem = str(error)
            return {}
        return {} if found is None else dict(found.notes)


def read_tags(text: str) -> tuple[str, ...]:
    """Tags as a person types them, between commas: each once, in lower case."""
    return tuple(dict.fromkeys(tag for tag in (" ".join(part.split()).lower() for part in text.split(",")) if tag))
