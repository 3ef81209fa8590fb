"""What a right click on a drawing offers, and the window in which its words are typed."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import QPointF
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from widgets.chart.chart_view import ChartView
from widgets.chart.drawings.drawing import COLOURS, EXTENDABLE, LONGEST_TEXT, WIDTHS, Anchor, Drawing, Tool
from widgets.chart.drawings.drawing_tools import DrawingTools
from widgets.chart.model import PRICE_PANE
from widgets.chart.pointer import PanePoint
from widgets.controls.dialogs import FormDialog
from widgets.controls.fields import Field

WITH_WORDS = (Tool.TEXT, Tool.HORIZONTAL_LINE)


class TextDialog(FormDialog):
    """Words on the chart."""

    def __init__(self, tools: DrawingTools, drawing: Drawing, parent: QWidget | None = None) -> None:
        super().__init__("Words on the chart", "They stand where the drawing is anchored.", "Keep", parent)
        self._tools, self._name = tools, drawing.name
        self.words = Field()
        self.words.setMaxLength(LONGEST_TEXT)
        self.words.setText(drawing.text)
        self.words.selectAll()
        self.add_field("Text", self.words)
        self.words.setFocus()

    def hand_over(self) -> str:
        text = self.words.text().strip()
        drawing = self._tools.book.find(self._name)
        if drawing is None:
            return "The drawing was deleted. Cancel, and draw it again."
        if not text and drawing.tool is Tool.TEXT:
            self.words.set_in_error(True)
            return "A text is needed; type one, or cancel and delete the drawing."
        self._tools.change(msgspec.structs.replace(drawing, text=text))
        return ""


class DrawingMenu:
    """Adds to the chart's menu what can be done with the drawing under it, else where one may begin."""

    def __init__(self, view: ChartView, tools: DrawingTools) -> None:
        self._view, self._tools = view, tools
        view.menu_wanted.connect(self.fill)
        tools.text_wanted.connect(self.open_text)

    def fill(self, menu: QMenu, at: PanePoint) -> None:
        if at.pane != PRICE_PANE:
            return
        drawing = self._under(at.position)
        if drawing is not None:
            self._tools.select(drawing.name)
            self._fill_for(menu, drawing)
            return
        line = menu.addAction("Draw a horizontal line here")
        anchor = Anchor(at.time_ns, float(round(at.value / float(self._view.model.tick)) * self._view.model.tick))
        line.triggered.connect(lambda: self._tools.place(Tool.HORIZONTAL_LINE, anchor))
        if self._tools.book.drawings:
            hide = menu.addAction("Hide all drawings")
            hide.setCheckable(True)
            hide.setChecked(self._tools.book.hidden)
            hide.toggled.connect(self._tools.set_hidden)
        menu.addSeparator()

    def open_text(self, drawing: Drawing) -> TextDialog:
        dialog = TextDialog(self._tools, drawing, self._view.window())
        dialog.show()
        return dialog

    def _under(self, position: QPointF) -> Drawing | None:
        scene = self._tools.scene
        return scene.at(position, self._view.price_pane.logical_scale(), self._view.model.series)

    def _fill_for(self, menu: QMenu, drawing: Drawing) -> None:
        tools, replace = self._tools, msgspec.structs.replace
        if drawing.tool in WITH_WORDS:
            menu.addAction("Text…").triggered.connect(lambda: self.open_text(drawing))
        if drawing.tool is not Tool.MEASURE:
            colours = menu.addMenu("Colour")
            for colour, words in COLOURS.items():
                action = colours.addAction(words)
                action.setCheckable(True)
                action.setChecked(drawing.colour == colour)
                action.triggered.connect(lambda _=False, colour=colour: tools.change(replace(drawing, colour=colour)))
            widths = menu.addMenu("Width")
            for width in WIDTHS:
                action = widths.addAction(f"{width} px")
                action.setCheckable(True)
                action.setChecked(drawing.width == width)
                action.triggered.connect(lambda _=False, width=width: tools.change(replace(drawing, width=width)))
        if drawing.tool in EXTENDABLE:
            extend = menu.addMenu("Extend")
            for words, name in (("To the left", "extends_left"), ("To the right", "extends_right")):
                action = extend.addAction(words)
                action.setCheckable(True)
                action.setChecked(getattr(drawing, name))
                action.toggled.connect(lambda on, name=name: tools.change(replace(drawing, **{name: on})))
        lock = menu.addAction("Locked")
        lock.setCheckable(True)
        lock.setChecked(drawing.locked)
        lock.toggled.connect(lambda on: tools.change(replace(drawing, locked=on)))
        copy = menu.addAction("Duplicate")
        copy.setShortcut(QKeySequence("Ctrl+D"))
        copy.triggered.connect(lambda: tools.duplicate(drawing))
        clip = menu.addAction("Copy")
        clip.setShortcut(QKeySequence("Ctrl+C"))
        clip.triggered.connect(lambda: tools.copy(drawing))
        delete = menu.addAction("Delete")
        delete.setShortcut(QKeySequence("Del"))
        delete.setEnabled(not drawing.locked)
        delete.triggered.connect(lambda: tools.delete(drawing.name))
        menu.addSeparator()
