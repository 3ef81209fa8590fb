"""The arming page: nothing arms but a green list, the account's name and the button."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from widgets.look.style import install
from widgets.window.arming_page import ArmingPage
from workstation.venues.exchange.account.preflight import Check

GREEN = (Check("key", True, "binance knows the key."), Check("clock", True, "The clock is right."))
RED = Check("withdrawal", False, "The key may withdraw; " + "take that permission away in the key settings, " * 4)
NOTES = ("Brackets are held by this program.", "The dead-man timer is off.")


@pytest.fixture
def page(qtbot: QtBot, qapp: QApplication) -> Iterator[ArmingPage]:
    install(qapp)
    made = ArmingPage("binance-main", "binance linear", "Orders will use real money.")
    qtbot.addWidget(made)
    made.resize(1280, 660)
    made.show()
    yield made


def armed_by(page: ArmingPage) -> list[str]:
    heard: list[str] = []
    page.arm_wanted.connect(heard.append)
    return heard


def press(qtbot: QtBot, page: ArmingPage) -> None:
    qtbot.mouseClick(page.arm, Qt.MouseButton.LeftButton)


def test_the_name_must_be_typed_exactly(page: ArmingPage, qtbot: QtBot) -> None:
    heard = armed_by(page)
    page.show_checks(GREEN, NOTES)
    for typed in ("", "binance", "Binance-main", "binance-main ", "binance-maim"):
        page.name.clear()
        qtbot.keyClicks(page.name, typed)
        press(qtbot, page)
        assert not page.arm.isEnabled(), typed
    assert page.problem.text() == "The name does not match."
    page.name.clear()
    qtbot.keyClicks(page.name, "binance-main")
    qtbot.keyClick(page.name, Qt.Key.Key_Return)
    assert heard == [], "Enter in the field arms nothing"
    press(qtbot, page)
    assert heard == ["binance-main"]


def test_a_red_check_locks_the_button_and_its_whole_sentence_is_shown(page: ArmingPage, qtbot: QtBot) -> None:
    heard = armed_by(page)
    page.show_checks((*GREEN, RED), NOTES)
    qtbot.keyClicks(page.name, "binance-main")
    press(qtbot, page)
    assert heard == [] and page.problem.text() == "Not passed: withdrawal. Mend it and check again."
    qtbot.waitUntil(lambda: page.lines[0].height() < 40)
    assert page.lines[2].height() > 2 * page.lines[0].height()
    assert [line.accessibleName().split(":")[0] for line in page.lines] == [
        "key passed",
        "clock passed",
        "withdrawal failed",
    ]
    page.show_checks(GREEN, NOTES)
    assert page.arm.isEnabled() and len(page.lines) == 2


def test_nothing_is_armed_before_or_while_the_exchange_is_asked(page: ArmingPage, qtbot: QtBot) -> None:
    qtbot.keyClicks(page.name, "binance-main")
    assert not page.arm.isEnabled()
    page.show_checks(GREEN, ())
    page.set_busy(True)
    assert not page.arm.isEnabled() and not page.again.isEnabled()
    page.set_busy(False)
    assert page.arm.isEnabled()


def test_escape_and_the_buttons_say_what_is_wanted(page: ArmingPage, qtbot: QtBot) -> None:
    heard: list[str] = []
    page.cancelled.connect(lambda: heard.append("cancel"))
    page.check_wanted.connect(lambda: heard.append("check"))
    page.keys_wanted.connect(lambda: heard.append("keys"))
    page.show_checks(GREEN, NOTES)
    for button in (page.cancel, page.again, page.keys):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.keyClick(page.name, Qt.Key.Key_Escape)
    assert heard == ["cancel", "check", "keys", "cancel"]
