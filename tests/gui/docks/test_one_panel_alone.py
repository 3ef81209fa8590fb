"""A panel that has the workspace for itself, and charts that are deleted for good."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QApplication

from tests.gui.conftest import Workstation
from widgets.chart.drawings.drawing import Tool
from widgets.docks.docking import DockArea, Panel


def open_panels(area: DockArea) -> set[str]:
    return {panel.name for panel in area.panels() if not panel.isHidden()}


def sizes(area: DockArea) -> dict[str, tuple[int, int]]:
    """Of those in front: one behind another is laid out when it is chosen."""
    return {
        panel.name: (panel.width(), panel.height()) for panel in area.panels() if not panel.visibleRegion().isEmpty()
    }


def double_click(station: Workstation, panel: Panel) -> None:
    (tab,) = (place for each, place in panel.tabs.tabs() if each is panel)
    station.qtbot.mouseDClick(panel.tabs, Qt.MouseButton.LeftButton, pos=tab.center())
    QApplication.processEvents()


def test_a_double_click_on_its_tab_gives_a_panel_everything_and_another_gives_it_back(station: Workstation) -> None:
    area = station.area
    chart = area.panel("chart")
    before, shown = sizes(area), open_panels(area)
    double_click(station, chart)
    assert open_panels(area) == {"chart"} and not chart.isFloating()
    assert chart.width() >= area.width() - 8 and chart.height() >= area.height() - 8
    assert not area.ladder.listening
    station.frame()
    double_click(station, chart)
    QApplication.processEvents()
    assert open_panels(area) == shown and sizes(area) == before


def test_the_key_does_the_same_and_what_is_saved_is_the_layout_with_all(station: Workstation) -> None:
    area = station.area
    area.focus_panel(area.panel("ladder"))
    before = area.document()
    station.window.registry.run("panel.maximise")
    assert open_panels(area) == {"ladder"}
    assert {**area.document(), "charts": None} == {**before, "charts": None}
    station.window.registry.run("panel.maximise")
    assert area.maximised is None and sorted(open_panels(area)) == before["open"]


@pytest.mark.parametrize("how", ["show", "close", "reset", "button"])
def test_what_concerns_another_panel_brings_all_back(station: Workstation, how: str) -> None:
    area = station.area
    shown = open_panels(area)
    area.toggle_maximised(area.panel("chart"))
    if how == "show":
        area.show_panel("risk")
    elif how == "close":
        area.panel("chart").close()
    elif how == "reset":
        area.reset()
    else:
        station.click(area.panel("chart").tabs.back)
    QApplication.processEvents()
    assert area.maximised is None
    assert open_panels(area) == (shown - {"chart"} if how == "close" else shown)


def test_an_added_chart_is_deleted_with_its_state_and_undo_brings_it_back(station: Workstation) -> None:
    area = station.area
    assert not area.deletable("chart")
    with pytest.raises(KeyError):
        area.delete_chart("chart")
    added = area.new_chart({"symbol": "ETHUSDT", "timeframe": "5m", "indicators": ["RSI(9)"]})
    name = next(panel.name for panel in area.panels() if panel.widget() is added)
    station.frame()
    area.panel(name).setFloating(True)
    count = len(area.charts)
    menu = area.panel(name).tabs.make_menu()
    station.trigger(menu, "Delete chart")
    QApplication.processEvents()
    document = station.window.workspaces.document() if station.window.workspaces is not None else {}
    assert name not in str(document) and len(area.charts) == count - 1
    banner = station.window.banner
    assert "ETHUSDT 5 m was deleted" in banner._message.text
    station.click(banner.action)
    QApplication.processEvents()
    back = area.charts[-1]
    assert (back.symbol, back.timeframe, back.indicators) == ("ETHUSDT", "5m", ["RSI(9)"])
    assert area.panel(name).isFloating()
    station.pass_time(1)
    assert len(back.view.model.series) > 0


def test_charts_show_one_time_across_windows_and_groups_and_follow_their_own_symbol(station: Workstation) -> None:
    """The crosshair is of all charts, wherever they are; the symbol is of the link group."""
    area = station.area
    first = area.charts[0]
    names = []
    for letter in ("A", "B"):
        added = area.new_chart({"symbol": "ETHUSDT", "timeframe": "5m"})
        names.append(next(panel.name for panel in area.panels() if panel.widget() is added))
        area.link(names[-1], letter)
        area.panel(names[-1]).setFloating(True)
    same, other = area.charts[-2:]
    area.show_panel("chart")
    station.frame()
    area.ladder.model.choose_symbol("XRPUSDT")
    station.frame()
    assert (first.symbol, same.symbol, other.symbol) == ("XRPUSDT", "XRPUSDT", "ETHUSDT")
    at = first.view.mapFromScene(first.view.price_pane.box.mapToScene(QPointF(300, 100)))
    station.qtbot.mouseMove(first.view.viewport(), QPoint(at) - QPoint(5, 0))
    station.qtbot.mouseMove(first.view.viewport(), QPoint(at))
    QApplication.processEvents()
    crosshair = first.view.model.crosshair
    assert crosshair is not None
    time_ns = first.view.model.series.time_at(crosshair.index)
    for chart in (same, other):
        mark, series = chart.view.model.crosshair, chart.view.model.series
        assert mark is not None and mark.pane is None
        assert series.time_at(mark.index) <= time_ns < series.time_at(mark.index) + series.bar_ns


def test_a_drawing_tool_is_taken_by_its_key_on_the_chart_under_the_hand(station: Workstation) -> None:
    area = station.area
    added = area.new_chart({"symbol": "BTCUSDT", "timeframe": "5m"})
    added.view.setFocus()
    station.qtbot.keyClick(station.window, Qt.Key.Key_T, Qt.KeyboardModifier.AltModifier)
    assert added.drawing.tool is Tool.TREND_LINE and area.charts[0].drawing.tool is None
    area.focus_panel(area.panel("ladder"))
    station.window.registry.run("chart.draw.ray")
    assert area.charts[0].drawing.tool is Tool.RAY and area.panel("chart").in_front
