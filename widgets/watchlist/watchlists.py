"""The named watchlists of a window and their file, and whose quotes are wanted for them."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal

from widgets.engine.protocol import Engine
from workstation.core.errors import StorageError
from workstation.storage.document import DocumentWriter, read_document

VERSION = 1
MAIN = "Main"
"""The list that always holds the engine's own symbols, before what was added to it."""
LONGEST_NAME = 24

log = logging.getLogger("widgets.watchlist.watchlists")


class NamedList(msgspec.Struct, frozen=True):
    name: str
    symbols: tuple[str, ...] = ()


class WatchlistsFile(msgspec.Struct, frozen=True):
    """The lists in their order, as they are saved."""

    version: int
    shown: str
    lists: tuple[NamedList, ...]


class Watchlists(QObject):
    """Read once, saved after every change. Without a file they last as long as the window."""

    changed = Signal()
    problem_told = Signal(str)  # a file that could not be read or written, in a sentence

    def __init__(self, engine: Engine, file: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._file = file
        self.writer = DocumentWriter(self.problem_told.emit)
        self.problem = ""
        """Why the file was not read, in a sentence."""
        self._shown = MAIN
        self._lists: dict[str, tuple[str, ...]] = {MAIN: ()}
        self._wants: dict[object, frozenset[str]] = {}
        self._read()

    @property
    def names(self) -> list[str]:
        return list(self._lists)

    @property
    def shown(self) -> str:
        """The list that a panel begins with: the one that was chosen last."""
        return self._shown

    def choose(self, name: str) -> None:
        if name in self._lists and name != self._shown:
            self._shown = name
            self._save()

    def symbols(self, name: str) -> list[str]:
        """Of a list, in the order in which they came; empty for an unknown one."""
        own = self._engine.symbols if name == MAIN else ()
        return list(dict.fromkeys((*own, *self._lists.get(name, ()))))

    def is_traded(self, symbol: str) -> bool:
        """Whether the engine runs it; others are only watched."""
        return symbol in self._engine.symbols

    # --- What people do ---------------------------------------------------------------------------------------------

    def create(self, name: str) -> str:
        """A new list; its name. Raises ValueError with a sentence."""
        name = self._checked(name)
        self._lists[name] = ()
        self._tell()
        return name

    def rename(self, old: str, new: str) -> str:
        """Its new name. Raises ValueError with a sentence."""
        if old == MAIN:
            raise ValueError(f"{MAIN} holds the engine's own symbols; it keeps its name.")
        new = self._checked(new, but=old)
        self._lists = {new if name == old else name: symbols for name, symbols in self._lists.items()}
        self._shown = new if self._shown == old else self._shown
        self._tell()
        return new

    def delete(self, name: str) -> None:
        if name != MAIN and self._lists.pop(name, None) is not None:
            self._shown = MAIN if self._shown == name else self._shown
            self._tell()

    def add(self, name: str, symbols: Iterable[str]) -> None:
        """Put symbols into a list, each once."""
        fresh = [symbol for symbol in symbols if symbol not in self.symbols(name)]
        if fresh and name in self._lists:
            self._lists[name] = (*self._lists[name], *fresh)
            self._tell()

    def remove(self, name: str, symbols: Collection[str]) -> None:
        """Take symbols out of a list; the engine's own stay in the main one."""
        kept = tuple(symbol for symbol in self._lists.get(name, ()) if symbol not in symbols)
        if kept != self._lists.get(name, ()):
            self._lists[name] = kept
            self._tell()

    def move(self, symbols: Collection[str], source: str, target: str) -> None:
        """From one list to another; the engine's own symbols stay in the main one, too."""
        if source != target:
            self.add(target, symbols)
            self.remove(source, symbols)

    # --- Quotes of symbols that the engine does not run -------------------------------------------------------------

    def want(self, who: object, symbols: Collection[str]) -> None:
        """Whose quotes a panel needs from now on; none when it is hidden."""
        watching = self._engine.watching
        if watching is None:
            return
        foreign = frozenset(symbol for symbol in symbols if not self.is_traded(symbol))
        if foreign:
            self._wants[who] = foreign
        elif self._wants.pop(who, None) is None:
            return
        watching.watch(frozenset().union(*self._wants.values()))

    # --- The file ---------------------------------------------------------------------------------------------------

    def _checked(self, name: str, but: str = "") -> str:
        name = " ".join(name.split())
        if not name:
            raise ValueError("A list needs a name.")
        if len(name) > LONGEST_NAME:
            raise ValueError(f"The name has {len(name)} characters; {LONGEST_NAME} is the most.")
        if name != but and name.lower() in {each.lower() for each in self._lists if each != but}:
            raise ValueError(f"There is a list {name} already; choose another name.")
        return name

    def _tell(self) -> None:
        self._save()
        self.changed.emit()

    def _save(self) -> None:
        if self._file is not None:
            lists = tuple(NamedList(name, symbols) for name, symbols in self._lists.items())
            self.writer.write(self._file, WatchlistsFile(VERSION, self._shown, lists))

    def _read(self) -> None:
        if self._file is None:
            return
        try:
            found = read_document(self._file, WatchlistsFile, VERSION)
        except StorageError as error:
            log.warning("%s", error)
            self.problem = str(error)
            return
        if found is not None:
            self._lists |= {each.name: tuple(dict.fromkeys(each.symbols)) for each in found.lists}
            self._shown = found.shown if found.shown in self._lists else MAIN
