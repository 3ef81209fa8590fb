"""A workspace: panels of the catalogue in their places, each built when it is first shown."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from PySide6.QtCore import QTimer, SignalInstance
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from widgets.chart.chart_panel import ChartPanel
from widgets.docks.catalogue import Count, PanelKind
from widgets.docks.dock_layout import Layout, with_charts
from widgets.docks.docking import DockArea
from widgets.engine.engine_model import EngineModel
from widgets.panels.live_panel import LivePanel


class Workspace(DockArea):
    """``area.ticket`` is the content of the panel *ticket*, built by that if it was not yet.

    A workspace that is hidden hears nothing of the engine.
    """

    def __init__(
        self, model: EngineModel, kinds: tuple[PanelKind, ...], layout: Layout, compact: Layout, parent: Any = None
    ) -> None:
        names = tuple(kind.name for kind in kinds if kind.name.partition(" ")[0] == "chart")
        super().__init__(with_charts(layout, names), with_charts(compact, names), parent)
        self.model = model
        self._kinds = {kind.name: kind for kind in kinds}
        self._counted: list[tuple[SignalInstance, Any]] = []
        self._chart_states: dict[str, Mapping[str, Any]] = {}
        """What charts begin with when they are built."""
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
        content = kind.build(self.model)
        if isinstance(content, LivePanel):
            content.set_in_front(panel.in_front)
            panel.visibilityChanged.connect(content.set_in_front)
        if isinstance(content, ChartPanel):
            content.take_state(self._chart_states.pop(name, {}))
            content.new_chart_wanted.connect(lambda: self.new_chart(content.state()))
        panel.setWidget(content)
        for tool in kind.tools(content):
            panel.add_tool(tool)
        if hasattr(content, "title_changed"):
            panel.set_title(content.title)  # type: ignore[attr-defined]
            content.title_changed.connect(panel.set_title)
        return content

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
        first = self._kinds["chart"]

        def build(model: EngineModel) -> QWidget:
            chart = first.build(model)
            assert isinstance(chart, ChartPanel)
            chart.linked = False
            return chart

        self._add_kind(replace(first, name=name, title="Chart", build=build, link=""))

    def show_panel(self, name: str) -> None:
        self.content(name)
        super().show_panel(name)

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
            if count is not None and count.when:

                def again(*_: Any, name: str = name, count: Count = count) -> None:
                    self._count(name, count)

                signal = getattr(self.model, count.when)
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
