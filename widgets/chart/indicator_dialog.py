"""The dialog of indicators: all of them to search through, with a form for the parameters, colours and the pane."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QListWidget, QListWidgetItem, QScrollArea, QVBoxLayout, QWidget

from widgets.chart.chosen import ChosenIndicator, PaneChoice
from widgets.chart.market_lines import TITLES
from widgets.chart.profiles import PROFILE, ProfileKind, profile_text
from widgets.chart.studies import DRAWN_ALWAYS
from widgets.controls.controls import Button, ButtonKind, ToneLabel
from widgets.controls.fields import Field
from widgets.controls.form import Form
from widgets.look import shapes
from widgets.look.theme import current
from widgets.look.tokens import Tone
from workstation.core.errors import ConfigurationError

if TYPE_CHECKING:
    from workstation.market.indicator_catalogue import IndicatorInfo

SHOWN: Final = "On this chart"
MARKET: Final = "Volume and market"
ROW_HEIGHT: Final = 22
COLOURS: Final = ("automatic", "sand", "blue", "mauve", "green")
AVERAGES: Final = (
    *("SMA", "EMA", "WMA", "DEMA", "TEMA", "TRIMA", "KAMA", "MAMA", "T3", "HMA"),
    *("none", "as usual", "ZLEMA", "RMA"),
)
"""TA-Lib's kinds of moving averages, by their number."""
WORDS: Final = {"timeperiod": "period", "nbdevup": "deviations_up", "nbdevdn": "deviations_down", "nbdev": "deviations"}
SOURCES: Final = ("open", "high", "low", "close", "volume")
ANCHORED: Final = "VWAP anchored"
PICKED: Final = {ANCHORED: 1, f"{PROFILE} {ProfileKind.FIXED}": 2}
"""What begins with clicks on the chart, and how many."""
PICK_WORDS: Final = {
    1: "Click the bar where it begins. Esc cancels.",
    2: "Click its first and its last bar. Esc cancels.",
}


@dataclass(frozen=True)
class Declared:
    """A parameter as the form wants it."""

    name: str
    kind: str
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    step: Any = None
    minimum: Any = None
    maximum: Any = None
    unit: str = ""


@dataclass(frozen=True)
class Entry:
    """A line of the list: `text` is what is added as it is, `place` that of one on the chart."""

    title: str
    name: str
    group: str
    text: str = ""
    place: int | None = None

    @property
    def words(self) -> str:
        return f"{self.title} {self.name} {self.group}".lower()


def market_entries() -> list[Entry]:
    """What is not computed from bars alone, or is chosen on the chart."""
    found = [Entry(title, name, MARKET, name) for name, title in TITLES.items()]
    found += [
        Entry(f"Volume profile, {kind.value}", f"{PROFILE} {kind}", MARKET, profile_text(kind)) for kind in ProfileKind
    ]
    return [*found, Entry("VWAP from a bar on", ANCHORED, MARKET, "VWAP")]


def declared(info: IndicatorInfo) -> list[Declared]:
    """The parameters of an indicator, its lines' colours and its pane."""
    found = []
    for name, default in info.parameters.items():
        label = parameter_field(name)
        if name == "anchor":
            continue
        if name.endswith("matype"):
            found.append(Declared(label, "choice", AVERAGES[default], "Kind of moving average", AVERAGES))
        elif name == "source":
            found.append(Declared(label, "choice", default, "What it is computed from", SOURCES))
        else:
            kind, step = ("int", Decimal(1)) if isinstance(default, int) else ("float", Decimal("0.1"))
            found.append(Declared(label, kind, default, f"In a configuration: {name}", step=step))
    for line in info.lines:
        help_text = f"Colour of {line}; automatic takes the next one"
        found.append(Declared(colour_field(line), "choice", COLOURS[0], help_text, COLOURS))
    panes = tuple(PaneChoice)
    return [*found, Declared("pane", "choice", PaneChoice.AUTOMATIC.value, "Where it is drawn", panes)]


def parameter_field(name: str) -> str:
    """A parameter's name in words: TA-Lib's ``fastperiod`` as ``fast_period``."""
    if name in WORDS:
        return WORDS[name]
    return re.sub(r"(?<=[a-z0-9])_?(period|matype)", lambda match: f"_{match[1].replace('matype', 'average')}", name)


def colour_field(line: str) -> str:
    return f"colour of {line}"


