"""Backtests from the form to their results, as a person runs them, beside a session that trades."""

from __future__ import annotations

import os
import signal
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import psutil
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QScrollArea
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Open, Workstation
from tests.gui.research.conftest import Bench
from widgets.controls.fields import Field
from widgets.docks.dock_layout import RESEARCH
from widgets.look.tokens import Tone
from widgets.research.compare_panel import ComparePanel, comparison_rows
from widgets.research.equity_panel import EquityPanel
from widgets.research.result_panels import FiguresPanel
from widgets.research.run_chart import RunChartPanel
from widgets.research.run_log_panel import RunLogPanel
from widgets.research.run_queue import QueuedRun
from widgets.research.runs_panel import RunsPanel, progress_words
from widgets.research.trades_panel import TradesPanel
from workstation.backtest.history import RunHistory
from workstation.backtest.job import read_job, write_job
from workstation.core.money import MONEY_SCALE
from workstation.core.timeframe import HOUR_NS, MINUTE_NS, parse_utc
from workstation.market.history import Candles, candle_ranges
from workstation.storage.candles import CandleDatabase
from workstation.storage.database import open_database


def runs_panel(bench: Bench) -> RunsPanel:
    panel = bench.panel("runs")
    assert isinstance(panel, RunsPanel)
    return panel


def test_panels_are_closed_until_they_are_wanted_and_cost_nothing(station: Workstation) -> None:
    panel = station.area.panel("backtest")
    assert panel.isHidden()
    assert panel.widget() is None, "it is built when it is first shown"


def test_a_panel_without_a_place_joins_the_largest_group(station: Workstation) -> None:
    station.area.show_panel("backtest")
    station.frame()
    panel, chart = station.area.panel("backtest"), station.area.panel("chart")
    assert panel in station.area.group_of(chart)
    assert panel.isVisible() and panel.width() > 400
    assert not chart.in_front


def test_closed_panels_stay_closed_in_a_window_that_comes_back(open_workstation: Open) -> None:
    first = open_workstation()
    first.window.keep()
    second = open_workstation(start_ns=first.clock.now + MINUTE_NS)
    assert second.area.panel("backtest").isHidden()
    assert second.area.panel("chart").isVisible()
    second.area.apply(RESEARCH)
    second.window.keep()
    third = open_workstation(start_ns=second.clock.now + MINUTE_NS)
    assert third.area.panel("backtest").isVisible()
    assert third.area.panel("ladder").isHidden()


def test_the_form_begins_with_the_configuration(bench: Bench) -> None:
    form, settings = bench.form, bench.research.settings
    assert form.setup.strategy.currentText() == settings.backtest.strategy
    assert form.setup.timeframe.currentText() == settings.backtest.timeframe
    declared = bench.research.registry.describe(settings.backtest.strategy)[1]
    assert set(form.parameters.values()) == set(declared)
    assert form.costs.values()["balance"] == settings.backtest.cash
    (sample,) = candle_ranges(None)
    assert form.setup.series.currentText() == sample[0]
    assert sample[2] <= parse_utc(form.setup.start.text()) < parse_utc(form.setup.end.text())


def test_a_run_from_the_form_to_its_figures(bench: Bench) -> None:
    station = bench.station
    number = bench.run("ema_cross", "2023-03-01", "2023-06-01")
    shown = bench.research.shown.now
    assert shown is not None and shown.whole
    figures, trades, chart, equity = map(bench.panel, ("run figures", "run trades", "run chart", "run equity"))
    assert isinstance(figures, FiguresPanel) and isinstance(trades, TradesPanel)
    assert isinstance(chart, RunChartPanel) and isinstance(equity, EquityPanel)
    assert [figure.label for figure in figures.figures.figures][:3] == ["Return", "Buy and hold", "CAGR"]
    assert len(figures.months.months) == 3
    assert len(trades.table.shown_rows()) == len(shown.result.trades) > 0
    assert len(chart.view.model.series) == shown.result.run.bars
    assert chart.view.model.fills[0].time_ns == shown.result.trades[0].entry_ns
    assert len(equity.view.curves) == 1
    trade = shown.result.trades[2]
    trades.table.select_key(trade.number)
    state, series = chart.view.viewport_state, chart.view.model.series
    assert chart.trades.chosen == trade.number
    assert state.left <= series.index_at(trade.entry_ns) <= series.index_at(trade.exit_ns) <= state.right
    station.area.show_panel("run log")
    station.frame()
    log = bench.panel("run log")
    assert isinstance(log, RunLogPanel) and shown.result.log
    assert [row["text"] for row in log.table.shown_rows()] == [line.text for line in shown.result.log]
    (row,) = runs_panel(bench).table.shown_rows()
    assert row["number"] == number
    assert row["total_return"] == pytest.approx((shown.result.figures.total_return or 0) * 100)
    # The session beside it went on: nothing of the run is in its books.
    assert station.engine.past_fills(10) == [] and not station.model.heard.fills


