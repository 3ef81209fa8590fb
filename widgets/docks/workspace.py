"""A workspace: panels of the catalogue in their places, each built when it is first shown."""

from __future__ import annotations

from typing import Any

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
        self._building = QTimer(self)
        self._building.setSingleShot(True)
        self._building.setInterval(0)
        self._building.timeout.connect(self._build_shown)
        for kind in kinds:
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
        panel.setWidget(content)
        for tool in kind.tools(content):
            panel.add_tool(tool)
        if hasattr(content, "title_changed"):
            panel.set_title(content.title)  # type: ignore[attr-defined]
            content.title_changed.connect(panel.set_title)
        return content

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
