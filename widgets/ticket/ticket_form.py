"""The fields of the order ticket: what is shown for each type, and what was typed."""

from __future__ import annotations

from decimal import Decimal

from PySide6.QtCore import Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from widgets.controls.controls import IconButton, ToneLabel
from widgets.controls.fields import Field
from widgets.controls.segmented import Segmented
from widgets.controls.toolbar import TextButton, popup_below
from widgets.engine.engine_model import EngineModel
from widgets.engine.order_words import TYPE_WORDS
from widgets.look.numbers import decimals_of
from widgets.look.theme import Density, current
from widgets.look.tokens import Tone
from widgets.ticket import ticket_menus as menus
from widgets.ticket.algorithm_fields import AlgorithmFields
from widgets.ticket.algorithm_order import AlgorithmKind
from widgets.ticket.order_life import OrderLife
from widgets.ticket.size_presets import SizePresets
from widgets.ticket.size_switch import SizeSwitch
from widgets.ticket.templates import Template, TemplateBook
from widgets.ticket.ticket_order import LIMITS, TRIGGERED, SizeUnit, TicketEntry
from workstation.core.instrument import Instrument
from workstation.core.types import OrderType, Side

MAIN_TYPES = (OrderType.MARKET, OrderType.LIMIT, OrderType.STOP)
UNITS = tuple(SizeUnit)
UNIT_ROOM = 34


class TypeSwitch(Segmented):
    """Three types and a fourth segment that opens the others."""

    more_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(["Market", "Limit", "Stop", "More"], stretch=True, parent=parent)

    def name_more(self, word: str) -> None:
        self._texts[3] = word
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.segments()[3].contains(event.position().toPoint()):
            self.more_wanted.emit()
        else:
            super().mousePressEvent(event)

    def _choose(self, index: int) -> None:
        if index == 3:
            self.more_wanted.emit()
        else:
            super()._choose(index)


