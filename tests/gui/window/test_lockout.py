"""The lock-out on the screen: the button that begins it, the cell with the time left, and what refuses to lift it."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Open, Workstation, small_settings
from widgets.controls.dialogs import ReasonDialog
from widgets.panels.lockout_dialog import A_TIME, LockoutDialog, next_time_ns
from widgets.window.lockout_banner import time_left
from workstation.core.messages import LiftLockout
from workstation.core.timeframe import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS, parse_utc
from workstation.core.types import TradingState

NOON = parse_utc("2024-01-01T12:00:00")


def cells(station: Workstation) -> dict[str, str]:
    return {cell.label: cell.value for cell in station.window.banner.shown_cells()}


def dialog_of(station: Workstation, kind: type[QWidget]) -> QWidget:
    return next(each for each in station.window.findChildren(kind) if each.isVisible())


def lock(station: Workstation, choice: str = "1 hour") -> None:
    station.click(station.area.risk.lock)
    dialog = dialog_of(station, LockoutDialog)
    assert isinstance(dialog, LockoutDialog)
    dialog.choice.setCurrentText(choice)
    station.click(dialog.action_button)
    station.pass_time(1)


def test_it_is_begun_by_the_button_counts_down_and_is_lifted_with_a_reason(station: Workstation, qtbot: QtBot) -> None:
    lock(station)
    assert cells(station)["Locked out"].startswith("59:5")
    assert station.engine.account().trading_state is TradingState.REDUCING
    assert station.area.risk.lock.text() == "Lift the lock-out…"
    station.click(station.area.risk.lock)
    dialog = dialog_of(station, ReasonDialog)
    assert isinstance(dialog, ReasonDialog)
    qtbot.keyClicks(dialog.reason, "slept")
    station.click(dialog.action_button)
    station.pass_time(1)
    assert "Locked out" not in cells(station)
    assert station.engine.account().trading_state is TradingState.ACTIVE


@pytest.mark.allow_log_warnings("locked out")
def test_a_fixed_one_says_so_and_a_lift_is_refused_with_the_time(open_workstation: Open) -> None:
    settings = small_settings()
    lockout = msgspec.structs.replace(settings.risk.lockout, fixed=True)
    station = open_workstation(
        msgspec.structs.replace(settings, risk=msgspec.structs.replace(settings.risk, lockout=lockout))
    )
    lock(station)
    assert cells(station)["Locked out"].endswith("left, fixed")
    assert station.area.risk.lock.text() == "Lock me out…"
    assert station.area.risk.lock.toolTip().endswith("It is fixed: it can only be made longer.")
    told = station.model.command(LiftLockout(reason="please"))
    assert told.startswith("You are locked out until 2024-01-01 13:00")
    station.click(station.window.banner.panic.kill)
    station.frame()
    assert station.engine.account().killed, "the kill works"


def test_after_the_days_loss_the_risk_panel_says_how_long_it_lasts_beyond_the_day(open_workstation: Open) -> None:
    replace, settings = msgspec.structs.replace, small_settings()
    lockout = replace(settings.risk.lockout, after_day_loss_hours=Decimal(24), fixed=True)
    risk = replace(settings.risk, day_loss_percent=Decimal("0.01"), lockout=lockout)
    station = open_workstation(replace(settings, risk=risk))
    station.buy(lots=2_000)
    station.pass_time(2)
    station.click(station.area.ladder.foot.flatten)
    station.pass_time(3)
    assert cells(station)["Locked out"].endswith("left, fixed")
    notice = station.area.risk.notice.text()
    assert "The lock-out lasts until 2 Jan 12:00:0" in notice and "Lifts at" not in notice


def test_a_time_of_ones_own_is_checked(station: Workstation, qtbot: QtBot) -> None:
    station.click(station.area.risk.lock)
    dialog = dialog_of(station, LockoutDialog)
    assert isinstance(dialog, LockoutDialog)
    dialog.choice.setCurrentText(A_TIME)
    station.click(dialog.action_button)
    assert dialog.isVisible()
    assert dialog.problem.text() == "Type a time of the day such as 20:00, in UTC."
    qtbot.keyClicks(dialog.time, "20:00")
    station.click(dialog.action_button)
    station.pass_time(1)
    assert station.kernel.lockout.until_ns == NOON + 8 * HOUR_NS


@pytest.mark.parametrize(
    ("text", "after_ns"),
    [("20:00", 8 * HOUR_NS), ("12:00", DAY_NS), ("11:59", DAY_NS - MINUTE_NS), ("24:00", None), ("noon", None)],
)
def test_the_next_time_of_a_day(text: str, after_ns: int | None) -> None:
    assert next_time_ns(text, NOON) == (NOON + after_ns if after_ns is not None else 0)


def test_the_time_left_in_words() -> None:
    words = [time_left(ns) for ns in (-1, 9 * SECOND_NS, 12 * MINUTE_NS, HOUR_NS + 5 * SECOND_NS, 2 * DAY_NS)]
    assert words == ["0:00", "0:09", "12:00", "1:00:05", "2 d 0:00:00"]


def test_times_are_typed_and_told_in_the_chosen_zone(station: Workstation, qtbot: QtBot) -> None:
    station.window.choose("time_zone", "America/New_York")
    station.click(station.area.risk.lock)
    dialog = dialog_of(station, LockoutDialog)
    assert isinstance(dialog, LockoutDialog)
    dialog.choice.setCurrentText(A_TIME)
    assert dialog.time.placeholderText() == "20:00, EST"
    qtbot.keyClicks(dialog.time, "20:00")
    station.click(dialog.action_button)
    station.pass_time(1)
    assert station.engine.account().locked_until_ns == NOON + 13 * HOUR_NS, "20:00 in New York"
    assert "until 1 Jan 20:00:00 EST" in station.area.risk.lock.toolTip()
    assert any("until 20:00:00 EST" in line.text for line in station.model.heard.log)


def test_a_day_that_is_over_is_no_end() -> None:
    assert next_time_ns("2023-12-31 20:00", NOON) == 0
    assert next_time_ns("2024-01-02 20:00", NOON) == NOON + 32 * HOUR_NS
