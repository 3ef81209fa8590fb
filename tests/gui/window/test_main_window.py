"""The window as a whole: title, layout, theme, density, links, and what hidden panels cost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Open, Workstation, small_settings
from widgets.look.numbers import format_money
from widgets.look.theme import Density, current
from widgets.look.tokens import Mode
from widgets.panels.live_panel import LivePanel
from widgets.window.main_window import MainWindow
from widgets.window.window_state import FRAME, geometry_of, load, stand
from workstation.core.timeframe import SECOND_NS


def ground_of(picture: QPixmap) -> str:
    """The colour of the chart's empty right margin."""
    return picture.toImage().pixelColor(1000, 330).name()


def test_lesson_30_title_and_banner_say_the_mode(station: Workstation) -> None:
    """Replay mistaken for live: the title begins with the mode, and the banner is always there."""
    assert station.window.windowTitle().startswith("PAPER")
    banner = station.window.banner
    assert banner.mode is Mode.PAPER
    assert banner.isVisible()
    assert banner.geometry().top() == 0
    fill = station.window.grab().toImage().pixelColor(4, 4).name()
    assert fill == current().tokens.paper.name()


def test_lesson_30_a_live_window_is_red_from_the_first_moment(qtbot: QtBot) -> None:
    """Live mistaken for paper: title and banner say so before anything is connected or armed."""
    window = MainWindow(small_settings(mode="live"), None)
    qtbot.addWidget(window)
    window.show()
    assert window.windowTitle().startswith("LIVE – ") and window.banner.mode is Mode.LIVE
    picture = window.grab().toImage()
    band = {picture.pixelColor(x, 4).name() for x in (4, 300, 600)}
    assert band == {current().tokens.live.name()}
    window.allow_close()


def test_the_panic_buttons_stand_still_in_every_theme_and_state(station: Workstation) -> None:
    kill = station.window.banner.panic.kill
    before = kill.mapTo(station.window, kill.rect().topLeft()), kill.size()
    station.click(kill)
    station.frame()
    station.window.choose("theme", "light")
    station.frame()
    assert (kill.mapTo(station.window, kill.rect().topLeft()), kill.size()) == before


def test_the_window_is_there_before_the_engine(qtbot: QtBot, settings: object) -> None:
    window = MainWindow(small_settings(), None)
    qtbot.addWidget(window)
    window.show()
    window.start_page.tell("Starting", "Reading")
    assert window.start_page.isVisible()
    assert not window.banner.panic.kill.isEnabled()
    assert window.area is None
    window.allow_close()


def test_theme_and_palette_are_switched_while_it_runs(station: Workstation) -> None:
    dark = ground_of(station.window.grab())
    station.trigger(station.window.appearance_menu(), "Light")
    station.frame()
    light = ground_of(station.window.grab())
    assert (dark, light) == ("#181616", "#fdfcfa")
    up = current().tokens.up
    station.trigger(station.window.appearance_menu(), "Red up, green down")
    assert current().tokens.down == up


def test_a_small_window_is_compact_and_a_large_one_is_not(station: Workstation) -> None:
    assert current().density is Density.NORMAL
    station.window.resize(1280, 720)
    station.frame()
    assert current().density is Density.COMPACT
    assert station.area.compact
    assert station.area.panel("tape") in station.area.group_of(station.area.panel("ladder"))
    station.window.resize(1600, 900)
    station.frame()
    assert not station.area.compact
    assert station.area.panel("tape") not in station.area.group_of(station.area.panel("ladder"))


def test_a_chosen_density_stays_whatever_the_size(station: Workstation) -> None:
    station.trigger(station.window.appearance_menu(), "Compact")
    station.frame()
    assert current().density is Density.COMPACT
    station.window.resize(1700, 950)
    assert current().density is Density.COMPACT


@pytest.mark.parametrize(("width", "height", "chart", "bottom"), [(1600, 900, 540, 256), (1280, 720, 400, 150)])
def test_panels_have_the_sizes_of_the_design(
    station: Workstation, width: int, height: int, chart: int, bottom: int
) -> None:
    station.window.resize(width, height)
    for _ in range(3):
        station.frame()
    assert station.area.charts[0].view.width() >= 690
    assert station.area.panel("chart").height() >= chart
    assert abs(station.area.panel("risk").height() - bottom) <= 6
    assert station.area.panel("watchlist").width() == (270 if width == 1600 else 228)


