"""The form of a backtest: what is tested on what, with which parameters and costs."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from widgets.controls.controls import Button, ButtonKind, SectionHeader, ToneLabel
from widgets.controls.fields import CheckedField, Field
from widgets.controls.form import Form
from widgets.engine.engine_model import EngineModel
from widgets.look.theme import current
from widgets.look.tokens import Tone
from widgets.panels.live_panel import LivePanel
from widgets.research.research import CandleRange, Markets, Research
from workstation.backtest.candle_series import series_names
from workstation.backtest.engine import BacktestRequest
from workstation.config.settings import Costs
from workstation.core.errors import WorkstationError
from workstation.core.timeframe import DAY_NS, TIMEFRAMES, parse_utc, utc_text
from workstation.market.recordings import read_header

FIRST_PERIOD_NS = 365 * DAY_NS
LABEL_WIDTH = 92


@dataclass(frozen=True)
class Declared:
    """A field of the generated form that is no strategy's parameter."""

    name: str
    default: Any
    unit: str = ""
    help: str = ""
    minimum: Any = None
    maximum: Any = None
    step: Any = None
    kind: str = "decimal"
    choices: tuple[str, ...] = ()


def cost_fields(costs: Costs, cash: Decimal, currency: str) -> list[Declared]:
    """What a run costs and begins with, as the configuration has it."""
    return [
        Declared("taker_fee", costs.taker_bps, "bps", "Of an order that takes liquidity.", Decimal(-10), Decimal(1000)),
        Declared(
            "maker_fee",
            costs.maker_bps,
            "bps",
            "Of an order that makes liquidity; a negative one is a rebate.",
            Decimal(-100),
            Decimal(1000),
        ),
        Declared(
            "slippage",
            costs.slippage_bps,
            "bps",
            "How much worse each market order fills.",
            Decimal(0),
            Decimal(1000),
        ),
        Declared("balance", cash, currency, "At the start.", Decimal("0.01"), Decimal(1_000_000_000), Decimal(1000)),
        Declared(
            "loss_limits",
            True,
            help="Loss limits and protections act as in live trading.",
            kind="bool",
        ),
        Declared("seed", 1, help="Of latencies; the same seed gives the same orders.", minimum=0, kind="int"),
    ]


