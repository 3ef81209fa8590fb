"""A workspace builds the panels of the catalogue when they are first shown."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QWidget

from tests.gui.conftest import Workstation
from widgets.docks.catalogue import catalogue
from widgets.docks.dock_layout import TRADING
from widgets.docks.panel_help import help_of
from widgets.docks.user_content import UserContent
from widgets.engine.one_click import OneClick


def built(station: Workstation) -> set[str]:
    return {panel.name for panel in station.area.panels() if panel.widget() is not None}


def test_a_panel_is_built_when_it_is_first_shown(station: Workstation) -> None:
    assert built(station) == {"watchlist", "ticket", "chart", "ladder", "tape", "positions", "risk", "pnl"}
    station.area.show_panel("log")
    assert "log" in built(station)
    station.window.resize(1280, 720)
    station.frame()
    assert built(station) == {
        "watchlist",
        "ticket",
        "chart",
        "ladder",
        "tape",
        "positions",
        "risk",
        "pnl",
        "log",
        "orders",
    }


def test_figures_and_tools_stand_in_the_tabs_before_and_after(station: Workstation) -> None:
    area = station.area
    assert area.panel("watchlist").count == 3
    station.rest()
    station.pass_time(1)
    assert area.panel("orders").count == 1
    assert area.panel("orders").tools == []
    area.show_panel("orders")
    assert area.panel("orders").tools == [area.orders.working_only]


def test_each_name_of_the_catalogue_is_given_once_and_has_a_place(station: Workstation) -> None:
    kinds = catalogue(
        station.model,
        station.window._desktop,
        lambda model: QWidget(),
        UserContent(station.model, None),
        OneClick(station.model, 5),
    )
    names = [kind.name for kind in kinds]
    assert len(names) == len(set(names))
    assert {name for name in names if not name.startswith("chart ")} - {"settings"} <= set(TRADING.names())
    assert all(help_of(name) for name in names)
    with pytest.raises(AttributeError, match="no 'telescope'"):
        _ = station.area.telescope


def test_a_panel_that_the_layout_does_not_name_opens_as_a_tab_of_the_largest_place(station: Workstation) -> None:
    station.area.show_panel("settings")
    station.frame()
    assert station.area.panel("settings") in station.area.panel("chart").group()
    assert station.area.panel("settings").in_front and not station.area.panel("settings").isFloating()
