"""The line below the banner: menu, workspaces, and what belongs to the whole window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from widgets.controls.controls import IconButton
from widgets.look import shapes
from widgets.look.theme import current

if TYPE_CHECKING:
    from widgets.docks.workspaces import Workspaces


class WorkspaceTab(QToolButton):
    """The name of a workspace, underlined while it is the active one."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(name)
        self.setCheckable(True)
        self.setAccessibleName(f"Workspace {name}")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def sizeHint(self) -> QSize:
        return QSize(shapes.text_width(self.text(), current().font(12, 500)) + 20, current().metrics.workspace_bar)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current()
        tokens = theme.tokens
        painter = QPainter(self)
        on = self.isChecked()
        colour = tokens.text_1 if on or self.underMouse() else tokens.text_2
        shapes.write(painter, self.rect(), self.text(), colour, theme.font(12, 500), shapes.CENTRE)
        if on:
            painter.fillRect(QRect(8, self.height() - 3, self.width() - 16, 2), tokens.accent)
        if self.hasFocus():
            shapes.box(painter, self.rect().adjusted(2, 3, -2, -4), None, tokens.accent)


class PaletteField(QToolButton):
    """Looks like a field and opens the command palette."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.keys = ""
        self.setAccessibleName("Open the command palette")
        self.setToolTip("Everything that can be done here, by a few letters of its name")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.IBeamCursor)

    def set_keys(self, keys: str) -> None:
        self.keys = keys
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(272, 20)

    def minimumSizeHint(self) -> QSize:
        return QSize(110, 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current()
        tokens = theme.tokens
        painter = QPainter(self)
        edge = tokens.accent if self.hasFocus() else tokens.border
        shapes.box(painter, self.rect(), tokens.ground, edge)
        shapes.place_pixmap(painter, QRect(8, 0, 14, self.height()), theme.pixmap("search", "text_3"))
        right = self.width() - 5
        if self.keys:
            width = shapes.text_width(self.keys, theme.font(10)) + 10
            box = QRect(right - width, (self.height() - 14) // 2, width, 14)
            shapes.box(painter, box, None, tokens.border, radius=2)
            shapes.write(painter, box, self.keys, tokens.text_2, theme.font(10), shapes.CENTRE)
            right -= width + 6
        area = QRect(30, 0, right - 30, self.height())
        shapes.write(painter, area, "Symbol, panel or command", tokens.text_3, theme.font(), elide=True)


class WorkspaceBar(QWidget):
    menu_wanted = Signal(object)  # the button under which it opens
    settings_wanted = Signal(object)
    picture_wanted = Signal()
    palette_wanted = Signal()
    workspace_wanted = Signal(str)
    workspace_menu_wanted = Signal(str, object)  # the workspace, and the widget under which it opens
    new_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.menu = IconButton("menu", "Menu")
        self.tabs: list[WorkspaceTab] = []
        self.add = IconButton("plus", "New workspace")
        self.palette_field = PaletteField()
        self.picture = IconButton("camera", "Save a picture of the window")
        self.settings = IconButton("gear", "Appearance")
        self.menu.clicked.connect(lambda: self.menu_wanted.emit(self.menu))
        self.settings.clicked.connect(lambda: self.settings_wanted.emit(self.settings))
        self.picture.clicked.connect(self.picture_wanted)
        self.palette_field.clicked.connect(self.palette_wanted)
        self.add.clicked.connect(self.new_wanted)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(6, 0, 8, 0)
        self.row.setSpacing(6)
        self.row.addWidget(self.menu)
        self._names = QHBoxLayout()
        self._names.setSpacing(6)
        self.row.addLayout(self._names)
        self.row.addWidget(self.add)
        self.row.addStretch(1)
        self.row.addWidget(self.palette_field)
        self.row.addWidget(self.picture)
        self.row.addWidget(self.settings)
        self.show_workspaces((), "")
        current().changed.connect(self._fit)
        self._fit()

    def follow(self, workspaces: Workspaces) -> None:
        """Show their names and which one is shown, also when that changes."""

        def show() -> None:
            self.show_workspaces(workspaces.names, workspaces.current)

        workspaces.changed.connect(show)
        show()

    def show_workspaces(self, names: Sequence[str], shown: str) -> None:
        """Their names in order; none while there is no engine."""
        if [tab.text() for tab in self.tabs] != list(names):
            for tab in self.tabs:
                self._names.removeWidget(tab)
                tab.hide()
                tab.deleteLater()
            self.tabs = [self._make_tab(name) for name in names]
        for tab in self.tabs:
            tab.setChecked(tab.text() == shown)
        self.add.setVisible(bool(names))

    def _make_tab(self, name: str) -> WorkspaceTab:
        tab = WorkspaceTab(name)
        tab.setFixedHeight(current().metrics.workspace_bar)
        tab.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        tab.clicked.connect(lambda: self._press(tab))
        tab.customContextMenuRequested.connect(lambda _: self.workspace_menu_wanted.emit(name, tab))
        self._names.addWidget(tab)
        return tab

    def _press(self, tab: WorkspaceTab) -> None:
        tab.setChecked(True)
        self.workspace_wanted.emit(tab.text())

    def _fit(self) -> None:
        self.setFixedHeight(current().metrics.workspace_bar)
        for tab in self.tabs:
            tab.setFixedHeight(current().metrics.workspace_bar)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = current().tokens
        painter = QPainter(self)
        painter.fillRect(self.rect(), tokens.raised)
        painter.fillRect(QRect(0, self.height() - 1, self.width(), 1), tokens.gutter)
