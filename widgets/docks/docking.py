"""Docked panels behind a small interface of ours: named panels, declared layouts, save and restore."""

from __future__ import annotations

import base64
import binascii
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QMouseEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow, QMenu, QTabWidget, QWidget
from shiboken6 import isValid

from widgets.docks.dock_layout import TRADING, TRADING_COMPACT, Layout, Split, Tabs, reach, without
from widgets.docks.dock_tabs import DockTabs
from widgets.look.theme import current

FORMAT_VERSION = 1
AREA = Qt.DockWidgetArea.LeftDockWidgetArea
FLOATS_BESIDE = QPoint(24, 24)


class Panel(QDockWidget):
    """One panel with its tab strip; `tools` stand at the right end of the strip while it is in front."""

    def __init__(self, name: str, title: str, content: QWidget | None, area: DockArea) -> None:
        super().__init__(title, area)
        self.setObjectName(name)
        if content is not None:
            self.setWidget(content)
        self.count: int | None = None
        self.alarmed = False
        self.old = ""
        self.link = ""
        self.in_front = True
        self.area = area
        self.tools: list[QWidget] = []
        self.extend_menu: Callable[[QMenu], None] | None = None
        """Adds what the panel's menu has beside floating and closing."""
        features = QDockWidget.DockWidgetFeature
        self.setFeatures(features.DockWidgetClosable | features.DockWidgetMovable | features.DockWidgetFloatable)
        self.tabs = DockTabs(self)
        self.setTitleBarWidget(self.tabs)

    @property
    def name(self) -> str:
        return self.objectName()

    def group(self) -> list[Panel]:
        """The panels in this place in tab order, this one among them."""
        return self.area.group_of(self)

    def take_keyboard(self) -> None:
        """It is the one under the hand, and keys go to it: not to a field that was typed in elsewhere."""
        focused = QApplication.focusWidget()
        if focused is None or not self.isAncestorOf(focused):
            self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.area.focus_panel(self)

    def toggle_floating(self) -> None:
        """Let it stand by itself, a little beside its place so that it is seen to, or dock it again."""
        place = self.mapToGlobal(QPoint(0, 0))
        self.setFloating(not self.isFloating())
        if self.isFloating():
            if self.mapToGlobal(QPoint(0, 0)) == place:
                self.move(place + FLOATS_BESIDE)
            self.raise_()
            self.activateWindow()

    def set_in_front(self, shown: bool) -> None:
        self.in_front = shown
        self.area.refresh_tabs()

    def set_count(self, count: int | None, *, alarmed: bool = False) -> None:
        """The figure beside the name; a badge in amber when it asks to be looked at."""
        if (count, alarmed) != (self.count, self.alarmed):
            self.count, self.alarmed = count, alarmed
            self.area.refresh_tabs()

    def set_old(self, words: str) -> None:
        """How old what it shows is, in amber beside the name; empty while it is fresh."""
        if words != self.old:
            self.old = words
            self.area.refresh_tabs()

    def set_title(self, title: str) -> None:
        self.setWindowTitle(title)
        self.area.refresh_tabs()

    def set_link(self, letter: str) -> None:
        """The letter of the link group, shown in a box; empty for none."""
        self.link = letter
        self.area.refresh_tabs()

    def add_tool(self, tool: QWidget) -> None:
        self.tools.append(tool)
        self.tabs.add_tool(tool)

    def drop_content(self) -> None:
        """Let go of what it shows, and of the tools that belong to that."""
        for tool in self.tools:
            self.tabs.remove_tool(tool)
            tool.deleteLater()
        self.tools.clear()
        content = self.widget()
        content.hide()
        content.setParent(None)
        content.deleteLater()

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        QTimer.singleShot(0, self.area, self.area.after_close)