class BacktestPanel(LivePanel):
    """Fills itself when it is first shown."""

    def __init__(self, model: EngineModel, research: Research, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.research = research
        self.candles: list[CandleRange] = []
        self.recordings: dict[str, Path] = {}
        self._span = (0, 1)
        self._built = False

    def refresh(self) -> None:
        if not self._built:
            self._built = True
            self._build()
            self.research.read_markets(self.take_markets)

    def _build(self) -> None:
        settings = self.research.settings
        self.strategy = self._box(self.research.registry.names(), "Strategy")
        self.symbol = self._box(list(settings.instruments), "Symbol")
        self.series = self._box([], "Market")
        self.series.setToolTip(
            "What the run is fed with: candles, as `workstation data list` names them, or a recording, on whose book "
            "orders are matched."
        )
        self.timeframe = self._box(list(TIMEFRAMES), "Timeframe")
        self.start, self.end = Field(), Field()
        for field, name in ((self.start, "From, UTC"), (self.end, "To, excluded")):
            field.setAccessibleName(name)
            field.setPlaceholderText("2023-01-01")
            field.textChanged.connect(self._check)
        self.checked_start, self.checked_end = CheckedField(self.start), CheckedField(self.end)
        self.setup = QWidget()
        grid = QGridLayout(self.setup)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(current().metrics.gap)
        grid.setVerticalSpacing(4)
        grid.setColumnMinimumWidth(0, LABEL_WIDTH)
        grid.setColumnStretch(1, 1)
        rows: tuple[tuple[str, QWidget], ...] = (
            ("Strategy", self.strategy),
            ("Symbol", self.symbol),
            ("Market", self.series),
            ("Timeframe", self.timeframe),
            ("From, UTC", self.checked_start),
            ("To, excluded", self.checked_end),
        )
        for place, (text, widget) in enumerate(rows):
            label = ToneLabel(text, Tone.LABEL)
            label.setMinimumHeight(current().metrics.field)
            grid.addWidget(label, place, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(widget, place, 1)
        self.available = ToneLabel("Looking for candles …", Tone.FAINT, pixels=11)
        self.available.setWordWrap(True)
        grid.addWidget(self.available, len(rows), 0, 1, 2)
        self.parameters = Form([])
        costs = settings.backtest
        self.costs = Form(cost_fields(costs.costs, costs.cash, settings.account.currency))
        self.costs.edited.connect(self._check)
        self.problem = ToneLabel("", Tone.BAD, pixels=11)
        self.problem.setWordWrap(True)
        self.run_button = Button("Run backtest", ButtonKind.PRIMARY, icon="play")
        self.run_button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.run_button.clicked.connect(self.run)
        self.reset_button = Button("Reset")
        self.reset_button.setToolTip("Back to the defaults and to what the configuration says.")
        self.reset_button.clicked.connect(self.reset)
        self._lay_out()
        self.strategy.currentTextChanged.connect(lambda _: self._show_parameters())
        self.symbol.currentTextChanged.connect(lambda _: self._show_series())
        self.series.currentTextChanged.connect(lambda _: self._show_period())
        self.timeframe.currentTextChanged.connect(lambda _: self._check())
        self.reset()

    def _lay_out(self) -> None:
        inside = QWidget()
        inside.setBackgroundRole(QPalette.ColorRole.Base)
        inside.setAutoFillBackground(True)
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(10, 8, 10, 8)
        self._column.setSpacing(4)
        for widget in (
            self.setup,
            SectionHeader("Parameters"),
            self.parameters,
            SectionHeader("Costs and account"),
            self.costs,
        ):
            self._column.addWidget(widget)
        self._column.addStretch(1)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        foot = QWidget()
        row = QHBoxLayout(foot)
        row.setContentsMargins(10, 4, 10, 10)
        row.addWidget(self.run_button, 1)
        row.addWidget(self.reset_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(area, 1)
        self.problem.setContentsMargins(10, 2, 10, 2)
        column.addWidget(self.problem)
        column.addWidget(foot)

    def _box(self, texts: list[str], name: str) -> QComboBox:
        box = QComboBox()
        box.addItems(texts)
        box.setAccessibleName(name)
        box.setMinimumHeight(current().metrics.field)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        return box

    # --- What is chosen ---------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """The configuration's strategy, bars, costs and balance; the chosen symbol of the window."""
        wanted = self.research.settings.backtest
        self.strategy.setCurrentText(wanted.strategy)
        self.timeframe.setCurrentText(wanted.timeframe)
        self.symbol.setCurrentText(self.model.symbol)
        self.costs.reset_to_defaults()
        self._show_parameters()
        self._show_series()

    def take_markets(self, found: Markets) -> None:
        """Which candles and recordings there are to choose from."""
        self.candles = found.candles
        self.recordings = {path.name: path for path in found.recordings}
        self._show_series()

    def _show_parameters(self) -> None:
        """The declared ones, as the configuration sets them for this strategy."""
        name = self.strategy.currentText()
        try:
            title, declared = self.research.registry.describe(name)
        except WorkstationError as error:
            title, declared = str(error), {}
        self.strategy.setToolTip(title)
        entries = self.research.settings.strategies.values()
        configured = next((dict(entry.parameters) for entry in entries if entry.strategy == name), {})
        values = {key: value for key, value in configured.items() if key in declared}
        form = Form(declared.values(), values)
        form.edited.connect(self._check)
        self._column.replaceWidget(self.parameters, form)
        self.parameters.hide()
        self.parameters.deleteLater()
        self.parameters = form
        self._check()

    def _show_series(self) -> None:
        symbol = self.symbol.currentText()
        known = [*series_names(self.research.settings, symbol)]
        names = [each.series for each in self.candles if each.series.partition("@")[0] == symbol]
        names = list(dict.fromkeys(sorted(names, key=lambda name: known.index(name) if name in known else len(known))))
        names += [name for name in self.recordings if name.partition("-")[0] == symbol]
        self.series.blockSignals(True)
        self.series.clear()
        self.series.addItems(names)
        self.series.blockSignals(False)
        self._show_period()

    def _show_period(self) -> None:
        """The last year of what there is, or all of it."""
        ranges = [each for each in self.candles if each.series == self.series.currentText()]
        recording = self.recording
        for field in (self.start, self.end):
            field.setEnabled(recording is None)
        if recording is not None:
            self._show_recording(recording)
        elif ranges:
            longest = max(ranges, key=lambda each: each.end_ns - each.first_ns)
            start_ns, end_ns = max(longest.first_ns, longest.end_ns - FIRST_PERIOD_NS), longest.end_ns
            if end_ns - start_ns > 4 * DAY_NS:
                # Whole days, so that months and days of the result are whole, too.
                start_ns, end_ns = -(-start_ns // DAY_NS) * DAY_NS, end_ns // DAY_NS * DAY_NS
            self.start.setText(_day(start_ns))
            self.end.setText(_day(end_ns))
            listed = ", ".join(f"{r.timeframe} {_day(r.first_ns)} to {_day(r.end_ns)}" for r in ranges)
            self.available.setText(f"There is {listed}.")
        elif self.candles:
            symbol = self.symbol.currentText()
            self.available.setText(f"There are no candles of {symbol}. `workstation data download` brings some.")
        self._check()

    @property
    def recording(self) -> Path | None:
        """The recording that is chosen, ``None`` for candles."""
        return self.recordings.get(self.series.currentText())

    def _show_recording(self, path: Path) -> None:
        try:
            header = read_header(path)
        except WorkstationError as error:
            self.available.setText(str(error))
            return
        self._span = header.first_ns, header.last_ns + 1
        self.start.setText(utc_text(header.first_ns))
        self.end.setText(utc_text(header.last_ns))
        self.available.setText("A recording is run from its first input to its last.")

    # --- Running ----------------------------------------------------------------------------------------------------

    def _check(self) -> str:
        """Mark what is wrong; the first sentence, empty when the backtest can be run."""
        start_ns, wrong_start = _moment(self.start.text(), "The start")
        end_ns, wrong_end = _moment(self.end.text(), "The end")
        if not wrong_start and not wrong_end and end_ns <= start_ns:
            wrong_end = "The end must be later than the start."
        # Nothing is wrong with fields that wait for the candles to be found.
        looks = not self.candles and not self.start.text() and not self.end.text()
        self.checked_start.set_error("" if looks else wrong_start)
        self.checked_end.set_error("" if looks else wrong_end)
        wrong = [wrong_start, wrong_end, *self.parameters.errors().values(), *self.costs.errors().values()]
        if not self.series.count():
            wrong.append("There is no market to run on.")
        first = next(filter(None, wrong), "")
        self.run_button.setEnabled(not first)
        self.run_button.setToolTip(first or "Runs in a process of its own; live trading goes on undisturbed.")
        return first

    def request(self) -> BacktestRequest:
        """What the form asks for. Raises ValueError with a sentence where it is not right."""
        wrong = self._check()
        if wrong:
            raise ValueError(wrong)
        settings, given = self.research.settings, self.costs.values()
        start_ns, end_ns = _moment(self.start.text(), "")[0], _moment(self.end.text(), "")[0]
        if self.recording is not None:
            start_ns, end_ns = self._span
        costs = settings.backtest.costs
        slippage = given["slippage"]
        costs = msgspec.structs.replace(
            costs,
            taker_bps=given["taker_fee"],
            maker_bps=given["maker_fee"],
            slippage_bps=slippage,
            maximum_slippage_bps=max(slippage, costs.maximum_slippage_bps),
        )
        return BacktestRequest(
            symbol=self.symbol.currentText(),
            timeframe=self.timeframe.currentText(),
            strategy=self.strategy.currentText(),
            start_ns=start_ns,
            end_ns=end_ns,
            cash=given["balance"],
            costs=costs,
            parameters=self.parameters.values(),
            loss_limits=given["loss_limits"],
            seed=given["seed"],
            series=() if self.recording is not None else (self.series.currentText(),),
        )

    def run(self) -> None:
        """Queue what the form asks for."""
        try:
            self.research.run(self.request(), [] if self.recording is None else [self.recording])
        except (ValueError, WorkstationError) as error:
            self.problem.setText(str(error))
        else:
            self.problem.setText("")


def _day(time_ns: int) -> str:
    text = utc_text(time_ns)
    return text[:10] if text.endswith("00:00:00") else text[:16]


def _moment(text: str, what: str) -> tuple[int, str]:
    """Nanoseconds and an empty sentence, or 0 and what is wrong."""
    try:
        return parse_utc(text), ""
    except (ValueError, OverflowError):
        return 0, f"{what} is a date in UTC, as 2023-01-01 or 2023-01-01 16:00."