def test_what_the_form_says_is_what_runs(bench: Bench, qtbot: QtBot) -> None:
    form = bench.form
    form.setup.strategy.setCurrentText("ema_cross")
    fast, fee = form.parameters.editor("fast"), form.costs.editor("taker_fee")
    assert isinstance(fast, Field) and isinstance(fee, Field)
    for field, text in ((fast, "7"), (fee, "25")):
        field.selectAll()
        qtbot.keyClicks(field, text)
    request = form.request()
    assert request.strategy == "ema_cross" and request.parameters["fast"] == 7
    assert request.costs.taker_bps == 25 and request.costs.maker_bps == bench.research.settings.backtest.costs.maker_bps
    qtbot.mouseClick(form.reset_button, Qt.MouseButton.LeftButton)
    assert form.costs.values()["taker_fee"] == bench.research.settings.backtest.costs.taker_bps


def test_the_wheel_scrolls_the_form_and_changes_no_choice(bench: Bench) -> None:
    form = bench.form
    (area,) = form.findChildren(QScrollArea)
    box, bar = form.setup.timeframe, area.verticalScrollBar()
    bench.until(lambda: bar.maximum() > 0)
    before, at = box.currentText(), box.mapTo(bench.window, box.rect().center())
    window = bench.window.windowHandle()
    QTest.wheelEvent(window, at, QPoint(0, -120))
    bench.until(lambda: bar.value() > 0)
    assert box.currentText() == before


def test_tab_goes_through_the_form_from_its_top_to_its_foot(bench: Bench, qtbot: QtBot) -> None:
    form = bench.form
    form.setup.strategy.setCurrentText("ema_cross")
    bench.until(form.parameters.isVisible)
    form.setup.end.setFocus()
    visited = []
    for _ in range(5):
        focused = form.window().focusWidget()
        assert focused is not None
        qtbot.keyClick(focused, Qt.Key.Key_Tab)
        visited.append(form.window().focusWidget())
    named = [form.parameters.editor(name) for name in ("fast", "slow", "quantity", "equity_percent")]
    assert visited == [*named, form.costs.editor("taker_fee")]


def test_what_was_imported_meanwhile_is_offered_and_the_choice_stays(bench: Bench) -> None:
    form, folder = bench.form, bench.research.folder
    sample = form.setup.series.currentText()
    form.setup.start.setText("2023-05-01")
    database = open_database(folder.history)
    try:
        open_ns = parse_utc("2022-01-01") + np.arange(48, dtype=np.int64) * HOUR_NS
        prices = np.full(48, 40_000 * MONEY_SCALE, dtype=np.int64)
        mine = Candles("BTCUSDT@MINE", HOUR_NS, open_ns, prices, prices, prices, prices, prices)
        CandleDatabase(database).save(mine)
    finally:
        database.close()
    bench.window.outside.drops.imported.emit()
    bench.until(lambda: form.setup.series.findText("BTCUSDT@MINE") >= 0)
    assert (form.setup.series.currentText(), form.setup.start.text()) == (sample, "2023-05-01")


@pytest.mark.parametrize(
    ("start", "end", "sentence"),
    [
        ("yesterday", "2023-03-02", "is a date"),
        ("2023-03-02", "2023-03-01", "later than the start"),
        ("", "", "a date"),
    ],
)
def test_a_wrong_period_cannot_be_run(bench: Bench, start: str, end: str, sentence: str) -> None:
    form = bench.form
    form.setup.start.setText(start)
    form.setup.end.setText(end)
    assert not form.run_button.isEnabled()
    assert sentence in form.setup.checked_start.error + form.setup.checked_end.error


