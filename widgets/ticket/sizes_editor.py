"""The sizes of a symbol, edited in a card below what shows them."""

from __future__ import annotations

from decimal import Decimal

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from widgets.controls.controls import Button, ButtonKind, IconButton, ToneLabel
from widgets.controls.fields import Field
from widgets.look import shapes
from widgets.look.theme import current
from widgets.look.tokens import Tone
from widgets.ticket.size_presets import MOST, size_texts
from workstation.core.instrument import Instrument

WIDTH = 250


class SizeRow(QWidget):
    """One size and what removes it."""

    def __init__(self, text: str, instrument: Instrument) -> None:
        super().__init__()
        base = "cont." if instrument.valuation.inverse else instrument.base
        self.field = Field(text, unit=base, step=instrument.lot)
        self.field.setAccessibleName("size")
        self.remove = IconButton("cross", "Removes this size")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.field, 1)
        row.addWidget(self.remove)


class SizesEditor(QWidget):
    """``kept`` carries the sizes in lots; none of them asks for the round ones. It goes when it closes."""

    kept = Signal(list)

    def __init__(self, instrument: Instrument, lots: list[int], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedWidth(WIDTH)
        self._instrument = instrument
        self.rows: list[SizeRow] = []
        self.add = Button("Add", icon="plus")
        self.round = Button("Round sizes")
        self.round.setToolTip("Sizes that fit the account, chosen anew with its equity and the price")
        self.keep = Button("Save", ButtonKind.PRIMARY)
        self.problem = ToneLabel("", Tone.BAD, pixels=11)
        self.problem.setWordWrap(True)
        self.problem.hide()
        self._column = QVBoxLayout()
        self._column.setSpacing(4)
        foot = QHBoxLayout()
        foot.setSpacing(4)
        for button in (self.add, self.round, self.keep):
            foot.addWidget(button, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(10, 8, 10, 10)
        whole.setSpacing(6)
        whole.addWidget(ToneLabel(f"Sizes of {instrument.symbol}", Tone.LABEL))
        whole.addLayout(self._column)
        whole.addWidget(self.problem)
        whole.addLayout(foot)
        for text in size_texts(instrument, lots):
            self._add(text)
        self.add.clicked.connect(self._add_empty)
        self.round.clicked.connect(lambda: self._done([]))
        self.keep.clicked.connect(self._save)

    def open_below(self, widget: QWidget) -> None:
        self.move(widget.mapToGlobal(QPoint(0, widget.height() + 2)))
        self.show()
        self.rows[0].field.setFocus()
        self.rows[0].field.selectAll()

    def _add_empty(self) -> None:
        self._add("").setFocus()

    def _add(self, text: str) -> Field:
        row = SizeRow(text, self._instrument)
        row.remove.clicked.connect(lambda: self._remove(row))
        self.rows.append(row)
        self._column.addWidget(row)
        row.show()
        self._fit()
        return row.field

    def _remove(self, row: SizeRow) -> None:
        self.rows.remove(row)
        self._column.removeWidget(row)
        row.hide()
        row.deleteLater()
        self._fit()

    def _fit(self) -> None:
        self.add.setEnabled(len(self.rows) < MOST)
        for row in self.rows:
            row.remove.setEnabled(len(self.rows) > 1)
        self.adjustSize()

    def _save(self) -> None:
        lots, sentence = [], ""
        for row in self.rows:
            found = self._lots(row.field.number())
            row.field.set_in_error(found is None)
            if found is None:
                sentence = f"A size above 0 in steps of {self._instrument.lot} is needed."
            else:
                lots.append(found)
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))
        self.adjustSize()
        if not sentence:
            self._done(lots)

    def _lots(self, amount: Decimal | None) -> int | None:
        try:
            return self._instrument.lots(amount) if amount is not None and amount > 0 else None
        except ValueError:
            return None

    def _done(self, lots: list[int]) -> None:
        self.kept.emit(lots)
        self.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._save()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = current().tokens
        shapes.box(QPainter(self), self.rect(), tokens.raised, tokens.border, radius=0)
