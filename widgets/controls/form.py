"""A form generated from parameter declarations, with marks for what differs from the default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Protocol

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QWidget

from widgets.controls.controls import IconButton, ToneLabel
from widgets.controls.fields import CheckedField, Field
from widgets.look import shapes
from widgets.look.numbers import format_number, parse_number, plain_number
from widgets.look.theme import current
from widgets.look.tokens import Tone

FIGURE_ROOM = 48
"""Pixels of a field beside its unit."""
LEAST_NAME = 70


class ParameterDeclaration(Protocol):
    """What a form needs to know of a parameter. `kind` is int, float, bool, choice or decimal."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def default(self) -> Any: ...
    @property
    def minimum(self) -> Any: ...
    @property
    def maximum(self) -> Any: ...
    @property
    def step(self) -> Any: ...
    @property
    def unit(self) -> str: ...
    @property
    def help(self) -> str: ...
    @property
    def choices(self) -> tuple[str, ...]: ...


INDICATORS = frozenset({"adx", "atr", "cci", "cvd", "ema", "macd", "mfi", "obv", "roc", "rsi", "sma", "vwap", "wma"})
"""Written in capitals wherever traders write them."""


def title_of(name: str) -> str:
    """The name of a parameter as a label: fast_period gives "Fast period", regime_ema "Regime EMA"."""
    words = " ".join(word.upper() if word in INDICATORS else word for word in name.split("_")).strip()
    return words[:1].upper() + words[1:]


