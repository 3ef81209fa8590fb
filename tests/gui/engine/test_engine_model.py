"""The adapter: nothing that matters is lost, and nothing is drawn more often than the display can show."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QThread
from PySide6.QtWidgets import QApplication

from tests.gui.conftest import Workstation
from widgets.engine.engine_model import FRAME_MS
from widgets.panels.live_panel import LivePanel
from workstation.core.messages import Trade
from workstation.core.types import Side

WIDGETS = Path(__file__).resolve().parents[3] / "widgets"


def test_every_trade_reaches_the_tape_however_many_come_in_a_frame(station: Workstation) -> None:
    symbol = "BTCUSDT"
    _, before = station.model.heard.trades_since(symbol, 0)
    for number in range(1, 801):
        trade = Trade(symbol, station.clock.now + number, station.last(symbol), number, Side.BUY, 10_000_000 + number)
        station.session.dispatch(trade)
    trades, count = station.model.heard.trades_since(symbol, before)
    assert [trade.lots for trade in trades] == list(range(1, 801))
    assert count == before + 800
    assert station.model.heard.trades_since(symbol, count) == ([], count)
    station.area.tape.view._trades.clear()
    station.model.tick()
    assert len(station.area.tape.view._trades) == 800


def test_fills_are_passed_whole_and_once(station: Workstation) -> None:
    heard: list[str] = []
    station.model.fills_added.connect(lambda fills: heard.extend(fill.fill_id for fill in fills))
    station.buy(lots=3000)
    station.feed(2)
    assert heard == []
    station.model.tick()
    booked = [fill.fill_id for fill in station.model.heard.fills]
    assert heard == booked
    assert sum(fill.quantity for fill in station.model.heard.fills) * 100_000 == 3000


def test_quotes_are_conflated_to_one_timer(station: Workstation) -> None:
    frames: list[int] = []
    station.model.ticked.connect(frames.append)
    station.feed(1)
    assert frames == []
    station.model.tick()
    assert len(frames) == 1
    assert 16 <= FRAME_MS <= 33


def test_a_frame_has_two_turns_with_half_of_the_panels_in_each(station: Workstation) -> None:
    """By the timer's own beat: neither turn is left out, and each panel hears one of them."""
    model, heard = station.model, list[tuple[str, int]]()
    while model._between:  # the timer runs while the window opens
        model._timer.timeout.emit()
    model.ticked.connect(lambda frame: heard.append(("first", frame)))
    model.ticked_between.connect(lambda frame: heard.append(("second", frame)))
    frame = model.frame
    for _ in range(4):
        model._timer.timeout.emit()
    assert heard == [("first", frame + 1), ("second", frame + 1), ("first", frame + 2), ("second", frame + 2)]
    panels = station.window.findChildren(LivePanel)
    turns = [sum(panel.frames == signal for panel in panels) for signal in (model.ticked, model.ticked_between)]
    assert sum(turns) == len(panels)
    assert abs(turns[0] - turns[1]) <= len(panels) // 3
    # What is done now and then is due once a round, and not in the same frame everywhere.
    rounds = [[frame for frame in range(60) if panel.due(frame, 15)] for panel in panels]
    assert all(len(frames) == 4 for frames in rounds)
    assert len({frames[0] for frames in rounds}) > 3


def test_an_event_brings_the_account_at_once_and_each_slow_view_in_a_frame_of_its_own(station: Workstation) -> None:
    model, heard = station.model, list[tuple[int, str]]()
    slow = ("algorithms", "risk", "strategies", "health")
    for name in ("account", *slow):
        getattr(model, f"{name}_changed").connect(lambda _, name=name: heard.append((model.frame, name)))
    for _ in range(20):
        model.tick()
    heard.clear()
    frame = model.frame
    station.buy()
    station.feed(0.5)
    for _ in range(6):
        model.tick()
        model._urgent = True  # the market never rests: every view has its turn all the same
    assert next(each for each in heard if each[1] == "account") == (frame + 1, "account")
    for number in range(1, 7):
        assert sum(at == frame + number and name != "account" for at, name in heard) <= 1
    assert {name for _, name in heard} == {"account", *slow}


def test_lesson_23_widgets_are_touched_from_one_thread_only(station: Workstation) -> None:
    """A widget touched from another thread: only the model's timer speaks to panels, and it lives on theirs."""
    heard: set[int] = set()
    for signal in (station.model.ticked, station.model.account_changed, station.model.log_added):
        signal.connect(lambda *_: heard.add(threading.get_ident()))
    station.buy()
    station.pass_time(1)
    assert heard == {threading.main_thread().ident}
    assert station.model.thread() is QApplication.instance().thread() is QThread.currentThread()  # type: ignore[union-attr]
    starting = re.compile(r"threading\.Thread\(|QThread\(|QThreadPool|run_in_executor|to_thread")
    users = [path.name for path in WIDGETS.rglob("*.py") if starting.search(path.read_text(encoding="utf-8"))]
    assert users == []


def test_a_stopped_model_hears_nothing_more(station: Workstation) -> None:
    station.model.stop()
    _, before = station.model.heard.trades_since("BTCUSDT", 0)
    station.feed(1)
    assert station.model.heard.trades_since("BTCUSDT", 0)[1] == before


def test_equity_is_that_of_the_account_at_its_end(station: Workstation) -> None:
    station.buy()
    station.pass_time(2)
    view = station.area.pnl.view
    _, equity = view.visible()
    station.area.pnl.refresh()
    _, equity = view.visible()
    assert equity[-1] == float(station.engine.account().equity)


@pytest.mark.allow_log_warnings
def test_a_command_that_is_refused_is_told(station: Workstation) -> None:
    from workstation.core.messages import CancelOrder

    assert station.model.command(CancelOrder(client_id="nothing")) == "There is no order nothing."
    assert station.window.banner.accessibleDescription() == "There is no order nothing."
