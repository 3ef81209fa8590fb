"""Bracket templates, edited: a list by name, the fields of one, and what is wrong with it in a sentence."""

from __future__ import annotations

from decimal import Decimal

from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from widgets.controls.controls import Button, ButtonKind, ToneLabel
from widgets.controls.fields import Field
from widgets.controls.segmented import Segmented
from widgets.engine.engine_model import EngineModel
from widgets.look.tokens import Tone
from widgets.panels.live_panel import LivePanel
from widgets.ticket.templates import Template, TemplateBook, TemplateTarget, Unit

UNITS = tuple(Unit)
TARGETS = 3
DISTANCES = {
    "stop": ("Stop", "Against the entry's price."),
    "break_even_after": ("Break-even", "In favour: from there the stop stands at the entry's price. Empty: never."),
    "break_even_offset": ("and beyond", "How far beyond the entry's price the stop stands then."),
    "trail_after": ("Trail after", "In favour: from there the stop follows the price. Empty: never."),
    "trail": ("Trail at", "The distance at which it follows."),
}


class TemplatesPanel(LivePanel):
    """What is typed is kept by Save; the ticket offers every template by its name."""

    def __init__(self, model: EngineModel, book: TemplateBook, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self._book = book
        self.choice = QComboBox()
        self.new, self.delete = Button("New"), Button("Delete")
        self.save = Button("Save", ButtonKind.PRIMARY)
        self.name = Field()
        self.units = Segmented([unit.value for unit in UNITS], stretch=True)
        self.units.setToolTip("ATR: the average true range of 14 bars of 15 min.")
        self.distances = {name: self._figure(tip) for name, (_, tip) in DISTANCES.items()}
        self.targets = [
            (self._figure("Part of what fills, per cent.", "%"), self._figure("Distance in favour."))
            for _ in range(TARGETS)
        ]
        self.problem = ToneLabel("", Tone.BAD, pixels=11)
        self.problem.setWordWrap(True)
        self._lay_out()
        self.choice.currentTextChanged.connect(self._show_choice)
        self.units.chosen.connect(self._show_units)
        self.new.clicked.connect(self._begin)
        self.delete.clicked.connect(lambda: book.remove(self.choice.currentText()))
        self.save.clicked.connect(self._save)
        book.changed.connect(self._show_names)
        self._show_names()

    @staticmethod
    def _figure(tip: str, unit: str = "–") -> Field:
        field = Field(unit=unit, unit_room=34, step=Decimal(1))
        field.setToolTip(tip)
        return field

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(4)
        top.addWidget(self.choice, 1)
        top.addWidget(self.new)
        top.addWidget(self.delete)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        rows: list[tuple[str, QWidget]] = [("Name", self.name), ("Unit", self.units)]
        rows += [("Stop", self.distances["stop"])]
        for number, (share, distance) in enumerate(self.targets, start=1):
            share.setAccessibleName(f"share of target {number}")
            distance.setAccessibleName(f"distance of target {number}")
            pair = QWidget()
            line = QHBoxLayout(pair)
            line.setContentsMargins(0, 0, 0, 0)
            line.setSpacing(4)
            line.addWidget(share)
            line.addWidget(distance)
            rows.append((f"Target {number}", pair))
        rows += [(label, self.distances[name]) for name, (label, _) in DISTANCES.items() if name != "stop"]
        for place, (label, editor) in enumerate(rows):
            grid.addWidget(ToneLabel(label, Tone.LABEL), place, 0)
            grid.addWidget(editor, place, 1)
            if not editor.accessibleName():
                editor.setAccessibleName(label)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(6)
        column.addLayout(top)
        column.addLayout(grid)
        column.addWidget(self.problem)
        column.addWidget(self.save)
        column.addStretch(1)

    def _show_names(self) -> None:
        chosen = self.choice.currentText()
        self.choice.blockSignals(True)
        self.choice.clear()
        self.choice.addItems(self._book.names())
        self.choice.setCurrentText(self.name.text() if self._book.get(self.name.text()) else chosen)
        self.choice.blockSignals(False)
        self._show_choice(self.choice.currentText())

    def _show_choice(self, name: str) -> None:
        template = self._book.get(name)
        self.delete.setEnabled(template is not None)
        self.problem.setText("")
        if template is None:
            return
        self.name.setText(template.name)
        self.units.set_index(UNITS.index(template.unit))
        for field_name, field in self.distances.items():
            _write(field, getattr(template, field_name))
        for number, (share, distance) in enumerate(self.targets):
            target = template.targets[number] if number < len(template.targets) else None
            _write(share, target.share if target else Decimal(0))
            _write(distance, target.distance if target else Decimal(0))
        self._show_units()

    def _show_units(self, _: int = 0) -> None:
        unit = UNITS[self.units.index].value
        for field in (*self.distances.values(), *(distance for _, distance in self.targets)):
            field.set_unit(unit)
            field.set_step(Decimal(1) if unit == Unit.TICKS else Decimal("0.1"))

    def _begin(self) -> None:
        """A template of one's own, with nothing but a name to be typed and a stop."""
        self.choice.setCurrentIndex(-1)
        for field in (self.name, *self.distances.values(), *(each for pair in self.targets for each in pair)):
            field.clear()
        self.name.setFocus()

    def _save(self) -> None:
        sentence = self._wrong()
        self.problem.setText(sentence)
        if not sentence:
            self._book.put(self._template(), instead_of=self.choice.currentText())

    def _wrong(self) -> str:
        if not self.name.text().strip():
            return "A template needs a name."
        numbers = [*self.distances.values(), *(each for pair in self.targets for each in pair)]
        if any(field.text().strip() and field.number() is None for field in numbers):
            return "Distances and parts are numbers."
        if any((field.number() or 0) < 0 for field in numbers):
            return "Distances and parts are 0 or more."
        if not self.distances["stop"].number():
            return "A template needs a stop above 0."
        shares = [(share.number() or Decimal(0), distance.number() or Decimal(0)) for share, distance in self.targets]
        if any(bool(share) != bool(distance) for share, distance in shares):
            return "A target needs both, its part and its distance."
        if sum(share for share, _ in shares) > 100:
            return "The targets close more than 100 %."
        template = self._template()
        if bool(template.trail_after) != bool(template.trail):
            return "A stop that trails needs both: after which distance, and at which."
        if template.break_even_offset and template.break_even_offset >= template.break_even_after:
            return "The stop cannot move beyond the price that it waits for: take a smaller offset."
        return ""

    def _template(self) -> Template:
        pairs = ((share.number(), distance.number()) for share, distance in self.targets)
        figures = {name: field.number() or Decimal(0) for name, field in self.distances.items()}
        return Template(
            name=self.name.text().strip(),
            unit=UNITS[self.units.index],
            stop=figures["stop"],
            targets=tuple(TemplateTarget(share, distance) for share, distance in pairs if share and distance),
            break_even_after=figures["break_even_after"],
            break_even_offset=figures["break_even_offset"],
            trail_after=figures["trail_after"],
            trail=figures["trail"],
        )


def _write(field: Field, amount: Decimal) -> None:
    field.set_figure(amount or None)