def test_a_period_without_candles_is_one_sentence(bench: Bench) -> None:
    form = bench.form
    form.setup.strategy.setCurrentText("ema_cross")
    form.setup.start.setText("2019-01-01")
    form.setup.end.setText("2019-02-01")
    bench.station.click(form.run_button)
    panel = runs_panel(bench)
    bench.until(panel.problem.isVisible)
    assert "2019" in panel.problem.text() and "Traceback" not in panel.problem.text()
    assert bench.research.history.summaries() == ([], [])
    assert list(bench.research.folder.backtests.iterdir()) == []


def test_runs_wait_for_each_other_and_are_cancelled(bench: Bench) -> None:
    form, panel = bench.form, runs_panel(bench)
    form.setup.strategy.setCurrentText("ema_cross")
    for _ in range(3):
        bench.station.click(form.run_button)
    assert [line.words for line in panel.lines][1:] == ["waiting", "waiting"]
    bench.station.click(panel.lines[1].cancel)
    bench.station.click(panel.lines[0].cancel)
    (left,) = bench.research.queue.runs
    assert left.number == 3 and left.running
    bench.until(lambda: len(bench.research.runs) == 1)
    assert not panel.lines
    assert [folder.name for folder in bench.research.folder.backtests.iterdir()] == ["run-000003"]


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_child_that_dies_is_told_in_one_sentence(bench: Bench) -> None:
    form, panel = bench.form, runs_panel(bench)
    form.setup.strategy.setCurrentText("ema_cross")
    bench.station.click(form.run_button)
    process = bench.research.queue._process
    assert process is not None
    bench.until(lambda: process.processId() > 0)
    os.kill(process.processId(), signal.SIGKILL)
    bench.until(panel.problem.isVisible)
    ends = "The process was killed before it was done; nothing of it was kept. Run it again."
    assert panel.problem.text().endswith(ends)
    assert bench.station.window.banner.accessibleDescription() == panel.problem.text()
    bench.station.click(form.run_button)
    assert not panel.problem.isVisible()


def test_closing_the_window_ends_the_child(bench: Bench) -> None:
    form = bench.form
    form.setup.strategy.setCurrentText("ema_cross")
    bench.station.click(form.run_button)
    process = bench.research.queue._process
    assert process is not None
    bench.until(lambda: process.processId() > 0)
    number = process.processId()
    bench.window.allow_close()
    bench.until(lambda: not psutil.pid_exists(number))
    assert list(bench.research.folder.backtests.iterdir()) == []


def test_runs_are_compared_and_deleted(bench: Bench, made_runs: Path) -> None:
    first, second = bench.adopt(made_runs, 1), 2
    table = runs_panel(bench).table
    table.selectAll()
    bench.station.trigger(table.make_menu(), "Compare")
    panel = bench.panel("compare")
    assert isinstance(panel, ComparePanel)
    bench.until(lambda: bench.research.shown.compared)
    bench.until(lambda: panel.table is not None)
    assert panel.table is not None
    rows = {row["label"]: row for row in panel.table.shown_rows()}
    assert (rows["fast"]["run 0"], rows["fast"]["run 1"]) == ("12", "5")
    assert rows["fast"]["tones"][1] != rows["slow"]["tones"][1], "what differs is marked"
    assert [curve.name for curve in panel.view.curves] == [f"Run {first} ema_cross", f"Run {second} ema_cross"]
    table.select_key(first)
    bench.station.trigger(table.make_menu(), "Delete")
    bench.until(lambda: len(bench.research.runs) == 1)
    assert [row["number"] for row in table.shown_rows()] == [second]
    assert not bench.research.history.folder(first).path.exists()