def show_value(value: Any) -> str:
    """A value as a field shows it, with all its decimals."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int):
        return format_number(value, 0)
    if isinstance(value, float | Decimal):
        return plain_number(value)
    return "" if value is None else str(value)


def check_value(parameter: ParameterDeclaration, text: str) -> tuple[Any, str]:
    """The typed value of a numeric field and an empty sentence, or None and what is wrong with it."""
    title = title_of(parameter.name)
    number = parse_number(text)
    whole = parameter.kind == "int"
    noun = "a whole number" if whole else "a number"
    if number is None:
        return None, f"{title} needs {noun}{_range(parameter)}."
    if whole and number != number.to_integral_value():
        return None, f"{title} is {show_value(number)}; it needs a whole number{_range(parameter)}."
    unit = f" {parameter.unit}" if parameter.unit else ""
    if parameter.minimum is not None and number < Decimal(str(parameter.minimum)):
        least = show_value(parameter.minimum)
        return None, f"{title} is {show_value(number)}; the smallest allowed is {least}{unit}."
    if parameter.maximum is not None and number > Decimal(str(parameter.maximum)):
        most = show_value(parameter.maximum)
        return None, f"{title} is {show_value(number)}; the largest allowed is {most}{unit}."
    if whole:
        return int(number), ""
    return (float(number) if parameter.kind == "float" else number), ""


def _range(parameter: ParameterDeclaration) -> str:
    low, high = parameter.minimum, parameter.maximum
    if low is not None and high is not None:
        return f" from {show_value(low)} to {show_value(high)}"
    if low is not None:
        return f" of {show_value(low)} or more"
    return f" of {show_value(high)} or less" if high is not None else ""


def tip_of(parameter: ParameterDeclaration) -> str:
    """What it means, what it may be, and what it is by default."""
    unit = f" {parameter.unit}" if parameter.unit else ""
    allowed = _range(parameter).strip() if parameter.kind not in ("bool", "choice") else ""
    facts = f"{allowed[:1].upper()}{allowed[1:]}{unit if allowed else ''}".strip()
    default = f"default {show_value(parameter.default)}{unit}"
    return "\n".join(filter(None, (parameter.help, f"{facts}; {default}" if facts else default.capitalize())))


class _Row:
    """The widgets of one parameter."""

    def __init__(self, parameter: ParameterDeclaration, unit_room: int) -> None:
        self.parameter = parameter
        self.label = ToneLabel(title_of(parameter.name), Tone.LABEL)
        self.label.setToolTip(tip_of(parameter))
        self.editor = self._make_editor(unit_room)
        self.editor.setToolTip(tip_of(parameter))
        self.editor.setAccessibleName(title_of(parameter.name))
        self.label.setBuddy(self.editor)
        if isinstance(self.editor, Field):
            # In a narrow panel a name is cut off rather than a figure.
            self.editor.setMinimumWidth(unit_room + FIGURE_ROOM)
        self.label.setMinimumWidth(min(LEAST_NAME, self.label.sizeHint().width()))
        self.checked = CheckedField(self.editor)
        self.editor.setMinimumHeight(current().metrics.field)
        shown = show_value(parameter.default)
        self.reset = IconButton("undo", f"Changed. Back to the default, {shown}")
        keep = self.reset.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(keep)
        self.reset.setVisible(False)

    def _make_editor(self, unit_room: int) -> QWidget:
        parameter = self.parameter
        if parameter.kind == "bool":
            return QCheckBox()
        if parameter.kind == "choice":
            box = QComboBox()
            box.addItems(list(parameter.choices))
            return box
        step = Decimal(str(parameter.step)) if parameter.step else Decimal(1)
        return Field(unit=parameter.unit, unit_room=unit_room, step=step)

    def show(self, value: Any) -> None:
        if isinstance(self.editor, QCheckBox):
            self.editor.setChecked(bool(value))
        elif isinstance(self.editor, QComboBox):
            self.editor.setCurrentText(str(value))
        elif isinstance(self.editor, Field):
            self.editor.follow_marks()
            self.editor.setText(show_value(value))

    def read(self) -> tuple[Any, str]:
        if isinstance(self.editor, QCheckBox):
            return self.editor.isChecked(), ""
        if isinstance(self.editor, QComboBox):
            return self.editor.currentText(), ""
        assert isinstance(self.editor, Field)
        self.editor.follow_marks()
        return check_value(self.parameter, self.editor.text())


class Form(QWidget):
    """One row a parameter: label, field with unit, and a way back once it differs from the default."""

    edited = Signal()

    def __init__(
        self,
        parameters: Iterable[ParameterDeclaration],
        values: Mapping[str, Any] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        declared = list(parameters)
        font = current().font()
        room = max((shapes.text_width(each.unit, font) for each in declared if each.unit), default=0)
        self._rows = {each.name: _Row(each, room) for each in declared}
        self._loaded: dict[str, Any] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(current().metrics.gap)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        top = Qt.AlignmentFlag.AlignTop
        for place, row in enumerate(self._rows.values()):
            row.label.setMinimumHeight(current().metrics.field)
            grid.addWidget(row.label, place, 0, top)
            grid.addWidget(row.checked, place, 1, top)
            grid.addWidget(row.reset, place, 2, top)
            self._connect(row)
        grid.setRowStretch(len(self._rows), 1)
        self.set_values({} if values is None else values)

    def _connect(self, row: _Row) -> None:
        if isinstance(row.editor, QCheckBox):
            row.editor.toggled.connect(lambda _: self._edit(row))
        elif isinstance(row.editor, QComboBox):
            row.editor.currentTextChanged.connect(lambda _: self._edit(row))
        elif isinstance(row.editor, Field):
            row.editor.textChanged.connect(lambda _: self._edit(row))
        row.reset.clicked.connect(lambda: row.show(row.parameter.default))

    def _edit(self, row: _Row) -> None:
        self._mark(row)
        self.edited.emit()

    def _mark(self, row: _Row) -> None:
        value, wrong = row.read()
        row.checked.set_error(wrong)
        changed = bool(wrong) or not _same(value, row.parameter.default)
        row.reset.setVisible(changed)
        row.label.set_tone(Tone.NORMAL if changed else Tone.LABEL)

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Load what applies now; without a value the default shows. Raises KeyError for unknown names."""
        unknown = sorted(set(values) - set(self._rows))
        if unknown:
            raise KeyError(f"the form has no parameter {unknown[0]!r}")
        self._loaded = {name: values.get(name, row.parameter.default) for name, row in self._rows.items()}
        for name, row in self._rows.items():
            row.show(self._loaded[name])
            self._mark(row)

    def reset_to_defaults(self) -> None:
        for row in self._rows.values():
            row.show(row.parameter.default)

    def errors(self) -> dict[str, str]:
        """One sentence for each parameter whose field is wrong."""
        found = {name: row.read()[1] for name, row in self._rows.items()}
        return {name: sentence for name, sentence in found.items() if sentence}

    def is_valid(self) -> bool:
        return not self.errors()

    def values(self) -> dict[str, Any]:
        """All values, typed. Raises ValueError with the first sentence when a field is wrong."""
        read = {name: row.read() for name, row in self._rows.items()}
        for _, sentence in read.values():
            if sentence:
                raise ValueError(sentence)
        return {name: value for name, (value, _) in read.items()}

    def changed_values(self) -> dict[str, Any]:
        """The values that differ from those that were loaded."""
        return {name: value for name, value in self.values().items() if not _same(value, self._loaded[name])}

    def editor(self, name: str) -> QWidget:
        return self._rows[name].editor

    def follow(self, before: QWidget) -> None:
        """Let Tab come here after a widget of the same window, row by row."""
        for row in self._rows.values():
            for widget in (row.editor, row.reset):
                QWidget.setTabOrder(before, widget)
                before = widget


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, float | Decimal) and isinstance(right, int | float | Decimal):
        return Decimal(str(left)) == Decimal(str(right))
    return bool(left == right)
