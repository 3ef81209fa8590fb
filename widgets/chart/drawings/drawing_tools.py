"""The drawing tools under the hand: placing, choosing, moving, and what keys do to the chosen drawing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from PySide6.QtCore import QObject, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

from widgets.chart.drawings.anchoring import Anchoring
from widgets.chart.drawings.drawing import ANCHORS, Anchor, Drawing, Tool, from_text, to_text
from widgets.chart.drawings.drawing_book import DrawingBook
from widgets.chart.drawings.drawing_keys import press_key
from widgets.chart.drawings.drawing_scene import DrawingScene
from widgets.chart.drawings.drawing_shelf import DrawingShelf
from widgets.chart.drawings.geometry import bar_index
from widgets.chart.fills import mark_at
from widgets.chart.model import PRICE_PANE
from widgets.chart.pointer import ChartPointer
from widgets.chart.series import BarSeries

if TYPE_CHECKING:
    from widgets.chart.chart_view import ChartView
    from widgets.chart.pane import Pane

DUPLICATE_BARS: Final = 5
FIRST_TEXT: Final = "Note"
DRAFT: Final = "draft"
STRAIGHT: Final = Qt.KeyboardModifier.ShiftModifier
"""While it is held a point goes straight across, straight up or down, or at 45° from the one before."""


class DrawingTools(ChartPointer, QObject):
    """With a tool in hand clicks set points, one after the other, or a drag sets two. Without one they choose.

    Only the price pane is drawn on. Changes go to the shelf, which saves them and tells the other charts.
    """

    tool_changed = Signal(object)  # Tool or None
    changed = Signal()  # the drawings, or which one is chosen
    text_wanted = Signal(object)  # the Drawing whose words are to be typed

    def __init__(self, view: ChartView, shelf: DrawingShelf, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self._shelf = shelf
        self._points = Anchoring(view)
        self.symbol = ""
        self.tool: Tool | None = None
        self.magnet = False
        self._placed: list[Anchor] = []
        self._held: tuple[Drawing, int | None, Anchor] | None = None
        shelf.changed.connect(self._on_shelf)

    @property
    def scene(self) -> DrawingScene:
        return self._view.drawings

    @property
    def book(self) -> DrawingBook:
        return self._shelf.book(self.symbol)

    @property
    def selected(self) -> Drawing | None:
        return self.book.find(self.scene.selected)

    def show(self, symbol: str) -> None:
        """The drawings of this symbol, from now on."""
        if symbol != self.symbol:
            self._abandon()
            self.scene.selected = self.scene.hovered = None
        self.symbol = symbol
        self._on_shelf(symbol)

    # --- What buttons and menus do ----------------------------------------------------------------------------------

    def choose(self, tool: Tool | None) -> None:
        """Take a tool in hand; None puts it back."""
        self._abandon()
        self.tool = tool
        if tool is not None:
            self.scene.selected = None
            if self.book.hidden:
                self.set_hidden(False)
        self.tool_changed.emit(tool)
        self._repaint()

    def select(self, name: str | None) -> None:
        self.scene.selected = name
        self._repaint()

    def place(self, tool: Tool, anchor: Anchor) -> None:
        """Make a drawing of one point at once."""
        self._add(self._made(tool, (anchor,)))

    def change(self, drawing: Drawing) -> None:
        """Replace the drawing of the same name; one step of undo."""
        self.book.replace(drawing)
        self._shelf.keep(self.symbol)

    def duplicate(self, drawing: Drawing) -> None:
        """A copy a few bars to the right, which is chosen then."""
        self._add(msgspec.structs.replace(drawing.moved(DUPLICATE_BARS * self._series.bar_ns, 0.0), locked=False))

    def copy(self, drawing: Drawing) -> None:
        """Put it onto the clipboard, as text."""
        QApplication.clipboard().setText(to_text(drawing))

    def paste(self) -> bool:
        """Add the drawing that is on the clipboard, beside the one it was copied from; whether there is one."""
        found = from_text(QApplication.clipboard().text())
        if found is None:
            return False
        if any(each.anchors == found.anchors and each.tool is found.tool for each in self.book.drawings):
            self.duplicate(found)
        else:
            self._add(msgspec.structs.replace(found, locked=False))
        return True

    def nudge(self, drawing: Drawing, bars: int, ticks: int) -> None:
        """Move it by whole bars and ticks; a locked one stays."""
        if not drawing.locked:
            price = float(ticks * self._view.model.tick)
            moved = drawing.moved(bars * self._series.bar_ns, price)
            anchors = tuple(Anchor(each.time_ns, self._points.rounded(each.price)) for each in moved.anchors)
            self.change(msgspec.structs.replace(moved, anchors=anchors))

    def delete(self, name: str) -> None:
        self.book.remove(name)
        self._shelf.keep(self.symbol)

    def delete_all(self) -> None:
        self.book.clear()
        self._shelf.keep(self.symbol)

    def set_hidden(self, hidden: bool) -> None:
        self.book.hidden = hidden
        self._shelf.keep(self.symbol)

    def undo(self) -> None:
        self.book.undo()
        self._shelf.keep(self.symbol)

    def redo(self) -> None:
        self.book.redo()
        self._shelf.keep(self.symbol)

    # --- The pointer ------------------------------------------------------------------------------------------------

    def hover(self, pane: Pane, position: QPointF) -> Qt.CursorShape | None:
        if pane.name != PRICE_PANE:
            return None
        if self.tool is not None:
            if self._placed:
                self._preview(self._next_anchor(position))
            return Qt.CursorShape.CrossCursor
        if self._held is not None:
            return Qt.CursorShape.ClosedHandCursor
        scale, series = pane.logical_scale(), self._series
        free = not self._is_others(pane, position)
        under = self.scene.at(position, scale, series) if free else None
        self.scene.hovered = under.name if under is not None else None
        if free and self.scene.handle_at(position, scale, series) is not None:
            return Qt.CursorShape.PointingHandCursor
        if under is None:
            return None
        return Qt.CursorShape.ArrowCursor if under.locked else Qt.CursorShape.OpenHandCursor

    def click(self, pane: Pane, position: QPointF) -> bool:
        if pane.name != PRICE_PANE:
            return False
        if self.tool is not None:
            self._set_point(self._next_anchor(position))
            return True
        if self._is_others(pane, position):
            return False
        under = self.scene.at(position, pane.logical_scale(), self._series)
        had = self.scene.selected
        self.select(under.name if under is not None else None)
        return under is not None or had is not None

    def press(self, pane: Pane, position: QPointF) -> bool:
        if pane.name != PRICE_PANE:
            return False
        if self.tool is not None:
            if not self._placed:
                self._set_point(self._anchor(position))
            return True
        scale, series = pane.logical_scale(), self._series
        if self._is_others(pane, position):
            return False
        place = self.scene.handle_at(position, scale, series)
        drawing = self.selected if place is not None else self.scene.at(position, scale, series)
        if drawing is None or drawing.locked:
            return False
        self._held = drawing, place, self._anchor(position, free=True)
        self.select(drawing.name)
        return True

    def move(self, pane: Pane, position: QPointF) -> None:
        if self._held is None:
            if self.tool is not None and self._placed:
                self._preview(self._next_anchor(position))
            return
        drawing, place, start = self._held
        if place is not None:
            fixed = drawing.anchors[1 - place] if place < 2 <= len(drawing.anchors) else None
            self.scene.draft = drawing.with_anchor(place, self._anchor(position, from_=fixed))
        else:
            to = self._anchor(position, free=True)
            series = self._series
            bars = bar_index(series, to.time_ns) - bar_index(series, start.time_ns)
            self.scene.draft = drawing.moved(bars * series.bar_ns, self._points.rounded(to.price - start.price))
        self._repaint()

    def release(self, pane: Pane, position: QPointF) -> None:
        if self._held is None:
            if self.tool is not None and self._placed:
                self._set_point(self._next_anchor(position))
            return
        moved, self._held, self.scene.draft = self.scene.draft, None, None
        if moved is not None:
            self.change(moved)

    def key(self, event: QKeyEvent) -> bool:
        return press_key(self, event)

    def wants_escape(self) -> bool:
        return self.tool is not None or self._held is not None or self.scene.selected is not None

    # --- Inside -----------------------------------------------------------------------------------------------------

    @property
    def _series(self) -> BarSeries:
        return self._view.model.series

    def _next_anchor(self, position: QPointF) -> Anchor:
        """The point that a click here would set."""
        return self._anchor(position, from_=self._placed[0] if len(self._placed) == 1 else None)

    def _is_others(self, pane: Pane, position: QPointF) -> bool:
        """Whether an order's line, an execution or a signal is there: these are small, and lie above drawings."""
        on_line = self._view.line_at(pane, position) is not None
        return on_line or mark_at(self._view.model, pane.logical_scale(), position) is not None

    def _anchor(self, position: QPointF, *, free: bool = False, from_: Anchor | None = None) -> Anchor:
        """The point of the market under a place; ``free`` of the magnet and of ticks, as for measuring a move."""
        if from_ is not None and QApplication.keyboardModifiers() & STRAIGHT:
            return self._points.straight(position, from_)
        return self._points.anchor(position, magnet=self.magnet and not free, free=free)

    def _made(self, tool: Tool, anchors: tuple[Anchor, ...]) -> Drawing:
        """A new drawing, that looks as the last one of its tool does."""
        text = FIRST_TEXT if tool is Tool.TEXT else ""
        made = Drawing("", tool, anchors, text=text)
        last = next((each for each in reversed(self.book.drawings) if each.tool is tool), None)
        if last is None:
            return made
        sides = {"extends_left": last.extends_left, "extends_right": last.extends_right}
        return msgspec.structs.replace(made, colour=last.colour, width=last.width, **sides)

    def _set_point(self, anchor: Anchor) -> None:
        assert self.tool is not None
        self._placed.append(anchor)
        if len(self._placed) < ANCHORS[self.tool]:
            self._preview(anchor)
            return
        made = self._made(self.tool, tuple(self._placed))
        self.choose(None)
        self._add(made)

    def _preview(self, anchor: Anchor) -> None:
        assert self.tool is not None
        anchors = [*self._placed, *[anchor] * (ANCHORS[self.tool] - len(self._placed))]
        self.scene.draft = msgspec.structs.replace(self._made(self.tool, tuple(anchors)), name=DRAFT)
        self._repaint()

    def _add(self, drawing: Drawing) -> None:
        named = self.book.add(drawing)
        self._shelf.keep(self.symbol)
        self.select(named.name)
        if drawing.tool is Tool.TEXT and drawing.text == FIRST_TEXT:
            self.text_wanted.emit(named)

    def give_up(self) -> None:
        """One step back: the drag, the tool, or the choice."""
        if self._held is not None:
            self._abandon()
            self._repaint()
        elif self.tool is not None:
            self.choose(None)
        else:
            self.select(None)

    def _abandon(self) -> None:
        self._placed, self._held, self.scene.draft = [], None, None

    def _on_shelf(self, symbol: str) -> None:
        if symbol != self.symbol:
            return
        book = self.book
        self.scene.drawings, self.scene.hidden = book.drawings, book.hidden
        if book.find(self.scene.selected) is None:
            self.scene.selected = None
        self._repaint()

    def _repaint(self) -> None:
        self._view.show_drawings()
        self.changed.emit()