def test_layout_size_and_choices_are_kept_between_runs(open_workstation: Open) -> None:
    first = open_workstation()
    first.area.panel("tape").close()
    first.area.show_panel("fills")
    first.window.choose("theme", "light")
    first.model.choose_symbol("ETHUSDT")
    first.area.charts[0].choose_timeframe("4h")
    first.area.charts[0].choose_indicators(["RSI(14)"])
    first.window.resize(1500, 850)
    first.window.keep()
    second = open_workstation(start_ns=first.clock.now)
    assert second.area.panel("tape").isHidden()
    assert second.area.panel("fills").in_front
    assert current().tokens.ground.name() == "#fdfcfa"
    assert second.model.symbol == "ETHUSDT"
    assert second.area.charts[0].title == "ETHUSDT 4 h"
    assert second.area.charts[0].indicators == ["RSI(14)"]
    assert (second.window.width(), second.window.height()) == (1500, 850)


def test_a_damaged_layout_file_is_passed_over(open_workstation: Open) -> None:
    first = open_workstation()
    first.window.keep()
    path = first.session.folder.window
    document = json.loads(path.read_text())
    path.write_text(path.read_text()[:-30])
    second = open_workstation(start_ns=first.clock.now)
    assert not second.area.panel("ladder").isHidden()
    assert document["window"]["symbol"] == "BTCUSDT"


def test_the_layout_is_reset_from_the_menu(station: Workstation) -> None:
    station.trigger(station.window.main_menu(), "Ladder")
    assert station.area.panel("ladder").isHidden()
    station.trigger(station.window.main_menu(), "Reset the layout")
    assert not station.area.panel("ladder").isHidden()


def test_a_row_of_the_watchlist_drives_the_linked_panels(station: Workstation) -> None:
    station.area.watchlist.table.select_key("ETHUSDT")
    station.frame()
    assert station.model.symbol == "ETHUSDT"
    assert station.area.charts[0].view.model.symbol == "ETHUSDT"
    assert station.area.panel("chart").windowTitle() == "ETHUSDT 1 m"
    assert station.area.ticket.entry().symbol == "ETHUSDT"
    assert station.area.ladder.view.ticks_at(200) is not None


def test_only_panels_on_the_screen_listen(station: Workstation) -> None:
    area = station.area

    def listening() -> list[str]:
        contents = {name: area.panel(name).widget() for name in ("positions", "orders", "fills", "strategies", "log")}
        return [name for name, content in contents.items() if isinstance(content, LivePanel) and content.listening]

    assert listening() == ["positions"]
    area.show_panel("log")
    station.frame()
    assert listening() == ["log"]
    area.panel("ladder").close()
    assert not area.ladder.listening