class TicketForm(QWidget):
    """Decides nothing; ``changed`` says that ``entry`` is another one."""

    changed = Signal()
    exit_ticked = Signal(str, bool)  # "stop" or "target"

    def __init__(
        self, model: EngineModel, book: TemplateBook, presets: SizePresets, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.type = OrderType.LIMIT
        self.algorithm: AlgorithmKind | None = None
        """Chosen in place of an order's type."""
        self.side = Segmented(["Buy", "Sell"], tones=[Tone.UP, Tone.DOWN], stretch=True)
        self.types = TypeSwitch()
        self.types.set_index(1)
        self.units = Segmented([unit.value for unit in UNITS], stretch=True)
        self.price, self.trigger, self.trail, self.quantity, self.stop, self.target = (
            Field(unit="–", unit_room=UNIT_ROOM, step=Decimal(1)) for _ in range(6)
        )
        self.with_stop, self.with_target = QCheckBox("Stop"), QCheckBox("Target")
        self.post_only, self.reduce_only = QCheckBox("Post only"), QCheckBox("Reduce only")
        self.fields: dict[str, Field] = {
            "price": self.price,
            "trigger": self.trigger,
            "trail": self.trail,
            "size": self.quantity,
            "stop": self.stop,
            "target": self.target,
        }
        self.life = OrderLife(model.engine.now_ns, UNIT_ROOM, self)
        self.sizes = SizeSwitch(model, presets, stretch=True, parent=self)
        self.sizes.setToolTip("Writes this size; a right click edits the sizes")
        self.edit_sizes = IconButton("more", "Edits the sizes")
        self.algorithm_fields = AlgorithmFields()
        self.algorithm_fields.hide()
        self.book = book
        self.template_button = TextButton("Template", "The bracket that goes with the order", opens=True, inset=3)
        self.problem = ToneLabel("", Tone.BAD, pixels=11)
        self.problem.setWordWrap(True)
        self.problem.hide()
        self._lay_out()
        self._connect()
        current().changed.connect(self.fit_density)
        self._show_template()
        self.fit_density()

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        grid.setColumnMinimumWidth(0, 60)
        grid.setColumnStretch(1, 1)
        self.labels = {name: ToneLabel(name.capitalize(), Tone.LABEL) for name in ("trigger", "trail", "price", "size")}
        self.labels["sizes"] = ToneLabel("Sizes", Tone.LABEL)
        rows: list[tuple[QWidget, QWidget]] = [
            *((self.labels[name], self.fields[name]) for name in ("trigger", "trail", "price", "size")),
            (self.labels["sizes"], self._sizes_row()),
            (self.life.button, self.units),
            *self.life.rows(),
            (self.with_stop, self.stop),
            (self.with_target, self.target),
        ]
        for place, (label, editor) in enumerate(rows):
            grid.addWidget(label, place, 0)
            grid.addWidget(editor, place, 1)
        for name, field in self.fields.items():
            field.setAccessibleName(f"{name} price" if name in ("stop", "target") else name)
        self.flags = QWidget()
        flags = QHBoxLayout(self.flags)
        flags.setContentsMargins(0, 0, 0, 0)
        flags.setSpacing(0)
        flags.addWidget(self.post_only)
        flags.addStretch(1)
        flags.addWidget(self.template_button)
        flags.addStretch(1)
        flags.addWidget(self.reduce_only)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.side)
        column.addWidget(self.types)
        column.addWidget(self.algorithm_fields)
        column.addLayout(grid)
        column.addWidget(self.flags)
        column.addWidget(self.problem)

    def _sizes_row(self) -> QWidget:
        self.sizes_row = QWidget()
        row = QHBoxLayout(self.sizes_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.sizes, 1)
        row.addWidget(self.edit_sizes)
        return self.sizes_row

    def _connect(self) -> None:
        self.side.chosen.connect(self.changed)
        self.units.chosen.connect(self.changed)
        self.algorithm_fields.changed.connect(self.changed)
        self.life.changed.connect(self.changed)
        self.sizes.picked.connect(self._write_size)
        self.edit_sizes.clicked.connect(lambda: self.sizes.edit(self.sizes))
        self.quantity.textEdited.connect(lambda: self.sizes.set_index(-1))
        self.units.chosen.connect(lambda: self.sizes.set_index(-1))
        self.template_button.clicked.connect(lambda: popup_below(menus.template_menu(self), self.template_button))
        self.book.changed.connect(self._show_template)
        self.book.choice_changed.connect(self._show_template)
        self.types.chosen.connect(lambda index: self.choose_type(MAIN_TYPES[index]))
        self.types.more_wanted.connect(lambda: popup_below(menus.types_menu(self), self.types))
        for field in self.fields.values():
            field.textEdited.connect(self.changed)
        for box in (self.with_stop, self.with_target, self.post_only, self.reduce_only):
            box.toggled.connect(self.changed)
        self.with_stop.toggled.connect(self.stop.setEnabled)
        self.with_target.toggled.connect(self.target.setEnabled)
        self.with_stop.toggled.connect(lambda on: self.exit_ticked.emit("stop", on))
        self.with_target.toggled.connect(lambda on: self.exit_ticked.emit("target", on))

    # --- What is shown ----------------------------------------------------------------------------------------------

    def take_instrument(self, instrument: Instrument) -> None:
        """Empty fields in the units and steps of another instrument."""
        for name, field in self.fields.items():
            field.clear()
            if name != "size":
                field.set_unit(instrument.quote)
                field.set_step(instrument.tick)
        self.with_stop.setChecked(False)
        self.with_target.setChecked(False)
        self.life.take_instrument(instrument)
        self.sizes.take_symbol(instrument.symbol, -1)
        self.show_unit(instrument)

    def choose_size(self, place: int) -> None:
        """Write one of the preset sizes, the last where there are not so many."""
        place = min(place, len(self.sizes.lots) - 1)
        self.sizes.set_index(place)
        self._write_size(self.sizes.lots[place])

    def _write_size(self, lots: int) -> None:
        """A preset, as a quantity."""
        self.units.set_index(UNITS.index(SizeUnit.QUANTITY))
        self.quantity.follow_marks()
        self.quantity.setText(self.sizes.text)
        self.changed.emit()

    def show_unit(self, instrument: Instrument) -> None:
        """The size field in its unit."""
        unit = UNITS[self.units.index]
        base = "cont." if instrument.valuation.inverse else instrument.base
        words = {SizeUnit.QUANTITY: base, SizeUnit.VALUE: instrument.quote}
        steps = {SizeUnit.QUANTITY: instrument.lot, SizeUnit.VALUE: Decimal(10), SizeUnit.EQUITY: Decimal(1)}
        self.quantity.set_unit(words.get(unit, "%"))
        self.quantity.set_step(steps.get(unit, Decimal("0.1")))

    def choose_algorithm(self, kind: AlgorithmKind) -> None:
        """Show the fields of an execution algorithm, which has a price of its own and neither stop nor target."""
        self.algorithm = kind
        self.algorithm_fields.choose(kind)
        self.types.set_index(3)
        self.types.name_more(kind.value)
        for name in ("price", "trigger", "trail"):
            self.labels[name].hide()
            self.fields[name].hide()
        self._show_algorithm(True)

    def _show_algorithm(self, shown: bool) -> None:
        self.algorithm_fields.setVisible(shown)
        self.post_only.setVisible(not shown)
        self.life.set_used(not shown)
        self.life.button.setVisible(not shown and current().density is not Density.COMPACT)
        self.template_button.setVisible(not shown)
        for widget in (self.with_stop, self.stop, self.with_target, self.target):
            widget.setVisible(not shown and self.template is None)
        self.changed.emit()

    @property
    def template(self) -> Template | None:
        """The bracket that the engine is to keep, in place of stop and target."""
        return self.book.chosen

    def _show_template(self) -> None:
        self.template_button.set_text(self.template.name if self.template is not None else "Template")
        tip = self.template.words() if self.template is not None else "The bracket that goes with the order"
        self.template_button.setToolTip(tip)
        self._show_algorithm(self.algorithm is not None)

    def choose_type(self, kind: OrderType) -> None:
        """Show the fields that this type has."""
        self.type, self.algorithm = kind, None
        main = kind in MAIN_TYPES
        self.types.set_index(MAIN_TYPES.index(kind) if main else 3)
        self.types.name_more("More" if main else TYPE_WORDS[kind].capitalize())
        market = kind is OrderType.MARKET
        for name, shown in (
            ("price", kind in LIMITS or market),
            ("trigger", kind in TRIGGERED),
            ("trail", kind is OrderType.TRAILING_STOP),
        ):
            self.labels[name].setVisible(shown)
            self.fields[name].setVisible(shown)
        self.price.setEnabled(not market)
        if market:
            self.price.setText("market")
        elif self.price.number() is None:
            self.price.clear()
        self.post_only.setEnabled(kind is OrderType.LIMIT)
        self._show_algorithm(False)

    def set_price(self, name: str, amount: Decimal | None, tick: Decimal) -> None:
        """Write a price into a field."""
        self.fields[name].set_number(amount, decimals_of(tick))

    def show_problem(self, field: str, sentence: str) -> None:
        """Mark the field that is wrong, with the sentence below; none is wrong when both are empty."""
        for name, each in self.every_field().items():
            each.set_in_error(name == field)
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))

    def every_field(self) -> dict[str, Field]:
        """By name, those of the algorithm that is chosen in place of the order's own."""
        return {**self.fields, **(self.algorithm_fields.fields if self.algorithm else self.life.fields)}

    def entry(self, symbol: str) -> TicketEntry:
        """The fields as they stand."""
        return TicketEntry(
            symbol=symbol,
            side=Side.BUY if self.side.index == 0 else Side.SELL,
            type=self.type,
            price=self.price.number(),
            trigger=self.trigger.number(),
            trail=self.trail.number(),
            size=self.quantity.number(),
            unit=UNITS[self.units.index],
            stop=self.stop.number(),
            target=self.target.number(),
            with_stop=self.with_stop.isChecked(),
            with_target=self.with_target.isChecked(),
            post_only=self.post_only.isChecked(),
            reduce_only=self.reduce_only.isChecked(),
            time_in_force=self.life.time_in_force,
            until_ns=self.life.until.moment_ns(),
            iceberg=self.life.iceberg,
            visible=self.life.visible_part.number(),
        )

    def fit_density(self) -> None:
        """The compact ticket leaves sizes, units, life and flags to its menu."""
        compact = current().density is Density.COMPACT
        for widget in (self.labels["sizes"], self.sizes_row, self.units, self.flags):
            widget.setVisible(not compact)
        self.life.button.setVisible(not compact and self.algorithm is None)

    def choose_unit(self, place: int) -> None:
        self.units.set_index(place)
        self.sizes.set_index(-1)
        self.changed.emit()
