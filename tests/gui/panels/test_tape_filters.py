"""The tape's filters, over trades that the test tells."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Workstation
from widgets.look.theme import current
from widgets.tape.tape_panel import TapePanel
from widgets.tape.tape_view import TapeTrade, TapeView
from workstation.core.messages import Trade
from workstation.core.types import Side

MILLISECOND = 1_000_000


@pytest.fixture
def tape(station: Workstation) -> TapePanel:
    """Empty, at a price of 42,000; 0.001 BTC is a shown step and worth 42."""
    panel: TapePanel = station.area.tape
    station.model.heard.forget()
    panel.choose_side("both")
    return panel


def tell(station: Workstation, *trades: tuple[int, int, int, str]) -> None:
    """Milliseconds, ticks, steps of 0.001, side of each."""
    for at, ticks, steps, side in trades:
        taker = Side.BUY if side == "buy" else Side.SELL
        time_ns = station.clock.now + at * MILLISECOND
        station.model.heard.hear_trade(
            Trade(ts_ns=time_ns, symbol="BTCUSDT", price=ticks, lots=steps * 100, side=taker, trade_id=0)
        )
    station.model.tick()


def shown(tape: TapePanel) -> list[tuple[int, int, str]]:
    """Price, size and side of each row, newest first."""
    return [(trade.ticks, trade.lots, trade.side) for trade in tape.view._trades]


def test_small_trades_and_a_side_are_left_out_and_come_back(station: Workstation, tape: TapePanel) -> None:
    tell(station, (0, 1, 1, "buy"), (50, 2, 300, "sell"), (100, 3, 400, "buy"))
    assert len(shown(tape)) == 3
    station.trigger(tape.filter_menu(), "From 10,000 USDT")
    assert shown(tape) == [(3, 400, "buy"), (2, 300, "sell")]
    station.trigger(tape.filter_menu(), "Sells only")
    tell(station, (150, 4, 900, "buy"), (200, 5, 900, "sell"))
    assert shown(tape) == [(5, 900, "sell"), (2, 300, "sell")]
    station.trigger(tape.filter_menu(), "Every size")
    station.trigger(tape.filter_menu(), "Buys and sells")
    assert len(shown(tape)) == 5


def test_a_burst_is_one_line_even_when_it_comes_in_parts(station: Workstation, tape: TapePanel) -> None:
    station.trigger(tape.filter_menu(), "Join bursts")
    tell(station, (0, 10, 5, "buy"), (10, 11, 6, "buy"))
    assert shown(tape) == [(11, 11, "buy")]
    tell(station, (25, 12, 7, "buy"), (26, 9, 1, "sell"), (90, 9, 2, "sell"))
    assert shown(tape) == [(9, 2, "sell"), (9, 1, "sell"), (12, 18, "buy")]


def test_a_burst_appears_when_it_grows_past_the_smallest_size(station: Workstation, tape: TapePanel) -> None:
    station.trigger(tape.filter_menu(), "Join bursts")
    station.trigger(tape.filter_menu(), "From 10,000 USDT")
    tell(station, (0, 10, 200, "buy"))
    assert shown(tape) == []
    tell(station, (5, 11, 100, "buy"))
    assert shown(tape) == [(11, 300, "buy")]
    tell(station, (9, 12, 50, "buy"))
    assert shown(tape) == [(12, 350, "buy")]


def test_scrolling_pauses_and_says_how_much_is_newer(qtbot: QtBot) -> None:
    view = TapeView()
    qtbot.addWidget(view)
    view.resize(182, 200)
    view.append([TapeTrade(n, n, 1, "buy") for n in range(100)])
    before = view.grab().toImage()
    qtbot.keyClick(view, Qt.Key.Key_PageDown)
    assert view.paused
    read = view.trade_at(30)
    view.append([TapeTrade(n, n, 1, "buy") for n in range(100, 120)])
    assert view.trade_at(30) == read
    header = view.grab().toImage().copy(0, 0, 182, 20)
    assert header != before.copy(0, 0, 182, 20)
    qtbot.keyClick(view, Qt.Key.Key_Home)
    assert not view.paused


def test_a_very_large_trade_stands_out_more(qtbot: QtBot) -> None:
    tokens, view = current().tokens, TapeView()
    qtbot.addWidget(view)
    view.resize(182, 200)
    view.set_threshold(100)
    view.append([TapeTrade(0, 1, 100, "buy"), TapeTrade(1, 1, 400, "buy")])
    image = view.grab().toImage()
    assert image.pixelColor(4, 25) == tokens.volume_up
    assert image.pixelColor(4, 43) == tokens.up_ground
