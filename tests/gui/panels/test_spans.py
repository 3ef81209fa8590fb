"""Results and journal of a span of time, of what the window knows and of the whole history."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Workstation
from tests.gui.panels.test_balances_and_results import choose, results_of
from tests.gui.panels.test_journal_panel import journal_of, trade
from widgets.controls.span_choice import MONTH, TODAY, WEEK, SpanDialog, preset_span, span_words, typed_span
from widgets.panels import journal_panel, results_panel
from workstation.core.timeframe import DAY_NS, parse_utc
from workstation.session.trade_history import EVER, Span


def dialog_of(station: Workstation) -> SpanDialog:
    return next(each for each in station.window.findChildren(SpanDialog) if each.isVisible())


def test_presets_begin_with_the_day_the_week_and_the_month() -> None:
    now_ns = parse_utc("2024-03-07T15:30")
    assert preset_span(TODAY, now_ns) == Span(parse_utc("2024-03-07"))
    assert preset_span(WEEK, now_ns) == Span(parse_utc("2024-03-04")), "a Monday"
    assert preset_span(MONTH, now_ns) == Span(parse_utc("2024-03-01"))


def test_typed_days_are_both_included_and_wrong_ones_are_told() -> None:
    span = typed_span("2024-03-01", " 2024-03-05 ")
    assert span == Span(parse_utc("2024-03-01"), parse_utc("2024-03-06")) and span_words(span) == "1 Mar – 5 Mar"
    assert typed_span("", "") == EVER and span_words(typed_span("2024-03-01", "")) == "1 Mar – …"
    assert span_words(typed_span("2024-03-01", "2024-03-01")) == "1 Mar"
    with pytest.raises(ValueError, match="To: yesterday is no day"):
        typed_span("", "yesterday")
    with pytest.raises(ValueError, match="comes after"):
        typed_span("2024-03-02", "2024-03-01")


def test_results_and_journal_of_a_span_are_of_all_that_is_known(
    station: Workstation, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = results_of(station)
    trade(station)
    for grouping, name in (("Weekday", "Monday"), ("Hour", "12:00")):
        choose(qtbot, panel.choice, grouping)
        panel.table.flush()
        assert [row["name"] for row in panel.table.shown_rows()] == [name]
    whole = panel.net.text()
    choose(qtbot, panel.span.presets, "Today")
    assert panel.net.text() == whole
    station.click(panel.span.days)
    dialog = dialog_of(station)
    for field, day in ((dialog.first, "2023-12-01"), (dialog.last, "2023-12-31")):
        field.clear()
        qtbot.keyClicks(field, day)
    qtbot.keyClick(dialog.last, Qt.Key.Key_Return)
    panel.table.flush()
    assert panel.table.shown_rows() == [] and panel.span.days.text() == "1 Dec – 31 Dec"
    choose(qtbot, panel.span.presets, "All")
    assert panel.net.text() == whole and panel.span.days.text() == "From…"
    beyond_what_the_window_knows(station, qtbot, monkeypatch)


def beyond_what_the_window_knows(station: Workstation, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The history is read, in a thread, and gives the same."""
    journal = journal_of(station)
    trade(station, "ETHUSDT")
    known = {row["name"]: row["net"] for row in journal.table.shown_rows()}
    results = results_of(station)
    expected = results.net.text()
    for module in (journal_panel, results_panel):
        monkeypatch.setattr(module, "KEPT_FILLS", 1)
    choose(qtbot, results.span.presets, "Today")
    assert results.note.text() == results_panel.READING
    qtbot.waitUntil(lambda: results.note.text().startswith("Since"))
    assert results.net.text() == expected and "newest" not in results.note.text()
    journal = journal_of(station)
    choose(qtbot, journal.span.presets, "Today")
    qtbot.waitUntil(lambda: len(journal.trips) == 2)
    journal.table.flush()
    assert {row["name"]: row["net"] for row in journal.table.shown_rows()} == known
    trade(station)
    station.frame()
    assert len(journal.table.shown_rows()) == 3, "what comes afterwards is added"
    station.click(journal.span.days)
    dialog = dialog_of(station)
    dialog.first.setText("2024-01-02")
    station.click(dialog.action_button)
    qtbot.waitUntil(lambda: journal_panel.READING not in journal.note.text())
    journal.table.flush()
    assert journal.table.shown_rows() == [] and station.clock.now < parse_utc("2024-01-02") < START_OF_NEXT


START_OF_NEXT = parse_utc("2024-01-01") + 2 * DAY_NS


@pytest.mark.parametrize("place", ["results", "journal"])
def test_today_ends_at_midnight_while_it_is_looked_at(station: Workstation, qtbot: QtBot, place: str) -> None:
    panel = results_of(station) if place == "results" else journal_of(station)
    trade(station)
    choose(qtbot, panel.span.presets, "Today")
    panel.table.flush()
    assert len(panel.table.shown_rows()) == 1
    station.clock.now += DAY_NS
    for _ in range(results_panel.READ_AGAIN_FRAMES + 1):
        station.model.tick()
    panel.table.flush()
    assert panel.table.shown_rows() == []
