"""A trading session on a real X window by real key presses and mouse clicks, in paper mode on the built-in market."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.end_to_end.program import (
    command,
    configuration,
    environment,
    journal,
    open_orders,
    positions,
    run,
    wait_until,
)
from tests.end_to_end.x_screen import SIZE, XScreen, x_screen
from tests.gui.conftest import Workstation
from widgets.look.style import install
from widgets.look.theme import current
from widgets.look.tokens import Mode
from workstation.config.loader import load_settings
from workstation.core.messages import CommandReceived, KillSwitchChanged, OrderFilled, OrderSubmitted, Output
from workstation.core.types import OrderType, Side
from workstation.storage.kill_latch import KillLatch
from workstation.storage.layout import DataFolder
from workstation.storage.lock import is_held

pytestmark = [
    pytest.mark.desktop,
    pytest.mark.skipif(
        not (shutil.which("Xvfb") and shutil.which("xdotool")),
        reason="Xvfb and xdotool are not here: on Debian, apt install xvfb xdotool",
    ),
]

PROFILE = """
engine: {engine}
market:
  symbols: [BTCUSDT, ETHUSDT, XRPUSDT]
  built_in:
    history_days: 2
    crashes_per_day: 0
desktop:
  charts:
    - {{symbol: BTCUSDT, timeframe: 1m, indicators: []}}
