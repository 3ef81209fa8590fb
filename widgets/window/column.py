"""What stands in the window from top to bottom, and what takes whose place."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget


class WindowColumn(QVBoxLayout):
    """The head, and below it the start page, or the workspaces of an engine with the status bar."""

    def __init__(self, window: QWidget, head: tuple[QWidget, ...], start_page: QWidget) -> None:
        super().__init__(window)
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(0)
        for widget in head:
            self.addWidget(widget)
        self.addWidget(start_page, 1)
        self._start_page = start_page
        self._instead: QWidget | None = None
        self._of_engine: tuple[QWidget, ...] = ()

    def show_instead(self, page: QWidget | None) -> None:
        """Put a page in the place of the start page; None brings that back."""
        before, self._instead = self._instead, page
        if before is not None:
            self.removeWidget(before)
            before.hide()
            before.deleteLater()
        if page is not None:
            self.addWidget(page, 1)
            page.show()
        self._start_page.setVisible(page is None)

    def show_engine(self, workspaces: QWidget, status: QWidget) -> None:
        """In the place of the start page."""
        self._of_engine = (workspaces, status)
        self.removeWidget(self._start_page)
        self._start_page.hide()
        self.addWidget(workspaces, 1)
        self.addWidget(status)
        for part in self._of_engine:
            part.show()

    def show_start(self) -> None:
        """The start page again, in the place of what shows an engine."""
        for part in self._of_engine:
            self.removeWidget(part)
            part.hide()
        self._of_engine = ()
        self.addWidget(self._start_page, 1)
        self._start_page.show()

    def cover(self, workspaces: QWidget, room: QWidget) -> None:
        """Let a room stand where the workspaces are, which stay hidden as they are."""
        workspaces.hide()
        self.insertWidget(self.indexOf(workspaces), room, 1)
        room.show()

    def uncover(self, workspaces: QWidget, room: QWidget) -> None:
        self.removeWidget(room)
        room.hide()
        workspaces.show()