def test_the_settings_of_a_run_come_back_into_the_form(bench: Bench, made_runs: Path) -> None:
    """A run is made again with one thing changed; typing all of it anew is where mistakes come from."""
    bench.adopt(made_runs, 1)
    form, table = bench.form, runs_panel(bench).table
    form.setup.strategy.setCurrentText("grid")
    form.setup.timeframe.setCurrentText("4h")
    table.select_key(2)
    bench.station.trigger(table.make_menu(), "Use its settings")
    bench.until(lambda: form.setup.strategy.currentText() == "ema_cross")
    made = read_job(bench.research.history.folder(2)).request
    again = form.request()
    assert again.parameters["fast"] == 5
    assert msgspec.structs.replace(again, parameters=made.parameters) == made
    assert form.problem.text() == ""


def test_settings_of_a_run_that_no_longer_fit_are_told(bench: Bench, made_runs: Path) -> None:
    bench.adopt(made_runs, 1)
    folder = bench.research.history.folder(1)
    job = read_job(folder)
    write_job(folder, msgspec.structs.replace(job, request=msgspec.structs.replace(job.request, parameters={"no": 1})))
    before = bench.form.request()
    bench.research.reuse(1)
    bench.until(bench.form.problem.text)
    assert bench.form.problem.text().startswith("The settings of run 1 no longer fit: Strategy ema_cross")
    assert bench.form.request() == before


def test_a_comparison_tells_all_that_differs_in_how_runs_were_made_and_ranks_like_with_like(made_runs: Path) -> None:
    history = RunHistory(made_runs)
    first, second = (history.folder(number).load() for number in (1, 2))
    replace = msgspec.structs.replace
    costs = replace(second.result.run.costs, maker_bps=Decimal(-1), funding=False)
    run = replace(second.result.run, limits="none", costs=costs, end_ns=second.result.run.end_ns - HOUR_NS)
    figures = replace(second.summary.figures, expectancy_r=None, expectancy=-1e12)
    other = replace(
        second, result=replace(second.result, run=run), summary=replace(second.summary, run=run, figures=figures)
    )
    rows = comparison_rows([first, other])
    figures_from = next(place for place, row in enumerate(rows) if row["label"] == "Return")
    assert {row["label"] for row in rows[:figures_from]} == {
        "To, excluded",
        "Loss limits",
        "Maker fee",
        "Funding",
        "fast",
    }
    found = {row["label"]: row for row in rows}
    assert found["Loss limits"]["run 1"] == "none" and found["Maker fee"]["run 1"] == "−1 bps"
    assert found["Expectancy"]["run 1"] == "–" and found["Expectancy"]["run 0"].endswith("R")
    assert found["Mean trade"]["run 1"] == "−10,000.00" and found["Mean trade"]["tones"][0] is Tone.GOOD


def test_the_runs_of_yesterday_are_there_and_open_by_return(bench: Bench, qtbot: QtBot, made_runs: Path) -> None:
    number = bench.adopt(made_runs, 1)
    bench.research.shown.show(None)
    bench.research.read_runs()
    table = runs_panel(bench).table
    table.select_key(number)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    bench.until(lambda: bench.research.shown.now is not None)


def test_a_run_is_exported(bench: Bench, made_runs: Path) -> None:
    number = bench.adopt(made_runs, 1)
    trades, shown = bench.panel("run trades"), bench.research.shown.now
    assert isinstance(trades, TradesPanel) and shown is not None and shown.report is not None
    bench.station.click(trades.export)
    folder = bench.research.folder.reports
    lines = (folder / f"backtest-{number:06d}-trades.csv").read_text().splitlines()
    assert len(lines) == 1 + len(shown.result.trades)
    equity = (folder / f"backtest-{number:06d}-equity.csv").read_text().splitlines()
    assert len(equity) == 1 + len(shown.result.equity)
    assert shown.report.read_text().startswith("<!DOCTYPE html>")


def test_progress_in_words(tmp_path: Path) -> None:
    run = QueuedRun(1, "ema_cross", None)  # type: ignore[arg-type]
    assert progress_words(run) == "waiting"
    run.running = True
    assert progress_words(run) == "starting"
    run.loading = True
    assert progress_words(run) == "reading the market"
    run.done, run.total, run.left_s = 3_766, 8_759, 2.2
    assert progress_words(run) == "42 %, 3,766 of 8,759, 2s left"
