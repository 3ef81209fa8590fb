"""The names of the watchlists in a row; symbols are dragged onto one of them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QWidget

from widgets.controls.controls import IconButton
from widgets.controls.toolbar import TextButton, Toolbar


class ListStrip(Toolbar):
    """Lists for which there is no room are in the menu behind the last button."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: dict[str, TextButton] = {}
        self.new = IconButton("plus", "New watchlist")
        self.more = IconButton("more", "All watchlists; rename or delete this one")
        self.row.addStretch(1)
        self.row.addWidget(self.new)
        self.row.addWidget(self.more)

    def show_lists(self, names: Sequence[str], shown: str) -> None:
        if list(names) == list(self.buttons):
            self.set_shown(shown)
            return
        for button in self.buttons.values():
            self.row.removeWidget(button)
            button.deleteLater()
        self.buttons = {}
        for place, name in enumerate(names):
            button = TextButton(name, f"Watchlist {name}: drop symbols here to move them", checkable=True)
            button.setChecked(name == shown)
            button.clicked.connect(lambda _=False, name=name: self.chosen.emit(name))
            self.row.insertWidget(place, button)
            button.show()
            self.buttons[name] = button

    def set_shown(self, shown: str) -> None:
        for name, button in self.buttons.items():
            button.setChecked(name == shown)

    def target_at(self, point: QPoint) -> str:
        """The list at a point of the screen; empty where there is none."""
        for name, button in self.buttons.items():
            if button.rect().contains(button.mapFromGlobal(point)):
                return name
        return ""

    def show_target(self, target: str) -> None:
        """Mark the list onto which a drag would drop; empty for none."""
        for name, button in self.buttons.items():
            button.setDown(name == target)
