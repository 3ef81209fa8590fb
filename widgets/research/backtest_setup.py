"""What a backtest runs: the upper part of its form, with strategy, symbol, market and period."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QWidget

from widgets.controls.controls import ToneLabel
from widgets.controls.fields import CheckedField, Field
from widgets.look.theme import current
from widgets.look.tokens import Tone
from widgets.research.research import CandleRange, Markets, Research
from workstation.backtest.candle_series import series_names
from workstation.backtest.engine import BacktestRequest
from workstation.core.errors import WorkstationError
from workstation.core.timeframe import DAY_NS, TIMEFRAMES, parse_utc, utc_text
from workstation.market.recordings import read_header

FIRST_PERIOD_NS = 365 * DAY_NS
LABEL_WIDTH = 92


class BacktestSetup(QWidget):
    """Symbols, timeframes and strategies are known at once; the markets come with ``take_markets``."""

    changed = Signal()
    strategy_chosen = Signal()

    def __init__(self, research: Research, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._research = research
        self.candles: list[CandleRange] = []
        self._recordings: dict[str, Path] = {}
        self._span = (0, 1)
        self.strategy = _box(research.registry.names(), "Strategy")
        self.symbol = _box(list(research.settings.instruments), "Symbol")
        self.series = _box([], "Market")
        self.series.setToolTip(
            "What the run is fed with: candles, as `workstation data list` names them, or a recording, on whose book "
            "orders are matched."
        )
        self.timeframe = _box(list(TIMEFRAMES), "Timeframe")
        self.start, self.end = Field(), Field()
        for field, name in ((self.start, "From, UTC"), (self.end, "To, excluded")):
            field.setAccessibleName(name)
            field.setPlaceholderText("2023-01-01")
            field.textChanged.connect(self.changed)
        self.checked_start, self.checked_end = CheckedField(self.start), CheckedField(self.end)
        self.available = ToneLabel("Looking for candles …", Tone.FAINT, pixels=11)
        self.available.setWordWrap(True)
        self._lay_out()
        self.strategy.currentTextChanged.connect(self.strategy_chosen)
        self.symbol.currentTextChanged.connect(lambda _: self.show_series())
        self.series.currentTextChanged.connect(lambda _: self._show_period())
        self.timeframe.currentTextChanged.connect(self.changed)

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
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
        grid.addWidget(self.available, len(rows), 0, 1, 2)

    def take_markets(self, found: Markets) -> None:
        """Which candles and recordings there are to choose from. A choice that was made stays, as does its period."""
        recordings = {path.name: path for path in found.recordings}
        if self.series.count() and (found.candles, recordings) == (self.candles, self._recordings):
            return
        chosen, start, end = self.series.currentText(), self.start.text(), self.end.text()
        self.candles, self._recordings = found.candles, recordings
        self.show_series()
        if chosen and self.series.findText(chosen) >= 0:
            self.series.setCurrentText(chosen)
            self.start.setText(start)
            self.end.setText(end)

    def choose(self, request: BacktestRequest, market: str) -> bool:
        """Show what a run was made on; whether its market is still there."""
        self.strategy.setCurrentText(request.strategy)
        self.symbol.setCurrentText(request.symbol)
        self.timeframe.setCurrentText(request.timeframe)
        there = self.series.findText(market) >= 0
        if there:
            self.series.setCurrentText(market)
        if self.recording is None:
            self.start.setText(_day(request.start_ns))
            self.end.setText(_day(request.end_ns))
        return there

    def show_series(self) -> None:
        """The markets of the chosen symbol."""
        symbol = self.symbol.currentText()
        known = [*series_names(self._research.settings, symbol)]
        names = [each.series for each in self.candles if each.series.partition("@")[0] == symbol]
        names = list(dict.fromkeys(sorted(names, key=lambda name: known.index(name) if name in known else len(known))))
        names += [name for name in self._recordings if name.partition("-")[0] == symbol]
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
        self.changed.emit()

    @property
    def recording(self) -> Path | None:
        """The recording that is chosen, ``None`` for candles."""
        return self._recordings.get(self.series.currentText())

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

    def errors(self) -> list[str]:
        """What is wrong, a sentence each; it is marked at its field."""
        start_ns, wrong_start = _moment(self.start.text(), "The start")
        end_ns, wrong_end = _moment(self.end.text(), "The end")
        if not wrong_start and not wrong_end and end_ns <= start_ns:
            wrong_end = "The end must be later than the start."
        # Nothing is wrong with fields that wait for the candles to be found.
        looks = not self.candles and not self.start.text() and not self.end.text()
        self.checked_start.set_error("" if looks else wrong_start)
        self.checked_end.set_error("" if looks else wrong_end)
        without = "" if self.series.count() else "There is no market to run on."
        return [sentence for sentence in (wrong_start, wrong_end, without) if sentence]

    def period(self) -> tuple[int, int]:
        """From and to, excluded, in UTC nanoseconds, where ``errors`` finds nothing wrong."""
        if self.recording is not None:
            return self._span
        return _moment(self.start.text(), "")[0], _moment(self.end.text(), "")[0]


def _box(texts: list[str], name: str) -> QComboBox:
    box = QComboBox()
    box.addItems(texts)
    box.setAccessibleName(name)
    box.setMinimumHeight(current().metrics.field)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return box


def _day(time_ns: int) -> str:
    text = utc_text(time_ns)
    return text[:10] if text.endswith("00:00:00") else text[:16]


def _moment(text: str, what: str) -> tuple[int, str]:
    """Nanoseconds and an empty sentence, or 0 and what is wrong."""
    try:
        return parse_utc(text), ""
    except (ValueError, OverflowError):
        return 0, f"{what} is a date in UTC, as 2023-01-01 or 2023-01-01 16:00."
