"""The red banner tells how long live trading has been armed and when it ends, and arms again by the typed name."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Open, Workstation, small_settings
from widgets.look import style
from widgets.look.theme import current
from widgets.look.tokens import Mode
from widgets.window.arm_dialog import ArmDialog
from widgets.window.arming_banner import cell_of
from widgets.window.banner import Banner, Cell
from widgets.window.session_start import end_of
from workstation.config.settings import Settings
from workstation.core.messages import CommandReceived
from workstation.core.timeframe import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS, parse_utc
from workstation.core.types import TradingState
from workstation.trading.arming import ArmingState

SOON = pytest.mark.allow_log_warnings("disarm")
ARMED_NS = parse_utc("2024-03-01T12:03:00")
END_NS = ARMED_NS + 8 * HOUR_NS


def live(hours: str) -> Settings:
    settings = small_settings()
    account = msgspec.structs.replace(settings.account, name="binance-main")
    wanted = msgspec.structs.replace(settings.live, disarm_after_hours=Decimal(hours))
    return msgspec.structs.replace(settings, mode="live", account=account, live=wanted)


def shown(station: Workstation) -> dict[str, str]:
    return {cell.label: cell.value for cell in station.window.banner.shown_cells()}


def state(station: Workstation) -> TradingState:
    return station.engine.account().trading_state


@SOON
def test_a_person_sees_it_end_and_arms_again(open_workstation: Open, qtbot: QtBot) -> None:
    station = open_workstation(live("0.01"))  # 36 s
    banner = station.window.banner
    station.pass_time(1)
    assert shown(station)["Armed"].endswith("s, until 12:00") and banner.arm.isHidden()
    station.pass_time(20)
    assert shown(station)["Disarms in"].startswith("0:1") and banner.arm.isVisible()
    assert banner.accessibleDescription() == "Disarms itself at 12:00. Arm it again to go on."
    station.pass_time(20)
    assert state(station) is TradingState.REDUCING and shown(station)["Disarmed"] == "at 12:00"
    assert banner.accessibleDescription().startswith("Disarmed. Exits pass")
    assert any("disarmed itself after 36 s" in line.text for line in station.model.heard.log)

    station.click(banner.arm)
    (dialog,) = [each for each in station.window.findChildren(ArmDialog) if each.isVisible()]
    assert not dialog.action_button.isEnabled()
    qtbot.keyClicks(dialog.name, "binance-maim")
    assert not dialog.action_button.isEnabled() and dialog.problem.text() == "The name does not match."
    qtbot.keyClick(dialog.name, Qt.Key.Key_Backspace)
    qtbot.keyClicks(dialog.name, "n")
    qtbot.keyClick(dialog.name, Qt.Key.Key_Return)
    assert dialog.isVisible() and state(station) is TradingState.REDUCING, "Enter in the field arms nothing"
    received: list[CommandReceived] = []
    station.kernel.bus.subscribe(CommandReceived, received.append)
    station.click(dialog.action_button)
    station.frame()
    assert state(station) is TradingState.ACTIVE and banner.arm.isHidden()
    assert [event.body["account"] for event in received] == ["binance-main"]
    assert "Armed" in shown(station) and "armed until 2024-01-01 12:01" in banner.accessibleDescription()


@SOON
def test_cancel_and_escape_arm_nothing(open_workstation: Open, qtbot: QtBot) -> None:
    station = open_workstation(live("0.01"))
    station.pass_time(40)
    for end in ("cancel", "escape"):
        station.click(station.window.banner.arm)
        (dialog,) = [each for each in station.window.findChildren(ArmDialog) if each.isVisible()]
        qtbot.keyClicks(dialog.name, "binance-main")
        if end == "cancel":
            station.click(dialog.cancel_button)
        else:
            qtbot.keyClick(dialog, Qt.Key.Key_Escape)
        station.frame()
        assert state(station) is TradingState.REDUCING and station.window.banner.arm.isVisible()


def test_on_paper_nothing_is_armed(station: Workstation) -> None:
    station.frame()
    assert station.engine.arming() is None and station.window.banner.arm.isHidden()
    assert not {"Armed", "Disarmed", "Disarms in"} & set(shown(station))


WORDS: dict[str, tuple[ArmingState, int, Cell]] = {
    "minutes": (ArmingState(True, ARMED_NS, END_NS, False, ""), 41 * MINUTE_NS, Cell("Armed", "41 min, until 20:03")),
    "hours": (ArmingState(True, ARMED_NS, END_NS, False, ""), 185 * MINUTE_NS, Cell("Armed", "3 h 5 min, until 20:03")),
    "days": (
        ArmingState(True, ARMED_NS, ARMED_NS + 9 * DAY_NS, False, ""),
        50 * HOUR_NS,
        Cell("Armed", "2 d 2 h, until 10 Mar 12:03"),
    ),
    "never": (ArmingState(True, ARMED_NS, 0, False, ""), 12 * SECOND_NS, Cell("Armed", "12 s, never disarms")),
    "soon": (ArmingState(True, ARMED_NS, END_NS, True, ""), 8 * HOUR_NS - 65 * SECOND_NS, Cell("Disarms in", "1:05")),
    "over": (ArmingState(False, ARMED_NS, END_NS, False, ""), 9 * HOUR_NS, Cell("Disarmed", "at 20:03")),
}


@pytest.mark.parametrize("which", WORDS)
def test_in_words(which: str) -> None:
    arming, after_ns, cell = WORDS[which]
    found = cell_of(arming, ARMED_NS + after_ns)
    assert (found.label, found.value) == (cell.label, cell.value)


def test_the_arming_page_says_how_long_it_lasts() -> None:
    assert end_of(live("8").live) == "The engine disarms itself after 8 h."
    assert end_of(live("1.5").live) == "The engine disarms itself after 1 h 30 min."
    assert end_of(live("0").live) == "The engine never disarms itself."


class WatchedBanner(Banner):
    """Remembers what was painted."""

    def __init__(self) -> None:
        self.painted: list[QRect] = []
        super().__init__()

    def paintEvent(self, event: QPaintEvent) -> None:
        self.painted.append(event.rect())
        super().paintEvent(event)


@pytest.fixture
def banner(qtbot: QtBot, qapp: QApplication) -> Iterator[WatchedBanner]:
    style.install(qapp)
    made = WatchedBanner()
    qtbot.addWidget(made)
    made.set_mode(Mode.LIVE)
    made.set_account("binance-main", "binance linear")
    made.resize(1600, current().metrics.banner)
    made.show()
    yield made


def test_counting_paints_its_own_cell_and_nothing_else(banner: WatchedBanner, qtbot: QtBot) -> None:
    def show(armed: str, **more: Any) -> list[QRect]:
        banner.painted.clear()
        banner.set_cells((Cell("Equity", "25,408.11 USDT"), Cell("Armed", armed), *more.values()))
        QApplication.processEvents()
        return banner.painted

    assert show("40 min, until 20:03")
    counted = show("41 min, until 20:03")
    place = banner._places()["Armed"]
    assert counted == [place] and place.width() < 200
    assert show("41 min, until 20:03") == []
    (all_of_it,) = show("1 h 41 min, until 20:03")
    assert all_of_it == banner.rect(), "a figure that needs more room moves what stands beside it"
    picture = banner.grab().toImage()
    assert show("1 h 42 min, until 20:03") == [banner._places()["Armed"]]
    assert banner.grab().toImage() != picture
