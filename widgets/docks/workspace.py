"""A workspace: panels of the catalogue in their places, each built when it is first shown."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, cast

from PySide6.QtCore import Qt, QTimer, Signal, SignalInstance
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QMenu, QWidget

from widgets.chart.chart_panel import ChartPanel
from widgets.chart.trading.chart_orders import ChartOrders
from widgets.docks.catalogue import LINK
from widgets.docks.dock_layout import Layout, with_charts
from widgets.docks.docking import DockArea, Panel
from widgets.docks.panel_kind import Count, PanelKind
from widgets.engine.engine_model import EngineModel
from widgets.engine.linked_model import LETTERS, LinkGroups
from widgets.panels.live_panel import LivePanel


class Workspace(DockArea):
    """``area.ticket`` is the content of the panel *ticket*, built by that if it was not yet.

    A workspace that is hidden hears nothing of the engine.
    """

    chart_deleted = Signal(str, object)  # its title, and the function that brings it back

    def __init__(self, groups: LinkGroups, kinds: tuple[PanelKind, ...], layout: Layout, compact: Layout) -> None:
        names = tuple(kind.name for kind in kinds if kind.name.partition(" ")[0] == "chart")
        super().__init__(with_charts(layout, names), with_charts(compact, names))
        self._groups = groups
        self.model = groups.model(LINK)
        self._away: list[Panel] = []
        self._kinds = {kind.name: kind for kind in kinds}
        self._counted: list[tuple[SignalInstance, Any]] = []
        self._chart_states: dict[str, Mapping[str, Any]] = {}
        """What charts begin with when they are built."""
        self._added: set[str] = set()
        """Charts that are not of the catalogue: these can be deleted."""
        self._building = QTimer(self)
        self._building.setSingleShot(True)
        self._building.setInterval(0)
        self._building.timeout.connect(self._build_shown)
        for kind in kinds:
            self._add_kind(kind)

    def _add_kind(self, kind: PanelKind) -> None:
        self._kinds[kind.name] = kind
        panel = self.add_panel(kind.name, kind.title, None, link=kind.link)
        panel.visibilityChanged.connect(self._build_soon)
        panel.extend_menu = partial(self._add_links, kind)
        if kind.count is not None:
            self._count(kind.name, kind.count)

    def __getattr__(self, name: str) -> Any:
        if name in self.__dict__.get("_kinds", ()):
            return self.content(name)
        raise AttributeError(f"a workspace has no {name!r}")

    @property
    def charts(self) -> list[ChartPanel]:
        """The contents of all charts."""
        return [getattr(self, name) for name in self._kinds if name.partition(" ")[0] == "chart"]

    def content(self, name: str) -> QWidget:
        """What the panel shows, built if it was not yet. Raises KeyError for an unknown name."""
        panel = self.panel(name)
        before: QWidget | None = panel.widget()
        if before is not None:
            return before
        kind = self._kinds[name]
        content = kind.build(self._model_of(kind))
        if isinstance(content, LivePanel):
            content.set_in_front(panel.in_front)
            panel.visibilityChanged.connect(content.set_in_front)
        if isinstance(content, ChartPanel):
            content.take_state(self._chart_states.pop(name, {}))
            content.another_wanted.connect(self.new_chart)
            for orders in content.findChildren(ChartOrders):
                orders.ticket_needed.connect(self._show_ticket)
        name_views(content, "Chart" if isinstance(content, ChartPanel) else kind.title)
        panel.setWidget(content)
        for tool in kind.tools(content):
            panel.add_tool(tool)
        if hasattr(content, "title_changed"):
            panel.set_title(content.title)  # type: ignore[attr-defined]
            content.title_changed.connect(panel.set_title)
        return content

    def _show_ticket(self) -> None:
        """A chart is about to fill it in; in front is what is not hidden behind another tab."""
        if "ticket" in self._kinds and not (self.panel("ticket").in_front and self.panel("ticket").isVisible()):
            self.show_panel("ticket")

    # --- Charts -----------------------------------------------------------------------------------------------------

    def new_chart(self, state: Mapping[str, Any]) -> ChartPanel:
        """One more chart, beside the first and with a symbol of its own, that begins as ``state`` says."""
        name = next(name for name in map("chart {}".format, itertools.count(2)) if name not in self._kinds)
        self._chart_states[name] = state
        self._add_chart(name)
        self.tabifyDockWidget(self.panel("chart"), self.panel(name))
        self.show_panel(name)
        return cast(ChartPanel, self.content(name))

    def chart_states(self) -> dict[str, Mapping[str, Any]]:
        """What a layout keeps of each chart, by the name of its panel."""
        built = {name: self.panel(name).widget() for name in self._kinds if name.partition(" ")[0] == "chart"}
        found = {name: chart.state() for name, chart in built.items() if isinstance(chart, ChartPanel)}
        return {**self._chart_states, **found}

    def take_chart_states(self, states: Any) -> None:
        """Let charts be as ``chart_states`` told, those among them that were added. Before the layout is restored."""
        for name, state in states.items() if isinstance(states, dict) else ():
            if isinstance(state, dict) and re.fullmatch(r"chart( \d+)?", str(name)):
                self._chart_states[name] = state
                if name not in self._kinds:
                    self._add_chart(name)

    def _add_chart(self, name: str) -> None:
        """A chart that is built as the first one, and follows no group at first."""
        symbol = str(self._chart_states[name].get("symbol", self.model.symbol))
        self._added.add(name)
        self._add_kind(replace(self._kinds["chart"], name=name, title="Chart", link="", symbol=symbol))

    def deletable(self, name: str) -> bool:
        """Whether it is a chart that was added, and not one of the configuration."""
        return name in self._added

    def delete_chart(self, name: str) -> None:
        """End a chart that was added, with its saved state; ``chart_deleted`` tells how to bring it back.

        Raises KeyError for any other panel.
        """
        if not self.deletable(name):
            raise KeyError(name)
        self.restore()
        panel, state = self.panel(name), self.chart_states().get(name, {})
        title, link = panel.windowTitle(), panel.link
        beside = next((each.name for each in panel.group() if each is not panel), "chart")
        floated = panel.geometry() if panel.isFloating() else None
        self._added.discard(name)
        del self._kinds[name]
        self._chart_states.pop(name, None)
        if self._other is not None and isinstance(self._other.get("charts"), dict):
            self._other["charts"].pop(name, None)
        self.remove_panel(name)
        self._groups.forget(f"{self.objectName()}/{name}")

        def bring_back() -> None:
            chart = self.new_chart(state)
            fresh = next(each for each in self.panels() if each.widget() is chart)
            if beside in self._kinds and beside != "chart":
                self.tabifyDockWidget(self.panel(beside), fresh)
                fresh.raise_()
            if floated is not None:
                fresh.setFloating(True)
                fresh.setGeometry(floated)
            self.link(fresh.name, link)

        self.chart_deleted.emit(title, bring_back)

    def show_panel(self, name: str) -> None:
        self.content(name)
        super().show_panel(name)

    # --- Link groups ------------------------------------------------------------------------------------------------

    def _model_of(self, kind: PanelKind) -> EngineModel:
        """The whole engine's for a panel that shows no symbol; else that of its group, or one of its own."""
        link = self.panel(kind.name).link
        if not link and not self.linkable(kind):
            return self.model
        return self._groups.model(link or f"{self.objectName()}/{kind.name}", kind.symbol)

    @staticmethod
    def linkable(kind: PanelKind) -> bool:
        """Whether it shows one symbol, so that it can follow a group."""
        return bool(kind.link or kind.symbol)

    def link(self, name: str, letter: str) -> None:
        """Let a panel follow a group, or none when the letter is empty: then it keeps its symbol for itself.

        Raises KeyError for an unknown name.
        """
        panel, kind = self.panel(name), self._kinds[name]
        if panel.link == letter or not self.linkable(kind):
            return
        symbol = self._model_of(kind).symbol
        panel.set_link(letter)
        if not letter:
            self._model_of(kind).choose_symbol(symbol)
        before: QWidget | None = panel.widget()
        if before is not None:
            panel.drop_content()
            fresh = self.content(name)
            if isinstance(before, ChartPanel) and isinstance(fresh, ChartPanel):
                fresh.take_state(before.state())

    def choose_symbol(self, name: str, symbol: str) -> None:
        """Another symbol for the panel and those that share its group. Raises KeyError for an unknown name."""
        self._model_of(self._kinds[name]).choose_symbol(symbol)

    def _add_links(self, kind: PanelKind, menu: QMenu) -> None:
        if self.deletable(kind.name):
            menu.addAction("Delete chart").triggered.connect(lambda: self.delete_chart(kind.name))
        if not self.linkable(kind):
            return
        now = self.panel(kind.name).link
        links = menu.addMenu("Link group")
        for letter in (*LETTERS, ""):
            entry = links.addAction(letter or "None")
            entry.setCheckable(True)
            entry.setChecked(letter == now)
            entry.triggered.connect(lambda _=False, letter=letter: self.link(kind.name, letter))
        symbols = menu.addMenu("Symbol")
        shown = self._model_of(kind).symbol
        for symbol in self.model.engine.symbols:
            entry = symbols.addAction(symbol)
            entry.setCheckable(True)
            entry.setChecked(symbol == shown)
            entry.triggered.connect(lambda _=False, symbol=symbol: self.choose_symbol(kind.name, symbol))
        menu.addSeparator()

    # --- To come and to go ------------------------------------------------------------------------------------------

    def leave(self) -> None:
        """Another workspace comes in its place: floating panels go with it."""
        self._away = [panel for panel in self.panels() if panel.isFloating() and not panel.isHidden()]
        for panel in self._away:
            panel.hide()

    def enter(self) -> None:
        """It is shown again, with the panels that floated."""
        away, self._away = self._away, []
        for panel in away:
            panel.show()

    def document(self) -> dict[str, Any]:
        links = {panel.name: panel.link for panel in self.panels() if self.linkable(self._kinds[panel.name])}
        return {**super().document(), "links": links, "charts": self.chart_states()}

    def take(self, document: Any) -> bool:
        self.take_chart_states(document.get("charts") if isinstance(document, dict) else None)
        if not super().take(document):
            return False
        links = document.get("links")
        for name, kind in self._kinds.items() if isinstance(links, dict) else ():
            if self.linkable(kind) and links.get(name) in (*LETTERS, ""):
                self.link(name, links[name])
        return True

    # --- Panels come when they are shown ----------------------------------------------------------------------------

    def _build_soon(self) -> None:
        self._building.start()

    def _build_shown(self) -> None:
        if not self.isVisible():
            return
        for panel in self.panels():
            if panel.in_front and not panel.isHidden():
                self.content(panel.name)

    # --- Figures beside the names -----------------------------------------------------------------------------------

    def _count(self, name: str, count: Count) -> None:
        figure = count.of(self.model)
        self.panel(name).set_count(figure, alarmed=count.alarming and bool(figure))

    def _count_while(self, shown: bool) -> None:
        counted, self._counted = self._counted, []
        for signal, slot in counted:
            signal.disconnect(slot)
        if not shown:
            return
        for name, kind in self._kinds.items():
            count = kind.count
            if count is not None and (count.when or count.signal is not None):

                def again(*_: Any, name: str = name, count: Count = count) -> None:
                    self._count(name, count)

                signal = count.signal if count.signal is not None else getattr(self.model, count.when)
                signal.connect(again)
                self._counted.append((signal, again))
                again()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._count_while(True)
        self._building.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._count_while(False)


def name_views(content: QWidget, name: str) -> None:
    """Let a screen reader name the tables and pictures of a panel, which have no text of their own, by the panel."""
    for view in (content, *content.findChildren(QWidget)):
        named = view.accessibleName() or isinstance(view, QAbstractButton | QLineEdit | QComboBox)
        if not named and view.focusPolicy() & Qt.FocusPolicy.TabFocus:
            view.setAccessibleName(name)