class DockArea(QMainWindow):
    """The area of one workspace. `panel_focused` carries the name of the panel that took the focus."""

    panel_focused = Signal(str)

    def __init__(
        self, layout: Layout = TRADING, compact: Layout = TRADING_COMPACT, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, Qt.WindowType.Widget)
        self._layouts = {False: layout, True: compact}
        self._compact = False
        self._panels: dict[str, Panel] = {}
        self._order: list[str] = []
        self._fitted: Layout | None = None
        self._other: dict[str, Any] | None = None
        self.focused_panel: Panel | None = None
        self.maximised: Panel | None = None
        """The panel that has the whole area for itself."""
        self._before: tuple[dict[str, Any], Layout | None] = ({}, None)
        """The layout from before that, and what it was fitted to."""
        self.setDockNestingEnabled(True)
        self.setDockOptions(QMainWindow.DockOption.AllowNestedDocks | QMainWindow.DockOption.AllowTabbedDocks)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self._resizing = QTimer(self)
        self._resizing.setSingleShot(True)
        self._resizing.setInterval(0)
        self._resizing.timeout.connect(self._resize)
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._focus_changed)
        current().changed.connect(self.refresh_tabs)

    def add_panel(self, name: str, title: str, content: QWidget | None, *, link: str = "") -> Panel:
        """Add a panel; its place comes from the layout. Raises ValueError for a name in use."""
        if name in self._panels:
            raise ValueError(f"there is already a panel {name!r}")
        panel = Panel(name, title, content, self)
        panel.link = link
        self._panels[name] = panel
        self._order.append(name)
        self.addDockWidget(AREA, panel)
        panel.visibilityChanged.connect(panel.set_in_front)
        panel.dockLocationChanged.connect(self.refresh_tabs)
        panel.topLevelChanged.connect(self._floated)
        return panel

    def remove_panel(self, name: str) -> None:
        """Take a panel out for good, with what it shows. Raises KeyError for an unknown name."""
        self.restore()
        panel = self._panels.pop(name)
        self._order.remove(name)
        if self.focused_panel is panel:
            self.focused_panel = None
        if self._other is not None:
            for names in (self._other.get("open"), self._other.get("front")):
                if isinstance(names, list) and name in names:
                    names.remove(name)
        panel.hide()
        self.removeDockWidget(panel)
        panel.deleteLater()
        self.refresh_tabs()

    # --- One panel alone ----------------------------------------------------------------------------------------------

    def toggle_maximised(self, panel: Panel) -> None:
        """Give a panel the whole area, or bring the others back; a floating one fills its screen, or lets go of it."""
        if panel.isFloating():
            panel.setWindowState(panel.windowState() ^ Qt.WindowState.WindowMaximized)
        elif self.maximised is not None:
            self.restore()
        else:
            self._before = DockArea.document(self), self._fitted
            self.maximised = panel
            for other in self.panels():
                if other is not panel and not (other.isHidden() or other.isFloating()):
                    other.hide()
            self.focus_panel(panel)
            self.refresh_tabs()

    def restore(self) -> None:
        """Bring back the panels beside the one that has the area for itself, if one has."""
        if self.maximised is None:
            return
        (before, fitted), closed = self._before, self.maximised if self.maximised.isHidden() else None
        focused, self.maximised = self.focused_panel, None
        DockArea.take(self, before)
        self._fitted = fitted
        if closed is not None:
            closed.close()
        if focused is not None:
            self.focus_panel(focused)
        self._resizing.start()

    def after_close(self) -> None:
        """A panel was closed: its place, or the whole area that it had, is the others'."""
        if self.maximised is not None and self.maximised.isHidden():
            self.restore()
        self.refresh_tabs()

    def panel(self, name: str) -> Panel:
        """Raises KeyError for an unknown name."""
        return self._panels[name]

    def panels(self) -> Sequence[Panel]:
        return [self._panels[name] for name in self._order]

    def show_panel(self, name: str) -> None:
        """Open the panel if it is closed and bring it to the front; one without a place joins the largest group."""
        panel = self._panels[name]
        if panel is not self.maximised and not panel.isFloating():
            self.restore()
        if self._is_unplaced(panel):
            self._find_place(panel)
        panel.show()
        panel.raise_()
        self.refresh_tabs()

    def _is_unplaced(self, panel: Panel) -> bool:
        """Whether the layout does not name it, and it was not opened yet."""
        return self.dockWidgetArea(panel) is Qt.DockWidgetArea.NoDockWidgetArea and not panel.isFloating()

    def _find_place(self, panel: Panel) -> None:
        """A tab in the largest place, for a panel that the layout does not name."""
        docked = [each for each in self.panels() if each.in_front and not (each.isHidden() or each.isFloating())]
        host = max(docked, key=lambda each: each.width() * each.height(), default=None)
        self.addDockWidget(AREA, panel)
        if host is not None:
            self.tabifyDockWidget(host, panel)

    @property
    def compact(self) -> bool:
        return self._compact

    def set_compact(self, compact: bool) -> None:
        """Go to the layout of the other density: the one made by hand, or else the default one."""
        if compact == self._compact:
            return
        self.restore()
        by_hand = {**self.document(), "other": None} if self._fitted is None else None
        other, self._compact = self._other, compact
        if other is None or not self.take(other):
            self.reset()
        self._other = by_hand

    def reset(self) -> None:
        """Back to the default layout of this density."""
        self.apply(self._layouts[self._compact])

    def apply(self, layout: Layout) -> None:
        """Dock every panel of the layout in its place; panels that it does not name are closed."""
        kept = without(layout, set(self._panels))
        if kept is None:
            return
        self.maximised = None
        for panel in self._panels.values():
            panel.setFloating(False)
            self.removeDockWidget(panel)
        first = self._panels[next(kept.names())]
        self.addDockWidget(AREA, first)
        self._put_in_order(kept.names())
        self._split(kept)
        for name in kept.names():
            self._panels[name].show()
        self._raise_first(kept)
        self._fitted = kept
        self._resizing.start()
        self.refresh_tabs()

    def _put_in_order(self, names: Iterable[str]) -> None:
        """Tabs stand in this order; panels that it does not name come last."""
        first = [name for name in dict.fromkeys(names) if name in self._panels]
        self._order = [*first, *(name for name in self._order if name not in first)]

    def _split(self, layout: Layout) -> None:
        """Give each child its room beside the one before, then go on inside each."""
        if isinstance(layout, Tabs):
            front = self._panels[layout.panels[0]]
            for name in layout.panels[1:]:
                self.tabifyDockWidget(front, self._panels[name])
                front = self._panels[name]
            return
        heads = [self._panels[next(child.names())] for child in layout.children]
        for before, after in itertools.pairwise(heads):
            self.splitDockWidget(before, after, layout.orientation)
        for child in layout.children:
            self._split(child)

    def _raise_first(self, layout: Layout) -> None:
        if isinstance(layout, Tabs):
            self._panels[layout.panels[0]].raise_()
        else:
            for child in layout.children:
                self._raise_first(child)

    def _resize(self) -> None:
        if self._fitted is not None and self.isVisible():
            self._resize_within(self._fitted, self.size())

    def _resize_within(self, layout: Layout, size: QSize) -> None:
        if isinstance(layout, Tabs):
            return
        across = layout.orientation is Qt.Orientation.Horizontal
        whole = size.width() if across else size.height()
        fixed = sum(child.size for child in layout.children)
        open_places = sum(1 for child in layout.children if not child.size)
        gaps = 4 * (len(layout.children) - 1)
        rest = max(60, (whole - fixed - gaps) // max(1, open_places))
        sizes = [child.size or rest for child in layout.children]
        # Qt sizes a dock in its nearest splitter of the orientation, so only such docks can speak for a child.
        reached = [(reach(child, layout.orientation), given) for child, given in zip(layout.children, sizes)]
        docks = [(self._panels[name], given) for name, given in reached if name]
        self.resizeDocks([dock for dock, _ in docks], [given for _, given in docks], layout.orientation)
        for child, given in zip(layout.children, sizes, strict=True):
            if isinstance(child, Split):
                inner = QSize(given, size.height()) if across else QSize(size.width(), given)
                self._resize_within(child, inner)

    def document(self) -> dict[str, Any]:
        """The layout as it stands, for a JSON file, with the one that was made by hand for the other density.

        While one panel has the area for itself it is the layout from before that.
        """
        if self.maximised is not None:
            return self._before[0]
        return {
            "version": FORMAT_VERSION,
            "compact": self._compact,
            "open": sorted(panel.name for panel in self.panels() if not panel.isHidden()),
            "order": list(self._order),
            "unplaced": sorted(panel.name for panel in self.panels() if self._is_unplaced(panel)),
            "state": base64.b64encode(bytes(self.saveState(FORMAT_VERSION).data())).decode(),
            "front": sorted(panel.name for panel in self.panels() if panel.in_front and not panel.isHidden()),
            "other": self._other,
        }

    def take(self, document: Any) -> bool:
        """Bring a layout back; False, with nothing changed, when it cannot be read. Panels that were not open,
        or that it does not know, are closed.
        """
        try:
            state = base64.b64decode(document["state"], validate=True)
            opened = [str(name) for name in document["open"]]
            front = [str(name) for name in document["front"]]
            order = [str(name) for name in document.get("order", ())]
            compact = bool(document["compact"])
            named = set(self._layouts[compact].names()).union(opened)
            unplaced = document.get("unplaced", [name for name in self._panels if name not in named])
            fits = document["version"] == FORMAT_VERSION
        except (ValueError, KeyError, TypeError, binascii.Error):
            return False
        if not fits or not self.restoreState(QByteArray(state), FORMAT_VERSION):
            return False
        self.maximised = None
        other = document.get("other")
        self._compact, self._other = compact, other if isinstance(other, dict) else None
        self._fitted = None
        self._put_in_order(order or self._layouts[compact].names())
        for name, panel in self._panels.items():
            # Qt tells of it later, but the layout may be asked for before that.
            panel.in_front = name in front
            if name not in opened:
                panel.close()
                if name in unplaced:
                    # Qt has given it a sliver of its own.
                    self.removeDockWidget(panel)
            elif name in front:
                panel.raise_()
        self.refresh_tabs()
        return True

    def group_of(self, panel: Panel) -> list[Panel]:
        """The open panels that share a place with `panel`, in declared order; a floating one is alone."""
        if panel.isFloating():
            return [panel]
        together = {panel, *self.tabifiedDockWidgets(panel)}
        found = [self._panels[name] for name in self._order if self._panels[name] in together]
        return [each for each in found if each is panel or not (each.isHidden() or each.isFloating())]

    def refresh_tabs(self) -> None:
        """Draw all tab strips anew."""
        for panel in self._panels.values():
            if isValid(panel) and isValid(panel.tabs):
                panel.tabs.refresh()

    def _floated(self) -> None:
        self._fitted = None
        self.refresh_tabs()

    def _focus_changed(self, _old: QWidget | None, new: QWidget | None) -> None:
        widget = new
        while widget is not None and not isinstance(widget, Panel):
            widget = widget.parentWidget()
        if widget is not None and widget.area is self:
            self.focus_panel(widget)

    def focus_panel(self, panel: Panel) -> None:
        """Mark the panel as the one under the hand."""
        if panel is not self.focused_panel:
            self.focused_panel = panel
            self.refresh_tabs()
            self.panel_focused.emit(panel.name)

    def event(self, event: QEvent) -> bool:
        """A press on a splitter ends the fit to the window: from then on the user's sizes stay."""
        if isinstance(event, QMouseEvent) and event.type() is QEvent.Type.MouseButtonPress:
            on_splitter = self.childAt(event.position().toPoint()) is None
            self._fitted = None if on_splitter else self._fitted
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._resizing.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._resizing.start()
