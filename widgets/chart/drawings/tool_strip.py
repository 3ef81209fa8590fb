"""The drawing tools in a chart's toolbar; those for which there is no room are in the menu at its end."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSize
from PySide6.QtGui import QKeySequence, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QWidget

from widgets.chart.drawings.drawing import Tool
from widgets.chart.drawings.drawing_tools import DrawingTools
from widgets.controls.controls import IconButton
from widgets.controls.toolbar import popup_below

BUTTON: Final = 24
NEAR: Final = {
    Tool.TREND_LINE: "trend-line",
    Tool.HORIZONTAL_LINE: "horizontal-line",
    Tool.RETRACEMENT: "retracement",
    Tool.RECTANGLE: "rectangle",
    Tool.MEASURE: "ruler",
    Tool.TEXT: "text",
}
"""The tools that have a button, with its icon."""
WORDS: Final = {
    Tool.TREND_LINE: "Trend line",
    Tool.RAY: "Ray",
    Tool.CHANNEL: "Parallel channel",
    Tool.HORIZONTAL_LINE: "Horizontal line",
    Tool.VERTICAL_LINE: "Vertical line",
    Tool.RETRACEMENT: "Fibonacci retracement",
    Tool.RECTANGLE: "Rectangle",
    Tool.MEASURE: "Measure bars, time, price and percent",
    Tool.TEXT: "Text",
}


class ToolStrip(QWidget):
    """The pressed button is the tool in hand; the first puts it back."""

    def __init__(self, tools: DrawingTools, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tools = tools
        self.pointer = IconButton("crosshair", "Choose and move drawings (Esc)", checkable=True)
        self.pointer.clicked.connect(lambda: self._take(None))
        self.buttons = {tool: IconButton(icon, WORDS[tool], checkable=True) for tool, icon in NEAR.items()}
        for tool, button in self.buttons.items():
            button.clicked.connect(lambda _=False, tool=tool: self._take(tool))
        self.magnet = IconButton("magnet", "Magnet: points jump to open, high, low and close", checkable=True)
        self.magnet.toggled.connect(self._set_magnet)
        self.more = IconButton("chevron-down", "Further drawing tools")
        self.more.clicked.connect(lambda: popup_below(self.menu(), self.more))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for widget in (self.pointer, *self.buttons.values(), self.magnet, self.more):
            row.addWidget(widget)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        tools.tool_changed.connect(self._show_tool)
        self._show_tool(tools.tool)

    def sizeHint(self) -> QSize:
        return QSize(BUTTON * (len(self.buttons) + 3), 22)

    def minimumSizeHint(self) -> QSize:
        return QSize(2 * BUTTON, 22)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room = self.width() // BUTTON - 2
        for place, button in enumerate((*self.buttons.values(), self.magnet)):
            button.setVisible(place < room)

    def menu(self) -> QMenu:
        """Every tool, and what concerns all drawings of the symbol."""
        tools, menu = self._tools, QMenu(self)
        for tool, words in WORDS.items():
            action = menu.addAction(words)
            action.setCheckable(True)
            action.setChecked(tools.tool is tool)
            action.triggered.connect(lambda _=False, tool=tool: self._take(tool))
        menu.addSeparator()
        magnet = menu.addAction("Magnet")
        magnet.setCheckable(True)
        magnet.setChecked(tools.magnet)
        magnet.toggled.connect(self.magnet.setChecked)
        hide = menu.addAction("Hide all drawings")
        hide.setCheckable(True)
        hide.setChecked(tools.book.hidden)
        hide.toggled.connect(tools.set_hidden)
        menu.addSeparator()
        for words, keys, act, possible in (
            ("Undo", "Ctrl+Z", tools.undo, tools.book.can_undo),
            ("Redo", "Ctrl+Shift+Z", tools.redo, tools.book.can_redo),
            ("Delete all drawings", "", tools.delete_all, any(not each.locked for each in tools.book.drawings)),
        ):
            action = menu.addAction(words)
            action.setShortcut(QKeySequence(keys))
            action.setEnabled(possible)
            action.triggered.connect(act)
        return menu

    def _take(self, tool: Tool | None) -> None:
        self._tools.choose(None if tool is self._tools.tool else tool)

    def _set_magnet(self, on: bool) -> None:
        self._tools.magnet = on

    def _show_tool(self, tool: Tool | None) -> None:
        self.pointer.setChecked(tool is None)
        for each, button in self.buttons.items():
            button.setChecked(each is tool)
        far = tool is not None and tool not in self.buttons
        self.more.set_icon_tone("accent" if far else "")
        self.more.setToolTip(f"Now {WORDS[tool].lower()}" if far and tool is not None else "Further drawing tools")