"""
TITLE = "PAPER – paper-01 – Trading Workstation"


def without_strategies(text: str) -> str:
    return re.sub(r"(?ms)^strategies:\n.*?(?=^# )", "strategies: {}\n\n", text, count=1)


class Places:
    """Where things stand on the screen: asked of a window of the same size and settings, which nobody sees."""

    def __init__(self, station: Workstation) -> None:
        window, area = station.window, station.area
        self._window = window
        ladder = area.ladder.view
        self.kill = self._of(window.banner.panic.kill) - QPoint(window.banner.panic.kill.width() // 2 - 6, 0)
        tabs = {tab.text(): tab for tab in window.bar.tabs}
        self.order_flow, self.trading = self._of(tabs["Order flow"]), self._of(tabs["Trading"])
        self.underline = QPoint(10 - tabs["Trading"].width() // 2, tabs["Trading"].height() // 2 - 2)
        form = area.ticket.form
        self.size = self._of(form.quantity)
        self.form = QRect(form.mapTo(window, QPoint(0, 0)), QSize(form.width(), form.quantity.geometry().top()))
        types = form.types
        self.market = types.mapTo(window, QPoint(types.width() // 8, types.height() // 2))
        submit = area.ticket.submit
        self.submit = self._of(submit)
        self.button = QRect(submit.mapTo(window, QPoint(0, 0)), submit.size())
        self.arm = self._of(area.ladder.arm)
        self.bid = ladder.mapTo(window, QPoint(int(ladder.width() * 0.28), ladder.height() - 60))
        self.frame = ladder.mapTo(window, QPoint(1, ladder.height() // 2))
        self.chart = self._of(area.charts[0].view)
        assert window.panic is not None
        window.panic.kill()
        station.frame()
        self.resume = self._of(window.banner.resume)

    def _of(self, widget: QWidget) -> QPoint:
        assert widget.isVisible()
        return widget.mapTo(self._window, widget.rect().center())


@pytest.fixture
def places(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Places:
    install(qapp)
    file = configuration(tmp_path / "map", PROFILE.format(engine="in_process"), without_strategies)
    station = Workstation(qtbot, tmp_path / "map" / "data", load_settings(file, "test").settings)
    try:
        station.window.resize(*SIZE)
        station.frame()
        return Places(station)
    finally:
        station.close()


def orders(records: list[Output]) -> list[OrderSubmitted]:
    return [record for record in records if isinstance(record, OrderSubmitted)]


def switched(engaged: bool) -> Callable[[list[Output]], bool]:
    """The kill switch was moved last, and so."""

    def look(records: list[Output]) -> bool:
        kills = [record for record in records if isinstance(record, KillSwitchChanged)]
        return bool(kills) and kills[-1].engaged is engaged

    return look


def trade(screen: XScreen, at: Places, data: Path, keep: Callable[[str], None]) -> None:
    """What a person does from the first glance until the window is closed."""
    tokens = current().tokens
    screen.focus(TITLE)
    screen.wait_for(lambda: screen.colour(at.kill) == tokens.kill.name(), "the engine's window")
    keep("1 open")

    screen.press("ctrl+k")
    screen.type("ethusdt")
    keep("2 palette")
    screen.press("Return")

    def shows(tab: QPoint) -> bool:
        return screen.colour(tab + at.underline) == tokens.accent.name()

    screen.press("ctrl+2")
    screen.wait_for(lambda: shows(at.order_flow), "the workspace Order flow")
    keep("3 order flow")
    screen.click(at.trading)
    screen.wait_for(lambda: shows(at.trading), "the workspace Trading")

    # The ticket takes over the new symbol's sizes when it is shown again.
    screen.wait_until_still(at.form)
    screen.press("F9")
    screen.click(at.market)
    screen.wait_until_still(at.form)
    screen.click(at.size)
    screen.press("ctrl+a")
    screen.type("0.25")
    screen.press("Tab")
    # An engine in another process is asked for its verdict first.
    screen.wait_until_still(at.button)
    paper = tokens.mode(Mode.PAPER).fill.name()
    screen.wait_for(lambda: screen.colour(at.submit - QPoint(100, 0)) == paper, "the ticket's button")
    keep("4 ticket")
    screen.click(at.submit)
    records = wait_until(data, lambda found: any(isinstance(record, OrderFilled) for record in found))
    (bought,) = orders(records)
    assert (bought.symbol, bought.side, bought.type) == ("ETHUSDT", Side.BUY, OrderType.MARKET)
    assert positions(records) == {("manual", "ETHUSDT"): 2_500}

    def sent() -> bool:
        return len(orders(journal(data)[1])) == 2

    def order_in_the_ladder() -> bool:
        """Arm and click; a ladder that disarmed itself before that, on a machine that is too busy, is armed again."""
        screen.click(at.arm)
        screen.wait_for(lambda: screen.colour(at.frame) == paper, "the frame of the armed ladder")
        keep("5 armed")
        screen.click(at.bid)
        screen.wait_for(lambda: sent() or screen.colour(at.frame) != paper, "the order of the ladder")
        return sent()

    screen.wait_for(order_in_the_ladder, "an order of the armed ladder")
    records = journal(data)[1]
    limit = orders(records)[1]
    assert (limit.symbol, limit.side, limit.type) == ("ETHUSDT", Side.BUY, OrderType.LIMIT)
    wait_until(data, lambda found: open_orders(found) == {limit.client_id})
    screen.click(at.chart)
    screen.press("Escape")
    screen.wait_for(lambda: screen.colour(at.frame) != paper, "the end of the armed ladder")
    screen.click(at.bid)

    screen.press("ctrl+shift+k")
    records = wait_until(data, lambda found: switched(True)(found) and not open_orders(found))
    screen.wait_for(lambda: KillLatch(data).engaged, "the latch")
    screen.wait_for(lambda: screen.colour(at.kill) != tokens.kill.name(), "the word KILLED")
    assert len(orders(records)) == 2, "a click in the ladder sent an order although it was not armed"
    keep("6 killed")

    screen.click(at.resume)
    screen.focus("Release the kill switch")
    screen.type("looked at it")
    keep("7 resume")
    screen.press("Return")
    wait_until(data, switched(False))
    assert not KillLatch(data).engaged

    screen.focus(TITLE)
    screen.press("ctrl+shift+f")
    records = wait_until(data, lambda found: not positions(found))
    sold = orders(records)[-1]
    assert (sold.symbol, sold.side, sold.lots) == ("ETHUSDT", Side.SELL, 2_500)
    keep("8 flat")
    screen.press("ctrl+q")


def end(program: subprocess.Popen[str]) -> str:
    """Whatever became of it, nothing of it is left; its errors."""
    if program.poll() is None:
        program.terminate()
    try:
        return program.communicate(timeout=30)[1]
    except subprocess.TimeoutExpired:
        program.kill()
        return program.communicate()[1]


@pytest.mark.parametrize("engine", ["in_process", "process"])
def test_a_session_by_hand(places: Places, tmp_path: Path, engine: str) -> None:
    file = configuration(tmp_path, PROFILE.format(engine=engine), without_strategies)
    data, pictures = tmp_path / "data", os.environ.get("DESKTOP_PICTURES")
    (tmp_path / "screen").mkdir()
    with x_screen(tmp_path / "screen") as screen:

        def keep(name: str) -> None:
            if pictures:
                assert screen.picture().save(str(Path(pictures) / f"{engine} {name}.png"))

        program = subprocess.Popen(
            command("--config", file, "--profile", "test", "--data", data),
            env=environment(**screen.environment()),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            trade(screen, places, data, keep)
            _, errors = program.communicate(timeout=60)
        except BaseException as error:
            keep("failed")
            error.add_note(f"The program said: {end(program)}")
            raise
    assert program.returncode == 0 and "Traceback" not in errors, errors
    assert not is_held(DataFolder(data).lock), "an engine was left behind"
    (session,), records = journal(data)
    assert session.summary is not None
    asked = [record.command for record in records if isinstance(record, CommandReceived)]
    assert asked == ["PlaceOrder", "PlaceOrder", "Kill", "Resume", "Flatten", "EndSession"]
    resumed = next(r for r in records if isinstance(r, KillSwitchChanged) and not r.engaged)
    assert resumed.reason == "looked at it"
    done = run("verify", "--data", data, "--config", file, "--profile", "test")
    assert done.returncode == 0, done.stdout + done.stderr
