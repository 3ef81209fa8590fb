"""The actions on charts: new, deleted, and the drawing tools, each on the chart under the hand."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from widgets.actions.registry import Action
from widgets.chart.chart_panel import ChartPanel
from widgets.chart.drawings.drawing import Tool
from widgets.chart.drawings.tool_strip import NEAR, WORDS
from widgets.docks.workspaces import Workspaces

KEYS = {
    Tool.TREND_LINE: "Alt+T",
    Tool.HORIZONTAL_LINE: "Alt+H",
    Tool.VERTICAL_LINE: "Alt+V",
    Tool.RETRACEMENT: "Alt+Shift+F",
    Tool.RECTANGLE: "Alt+Shift+R",
}


class ChartActions:
    """Of the workspace that is shown."""

    def __init__(self, workspaces: Workspaces) -> None:
        self._all = workspaces

    def each(self) -> Iterable[Action]:
        yield Action(
            "chart.new", "Chart", "New chart", self.new_chart, "One more, as the first one is now.", icon="plus"
        )
        focused = self._all.area.focused_panel
        yield Action(
            "chart.delete",
            "Chart",
            "Delete the chart",
            self.delete_chart,
            "Ends a chart that was added; Undo in the banner brings it back.",
            icon="cross",
            enabled=lambda: "" if self._deletable() else "Only a chart that was added can be deleted; click it first.",
            scope=lambda: focused.windowTitle() if focused is not None else "",
        )
        for tool, words in WORDS.items():
            yield Action(
                f"chart.draw.{tool}",
                "Chart",
                f"Draw: {words[0].lower()}{words[1:]}",
                partial(self.draw, tool),
                "Takes the tool in hand; a click or a drag on the chart draws, Esc puts it back.",
                KEYS.get(tool, ""),
                NEAR.get(tool, "trend-line"),
            )

    def new_chart(self) -> None:
        area = self._all.area
        area.new_chart(area.charts[0].state())

    def delete_chart(self) -> None:
        if name := self._deletable():
            self._all.area.delete_chart(name)

    def draw(self, tool: Tool) -> None:
        """On the chart under the hand, else on the first one."""
        area = self._all.area
        under = area.focused_panel.widget() if area.focused_panel is not None else None
        if not isinstance(under, ChartPanel):
            area.show_panel("chart")
            under = area.charts[0]
        under.drawing.choose(tool)
        under.view.setFocus()

    def _deletable(self) -> str:
        """The chart under the hand, where it may be deleted."""
        area = self._all.area
        focused = area.focused_panel
        return focused.name if focused is not None and area.deletable(focused.name) else ""
