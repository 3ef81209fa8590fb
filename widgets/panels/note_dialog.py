"""The window in which the note of a round trip is written."""

from __future__ import annotations

from msgspec.structs import replace
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from widgets.controls.dialogs import FormDialog
from widgets.controls.fields import Field
from widgets.panels.trade_notes import TradeNote, read_tags

NOTE_LIMIT = 10_000


class NoteDialog(FormDialog):
    """A note and tags about one round trip."""

    written = Signal(object)  # TradeNote

    def __init__(self, title: str, note: TradeNote, parent: QWidget | None = None) -> None:
        super().__init__(title, "Tags stand between commas; the figures by tag count them.", "Keep", parent)
        self._note = note
        self.tags = Field(", ".join(note.tags))
        self.text = QPlainTextEdit(note.text)
        self.text.setTabChangesFocus(True)
        self.text.setFixedHeight(120)
        self.add_field("Tags", self.tags)
        self.add_field("Note", self.text)
        self.tags.setFocus()

    def hand_over(self) -> str:
        text = self.text.toPlainText().strip()
        if len(text) > NOTE_LIMIT:
            return f"The note has {len(text):,} characters; shorten it to {NOTE_LIMIT:,}."
        self.written.emit(replace(self._note, text=text, tags=read_tags(self.tags.text())))
        return ""
