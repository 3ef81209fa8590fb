"""Every action of the palette, in random order: no warning, no exception, nothing left behind.

``make test ARGS="tests/gui/actions/test_walk.py --walk-minutes 5"`` walks for so long, ``--walk-seed 8`` another way.
Exceptions in slots and warnings of Qt fail the test as they do everywhere in this suite.
"""

from __future__ import annotations

import gc
import random
import time
from collections import Counter

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication, QDialog, QTabBar, QWidget

from tests.gui.conftest import Workstation
from widgets.docks.dock_layout import SHIPPED
from workstation.core.messages import EndCrisis, LiftThrottle, Resume


def settle(station: Workstation) -> None:
    """Close what an action opened, and let go of what is to be deleted."""
    for widget in QApplication.topLevelWidgets():
        if isinstance(widget, QDialog) or widget.windowType() is widget.windowType().Popup:
            widget.close()
    station.window.command_palette.hide()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def stand_as_at_first(station: Workstation) -> None:
    """One workspace with every panel built, as docked as it is shipped, and trading allowed."""
    spaces = station.window.workspaces
    assert spaces is not None
    while len(spaces.names) > 1:
        spaces.delete()
    spaces.rename("last one")
    spaces.add("Trading")
    spaces.switch("last one")
    spaces.delete()
    for panel in station.area.panels():
        station.area.show_panel(panel.name)
    station.area.reset()
    station.command(Resume(reason="the walk goes on"))
    # What the walk's losses and repeated orders brought about is shown as well, each with a button.
    station.command(EndCrisis(reason="the walk goes on"))
    for owner in [owner for owner in station.area.risk.lift_buttons if owner]:
        station.command(LiftThrottle(owner=owner))
    for _ in range(2):
        station.frame()
        settle(station)
    gc.collect()


def census(station: Workstation) -> Counter[str]:
    """How many widgets and timers of each class there are; Qt keeps tab bars of docks to use them again."""
    found = Counter(
        type(widget).__name__
        for widget in QApplication.allWidgets()
        if not isinstance(widget, QTabBar) and not isinstance(widget.parent(), QTabBar)
    )
    found["repeating timers"] = sum(timer.isActive() and not timer.isSingleShot() for timer in timers(station.window))
    found["timers"] = len(timers(station.window))
    return found


def timers(window: QWidget) -> list[QTimer]:
    return window.findChildren(QTimer)


@pytest.mark.allow_log_warnings("kill switch", "Killed")
def test_every_action_in_random_order(station: Workstation, request: pytest.FixtureRequest) -> None:
    minutes, seed = request.config.getoption("--walk-minutes"), request.config.getoption("--walk-seed")
    chance = random.Random(seed)
    registry = station.window.registry
    stand_as_at_first(station)
    before = census(station)
    done: set[str] = set()
    ends = time.monotonic() + 60 * minutes
    while True:
        names = [action.name for action in registry.all()]
        chance.shuffle(names)
        for name in names:
            action = registry.find(name)
            if action is not None:  # what an earlier step ended, as a position, is not there any more
                registry.run(name)
                done.add(name)
            if chance.random() < 0.3:
                station.pass_time(0.2)
            else:
                station.frame()
            settle(station)
        stand_as_at_first(station)
        left = census(station) - before
        assert not left, f"left behind with seed {seed}: {dict(left)}"
        for name in SHIPPED:
            if station.window.workspaces is not None and name not in station.window.workspaces.names:
                station.window.workspaces.add(name, name)
        if time.monotonic() >= ends:
            break
    assert len(done) > 60 and {"trade.kill", "window.quit", "workspace.delete"} <= done
