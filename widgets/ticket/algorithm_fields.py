"""The fields of a ticket that an execution algorithm needs in place of price, stop and target."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from widgets.controls.controls import ToneLabel
from widgets.controls.fields import Field
from widgets.controls.segmented import Segmented
from widgets.look.numbers import decimals_of
from widgets.look.tokens import Tone
from widgets.ticket.algorithm_order import AlgorithmEntry, AlgorithmKind
from workstation.core.instrument import Instrument

UNIT_ROOM = 34
PRICES = ("price", "first", "last")


class _Row(NamedTuple):
    label: str
    unit: str
    begins: str
    step: str
    tip: str


ROWS: dict[AlgorithmKind, dict[str, _Row]] = {
    AlgorithmKind.TWAP: {
        "duration": _Row("Duration", "min", "10", "1", "How long it takes, minutes."),
        "slices": _Row("Slices", "", "10", "1", "Orders at equal distances in time, 2 to 500."),
        "offset": _Row(
            "Offset",
            "ticks",
            "",
            "1",
            "Each slice's limit, so many ticks beyond the best price of the other side; below 0 it rests. Empty sends "
            "market orders.",
        ),
        "randomness": _Row("Random", "%", "0", "5", "By how much slices differ in size and are late, 0 to 50 %."),
    },
    AlgorithmKind.ICEBERG: {
        "price": _Row("Price", "", "", "1", "Where it rests."),
        "visible": _Row("Show", "", "", "1", "How much shows at once."),
        "refill": _Row("Refill at", "%", "0", "5", "Shown anew once no more than this part of it is left."),
        "randomness": _Row("Random", "%", "0", "5", "By how much what shows differs in size, 0 to 50 %."),
    },
    AlgorithmKind.SCALED: {
        "first": _Row("From", "", "", "1", "Price of the first order."),
        "last": _Row("To", "", "", "1", "Price of the last order."),
        "count": _Row("Orders", "", "5", "1", "How many, 2 to 50."),
        "ratio": _Row("Last/first", "×", "1", "0.5", "How many times as large as the first the last order is."),
    },
}


class AlgorithmFields(QWidget):
    """One set of rows for each kind; what was typed in one stays when another is shown."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind = AlgorithmKind.TWAP
        self._pages: dict[AlgorithmKind, QWidget] = {}
        self._fields: dict[AlgorithmKind, dict[str, Field]] = {}
        self.sizes = Segmented(["Linear", "Geometric"], stretch=True)
        self.sizes.setToolTip("Sizes go from the first to the last by equal differences, or by equal factors.")
        self.sizes.chosen.connect(self.changed)
        column = QGridLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for kind, rows in ROWS.items():
            self._pages[kind] = self._page(kind, rows)
            column.addWidget(self._pages[kind], 0, 0)
        self.choose(self.kind)

    def _page(self, kind: AlgorithmKind, rows: dict[str, _Row]) -> QWidget:
        page = QWidget(self)
        grid = QGridLayout(page)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        grid.setColumnMinimumWidth(0, 60)
        grid.setColumnStretch(1, 1)
        fields = self._fields[kind] = {}
        for place, (name, row) in enumerate(rows.items()):
            field = fields[name] = Field(unit=row.unit or "–", unit_room=UNIT_ROOM, step=Decimal(row.step))
            field.set_unit(row.unit)
            field.set_figure(Decimal(row.begins) if row.begins else None)
            field.setAccessibleName(row.label)
            field.setToolTip(row.tip)
            field.textEdited.connect(self.changed)
            grid.addWidget(ToneLabel(row.label, Tone.LABEL), place, 0)
            grid.addWidget(field, place, 1)
        if kind is AlgorithmKind.SCALED:
            grid.addWidget(ToneLabel("Sizes", Tone.LABEL), len(rows), 0)
            grid.addWidget(self.sizes, len(rows), 1)
        return page

    @property
    def fields(self) -> dict[str, Field]:
        """Those that are shown."""
        return self._fields[self.kind]

    def choose(self, kind: AlgorithmKind) -> None:
        self.kind = kind
        for each, page in self._pages.items():
            page.setVisible(each is kind)

    def take_instrument(self, instrument: Instrument, price: Decimal | None) -> None:
        """Prices near the last one, and units and steps of another instrument."""
        for fields in self._fields.values():
            for name, field in fields.items():
                if name in PRICES:
                    field.set_unit(instrument.quote)
                    field.set_step(instrument.tick)
                    field.set_number(self._first_price(name, instrument, price), decimals_of(instrument.tick))
                elif name == "visible":
                    field.clear()
                    field.set_unit(instrument.base)
                    field.set_step(instrument.lot)

    @staticmethod
    def _first_price(name: str, instrument: Instrument, price: Decimal | None) -> Decimal | None:
        if price is None:
            return None
        wanted = price * (Decimal("0.99") if name == "last" else Decimal(1))
        return (wanted / instrument.tick).to_integral_value() * instrument.tick

    def entry(self) -> AlgorithmEntry:
        """The fields as they stand."""
        figures = {name: field.number() for name, field in self.fields.items()}
        return AlgorithmEntry(self.kind, figures, geometric=self.sizes.index == 1)
