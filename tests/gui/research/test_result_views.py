"""What the result panels make of a run: cells, pictures, log, and the trade that is looked at."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.gui.conftest import as_loaded, small_settings
from tests.unit.backtest.runs import crossing_run, random_bars
from tests.unit.backtest.test_round_trips import BTC
from widgets.engine.engine_model import EngineModel
from widgets.research.analysis_panel import AnalysisPanel
from widgets.research.cells_view import words_of
from widgets.research.research import Research
from widgets.research.result_panels import FiguresPanel, ResultPanel
from widgets.research.run_chart import RunChartPanel, executions_of
from widgets.research.run_log_panel import RunLogPanel
from widgets.research.shown_result import Shown, ShownResult
from widgets.research.trade_plots import round_values
from widgets.research.trades_panel import TradesPanel
from workstation.backtest.breakdown import by_hour, by_weekday, closed
from workstation.backtest.history import RunMarket
from workstation.backtest.round_trips import Execution
from workstation.core.messages import LogLine
from workstation.core.timeframe import MINUTE_NS
from workstation.core.types import InstrumentKind, Severity, Side

LINES = tuple(
    LogLine(ts_ns=at, severity=severity, source="ema_cross", text=text)
    for at, (severity, text) in enumerate(
        [
            (Severity.INFO, "Running"),
            (Severity.WARNING, "No entry: too small."),
            (Severity.ERROR, "The stop is missing."),
        ]
    )
)
RESULT = msgspec.structs.replace(crossing_run(random_bars(900)), log=LINES)


@pytest.fixture
def shown(qtbot: QtBot) -> ShownResult:
    holder = ShownResult()
    run = RESULT.run
    holder.show(Shown("Run 7", 7, RESULT, run.start_ns, run.end_ns, BTC))
    return holder


class StillModel(EngineModel):
    """Signals only."""

    def __init__(self) -> None:
        super(EngineModel, self).__init__()
        self.stop = lambda: None  # type: ignore[method-assign]


def open_panel(panel: ResultPanel, qtbot: QtBot, width: int = 600, height: int = 500) -> None:
    qtbot.addWidget(panel)
    panel.resize(width, height)
    panel.show()
    # A panel builds itself while it is shown; its widgets come with the next events.
    QApplication.processEvents()


def test_weekdays_and_hours_hold_every_trade(shown: ShownResult, qtbot: QtBot) -> None:
    panel = FiguresPanel(StillModel(), shown)
    open_panel(panel, qtbot, 400, 600)
    assert panel.months.isVisible() and not panel.cells.isVisible()
    x = panel.period.width() // 2
    qtbot.mouseClick(panel.period, Qt.MouseButton.LeftButton, pos=QPoint(x, panel.period.height() // 2))
    assert panel.period.text == "Weekdays"
    assert panel.cells.isVisible() and not panel.months.isVisible()
    assert panel.cells.groups == by_weekday(RESULT.trades)
    assert sum(group.net for group in panel.cells.groups) == sum(trade.net for trade in closed(RESULT.trades))
    qtbot.keyClick(panel.period, Qt.Key.Key_Right)
    assert panel.cells.groups == by_hour(RESULT.trades)
    busy = next(group for group in panel.cells.groups if group.trades)
    assert words_of(busy) in panel.cells.accessibleDescription()
    panel.grab()


def test_figures_of_a_run_without_limits_say_so(shown: ShownResult, qtbot: QtBot) -> None:
    panel = FiguresPanel(StillModel(), shown)
    open_panel(panel, qtbot)
    assert "limits none" not in panel.detail.text() and "Money in USDT." in panel.detail.text()
    run = msgspec.structs.replace(RESULT.run, limits="none")
    result = msgspec.structs.replace(RESULT, run=run)
    shown.show(Shown("Run 8", 8, result, run.start_ns, run.end_ns, BTC))
    assert "Run without loss limits and protections (limits none)." in panel.detail.text()


def test_a_click_on_a_trade_or_its_dot_chooses_it(shown: ShownResult, qtbot: QtBot, tmp_path: Path) -> None:
    chosen: list[int] = []
    shown.trade_chosen.connect(chosen.append)
    table = TradesPanel(StillModel(), shown, tmp_path)
    analysis = AnalysisPanel(StillModel(), shown)
    for panel in (table, analysis):
        open_panel(panel, qtbot, 700, 400)
    table.table.select_key(3)
    assert chosen == [3] and shown.trade == 3
    analysis.choice.setFocus()
    qtbot.keyClick(analysis.choice, Qt.Key.Key_Right)
    view = analysis.favourable
    assert view.isVisible() and len(view.points) == len(closed(RESULT.trades))
    x, y, _ = view._places()
    place = QPoint(round(x[5]), round(y[5]))
    under = view.trade_at(place.toPointF())
    qtbot.mouseMove(view, place)
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=place)
    assert chosen[-1] == view.points[under].number
    assert abs(x[under] - place.x()) < 12 and abs(y[under] - place.y()) < 12
    trade = next(each for each in RESULT.trades if each.number == chosen[-1])
    assert view.points[under].net == pytest.approx(trade.r_multiple)
    analysis.grab()
    assert view.trade_at(QPoint(1, 1).toPointF()) == -1


def test_distribution_and_streaks_are_of_the_closed_trades(shown: ShownResult, qtbot: QtBot) -> None:
    panel = AnalysisPanel(StillModel(), shown)
    open_panel(panel, qtbot, 500, 400)
    assert panel.distribution.distribution.in_r
    assert sum(each.trades for each in panel.distribution.distribution.bins) == RESULT.figures.trade_count
    figures = {figure.label: figure.text for figure in panel.figures.figures}
    assert int(figures["Wins in a row"]) >= 1
    assert figures["Payoff"] not in ("–", "0.00")
    panel.grab()
    shown.show(None)
    assert panel.distribution.distribution.bins == () and not panel.figures.figures
    panel.grab()


def test_the_log_is_filtered_by_level_and_text(shown: ShownResult, qtbot: QtBot) -> None:
    panel = RunLogPanel(StillModel(), shown)
    open_panel(panel, qtbot, 500, 300)
    assert [row["text"] for row in panel.table.shown_rows()] == [line.text for line in LINES]
    panel.level.setFocus()
    qtbot.keyClick(panel.level, Qt.Key.Key_Right)
    assert [row["severity"] for row in panel.table.shown_rows()] == [Severity.WARNING, Severity.ERROR]
    assert panel.words.text() == "2 of 3"
    qtbot.keyClicks(panel.search, "stop")
    assert [row["text"] for row in panel.table.shown_rows()] == ["The stop is missing."]


def test_another_run_forgets_the_chosen_trade_and_its_next_moment_does_not(shown: ShownResult) -> None:
    shown.choose_trade(4)
    assert shown.now is not None
    shown.show(shown.now._replace(end_ns=shown.now.end_ns + 1))
    assert shown.trade == 4
    shown.show(shown.now._replace(title="Run 8"))
    assert shown.trade == 0


@pytest.mark.parametrize(("low", "high"), [(0.0, 7.0), (-3.2, 411.0), (0.001, 0.0042), (5.0, 5.0)])
def test_round_values_lie_between(low: float, high: float) -> None:
    found = round_values(low, high, 6)
    assert found and len(found) <= 7
    assert all(low - 1e-9 <= value <= high + 1e-9 for value in found)


def test_without_a_run_the_tables_say_what_to_do_and_with_one_what_it_lacks(qtbot: QtBot, tmp_path: Path) -> None:
    holder = ShownResult()
    panels: list[ResultPanel] = [TradesPanel(StillModel(), holder, tmp_path), RunLogPanel(StillModel(), holder)]
    for panel in panels:
        open_panel(panel, qtbot)
        assert panel.table.empty == holder.hint  # type: ignore[attr-defined]
    run = RESULT.run
    bare = msgspec.structs.replace(RESULT, trades=(), log=())
    holder.show(Shown("Run 8", 8, bare, run.start_ns, run.end_ns, BTC))
    assert [panel.table.empty[:9] for panel in panels] == ["No trades", "Nothing w"]  # type: ignore[attr-defined]


def test_a_run_over_a_recording_shows_its_minutes_on_the_terms_that_it_traded_on(qtbot: QtBot, tmp_path: Path) -> None:
    prices = msgspec.structs.replace(random_bars(60, MINUTE_NS), lots=np.arange(1, 61, dtype=np.int64))
    run = msgspec.structs.replace(RESULT.run, matching="book", timeframe="5m", kind=InstrumentKind.SPOT)
    result = msgspec.structs.replace(RESULT, run=run)
    market = RunMarket.of_prices(prices, ())
    research = Research(as_loaded(small_settings()), tmp_path)
    research.shown.show(Shown("Run 8", 8, result, run.start_ns, run.end_ns, BTC, market))
    panel = RunChartPanel(StillModel(), research)
    open_panel(panel, qtbot)
    series = panel.view.model.series
    assert len(series) == 60 and series.time_at(1) - series.time_at(0) == MINUTE_NS
    assert panel.words.text() == "Run 8"
    assert panel.view.model.title == "Spot · 1 m"
    research.close()


def test_the_chart_marks_each_execution_where_it_was_and_averages_where_none_were_kept() -> None:
    instrument = BTC
    first, second, last = (
        Execution(at * MINUTE_NS, side, Decimal("0.1"), instrument.price(price))
        for at, side, price in ((1, Side.BUY, 10_000), (5, Side.BUY, 10_400), (9, Side.SELL, 10_300))
    )
    trade = msgspec.structs.replace(RESULT.trades[0], executions=(first, second, last))
    found = executions_of(trade)
    assert [(fill.time_ns, fill.price, fill.side) for fill in found] == [
        (MINUTE_NS, 100.0, "buy"),
        (5 * MINUTE_NS, 104.0, "buy"),
        (9 * MINUTE_NS, 103.0, "sell"),
    ]
    earlier = executions_of(msgspec.structs.replace(RESULT.trades[0], executions=()))
    assert [fill.price for fill in earlier] == [float(trade.entry_price), float(trade.exit_price)]
