"""Small windows that ask for a reason, for new terms or once more.

They are never modal: the panic buttons stay under the hand while one is open, and no event loop is entered anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QDialog, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from widgets.controls.controls import Button, ButtonKind, ToneLabel
from widgets.controls.fields import CheckedField, Field
from widgets.look import shapes
from widgets.look.numbers import decimals_of
from widgets.look.theme import current
from widgets.look.tokens import Tone
from workstation.core.instrument import Instrument
from workstation.core.views import OrderView


class FormDialog(QDialog):
    """A title, a sentence, fields, and two buttons. Return in a field confirms; on a button it presses that one, and
    where there is no field Cancel has the keyboard."""

    def __init__(self, title: str, sentence: str, action: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(False)
        self.setMinimumWidth(360)
        self.problem = ToneLabel("", Tone.BAD, pixels=11)
        self.problem.setWordWrap(True)
        self.cancel_button = Button("Cancel")
        self.cancel_button.clicked.connect(self.reject)
        self.action_button = Button(action, ButtonKind.PRIMARY)
        self.action_button.clicked.connect(self.confirm)
        lead = ToneLabel(sentence, Tone.LABEL)
        lead.setWordWrap(True)
        self.fields = QGridLayout()
        self.fields.setHorizontalSpacing(8)
        self.fields.setVerticalSpacing(8)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.action_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(10)
        column.addWidget(ToneLabel(title, pixels=16, weight=600))
        column.addWidget(lead)
        column.addLayout(self.fields)
        column.addWidget(self.problem)
        column.addLayout(buttons)

    def add_field(self, label: str, editor: QWidget) -> None:
        place = self.fields.rowCount()
        caption = ToneLabel(label, Tone.LABEL)
        caption.setBuddy(editor)
        editor.setAccessibleName(label)
        self.fields.addWidget(caption, place, 0)
        self.fields.addWidget(editor, place, 1)

    def confirm(self) -> None:
        """Check and hand over; the sentence that is wrong stays in the window."""
        problem = self.hand_over()
        self.problem.setText(problem)
        if not problem:
            self.accept()

    def hand_over(self) -> str:
        """Emit what was entered; what is wrong with it, else nothing."""
        raise NotImplementedError

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.confirm()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = current().tokens
        shapes.box(QPainter(self), self.rect(), tokens.raised, tokens.border, radius=0)


class NameDialog(FormDialog):
    """Asks for a name; ``take`` says what is wrong with it."""

    def __init__(
        self, title: str, sentence: str, action: str, name: str, take: Callable[[str], None], parent: QWidget
    ) -> None:
        super().__init__(title, sentence, action, parent)
        self._take = take
        self.name = Field(name)
        self.name.selectAll()
        self.add_field("Name", self.name)
        self.name.setFocus()

    def hand_over(self) -> str:
        try:
            self._take(self.name.text())
        except ValueError as error:
            self.name.set_in_error(True)
            return str(error)
        return ""


class ReasonDialog(FormDialog):
    """Asks why, and, where there are several, to whom."""

    reason_given = Signal(str, str)  # the reason and the choice, which is empty where there was none

    def __init__(
        self,
        title: str,
        sentence: str,
        action: str,
        *,
        choices: Sequence[str] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(title, sentence, action, parent)
        self.choice = QComboBox()
        self.choice.addItems(list(choices))
        if len(choices) > 1:
            self.add_field("To", self.choice)
        self.reason = Field()
        self.reason.setPlaceholderText("It is written into the journal")
        self.add_field("Reason", self.reason)
        self.reason.setFocus()

    def hand_over(self) -> str:
        reason = self.reason.text().strip()
        if not reason:
            self.reason.set_in_error(True)
            return "A reason is needed; type one."
        self.reason_given.emit(reason, self.choice.currentText())
        return ""


class ConfirmDialog(FormDialog):
    """Asks once more before something that cannot be undone."""

    confirmed = Signal()

    def hand_over(self) -> str:
        self.confirmed.emit()
        return ""


class AmendDialog(FormDialog):
    """New price, trigger or quantity for a working order; fields that the order has not are left out."""

    amended = Signal(str, object, object, object)  # client id, price and trigger in ticks, quantity in lots, or None

    def __init__(self, order: OrderView, instrument: Instrument, parent: QWidget | None = None) -> None:
        words = f"{order.side.word.capitalize()} {order.quantity} {order.symbol}"
        super().__init__("Change the order", f"{words}. The gate judges the new terms.", "Change", parent)
        self._order, self._instrument = order, instrument
        self.editors: dict[str, CheckedField] = {}
        for name, label, value, step, unit in (
            ("price", "Price", order.price, instrument.tick, instrument.quote),
            ("stop", "Trigger", order.stop_price, instrument.tick, instrument.quote),
            ("lots", "Quantity", order.quantity, instrument.lot, instrument.base),
        ):
            if value is not None:
                field = Field(unit=unit, step=step)
                field.set_number(value, decimals_of(step))
                self.editors[name] = CheckedField(field)
                self.add_field(label, self.editors[name])

    def field(self, name: str) -> Field:
        found = self.editors[name].field
        assert isinstance(found, Field)
        return found

    def _steps(self, name: str, before: Decimal | None) -> tuple[int | None, str]:
        """The entered amount in ticks or lots, None where it is unchanged."""
        if name not in self.editors:
            return None, ""
        amount = self.field(name).number()
        if amount is None or amount <= 0:
            return None, "A number above 0 is needed."
        try:
            steps = self._instrument.lots(amount) if name == "lots" else self._instrument.ticks(amount)
        except ValueError as error:
            return None, str(error)
        return (None if amount == before else steps), ""

    def hand_over(self) -> str:
        before = {"price": self._order.price, "stop": self._order.stop_price, "lots": self._order.quantity}
        found: dict[str, int | None] = {}
        problem = ""
        for name, amount in before.items():
            found[name], wrong = self._steps(name, amount)
            if name in self.editors:
                self.field(name).set_in_error(bool(wrong))
            problem = problem or wrong
        if not problem:
            self.amended.emit(self._order.client_id, found["price"], found["stop"], found["lots"])
        return problem
