"""Two or more runs side by side: equity curves over each other, figures, and the parameters that differ."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout

from widgets.controls.table import Column, Kind, Row, Table
from widgets.look.tokens import Tone
from widgets.research.curves import CurvesView, curve_of
from widgets.research.figures import COMPARED, FigureRow
from widgets.research.result_panels import ResultPanel
from widgets.research.shown_result import Shown
from workstation.backtest.history import StoredRun
from workstation.backtest.result import Run
from workstation.core.timeframe import utc_text

EMPTY = "Nothing is compared. Select two or more runs under Runs and choose Compare."


class LineColumn(Column):
    """The name of the line; lines keep their order."""

    def order(self, row: Row) -> Any:
        return row["place"]


def _columns(runs: Sequence[StoredRun]) -> tuple[Column, ...]:
    first: list[Column] = [LineColumn("label", "", width=124, label=True)]
    for place, run in enumerate(runs):
        first.append(
            Column(
                f"run {place}",
                f"Run {run.summary.number}",
                Kind.NUMBER,
                90,
                text=lambda row, place=place: row[f"run {place}"],  # type: ignore[misc]
                tone=lambda row, place=place: row["tones"][place],  # type: ignore[misc]
            )
        )
    return tuple(first)


def run_terms(run: Run) -> dict[str, str]:
    """How a run was made, but for the strategy's parameters."""
    costs = run.costs
    return {
        "Strategy": run.strategy,
        "Symbol": run.symbol,
        "Timeframe": run.timeframe,
        "From, UTC": utc_text(run.start_ns)[:16],
        "To, excluded": utc_text(run.end_ns)[:16],
        # How many candles there were goes with the period.
        "Market": run.market or run.data.partition(" candles of ")[2] or run.data,
        "Filled on": run.matching,
        "Loss limits": run.limits,
        "Balance": f"{run.cash:,f} {run.currency}",
        "Taker fee": _bps(costs.taker_bps),
        "Maker fee": _bps(costs.maker_bps),
        "Slippage": _bps(costs.slippage_bps),
        "Latency": f"{costs.latency_mean_ms:f} ms",
        "Funding": _bps(costs.funding_rate_bps) if costs.funding else "none",
        "Seed": str(run.seed),
    }


def _bps(rate: Decimal) -> str:
    return f"{rate:f} bps".replace("-", "−")


def comparison_rows(runs: Sequence[StoredRun]) -> list[Row]:
    """What differs in how the runs were made; then figures, with the best of each marked; then what is alike."""
    figures = [_figure_row(figure, runs) for figure in COMPARED]
    terms = [run_terms(run.result.run) for run in runs]
    about = [(label, [each[label] for each in terms]) for label in terms[0]] if terms else []
    names = dict.fromkeys(name for run in runs for name in run.result.run.parameters)
    for name in names:
        values = [run.result.run.parameters.get(name) for run in runs]
        about.append((name, ["–" if value is None else str(value).replace("-", "−") for value in values]))
    apart: list[Row] = []
    alike: list[Row] = []
    for label, texts in about:
        differs = len(set(texts)) > 1
        tones = [
            Tone.ACCENT if differs and text != texts[0] else Tone.NORMAL if differs else Tone.FAINT for text in texts
        ]
        (apart if differs else alike).append(_row(label, texts, tones))
    rows = [*apart, *figures, *alike]
    for place, row in enumerate(rows):
        row["place"] = place
    return rows


def _figure_row(figure: FigureRow, runs: Sequence[StoredRun]) -> Row:
    values = [figure.value(run.summary.figures) for run in runs]
    ranked = [value * figure.better for value in values if value is not None and figure.better]
    best = max(ranked) if len(set(ranked)) > 1 else None
    tones = [
        Tone.GOOD if best is not None and value is not None and value * figure.better == best else Tone.NORMAL
        for value in values
    ]
    return _row(figure.label, [figure.text(run.summary.figures) for run in runs], tones)


def _row(label: str, texts: Sequence[str], tones: Sequence[Tone]) -> Row:
    return {"label": label, "tones": list(tones), **{f"run {place}": text for place, text in enumerate(texts)}}


class ComparisonTable(Table):
    key = "label"
    sorted_by = "label"
    descending = False
    empty = EMPTY


class ComparePanel(ResultPanel):
    def build(self) -> None:
        self.view = CurvesView()
        self.table: Table | None = None
        self._runs: Sequence[StoredRun] | None = None
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.view)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.splitter)

    def show_result(self, shown: Shown | None) -> None:
        runs = self.shown.compared
        if runs is self._runs:
            return
        self._runs = runs
        curves = [
            curve_of(
                f"Run {run.summary.number} {run.result.run.strategy}",
                run.result.equity_times_ns,
                run.result.equity,
                in_percent=True,
            )
            for run in runs
        ]
        start_ns = min((run.result.run.start_ns for run in runs), default=0)
        end_ns = max((run.result.run.end_ns for run in runs), default=1)
        self.view.set_curves(curves, start_ns, end_ns, percent=True, empty=EMPTY)
        if self.table is not None:
            self.table.hide()
            self.table.deleteLater()
            self.table = None
        if runs:
            # A table's columns are its class's: each comparison is a class of its own.
            made = type("Comparison", (ComparisonTable,), {"columns": _columns(runs)})
            self.table = made()
            self.table.replace(comparison_rows(runs))
            self.table.flush()
            self.splitter.addWidget(self.table)
            self.splitter.setSizes([300, 300])