def as_chosen(info: IndicatorInfo, values: dict[str, Any]) -> ChosenIndicator:
    """What the form holds. Raises ``ConfigurationError`` when the indicator does not take it."""
    from workstation.market.indicators import parse_indicator

    parts = []
    for name, default in info.parameters.items():
        value = values.get(parameter_field(name), default)
        if name.endswith("matype"):
            value = AVERAGES.index(value) if isinstance(value, str) else value
        if value != default or name in ("timeperiod", "period"):
            parts.append(f"{name}={value}" if name not in ("timeperiod", "period") else str(value))
    text = f"{info.name}({', '.join(parts)})" if parts else info.name
    parse_indicator(text)
    colours = tuple(COLOURS.index(values[colour_field(line)]) for line in info.lines)
    return ChosenIndicator(text, colours if any(colours) else (), PaneChoice(values["pane"]))


class IndicatorDialog(QDialog):
    """Never modal. Adds to the chart, or changes what is on it."""

    added = Signal(object)  # ChosenIndicator
    changed = Signal(int, object)  # its place, ChosenIndicator
    removed = Signal(int)
    pick_wanted = Signal(str, int, str)  # the entry's name, how many clicks, the hint

    def __init__(self, shown: Sequence[ChosenIndicator], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        from workstation.market.indicator_catalogue import indicator_catalogue

        self._catalogue = indicator_catalogue()
        self._shown = list(shown)
        self._form: Form | None = None
        self._kept: dict[str, Any] = {}
        self.setWindowTitle("Indicators")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(False)
        self.search = Field()
        self.search.setPlaceholderText("Search by name")
        self.search.setAccessibleName("Search indicators")
        self.search.textChanged.connect(self._fill)
        self.entries = QListWidget()
        self.entries.setAccessibleName("Indicators")
        self.entries.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.entries.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.entries.currentItemChanged.connect(lambda *_: self._show_entry())
        self.entries.itemDoubleClicked.connect(lambda _: self.confirm())
        self.title = ToneLabel("", pixels=16, weight=600)
        self.lead = ToneLabel("", Tone.LABEL)
        self.lead.setWordWrap(True)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QScrollArea.Shape.NoFrame)
        self.problem = ToneLabel("", Tone.BAD, pixels=11)
        self.problem.setWordWrap(True)
        self.close_button = Button("Close")
        self.close_button.clicked.connect(self.reject)
        self.remove_button = Button("Remove")
        self.remove_button.clicked.connect(self._remove)
        self.action_button = Button("Add", ButtonKind.PRIMARY)
        self.action_button.clicked.connect(self.confirm)
        self._lay_out()
        self._fill()
        self.search.setFocus()

    def _lay_out(self) -> None:
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addWidget(self.search)
        left.addWidget(self.entries, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.remove_button)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        buttons.addWidget(self.action_button)
        right = QVBoxLayout()
        right.setSpacing(8)
        for widget in (self.title, self.lead):
            right.addWidget(widget)
        right.addWidget(self.area, 1)
        right.addWidget(self.problem)
        right.addLayout(buttons)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 14, 16, 14)
        row.setSpacing(16)
        row.addLayout(left, 0)
        row.addLayout(right, 1)
        self.entries.setFixedWidth(300)
        self.search.setFixedWidth(300)
        self.resize(QSize(720, 480))

    def set_shown(self, shown: Sequence[ChosenIndicator]) -> None:
        """What is on the chart now."""
        self._shown = list(shown)
        self._fill()

    def edit(self, place: int) -> None:
        """Choose one that is on the chart."""
        self.search.clear()
        for row in range(self.entries.count()):
            entry = self.entries.item(row).data(Qt.ItemDataRole.UserRole)
            if isinstance(entry, Entry) and entry.place == place:
                self.entries.setCurrentRow(row)

    @property
    def entry(self) -> Entry | None:
        """The chosen line."""
        row = self.entries.currentRow()
        return self._at(row) if row >= 0 else None

    @property
    def form(self) -> Form | None:
        return self._form

    def confirm(self) -> None:
        """Add the chosen one, or change it; what is wrong stays in the window."""
        entry = self.entry
        if entry is None:
            return
        self.problem.setText("")
        if entry.place is None and entry.name in PICKED:
            count = PICKED[entry.name]
            self.pick_wanted.emit(entry.name, count, PICK_WORDS[count])
            return
        try:
            made = self._made(entry)
        except (ConfigurationError, ValueError) as error:
            self.problem.setText(str(error))
            return
        if entry.place is None:
            self.added.emit(made)
        else:
            self.changed.emit(entry.place, made)

    def _made(self, entry: Entry) -> ChosenIndicator:
        before = self._shown[entry.place] if entry.place is not None else ChosenIndicator(entry.text)
        info = self._catalogue.get(entry.name)
        if info is None or self._form is None:
            return before
        values = self._form.values()
        anchor = self._kept.get("anchor")
        made = as_chosen(info, values)
        return replace(made, text=f"{info.name}(anchor={anchor})") if anchor else made

    def _remove(self) -> None:
        entry = self.entry
        if entry is not None and entry.place is not None:
            self.removed.emit(entry.place)

    def _fill(self) -> None:
        """The list again, as far as the search lets it."""
        words = self.search.text().lower().split()
        before = self.entry
        self.entries.blockSignals(True)  # a list that is being emptied would show what is gone
        self.entries.clear()
        group = ""
        for entry in self._all():
            if not all(word in entry.words for word in words):
                continue
            if entry.group != group:
                group = entry.group
                header = QListWidgetItem(group)
                header.setFlags(Qt.ItemFlag.NoItemFlags)
                header.setSizeHint(QSize(0, ROW_HEIGHT + 4))
                self.entries.addItem(header)
            known = entry.place is not None or entry.title == entry.name
            item = QListWidgetItem(entry.title if known else f"{entry.name}   {entry.title}")
            item.setSizeHint(QSize(0, ROW_HEIGHT))
            item.setData(Qt.ItemDataRole.UserRole, entry)
            self.entries.addItem(item)
        rows = [row for row in range(self.entries.count()) if self._at(row) is not None]
        same = [row for row in rows if self._at(row) == before]
        if rows:
            # A search means what is to be added, not what is there.
            fresh = [row for row in rows if (found := self._at(row)) is not None and found.place is None]
            self.entries.setCurrentRow((same or (fresh if words else []) or rows)[0])
        self.entries.blockSignals(False)
        self._show_entry()

    def _at(self, row: int) -> Entry | None:
        found = self.entries.item(row).data(Qt.ItemDataRole.UserRole)
        return found if isinstance(found, Entry) else None

    def _all(self) -> list[Entry]:
        found = [
            Entry(each.text, each.name, SHOWN, each.text, place)
            for place, each in enumerate(self._shown)
            if each.name != DRAWN_ALWAYS
        ]
        computed = [
            Entry(info.title, info.name, info.group, info.name)
            for info in self._catalogue.values()
            if info.name != DRAWN_ALWAYS
        ]
        ours = [entry for entry in computed if entry.group == next(iter(self._catalogue.values())).group]
        return [*found, *ours, *market_entries(), *(entry for entry in computed if entry not in ours)]

    def _show_entry(self) -> None:
        entry = self.entry
        self._form = None
        self._kept = {}
        self.problem.setText("")
        self.remove_button.setVisible(entry is not None and entry.place is not None)
        self.action_button.setEnabled(entry is not None)
        self.action_button.setText("Add" if entry is None or entry.place is None else "Change")
        body = QWidget()
        if entry is None:
            self.title.setText("Nothing found")
            self.lead.setText("No indicator has these words in its name.")
        else:
            info = self._catalogue.get(entry.name)
            self.title.setText(entry.name if info is None else info.name)
            self.lead.setText(self._lead(entry))
            if info is not None and entry.name not in PICKED:
                body = self._form = Form(declared(info), self._values(info, entry))
        self.area.setWidget(body)

    def _lead(self, entry: Entry) -> str:
        info = self._catalogue.get(entry.name)
        if info is not None:
            return f"{info.title}. {info.group}."
        if entry.name in PICKED:
            return f"{entry.title}. {PICK_WORDS[PICKED[entry.name]].split(' Esc')[0]}"
        return f"{entry.title}. It takes no parameters."

    def _values(self, info: IndicatorInfo, entry: Entry) -> dict[str, Any]:
        """What is chosen for one on the chart; nothing, so that the defaults show, for another."""
        if entry.place is None:
            return {}
        from workstation.market.indicators import parse_indicator

        each = self._shown[entry.place]
        try:
            values = dict(parse_indicator(each.text).parameters)
        except ConfigurationError as error:
            self.problem.setText(str(error))
            values = {}
        self._kept = {"anchor": values.pop("anchor", None)}
        values = {
            parameter_field(name): AVERAGES[value] if name.endswith("matype") else value
            for name, value in values.items()
        }
        for line, colour in zip(info.lines, each.colours):
            values[colour_field(line)] = COLOURS[colour]
        return {**values, "pane": each.pane.value}

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.confirm()
        elif key in (Qt.Key.Key_Down, Qt.Key.Key_Up) and self.search.hasFocus():
            self.entries.setFocus()
            self.entries.keyPressEvent(event)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = current().tokens
        shapes.box(QPainter(self), self.rect(), tokens.raised, tokens.border, radius=0)
