"""The named workspaces of a window: one is shown, the others keep their layout and cost nothing."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedLayout, QWidget

from widgets.docks.dock_layout import SHIPPED
from widgets.docks.panel_kind import PanelKind
from widgets.docks.workspace import Workspace
from widgets.engine.engine_model import EngineModel
from widgets.engine.linked_model import LinkGroups

FIRST = next(iter(SHIPPED))
LONGEST_NAME = 40


@dataclass
class _Named:
    """A workspace; ``base`` is the shipped one whose layout a reset brings back, ``kept`` how it was left."""

    name: str
    base: str
    kept: dict[str, Any] | None = None
    area: Workspace | None = None

    def document(self, *, shown: bool) -> dict[str, Any]:
        if self.area is not None and shown:
            self.kept = self.area.document()
        return {"name": self.name, "base": self.base, "layout": self.kept}


class Workspaces(QWidget):
    """Names are unique, and one workspace is always there. ``kept`` is what ``document`` gave in an earlier run."""

    chart_deleted = Signal(str, object)  # its title, and the function that brings it back
    changed = Signal()  # a name, their order, or which one is shown

    def __init__(
        self, model: EngineModel, kinds: tuple[PanelKind, ...], kept: Any = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.groups = LinkGroups(model)
        self._kinds = kinds
        self._compact = False
        self._all = [_Named(name, name) for name in SHIPPED]
        self._stack = QStackedLayout(self)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self._current = self._all[0]
        self._take(kept)
        self._enter()

    @property
    def names(self) -> list[str]:
        return [each.name for each in self._all]

    @property
    def current(self) -> str:
        return self._current.name

    @property
    def area(self) -> Workspace:
        """The one that is shown."""
        assert self._current.area is not None
        return self._current.area

    def switch(self, name: str) -> None:
        """Show another one; it is built when that is the first time. Raises KeyError for an unknown name."""
        wanted = self._named(name)
        if wanted is self._current:
            return
        self._leave()
        self._current = wanted
        self._enter()
        self.changed.emit()

    def _named(self, name: str) -> _Named:
        found = next((each for each in self._all if each.name == name), None)
        if found is None:
            raise KeyError(f"there is no workspace {name!r}")
        return found

    def _leave(self) -> None:
        named = self._current
        named.document(shown=True)
        self.area.leave()

    def _enter(self) -> None:
        named = self._current
        if named.area is None:
            layout, compact = SHIPPED[named.base]
            named.area = Workspace(self.groups, self._kinds, layout, compact)
            named.area.setObjectName(named.name)
            named.area.chart_deleted.connect(self.chart_deleted)
            self._stack.addWidget(named.area)
            # A layout that is restored in another size than it is shown in would be stretched from that.
            named.area.resize(self.size())
            if named.kept is None or not named.area.take(named.kept):
                named.area.reset()
        self._stack.setCurrentWidget(named.area)
        named.area.set_compact(self._compact)
        named.area.enter()
        # Qt would give the keyboard to whatever comes next in the window's row of widgets.
        named.area.setFocus()

    def set_compact(self, compact: bool) -> None:
        self._compact = compact
        self.area.set_compact(compact)

    # --- To make and to end -----------------------------------------------------------------------------------------

    def why_not(self, name: str, apart_from: str = "") -> str:
        """Why a workspace cannot have this name, in a sentence; empty when it can."""
        if not name.strip():
            return "A workspace needs a name; type one."
        if len(name) > LONGEST_NAME:
            return f"The name is longer than {LONGEST_NAME} characters; shorten it."
        taken = any(each.name.lower() == name.strip().lower() and each.name != apart_from for each in self._all)
        return f"There is a workspace {name.strip()} already; choose another name." if taken else ""

    def add(self, name: str, base: str = FIRST, kept: dict[str, Any] | None = None) -> None:
        """Add one and show it. Raises ValueError as ``why_not`` says."""
        if problem := self.why_not(name):
            raise ValueError(problem)
        self._all.append(_Named(name.strip(), base, kept))
        self.switch(name.strip())

    def duplicate(self, name: str) -> None:
        """One as the shown one is now, under another name, and show it. Raises ValueError as ``why_not`` says."""
        now = self._current.document(shown=True)
        self.add(name, now["base"], now["layout"])

    def rename(self, name: str) -> None:
        """Another name for the shown one. Raises ValueError as ``why_not`` says."""
        if problem := self.why_not(name, self.current):
            raise ValueError(problem)
        self._current.name = name.strip()
        self.changed.emit()

    def delete(self) -> None:
        """End the shown one; its neighbour is shown. Raises ValueError for the last one."""
        if len(self._all) == 1:
            raise ValueError("The last workspace stays; make another one first.")
        ended = self._current
        at = self._all.index(ended)
        self._all.remove(ended)
        area = self.area
        area.leave()
        self._current = self._all[max(0, at - 1)]
        self._enter()
        self._stack.removeWidget(area)
        area.hide()
        area.deleteLater()
        self.changed.emit()

    # --- As JSON ----------------------------------------------------------------------------------------------------

    def export(self) -> dict[str, Any]:
        """The shown one, for a file."""
        return {"workspace": self._current.document(shown=True)}

    def import_(self, document: Any) -> str:
        """Add one from ``export`` and show it; its name, with a number where it is taken.

        Raises ValueError with a sentence when it is none.
        """
        try:
            name, base, kept = _read(document["workspace"])
        except (KeyError, TypeError):
            raise ValueError("It holds no workspace; choose a file that was exported from one.") from None
        free, number = name, 2
        while self.why_not(free):
            free, number = f"{name[: LONGEST_NAME - 4]} {number}", number + 1
        self.add(free, base, kept)
        return free

    def document(self) -> dict[str, Any]:
        """All of them, which one is shown, and the symbols of the link groups."""
        each = [named.document(shown=named is self._current) for named in self._all]
        return {"all": each, "current": self.current, "symbols": self.groups.symbols()}

    def _take(self, document: Any) -> None:
        """As they were in an earlier run; of what cannot be read nothing is taken, and the others are."""
        kept = document if isinstance(document, dict) else {}
        every, symbols = kept.get("all"), kept.get("symbols")
        read: list[_Named] = []
        for each in every if isinstance(every, list) else ():
            with suppress(KeyError, TypeError):
                read.append(_Named(*_read(each)))
        if isinstance(symbols, dict):
            self.groups.keep({str(group): str(symbol) for group, symbol in symbols.items()})
        if read:
            self._all = read
            self._current = next((each for each in read if each.name == kept.get("current")), read[0])


def _read(document: Any) -> tuple[str, str, dict[str, Any] | None]:
    """Name, base and layout. Raises KeyError or TypeError."""
    name, base, kept = str(document["name"]), str(document["base"]), document["layout"]
    if not name.strip() or base not in SHIPPED or not isinstance(kept, dict | None):
        raise KeyError(name)
    return name.strip()[:LONGEST_NAME], base, kept
