"""The drawings of every symbol, shared by all charts, and their files."""

from __future__ import annotations

import logging
from pathlib import Path
from urllib.parse import quote

import msgspec
from PySide6.QtCore import QObject, Signal

from widgets.chart.drawings.drawing import Drawing
from widgets.chart.drawings.drawing_book import DrawingBook
from workstation.core.errors import StorageError
from workstation.storage.document import DocumentWriter, read_document

VERSION = 1

log = logging.getLogger("widgets.chart.drawings")


class DrawingFile(msgspec.Struct, frozen=True):
    """One symbol's drawings as they are saved."""

    version: int
    symbol: str
    next_number: int
    hidden: bool
    drawings: tuple[Drawing, ...]


class DrawingShelf(QObject):
    """A symbol's drawings are read when a chart first asks for them, and saved after every change.

    Without a folder they last as long as the window.
    """

    changed = Signal(str)  # the symbol whose drawings changed
    problem_told = Signal(str)  # a file that could not be read or written, in a sentence

    def __init__(self, folder: Path | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._books: dict[str, DrawingBook] = {}
        self.writer = DocumentWriter(self.problem_told.emit)

    def book(self, symbol: str) -> DrawingBook:
        """The symbol's drawings. Whoever changes them says so with ``keep``."""
        if symbol not in self._books:
            self._books[symbol] = self._read(symbol)
        return self._books[symbol]

    def keep(self, symbol: str) -> None:
        """The symbol's drawings were changed: save them and tell every chart."""
        book = self.book(symbol)
        if self._folder is not None:
            document = DrawingFile(VERSION, symbol, book.next_number, book.hidden, book.drawings)
            self.writer.write(self._path(self._folder, symbol), document)
        self.changed.emit(symbol)

    def _read(self, symbol: str) -> DrawingBook:
        if self._folder is None:
            return DrawingBook()
        try:
            found = read_document(self._path(self._folder, symbol), DrawingFile, VERSION)
        except StorageError as error:
            log.warning("%s", error)
            self.problem_told.emit(str(error))
            return DrawingBook()
        return DrawingBook() if found is None else DrawingBook(found.drawings, found.next_number, found.hidden)

    def _path(self, folder: Path, symbol: str) -> Path:
        return folder / f"{quote(symbol, safe='')}.json"
