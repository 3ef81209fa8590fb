"""Docked panels: default layouts, tab groups, save and restore."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QRegion
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from widgets.docks.dock_layout import TRADING, TRADING_COMPACT, Tabs, column, row, without
from widgets.docks.docking import DockArea
from widgets.look import style


def empty_area(qtbot: QtBot, names: Iterable[str] = ()) -> DockArea:
    """Not shown yet, and without a layout."""
    area = DockArea()
    qtbot.addWidget(area)
    for name in names or TRADING.names():
        area.add_panel(name, name.capitalize(), QWidget())
    return area


def make_area(qtbot: QtBot) -> DockArea:
    area = empty_area(qtbot)
    area.reset()
    area.resize(1600, 808)
    with qtbot.waitExposed(area):
        area.show()
    qtbot.waitUntil(lambda: area.panel("ladder").width() == 270)
    return area


@pytest.fixture
def area(qtbot: QtBot, qapp: QApplication) -> DockArea:
    style.install(qapp)
    return make_area(qtbot)


def sizes(area: DockArea) -> dict[str, tuple[int, int, int, int]]:
    return {
        panel.name: (panel.x(), panel.y(), panel.width(), panel.height()) for panel in area.panels() if panel.in_front
    }


def test_default_layout_at_1600(area: DockArea) -> None:
    at = {name: area.panel(name).geometry() for name in TRADING.names()}
    assert at["watchlist"].width() == at["ticket"].width() == 270
    assert at["watchlist"].bottom() < at["ticket"].top()
    assert (at["ladder"].width(), at["tape"].width()) == (270, 182)
    assert at["tape"].right() == at["pnl"].right() == area.width() - 1
    assert at["positions"].height() == at["risk"].height() == 256
    assert at["ladder"].left() - at["chart"].right() == 5


def test_compact_layout_at_1280(area: DockArea, qtbot: QtBot) -> None:
    area.resize(1280, 640)
    area.set_compact(True)
    qtbot.waitUntil(lambda: area.panel("watchlist").width() == 228)
    assert area.panel("ladder").width() == 256
    assert area.panel("orders").height() == 150
    assert [panel.name for panel in area.panel("ladder").group()] == ["ladder", "tape", "depth"]
    assert area.panel("orders").in_front


def test_both_layouts_name_each_panel_once() -> None:
    for layout in (TRADING, TRADING_COMPACT):
        names = list(layout.names())
        assert len(names) == len(set(names))
        assert {"chart", "ticket", "ladder", "tape", "orders", "positions", "fills", "risk", "pnl", "log"} <= set(names)


def test_missing_panels_close_their_places() -> None:
    kept = without(row(Tabs(("a", "b")), column(Tabs(("c",)), Tabs(("d",)))), {"b", "d"})
    assert kept == row(Tabs(("b",)), column(Tabs(("d",))))
    assert without(Tabs(("a",)), set()) is None


def test_a_press_on_a_tab_brings_it_to_the_front(area: DockArea, qtbot: QtBot) -> None:
    positions = area.panel("positions")
    tab = next(rect for panel, rect in positions.tabs.tabs() if panel.name == "fills")
    qtbot.mouseClick(positions.tabs, Qt.MouseButton.LeftButton, pos=tab.center())
    assert area.panel("fills").in_front
    assert not positions.in_front
    assert area.focused_panel is area.panel("fills")


def test_the_strip_is_the_only_tab_bar(area: DockArea) -> None:
    strip = area.panel("positions").tabs
    assert [panel.name for panel, _ in strip.tabs()][:3] == ["positions", "orders", "fills"]
    assert strip.mapTo(area, QPoint(0, 0)).y() == area.panel("positions").y()
    assert area.panel("risk").y() == area.panel("positions").y()


def test_a_tool_that_comes_takes_its_room_from_the_tabs_at_once(area: DockArea, qtbot: QtBot) -> None:
    strip = area.panel("positions").tabs
    QApplication.processEvents()
    assert len(strip.tabs()) > 1
    drawn: list[QRegion] = []
    strip.paintEvent = lambda event: drawn.append(event.region())  # type: ignore[method-assign]
    tool = QLineEdit()
    tool.setFixedSize(strip.width() - 120, 20)
    strip.add_tool(tool)
    qtbot.waitUntil(lambda: bool(drawn))
    assert len(strip.tabs()) == 1
    assert any(region.boundingRect() == strip.rect() for region in drawn), "nothing is left of the other tabs"


def test_too_many_tabs_keep_the_front_one(area: DockArea) -> None:
    strip = area.panel("positions").tabs
    strip.resize(150, strip.height())
    assert strip.tabs()[0][0].name == "positions"
    assert sum(rect.width() for _, rect in strip.tabs()) <= 150


def test_layout_is_kept_between_runs(area: DockArea, qtbot: QtBot) -> None:
    area.show_panel("fills")
    area.resizeDocks([area.panel("watchlist")], [330], Qt.Orientation.Horizontal)
    area.panel("tape").close()
    QApplication.processEvents()
    kept = json.dumps(area.document())
    before = sizes(area)
    fresh = make_area(qtbot)
    assert sizes(fresh) != before
    assert fresh.take(json.loads(kept))
    QApplication.processEvents()
    assert sizes(fresh) == before
    assert fresh.panel("fills").in_front
    assert fresh.panel("tape").isHidden()
    fresh.show_panel("tape")
    assert not fresh.panel("tape").isHidden()
    fresh.reset()
    qtbot.waitUntil(lambda: fresh.panel("watchlist").width() == 270)


def test_a_panel_that_no_layout_names_opens_as_a_tab_after_a_restart_too(area: DockArea, qtbot: QtBot) -> None:
    areas = [area]  # none may go before the end

    def started(kept: dict[str, object]) -> DockArea:
        fresh = empty_area(qtbot, [*TRADING.names(), "settings"])
        areas.append(fresh)
        fresh.resize(1600, 808)
        fresh.show()
        assert fresh.take(kept)
        QApplication.processEvents()
        return fresh

    def opened(fresh: DockArea) -> list[str]:
        fresh.show_panel("settings")
        QApplication.processEvents()
        assert fresh.panel("settings").height() > 300
        return [panel.name for panel in fresh.panel("settings").group()]

    area.add_panel("settings", "Settings", QWidget())
    area.reset()
    QApplication.processEvents()
    kept = json.loads(json.dumps(area.document()))
    earlier = {key: value for key, value in kept.items() if key != "unplaced"}
    assert opened(started(earlier)) == opened(started(kept)) == opened(area)
    area.panel("settings").close()
    QApplication.processEvents()
    assert opened(started(json.loads(json.dumps(area.document())))) == opened(area), "its place is kept"


def test_tabs_keep_their_order_between_runs(area: DockArea, qtbot: QtBot) -> None:
    def tabs(of: DockArea) -> list[str]:
        return [panel.name for panel in of.panel("positions").group()]

    before, kept = tabs(area), json.loads(json.dumps(area.document()))
    earlier = {key: value for key, value in kept.items() if key != "order"}
    for document in (kept, earlier):
        fresh = empty_area(qtbot, sorted(TRADING.names(), reverse=True))
        assert fresh.take(document)
        assert tabs(fresh) == before


@pytest.mark.parametrize(
    "text",
    [
        '""',
        "null",
        "[]",
        '{"version": 1}',
        '{"version":9,"open":[],"state":"","compact":0,"front":[]}',
        '{"version":1,"open":[],"state":"","compact":0,"front":[]}',
        '{"version":1,"open":[],"state":"?","compact":0,"front":[]}',
    ],
)
def test_a_damaged_layout_changes_nothing(area: DockArea, text: str) -> None:
    before = sizes(area)
    assert not area.take(json.loads(text))
    assert sizes(area) == before


def test_a_layout_that_goes_and_comes_before_qt_has_told_of_it_keeps_its_front_panels(
    area: DockArea, qtbot: QtBot
) -> None:
    """As a compact window does at its start, whose size is fitted right after its layout was brought back."""
    area.set_compact(True)
    area.show_panel("fills")
    QApplication.processEvents()
    kept = json.loads(json.dumps(area.document()))
    fresh = empty_area(qtbot)
    fresh.resize(1280, 640)
    assert fresh.take(kept)
    fresh.set_compact(False)
    fresh.set_compact(True)
    fresh.show()
    QApplication.processEvents()
    assert fresh.document()["front"] == kept["front"] and "fills" in kept["front"]


def test_one_focused_panel(area: DockArea, qtbot: QtBot) -> None:
    field = QLineEdit()
    area.panel("ticket").setWidget(field)
    field.show()
    area.activateWindow()
    with qtbot.waitSignal(area.panel_focused) as heard:
        field.setFocus()
    assert heard.args == ["ticket"]


def test_a_name_is_given_once(area: DockArea) -> None:
    with pytest.raises(ValueError, match="chart"):
        area.add_panel("chart", "Chart", QWidget())


def test_a_floating_panel_leaves_its_group_and_comes_back(area: DockArea, qtbot: QtBot) -> None:
    panel = area.panel("orders")
    area.show_panel("orders")
    panel.setFloating(True)
    assert panel not in area.panel("positions").group()
    assert panel.group() == [panel]
    area.reset()
    qtbot.waitUntil(lambda: area.panel("ladder").width() == 270)
    assert not panel.isFloating()
    assert [each.name for each in panel.group()][:2] == ["positions", "orders"]
