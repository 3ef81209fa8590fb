"""The field over a table that keeps the rows with a text."""

from __future__ import annotations

from typing import Final

from PySide6.QtWidgets import QWidget

from widgets.controls.fields import Field
from widgets.controls.table import Table

WIDEST: Final = 220


class SearchField(Field):
    """``words`` say what is searched, as "Search the log"."""

    def __init__(self, words: str, table: Table, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setPlaceholderText(words)
        self.setAccessibleName(words)
        self.setClearButtonEnabled(True)
        self.setMaximumWidth(WIDEST)
        self.textChanged.connect(lambda text: table.set_filter(text.strip()))
