"""The tab strip at the top of a docked panel: the tabs of its group, its link letter and its tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRect, Qt
from PySide6.QtGui import QContextMenuEvent, QKeySequence, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QSpacerItem, QWidget

from widgets.controls.controls import IconButton
from widgets.engine.linked_model import LETTERS
from widgets.look import shapes
from widgets.look.theme import current

if TYPE_CHECKING:
    from widgets.docks.docking import Panel

LEAST = 60
PADDING = 10
LETTER = 14


class DockTabs(QWidget):
    """Stands in for the title bar: a press on another tab brings it to the front, a drag moves the panel, a double
    click gives it the whole area.
    """

    def __init__(self, panel: Panel) -> None:
        super().__init__(panel)
        self._panel = panel
        self._hovered: Panel | None = None
        self._tools: list[QWidget] = []
        # Qt asks each of them for its size a thousand times while a window is built: a layout answers without Python.
        self._room = QSpacerItem(LEAST, current().metrics.tab, QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        self._box = QHBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.addSpacerItem(self._room)
        self.more = IconButton("more", "Panel menu", parent=self)
        self.more.clicked.connect(self._open_menu)
        self.back = IconButton("expand", "Show the other panels again (Shift+F11)", parent=self)
        self.back.clicked.connect(panel.area.restore)
        self.back.hide()
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def add_tool(self, tool: QWidget) -> None:
        tool.setParent(self)
        tool.show()
        self._tools.append(tool)
        self._place()
        self.update()  # the tabs beside it may have less room

    def remove_tool(self, tool: QWidget) -> None:
        self._tools.remove(tool)
        tool.hide()
        self._place()
        self.update()

    def refresh(self) -> None:
        self.back.setVisible(self._panel.area.maximised is self._panel)
        if self._room.sizeHint().height() != current().metrics.tab:
            self._room.changeSize(LEAST, current().metrics.tab, QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
            self._box.invalidate()
            self.updateGeometry()
        self._place()
        self.update()

    def tabs(self) -> list[tuple[Panel, QRect]]:
        """The tabs for which there is room; this panel's own is always among them."""
        group = self._panel.group()
        widths = {panel: self._tab_width(panel) for panel in group}
        room = self._tools_left() - 4
        shown = list(group)
        while len(shown) > 1 and sum(widths[panel] for panel in shown) > room:
            shown.remove(next(panel for panel in reversed(shown) if panel is not self._panel))
        placed, x = [], 0
        for panel in shown:
            width = min(widths[panel], max(30, room - x))
            placed.append((panel, QRect(x, 0, width, self.height())))
            x += width
        return placed

    def make_menu(self) -> QMenu:
        """Tabs of the group, then what can be done with this panel."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        group = self._panel.group()
        for panel in group if len(group) > 1 else []:
            action = menu.addAction(panel.windowTitle())
            action.setCheckable(True)
            action.setChecked(panel is self._panel)
            action.triggered.connect(lambda _=False, chosen=panel: chosen.raise_())
        menu.addSeparator()
        if self._panel.extend_menu is not None:
            self._panel.extend_menu(menu)
        floating = self._panel.isFloating()
        alone = self._panel.area.maximised is self._panel
        maximise = menu.addAction("Show the others again" if alone else "Maximise")
        maximise.setShortcut(QKeySequence("Shift+F11"))
        maximise.triggered.connect(lambda: self._panel.area.toggle_maximised(self._panel))
        menu.addAction("Dock" if floating else "Float").triggered.connect(self._panel.toggle_floating)
        menu.addAction("Close").triggered.connect(self._panel.close)
        return menu

    def _open_menu(self) -> None:
        self.make_menu().popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def _tab_width(self, panel: Panel) -> int:
        theme = current()
        width = 2 * PADDING + shapes.text_width(panel.windowTitle(), theme.font(12, 500)) + 1
        if panel.count is not None:
            figure = str(panel.count)
            wide = self._badge_width(figure) if panel.alarmed else shapes.text_width(figure, theme.font())
            width += 7 + max(wide, 7)
        if panel.old:
            width += 7 + shapes.text_width(panel.old, theme.font())
        return width

    @staticmethod
    def _badge_width(figure: str) -> int:
        return max(LETTER, shapes.text_width(figure, current().font(11, 600)) + 8)

    def _tools_left(self) -> int:
        width = 4 + self.more.width() + (0 if self.back.isHidden() else self.back.width())
        width += sum(tool.width() for tool in self._tools)
        return self.width() - width - (LETTER + 6 if self._panel.link else 0)

    def _place(self) -> None:
        x = self.width() - 4
        alone = () if self.back.isHidden() else (self.back,)
        for tool in (self.more, *alone, *reversed(self._tools)):
            x -= tool.width()
            tool.move(x, (self.height() - tool.height()) // 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current()
        tokens = theme.tokens
        painter = QPainter(self)
        painter.fillRect(self.rect(), tokens.raised)
        painter.fillRect(QRect(0, self.height() - 1, self.width(), 1), tokens.hairline)
        for panel, area in self.tabs():
            self._paint_tab(painter, panel, area)
        if self._panel.link:
            box = QRect(self._tools_left(), (self.height() - LETTER) // 2, LETTER, LETTER)
            group = LETTERS.index(self._panel.link)
            shapes.box(painter, box, None, tokens.series[group], radius=2)
            shapes.write(painter, box, self._panel.link, tokens.series_text[group], theme.font(10), shapes.CENTRE)

    def _paint_tab(self, painter: QPainter, panel: Panel, area: QRect) -> None:
        theme = current()
        tokens = theme.tokens
        front = panel is self._panel
        if front:
            painter.fillRect(area, tokens.ground)
        elif panel is self._hovered:
            painter.fillRect(area.adjusted(0, 0, 0, -1), tokens.control)
        painter.fillRect(QRect(area.right(), 0, 1, area.height()), tokens.hairline)
        if front and panel.area.focused_panel is panel:
            painter.fillRect(QRect(area.left(), 0, area.width() - 1, 2), tokens.accent)
        font = theme.font(12, 500)
        inner = area.adjusted(PADDING, 0, -4, 0)
        colour = tokens.text_1 if front else tokens.text_3
        shapes.write(painter, inner, panel.windowTitle(), colour, font, elide=True)
        if panel.old:
            shapes.write(
                painter, area.adjusted(0, 0, -PADDING, 0), panel.old, tokens.warning, theme.font(), shapes.RIGHT
            )
        if panel.count is not None:
            used = shapes.text_width(panel.windowTitle(), font) + 7
            figure = str(panel.count)
            place = inner.adjusted(used, 0, 0, 0)
            if panel.alarmed:
                badge = QRect(place.left() - 1, (area.height() - LETTER) // 2, self._badge_width(figure), LETTER)
                shapes.box(painter, badge, tokens.warning, radius=LETTER / 2)
                shapes.write(painter, badge, figure, tokens.ground, theme.font(11, 600), shapes.CENTRE)
            else:
                shapes.write(painter, place, figure, tokens.text_2 if front else tokens.text_3, theme.font())

    def _at(self, event: QMouseEvent) -> Panel | None:
        point = event.position().toPoint()
        return next((panel for panel, area in self.tabs() if area.contains(point)), None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        panel = self._at(event)
        if event.button() is Qt.MouseButton.LeftButton and panel is not None and panel is not self._panel:
            panel.raise_()
            panel.take_keyboard()
            return
        self._panel.take_keyboard()
        event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        hovered = self._at(event)
        if hovered is not self._hovered:
            self._hovered = hovered
            self.update()
        event.ignore()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.ignore()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """The panel has the whole area for itself, or gives it back."""
        if event.button() is Qt.MouseButton.LeftButton and self._at(event) in (self._panel, None):
            self._panel.area.toggle_maximised(self._panel)
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.make_menu().popup(event.globalPos())
