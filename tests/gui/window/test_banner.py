"""The mode banner: modes are told apart, panic never moves, what matters is not pushed out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from widgets.look import style
from widgets.look.theme import Density, current
from widgets.look.tokens import Mode, Tone
from widgets.window.banner import Banner, Cell

CELLS = [
    Cell("Equity", "10,142.36 USDT"),
    Cell("Today", "+42.36 +0.42 %", Tone.UP, priority=1),
    Cell("Open P&L", "+19.42", Tone.UP, priority=4),
    Cell("Exposure", "21.1 %", priority=3),
    Cell("Trading", "ACTIVE", Tone.GOOD, dot=True, priority=2),
]


@pytest.fixture
def banner(qtbot: QtBot, qapp: QApplication) -> Iterator[Banner]:
    style.install(qapp)
    widget = Banner()
    qtbot.addWidget(widget)
    widget.set_account("paper-01", "Built-in market, seed 7")
    widget.set_cells(CELLS)
    widget.resize(1600, current().metrics.banner)
    widget.show()
    yield widget
    current().set_density(Density.NORMAL)
    current().set_colours("dark")


def places(banner: Banner) -> list[tuple[int, int, int, int]]:
    buttons = (banner.panic.pause, banner.panic.cancel_all, banner.panic.flatten, banner.panic.kill)
    corners = [button.mapTo(banner, button.rect().topLeft()) for button in buttons]
    return [(at.x(), at.y(), each.width(), each.height()) for at, each in zip(corners, buttons, strict=True)]


def test_panic_never_moves(banner: Banner) -> None:
    before = places(banner)
    for mode in Mode:
        banner.set_mode(mode)
        banner.set_counts(running=7, entries=1234, positions=88)
        banner.set_message("Cancelled 2 of 2 sells, 0.12 s", Tone.GOOD, action="Undo")
        banner.set_killed(True)
        assert places(banner) == before
        banner.set_killed(False)
    current().set_colours("light")
    assert places(banner) == before


def test_resume_stands_in_the_band_never_where_kill_was(banner: Banner, qtbot: QtBot) -> None:
    assert banner.resume.isHidden()
    banner.set_killed(True)
    assert banner.panic.kill.text() == "KILLED"
    assert banner.resume.geometry().right() < banner.panic.geometry().left()
    with qtbot.waitSignal(banner.resume_clicked):
        qtbot.mouseClick(banner.resume, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(banner.kill_clicked):
        qtbot.mouseClick(banner.panic.kill, Qt.MouseButton.LeftButton)


@pytest.mark.parametrize("name", ["pause", "cancel_all", "flatten", "kill"])
def test_each_button_tells_its_own_click(banner: Banner, qtbot: QtBot, name: str) -> None:
    with qtbot.waitSignal(getattr(banner, f"{name}_clicked")):
        qtbot.mouseClick(getattr(banner.panic, name), Qt.MouseButton.LeftButton)


def test_cancel_all_says_that_stops_stay(banner: Banner) -> None:
    assert "Protective stops stay" in banner.panic.cancel_all.toolTip()


def test_30_replay_is_not_mistaken_for_live(banner: Banner) -> None:
    """Modes are told apart by a permanent coloured banner (lesson 30)."""
    seen = {}
    for mode in Mode:
        banner.set_mode(mode)
        image = banner.grab().toImage()
        seen[mode] = (image.pixelColor(4, 4).name(), image.pixelColor(900, 4).name())
    tokens = current().tokens
    assert seen[Mode.PAPER] == (tokens.paper.name(), tokens.paper_ground.name())
    assert seen[Mode.LIVE] == (tokens.live.name(), tokens.live.name())
    assert seen[Mode.REPLAY] == (tokens.replay.name(), tokens.replay_ground.name())


def test_a_mode_that_is_none_is_refused(banner: Banner) -> None:
    with pytest.raises(ValueError, match="TESTNET"):
        banner.set_mode("testnet")


def test_cells_give_way_to_the_message_the_least_important_first(banner: Banner) -> None:
    assert banner.shown_cells() == CELLS
    current().set_density(Density.COMPACT)
    banner.resize(1280, current().metrics.banner)
    banner.set_message("BTCUSDT feed is 6 s old. New orders are denied.", Tone.WARNING)
    labels = [cell.label for cell in banner.shown_cells()]
    assert labels[0] == "Equity"
    assert "Open P&L" not in labels
    banner.set_message("x" * 400)
    assert [cell.label for cell in banner.shown_cells()] == ["Equity"]


def test_compact_keeps_kill_at_72_pixels(banner: Banner) -> None:
    current().set_density(Density.COMPACT)
    assert banner.panic.pause.text() == "Pause"
    assert banner.panic.kill.width() >= 72


def test_neighbours_stand_still_when_a_figure_gets_shorter(banner: Banner) -> None:
    banner.grab()
    wide = banner._cell_width(CELLS[0])
    assert banner._cell_width(Cell("Equity", "1.00")) == wide


def test_the_button_does_what_the_shown_message_says(banner: Banner, qtbot: QtBot) -> None:
    done: list[str] = []
    banner.set_message("Cancelled 2 of 2 entries", action="Undo", act=lambda: done.append("undo"))
    qtbot.mouseClick(banner.action, Qt.MouseButton.LeftButton)
    banner.set_message("Importing", action="Cancel", act=lambda: done.append("cancel"))
    qtbot.mouseClick(banner.action, Qt.MouseButton.LeftButton)
    banner.set_message("Imported")
    assert banner.action.isHidden()
    banner.action.click()
    assert done == ["undo", "cancel"]


def test_long_names_of_who_and_where_leave_room_for_the_trading_state(banner: Banner) -> None:
    banner.resize(1280, current().metrics.banner)
    banner.set_account("paper-01", "Built-in market, seed 7, attached to nats://127.0.0.1:47259")
    words = "Control: Another session of somebody@workstation"
    banner.set_control(words, "It has control.")
    assert banner.control.text().startswith("Control: Another session") and banner.control.text().endswith("…")
    assert (banner.control.accessibleName(), banner.control.toolTip()) == (words, "It has control.")
    banner.set_killed(True)
    banner.set_cells([*CELLS[:-1], Cell("Trading", "HALTED", Tone.BAD, dot=True, priority=-1)])
    assert banner.grab().width() == 1280
    state = banner._places()["Trading"]
    assert state.right() < banner.resume.x() < banner.control.x(), "nothing stands over it"
