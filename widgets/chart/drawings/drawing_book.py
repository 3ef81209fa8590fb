"""The drawings of one symbol, with undo and redo."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from widgets.chart.drawings.drawing import Drawing

UNDO_STEPS = 200
MOST_DRAWINGS = 2_000

Drawings = tuple[Drawing, ...]


class DrawingBook:
    """Later drawings lie above earlier ones. Every change is one step of undo."""

    def __init__(self, drawings: Iterable[Drawing] = (), next_number: int = 1, hidden: bool = False) -> None:
        self.drawings: Drawings = tuple(drawings)
        self.next_number = next_number
        """Names are never given twice: alerts know a drawing by its name."""
        self.hidden = hidden
        self._undone: list[Drawings] = []
        self._before: list[Drawings] = []

    @property
    def can_undo(self) -> bool:
        return bool(self._before)

    @property
    def can_redo(self) -> bool:
        return bool(self._undone)

    def find(self, name: str | None) -> Drawing | None:
        return next((drawing for drawing in self.drawings if drawing.name == name), None)

    def add(self, drawing: Drawing) -> Drawing:
        """Add a copy with a name of its own above all others; the oldest goes where there are too many."""
        named = msgspec.structs.replace(drawing, name=f"drawing {self.next_number}")
        self.next_number += 1
        self._change((*self.drawings, named)[-MOST_DRAWINGS:])
        return named

    def replace(self, drawing: Drawing) -> None:
        """Put it in the place of the one of its name; one that is not there is left alone."""
        self._change(tuple(drawing if each.name == drawing.name else each for each in self.drawings))

    def remove(self, name: str) -> None:
        """A locked drawing stays."""
        self._change(tuple(each for each in self.drawings if each.name != name or each.locked))

    def clear(self) -> None:
        """Remove all but the locked ones."""
        self._change(tuple(each for each in self.drawings if each.locked))

    def undo(self) -> None:
        if self._before:
            self._undone.append(self.drawings)
            self.drawings = self._before.pop()

    def redo(self) -> None:
        if self._undone:
            self._before.append(self.drawings)
            self.drawings = self._undone.pop()

    def _change(self, drawings: Drawings) -> None:
        if drawings == self.drawings:
            return
        self._before.append(self.drawings)
        del self._before[:-UNDO_STEPS]
        self._undone.clear()
        self.drawings = drawings
