"""One setting under the hand: what it means, and an editor of its kind."""

from __future__ import annotations

from decimal import Decimal

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from widgets.controls.controls import Button, ToneLabel
from widgets.controls.fields import CheckedField, Field
from widgets.look.numbers import parse_number, separators
from widgets.look.tokens import Tone
from workstation.config.described import Kind, Setting
from workstation.services.ops.configuration_edit import as_text

NUMBERS = (Kind.WHOLE, Kind.NUMBER)


def problem_with(setting: Setting, typed: str) -> str:
    """What is plainly wrong with a figure, before the loader is asked; a sentence, or empty."""
    if setting.kind not in NUMBERS:
        return ""
    number = parse_number(typed)
    allowed = f" {setting.limit.text()}" if setting.limit is not None else ""
    noun = "a whole number" if setting.kind is Kind.WHOLE else "a number"
    whole = number is not None and number == number.to_integral_value()
    if number is None or (setting.kind is Kind.WHOLE and not whole):
        return f"It needs {noun}{allowed}."
    if setting.limit is not None and not setting.limit.holds(number):
        return f"It is {typed.strip()}; it must be {noun}{allowed}."
    return ""


def plain(setting: Setting, text: str) -> str:
    """A value of the file as a person reads it: a text without its quotes."""
    if setting.kind in (Kind.TEXT, Kind.CHOICE) and len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text


def written(setting: Setting, typed: str) -> str:
    """What a person typed as YAML."""
    if setting.kind in NUMBERS:
        number = parse_number(typed)
        return typed.strip() if number is None else f"{number:f}"
    if setting.kind in (Kind.TEXT, Kind.CHOICE) and not typed.lstrip("-").isdigit():
        return as_text(typed.strip())
    return typed.strip()


class SettingEditor(QWidget):
    """``changed`` carries the value as it is to stand in the file."""

    changed = Signal(str, str)  # path, YAML

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setting: Setting | None = None
        self._shipped = ""
        self.title = ToneLabel("", weight=600)
        self.title.setWordWrap(True)
        self.about = ToneLabel("Choose a setting.", Tone.LABEL)
        self.about.setWordWrap(True)
        self.about.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.field = Field()
        self.checked = CheckedField(self.field)
        self.box = QComboBox()
        self.switch = QCheckBox("On")
        self.take_shipped = Button("As shipped", icon="undo")
        self.take_shipped.hide()
        self.facts = ToneLabel("", Tone.FAINT, pixels=11)
        self.facts.setWordWrap(True)
        row = QHBoxLayout()
        for widget in (self.checked, self.box, self.switch):
            row.addWidget(widget, 1)
        row.addWidget(self.take_shipped, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 8)
        column.setSpacing(8)
        for label in (self.title, self.about):
            column.addWidget(label)
        column.addLayout(row)
        column.addWidget(self.facts)
        column.addStretch(1)
        self.field.textEdited.connect(self._typed)
        self.box.textActivated.connect(self._choose)
        self.switch.clicked.connect(lambda on: self._choose("true" if on else "false"))
        self.take_shipped.clicked.connect(self._back)
        self._arrange()

    def show_setting(self, setting: Setting | None, text: str, shipped: str, facts: str, blocked: str) -> None:
        """Edit this one; ``text`` is its value now, ``blocked`` why it cannot be changed here."""
        self.setting, self._shipped = setting, shipped
        self.title.setText(setting.path if setting is not None else "")
        self.about.setText(setting.about if setting is not None else "Choose a setting.")
        self.facts.setText(blocked or facts)
        self.checked.set_error("")
        if setting is not None:
            figure = setting.kind in NUMBERS
            self.field.set_unit(setting.unit if figure else "")
            self.field.set_step(Decimal(1) if setting.kind is Kind.WHOLE else None)
            self.box.clear()
            self.box.addItems(list(setting.choices))
            self._fill(text)
            for editor in (self.field, self.box, self.switch):
                editor.setEnabled(not blocked)
                editor.setAccessibleName(setting.path)
        self.take_shipped.setVisible(setting is not None and not blocked and bool(shipped) and shipped != text)
        self._arrange()

    def _fill(self, text: str) -> None:
        assert self.setting is not None
        shown = plain(self.setting, text)
        self.field.follow_marks()
        self.field.figure = self.setting.kind in NUMBERS
        self.field.setText(shown.replace(".", separators().point) if self.field.figure else shown)
        self.box.setCurrentText(shown)
        self.switch.setChecked(shown.lower() == "true")

    def _arrange(self) -> None:
        kind = self.setting.kind if self.setting is not None else None
        self.box.setVisible(kind is Kind.CHOICE)
        self.switch.setVisible(kind is Kind.SWITCH)
        self.checked.setVisible(kind in (Kind.TEXT, Kind.LIST, *NUMBERS))

    def _typed(self, typed: str) -> None:
        if self.setting is None:
            return
        problem = problem_with(self.setting, typed)
        self.checked.set_error(problem)
        if problem:
            # What was typed on the way to a wrong figure must not wait to be written.
            self.changed.emit(self.setting.path, self.setting.text)
        else:
            self._choose(typed)

    def _choose(self, typed: str) -> None:
        if self.setting is not None:
            text = written(self.setting, typed)
            self.take_shipped.setVisible(bool(self._shipped) and self._shipped != text)
            self.changed.emit(self.setting.path, text)

    def _back(self) -> None:
        if self.setting is not None:
            self._fill(self._shipped)
            self.checked.set_error("")
            self.take_shipped.hide()
            self.changed.emit(self.setting.path, self._shipped)