def test_views_that_no_panel_shows_are_not_read(station: Workstation, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[str] = []
    monkeypatch.setattr(station.engine._views, "strategies", lambda: reads.append("strategies"))
    monkeypatch.setattr(station.engine._views, "risk", lambda: reads.append("risk"))
    station.area.panel("risk").close()
    station.model.refresh()
    assert reads == []


def test_closing_asks_for_a_stop_in_order_and_stays_until_then(station: Workstation) -> None:
    asked: list[bool] = []
    station.window.close_wanted.connect(lambda: asked.append(True))
    assert not station.window.close()
    assert asked == [True]
    assert station.window.isVisible()
    assert "Stopping" in station.window.banner.accessibleDescription()


@pytest.mark.allow_log_warnings
def test_a_stale_feed_is_told_and_taken_back(station: Workstation) -> None:
    station.clock.now += 8 * SECOND_NS
    station.frame()
    assert "feed is" in station.window.banner.accessibleDescription()
    assert "New orders are denied until it is back" in station.window.banner.accessibleDescription()
    rows = station.area.watchlist.table.shown_rows()
    assert all(row["age"] for row in rows)
    station.feed(2)
    station.frame()
    assert station.window.banner.accessibleDescription().endswith("feed is back.")


def test_the_status_bar_tells_health_and_time(station: Workstation) -> None:
    station.rest()
    station.pass_time(1)
    texts = [text for text, _ in station.window.status.left]
    assert texts[0].startswith("Feed ")
    assert any(text.startswith("Order to ack ") and text.endswith(" ms") for text in texts)
    station.window.status.refresh()
    right = [text for text, _ in station.window.status.right]
    assert right[0] == "1 working"
    assert right[1].startswith("Mon 1 Jan 2024 12:00:")


def test_time_zone_and_numbers_are_chosen_and_kept(open_workstation: Open) -> None:
    first = open_workstation()
    assert first.window.registry.run("appearance.time_zone.Asia/Tokyo")
    assert first.window.registry.run("appearance.number_format.1.234,5")
    first.pass_time(1)
    first.window.status.refresh()
    assert first.window.status.right[1][0].startswith("Mon 1 Jan 2024 21:00:")
    assert first.window.status.right[1][0].endswith(" JST")
    first.window.keep()
    second = open_workstation(start_ns=first.clock.now)
    second.window.status.refresh()
    assert second.window.status.right[1][0].endswith(" JST")
    assert format_money(1234.5) == "1.234,50"


def test_a_choice_of_another_version_does_no_harm(open_workstation: Open) -> None:
    first = open_workstation()
    first.window.keep()
    path = first.session.folder.window
    document = json.loads(path.read_text())
    document["window"]["chosen"] = {"theme": "sepia", "time_zone": "Mars/Base", "gone": "x", "density": "compact"}
    path.write_text(json.dumps(document))
    second = open_workstation(start_ns=first.clock.now)
    assert second.window.appearance.choice("theme") == "dark"
    assert second.window.appearance.choice("time_zone") == "UTC"
    assert second.window.appearance.choice("density") == "compact"


@pytest.mark.parametrize(
    "window",
    [
        {"size": ["wide", 900]},
        {"size": 900},
        {"chosen": ["dark"]},
        {"chosen": {"theme": 7}},
        {"keys": {"window.palette": 5}},
        {"symbol": None},
        {"geometry": 3},
    ],
)
def test_what_a_window_kept_of_another_kind_is_put_aside(tmp_path: Path, window: dict[str, object]) -> None:
    path = tmp_path / "window.ini"
    text = json.dumps({"version": 2, "window": window, "workspaces": {}})
    path.write_text(text)
    kept, sentence = load(path)
    assert kept == {} and "kept as window-damaged-1.ini" in sentence
    assert (tmp_path / "window-damaged-1.ini").read_text() == text


def test_a_window_stands_where_it_stood(qtbot: QtBot) -> None:
    first, second = QWidget(), QWidget()
    for window in (first, second):
        qtbot.addWidget(window)
    screen = first.screen().availableGeometry()
    first.setGeometry(screen.left() + 150, screen.top() + 120, 400, 300)
    first.show()
    first.setWindowState(Qt.WindowState.WindowMaximized)
    stand(second, geometry_of(first))
    assert second.normalGeometry() == first.normalGeometry()
    assert second.windowState() & Qt.WindowState.WindowMaximized


@pytest.mark.parametrize("geometry", ["", "?", "AAAA"])
def test_a_window_larger_than_its_screen_fills_it(qtbot: QtBot, geometry: str) -> None:
    large, small = QWidget(), QWidget()
    for window in (large, small):
        qtbot.addWidget(window)
    room = large.screen().availableSize()
    large.resize(room)  # the system's frame around it has no room
    small.resize(room - FRAME)
    for window in (large, small):
        stand(window, geometry)
    assert large.windowState() & Qt.WindowState.WindowMaximized
    assert not small.windowState() & Qt.WindowState.WindowMaximized


@pytest.mark.allow_log_warnings("kill switch", "Killed")
def test_what_keeps_orders_back_stays_in_the_banner_beside_a_long_message(station: Workstation) -> None:
    def labels() -> list[str]:
        return [cell.label for cell in station.window.banner.shown_cells()]

    station.window.resize(1280, 720)
    sentence = "BTCUSDT feed is 12 s old. New orders are denied until it is back."
    station.window.banner.set_message(sentence)
    assert "Trading" not in labels()
    assert station.window.panic is not None
    station.window.panic.kill()
    station.pass_time(1)
    station.window.banner.set_message(sentence)
    assert "Trading" in labels()
