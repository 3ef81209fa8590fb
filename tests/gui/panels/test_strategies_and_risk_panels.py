"""Strategies with their parameters; limits, throttle and crisis; the log."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Workstation
from widgets.controls.dialogs import ReasonDialog
from widgets.controls.fields import Field
from widgets.look.tokens import Tone
from widgets.panels.risk_panel import ABOUT, LINE_HEIGHT, plain, use_tone
from widgets.panels.strategy_inside import is_about
from workstation.core.messages import Kill
from workstation.core.types import Severity, StrategyState
from workstation.core.views import LimitView, LogView


@pytest.fixture
def strategies(station: Workstation) -> Workstation:
    station.area.show_panel("strategies")
    station.frame()
    return station


def state(station: Workstation, name: str) -> StrategyState:
    return station.kernel.host.slots[name].state


def test_start_pause_and_stop_by_button(strategies: Workstation) -> None:
    panel = strategies.area.strategies
    panel.table.select_key("grid")
    assert not panel.pause.isEnabled()
    strategies.click(panel.start)
    assert state(strategies, "grid") is StrategyState.RUNNING
    assert not panel.start.isEnabled()
    strategies.click(panel.pause)
    assert state(strategies, "grid") is StrategyState.PAUSED
    strategies.click(panel.stop)
    assert state(strategies, "grid") is StrategyState.STOPPED


def test_start_by_right_click_and_the_state_in_the_row(strategies: Workstation) -> None:
    table = strategies.area.strategies.table
    strategies.choose(table, "ema_cross", "Start")
    strategies.frame()
    row = next(row for row in table.shown_rows() if row["name"] == "ema_cross")
    assert row["word"] == "Running"


def test_a_changed_parameter_is_applied(strategies: Workstation, qtbot: QtBot) -> None:
    panel = strategies.area.strategies
    panel.table.select_key("ema_cross")
    assert panel.form is not None
    assert not panel.apply.isEnabled()
    editor = panel.form.editor("fast")
    assert isinstance(editor, Field)
    editor.selectAll()
    qtbot.keyClicks(editor, "9")
    strategies.click(panel.apply)
    assert strategies.kernel.host.slots["ema_cross"].strategy.fast == 9  # type: ignore[attr-defined]
    assert not panel.apply.isEnabled()
    assert panel.problem.text() == ""


def test_a_parameter_out_of_bounds_cannot_be_applied(strategies: Workstation, qtbot: QtBot) -> None:
    panel = strategies.area.strategies
    panel.table.select_key("ema_cross")
    assert panel.form is not None
    editor = panel.form.editor("fast")
    assert isinstance(editor, Field)
    editor.setText("100000")
    assert not panel.apply.isEnabled()
    assert panel.form.errors()
    strategies.click(panel.revert)
    assert panel.form.values()["fast"] == 12


def test_limits_come_nearest_first_when_not_all_have_room(station: Workstation) -> None:
    limits = station.area.risk.limits
    made = [LimitView(f"limit {number}", str(number), "10", number / 10) for number in range(11)]
    limits.set_limits(made)
    limits.resize(260, 60)
    assert [limit.name for limit in limits.shown()] == ["limit 10", "limit 9", "limit 8"]
    limits.resize(260, 400)
    assert limits.shown() == made


@pytest.mark.parametrize(("use", "tone"), [(0.69, Tone.FAINT), (0.7, Tone.WARNING), (1.0, Tone.BAD)])
def test_the_tone_of_a_limit_follows_its_use(use: float, tone: Tone) -> None:
    assert use_tone(use) is tone


def test_a_zero_has_no_sign() -> None:
    assert plain("−0.0 %") == "0.0 %"
    assert plain("-0.4 %") == "−0.4 %"


def test_a_throttled_owner_is_re_enabled_by_a_person(station: Workstation) -> None:
    station.kernel.gate.throttled.add("grid")
    station.frame()
    button = station.area.risk.lift_buttons["grid"]
    station.click(button)
    assert "grid" not in station.kernel.gate.throttled
    assert "grid" not in station.area.risk.lift_buttons


def test_a_person_ends_crisis_mode_with_a_reason(station: Workstation, qtbot: QtBot) -> None:
    station.kernel.guards.on_volatility(
        station.kernel.clock.time_ns, "BTCUSDT", station.kernel.terms.crisis_atr_multiple + 1
    )
    station.frame()
    assert station.kernel.guards.crisis
    trading = next(cell for cell in station.window.banner.shown_cells() if cell.label == "Trading")
    assert (trading.value, trading.tone) == ("ACTIVE, crisis mode", Tone.WARNING)
    station.click(station.area.risk.lift_buttons[""])
    dialog = next(each for each in station.window.findChildren(ReasonDialog) if each.isVisible())
    qtbot.keyClicks(dialog.reason, "over")
    station.click(dialog.action_button)
    assert not station.kernel.guards.crisis


@pytest.mark.allow_log_warnings
def test_a_denial_is_counted_and_told(station: Workstation) -> None:
    with pytest.raises(AssertionError):
        station.buy(lots=90_000)
    station.area.show_panel("log")
    station.frame()
    texts = [row["text"] for row in station.area.log.table.shown_rows()]
    assert any(text.startswith("Denied ORDER_VALUE, manual, BTCUSDT") for text in texts)
    assert station.area.risk.state.accessibleName().startswith("Trading is ACTIVE. Denied today 1")
    assert station.window.banner.accessibleDescription().startswith("Denied ORDER_VALUE")
    station.click(station.area.risk.state)
    assert station.area.news.isVisible(), "the denials in words"
    assert station.area.news.table.shown_rows()[0]["text"].startswith("Denied buy of manual: ")


def test_the_log_keeps_the_order_of_what_happened(station: Workstation) -> None:
    station.buy()
    station.pass_time(1)
    station.area.show_panel("log")
    station.frame()
    texts = [row["text"] for row in station.area.log.table.shown_rows()]
    accepted = next(place for place, text in enumerate(texts) if text.startswith("Accepted"))
    filled = next(place for place, text in enumerate(texts) if text.startswith("BTCUSDT buy"))
    assert filled < accepted, "the newest line is on top"


def test_inner_values_and_log_of_the_selected_strategy(strategies: Workstation, qtbot: QtBot) -> None:
    panel = strategies.area.strategies
    panel.resize(900, 400)
    panel.table.select_key("ema_cross")
    strategies.click(panel.start)
    qtbot.mouseClick(panel.choice, Qt.MouseButton.LeftButton, pos=panel.choice.segments()[1].center())
    strategies.pass_time(61)
    strategies.frame()
    values = {row["name"]: row["value"] for row in panel.inside.shown_rows()}
    assert {"fast weight", "slow weight"} <= set(values) and panel.foot.isHidden()
    assert dict(next(view.inner for view in strategies.engine.strategies() if view.name == "ema_cross")) == values
    qtbot.mouseClick(panel.choice, Qt.MouseButton.LeftButton, pos=panel.choice.segments()[2].center())
    panel.log.flush()
    texts = [row["text"] for row in panel.log.shown_rows()]
    assert any(text.startswith("Running") for text in texts)
    panel.table.select_key("grid")
    panel.log.flush()
    assert panel.log.shown_rows() == []
    qtbot.mouseClick(panel.choice, Qt.MouseButton.LeftButton, pos=panel.choice.segments()[0].center())
    assert panel.foot.isVisible()


def test_the_log_is_searched_and_left_with_its_warnings(station: Workstation, qtbot: QtBot) -> None:
    station.area.show_panel("log")
    station.frame()
    panel = station.area.log
    station.buy(lots=1000)
    station.pass_time(1)
    station.command(Kill(reason="test", who="test"))
    station.frame()
    qtbot.mouseClick(panel.level, Qt.MouseButton.LeftButton, pos=panel.level.segments()[1].center())
    levels = {row["level"] for row in panel.table.shown_rows()}
    assert "WARN" in levels and "INFO" not in levels
    qtbot.keyClicks(panel.search, "killed by")
    assert [row["source"] for row in panel.table.shown_rows()] == ["kill switch"]


def test_the_state_is_in_the_csv(strategies: Workstation) -> None:
    table = strategies.area.strategies.table
    header, *lines = table.as_csv().splitlines()
    assert header == "State,Strategy,Symbol,Bars,Position,Today,Detail"
    assert sorted(line.split(",")[:2] for line in lines)[0] == ["Stopped", "confluence"]


def test_a_strategys_log_is_not_that_of_one_whose_name_begins_alike() -> None:
    def about(text: str, source: str = "risk") -> bool:
        return is_about(LogView(0, Severity.INFO, source, text), "grid")

    assert about("anything", source="grid")
    assert about("XRPUSDT buy 10 at 0.62, grid") and not about("XRPUSDT buy 10 at 0.62, grid_2")
    assert about("Denied CRISIS, grid, XRPUSDT: Too many.") and not about("Denied CRISIS, grid-2, XRPUSDT: Too many.")
    assert about("stop guard pauses grid until 12:00:00 UTC: 4 stops") and not about("gridlock")


def test_each_limit_tells_what_it_counts(station: Workstation, qtbot: QtBot) -> None:
    limits = station.area.risk.limits
    assert {each.name for each in station.engine.risk().limits} == ABOUT.keys()
    place = [each.name for each in limits.shown()].index("Gross exposure")
    here = QPoint(40, place * LINE_HEIGHT + 8)
    QApplication.sendEvent(limits, QHelpEvent(QEvent.Type.ToolTip, here, limits.mapToGlobal(here)))
    assert QToolTip.text() == ABOUT["Gross exposure"]
    QToolTip.hideText()
    assert "Gross exposure 0.0 % of 100.0 %" in limits.accessibleName()
