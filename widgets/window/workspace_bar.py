"""The line below the banner: menu, workspaces, and what belongs to the whole window."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from widgets.controls.controls import IconButton
from widgets.look import shapes
from widgets.look.theme import current


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


class WorkspaceBar(QWidget):
    menu_wanted = Signal(object)  # the button under which it opens
    settings_wanted = Signal(object)
    picture_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.menu = IconButton("menu", "Menu")
        self.trading = WorkspaceTab("Trading")
        self.trading.setChecked(True)
        self.trading.clicked.connect(lambda: self.trading.setChecked(True))
        self.picture = IconButton("camera", "Save a picture of the window")
        self.settings = IconButton("gear", "Appearance")
        self.menu.clicked.connect(lambda: self.menu_wanted.emit(self.menu))
        self.settings.clicked.connect(lambda: self.settings_wanted.emit(self.settings))
        self.picture.clicked.connect(self.picture_wanted)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(6, 0, 8, 0)
        self.row.setSpacing(6)
        self.row.addWidget(self.menu)
        self.row.addWidget(self.trading)
        self.row.addStretch(1)
        self.row.addWidget(self.picture)
        self.row.addWidget(self.settings)
        current().changed.connect(self._fit)
        self._fit()

    def _fit(self) -> None:
        self.setFixedHeight(current().metrics.workspace_bar)
        self.trading.setFixedHeight(current().metrics.workspace_bar)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = current().tokens
        painter = QPainter(self)
        painter.fillRect(self.rect(), tokens.raised)
        painter.fillRect(QRect(0, self.height() - 1, self.width(), 1), tokens.gutter)
