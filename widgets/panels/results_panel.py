"""What was earned in a span of time, by strategy, symbol, who traded, day, weekday or hour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.controls.controls import ToneLabel
from widgets.controls.segmented import Segmented
from widgets.controls.span_choice import SpanChoice
from widgets.controls.table import Column, Kind, Row, Table
from widgets.controls.toolbar import Toolbar
from widgets.engine.engine_model import EngineModel
from widgets.engine.heard import KEPT_FILLS
from widgets.look.numbers import format_date, format_number, format_time, tone_of
from widgets.look.tokens import Tone
from widgets.panels.live_panel import LivePanel
from widgets.research.background import Background
from workstation.core.views import FillView, FundingView
from workstation.session.trade_history import Span
from workstation.trading.results import WEEKDAYS, Grouping, Result, Results

GROUPINGS = (
    Grouping.STRATEGY,
    Grouping.SYMBOL,
    Grouping.DAY,
    Grouping.WHO,
    Grouping.WEEKDAY,
    Grouping.HOUR,
)
READ_AGAIN_FRAMES = 90
"""How often the database is asked again while executions come, about every three seconds."""
READING = "Reading the history …"


class NameColumn(Column):
    """Weekdays in the order of the week."""

    def order(self, row: Row) -> Any:
        name = row["name"]
        return f"{WEEKDAYS.index(name)}" if name in WEEKDAYS else name


class ResultsTable(Table):
    key = "id"
    columns = (
        NameColumn("name", "Name", width=92),
        Column("fills", "Fills", Kind.NUMBER, 40, 0, tooltip="Executions"),
        Column("realised", "Realised", Kind.SIGNED, 64, 2, tooltip="In the asset, before fees and funding"),
        Column("fees", "Fees", Kind.SIGNED, 56, 2, tone=lambda row: Tone.LABEL, tooltip="Received when positive"),
        Column(
            "funding",
            "Funding",
            Kind.SIGNED,
            60,
            2,
            tone=lambda row: Tone.LABEL,
            shown_from=330,
            tooltip="Received when positive",
        ),
        Column("net", "Net", Kind.SIGNED, 64, 2, tooltip="In the asset, after fees and funding"),
        Column(
            "drawdown",
            "Drawdn",
            Kind.SIGNED,
            60,
            2,
            shown_from=430,
            tone=lambda row: Tone.LABEL,
            tooltip="Deepest fall of the sum of its days, in the asset; of a day, where the sum of all stands",
        ),
        Column("asset", "Asset", width=50, label=True, shown_from=520),
    )
    empty = "No results in this span. They are made of executions and funding."
    sorted_by = "net"


class ResultsPanel(LivePanel):
    """Of the executions that the window knows while those are all; else of the history database, read in a thread."""

    def __init__(self, model: EngineModel, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.table = ResultsTable()
        self.choice = Segmented(("Strategy", "Symbol", "Day", "Who", "Weekday", "Hour"), framed=False)
        self.choice.setToolTip("Days, weekdays and hours are of UTC")
        self.choice.chosen.connect(self._show)
        self.span = SpanChoice()
        self.span.chosen.connect(self.refresh)
        self.span.days.clicked.connect(lambda: self.span.ask(self.model.engine.now_ns()))
        self.net = ToneLabel("", weight=600)
        self.note = ToneLabel("", Tone.FAINT, pixels=11)
        self.note.setContentsMargins(6, 2, 6, 3)
        self._results = Results({})
        self._shown_span = Span()
        self._background = Background(self)
        self._asked = 0
        self._stale = False
        self.problem = ""
        groups, spans = Toolbar(lined=False), Toolbar()
        groups.row.addWidget(self.choice)
        groups.row.addStretch(1)
        spans.row.addWidget(self.span)
        spans.row.addStretch(1)
        spans.row.addWidget(self.net)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(groups)
        column.addWidget(spans)
        column.addWidget(self.table, 1)
        column.addWidget(self.note)

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        model = self.model
        return (
            (model.fills_added, self._take_fills),
            (model.payments_added, self._take_payments),
            (self.frames, self._tick),
        )

    def refresh(self) -> None:
        self._shown_span = self.span.span(self.model.engine.now_ns())
        self.problem = ""
        if self._reads_history:
            self._read()
            return
        engine = self.model.engine
        self._results = Results({symbol: engine.market(symbol).instrument for symbol in engine.symbols})
        self._take_payments(self.model.heard.payments)
        self._take_fills(self.model.heard.fills)
        self.table.flush()

    @property
    def _reads_history(self) -> bool:
        """Whether there are executions that the window does not know."""
        return len(self.model.heard.fills) >= KEPT_FILLS and self.model.engine.trade_history() is not None

    def _read(self) -> None:
        history = self.model.engine.trade_history()
        assert history is not None
        self._asked += 1
        self._stale = False
        asked, span = self._asked, self._shown_span

        def take(results: Results) -> None:
            if asked == self._asked:
                self._results = results
                self._show()

        def fail(sentence: str) -> None:
            if asked == self._asked:
                self.problem = sentence
                self._show()

        self._tell_note(READING)
        self._background.run(lambda: history.results(span), take, fail)

    def _tick(self, frame: int) -> None:
        if frame % READ_AGAIN_FRAMES:
            return
        if self.span.span(self.model.engine.now_ns()) != self._shown_span:
            # A new day, week or month began.
            self.refresh()
        elif self._stale:
            self._read()

    def _take_fills(self, fills: Sequence[FillView]) -> None:
        if self._reads_history:
            self._stale = True
            return
        for fill in fills:
            if self._shown_span.holds(fill.ts_ns):
                self._results.add(fill)
        self._show()

    def _take_payments(self, payments: Sequence[FundingView]) -> None:
        if self._reads_history:
            self._stale = True
            return
        for payment in payments:
            if self._shown_span.holds(payment.ts_ns):
                self._results.add_funding(payment)
        self._show()

    def _show(self, _: int = 0) -> None:
        grouping = GROUPINGS[self.choice.index]
        falls = self._results.drawdowns(grouping)
        self.table.replace(
            {**result_row(result), "drawdown": falls.get((result.name, result.asset))}
            for result in self._results.by(grouping)
        )
        nets = self._results.net()
        self.net.setText(", ".join(format_number(net, 2, signed=True, unit=asset) for asset, net in nets.items()))
        self.net.set_tone(tone_of(next(iter(nets.values()))) if len(nets) == 1 else Tone.NORMAL)
        self._tell_note(self.problem or self._note())

    def _tell_note(self, text: str) -> None:
        self.note.setText(text)
        self.note.setToolTip(text)
        self.note.setVisible(bool(text))

    def _note(self) -> str:
        """From when, and what the results do not hold."""
        results = self._results
        if not results.since_ns:
            return ""
        words = [f"Since {format_date(results.since_ns, year=True)} {format_time(results.since_ns)}"]
        if not self._reads_history:
            if len(self.model.heard.fills) >= KEPT_FILLS:
                words.append(f"the newest {KEPT_FILLS:,} fills")
            if not self.model.heard.past_payments_known:
                words.append("funding since this window opened")
        words += [f"without fees of {format_number(fee, 8, unit=asset)}" for asset, fee in results.unpriced.items()]
        if results.unknown:
            words.append(f"without {results.unknown:,} fills of other symbols")
        return ", ".join(words)


def result_row(result: Result) -> dict[str, Any]:
    return {
        "id": f"{result.name} {result.asset}",
        "name": result.name,
        "asset": result.asset,
        "fills": result.fills,
        "realised": result.realised,
        "fees": -result.fees,
        "funding": result.funding,
        "net": result.net,
    }
