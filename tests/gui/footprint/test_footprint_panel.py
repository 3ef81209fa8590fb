"""The footprint over a session: what it counts, shows and lets choose."""

from __future__ import annotations

from decimal import Decimal

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Workstation
from widgets.footprint.footprint_painting import CANDLE, GAP, MARGIN
from widgets.footprint.footprint_panel import MOST_AT_ONCE, FootprintPanel
from widgets.footprint.footprint_scene import CELL, PRICE_AXIS, TEXT_PITCH, FootprintScene
from widgets.footprint.footprint_view import FootprintView
from widgets.look.short_size import ShortSize
from widgets.look.text import text_advance
from widgets.look.theme import current
from workstation.core.messages import Trade
from workstation.core.timeframe import MINUTE_NS
from workstation.core.types import Side
from workstation.market.order_flow.footprint import FootprintBar, Traded


@pytest.fixture
def footprint(station: Workstation) -> FootprintPanel:
    station.area.show_panel("footprint")
    station.frame()
    for _ in range(14):
        station.feed(5, 0.5)
        station.model.tick()
    station.frame()
    panel: FootprintPanel = station.area.footprint
    return panel


def wheel(view: FootprintView, notches: int, modifiers: Qt.KeyboardModifier) -> None:
    at, none, phase = QPointF(100, 100), Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(at, at, QPoint(), QPoint(0, 120 * notches), none, modifiers, phase, False)
    QApplication.sendEvent(view, event)


def test_it_counts_every_trade_of_the_session(station: Workstation, footprint: FootprintPanel) -> None:
    trades, total = station.model.heard.trades_since("BTCUSDT", 0)
    assert len(trades) == total
    bars = footprint.footprint.bars
    assert len(bars) == 2
    assert sum(bar.total.volume for bar in bars) == sum(trade.lots for trade in trades)
    assert sum(bar.total.ask for bar in bars) == sum(trade.lots for trade in trades if trade.side == "buy")
    assert bars[-1].close == station.last("BTCUSDT")


def test_hidden_it_misses_nothing(station: Workstation, footprint: FootprintPanel) -> None:
    station.area.show_panel("chart")
    station.frame()
    assert not footprint.listening
    for _ in range(40):
        station.feed(1, 0.5)
        station.model.tick()
    station.area.show_panel("footprint")
    station.frame()
    trades, _ = station.model.heard.trades_since("BTCUSDT", 0)
    assert sum(bar.total.volume for bar in footprint.footprint.bars) == sum(trade.lots for trade in trades)


def test_what_was_missed_is_marked(station: Workstation, footprint: FootprintPanel) -> None:
    at, last = station.clock.now, station.last("BTCUSDT")
    trade = Trade(symbol="BTCUSDT", ts_ns=at, price=last, lots=1, side=Side.BUY, trade_id=0)
    for _ in range(MOST_AT_ONCE + 1):
        station.model.heard.hear_trade(trade)
    station.frame()
    assert footprint.footprint.bars[-1].incomplete


def test_timeframe_rows_and_imbalance_are_chosen(station: Workstation, footprint: FootprintPanel, qtbot: QtBot) -> None:
    qtbot.keyClick(footprint.timeframes, Qt.Key.Key_Right)
    assert footprint.footprint.interval_ns == 5 * MINUTE_NS
    assert len(footprint.view.scene.bars) == 1
    station.trigger(footprint.row_menu(), "20.00")
    assert footprint.view.scene.group == 2000
    assert footprint.row.text() == "20.00"
    wheel(footprint.view, -1, Qt.KeyboardModifier.ControlModifier)
    assert footprint.row.text() == "50.00"
    station.trigger(footprint.imbalance_menu(), "500 %")
    assert footprint.view.scene.imbalance_percent == 500
    assert footprint.imbalance.text() == "500 %"


def test_another_symbol_begins_anew(station: Workstation, footprint: FootprintPanel) -> None:
    station.model.choose_symbol("XRPUSDT")
    station.frame()
    trades, _ = station.model.heard.trades_since("XRPUSDT", 0)
    assert sum(bar.total.volume for bar in footprint.footprint.bars) == sum(trade.lots for trade in trades)
    assert footprint.name.text() == "XRPUSDT"


@pytest.fixture
def view(qtbot: QtBot) -> FootprintView:
    """Two bars of three rows; the second has buyers that stand out at 101, and most traded at 100."""
    shown = FootprintView()
    qtbot.addWidget(shown)
    shown.resize(PRICE_AXIS + 3 * TEXT_PITCH, 400)
    first = FootprintBar(0, 100, 102, 100, 102, {100: Traded(5, 5), 101: Traded(5, 5), 102: Traded(5, 5)})
    cells = {100: Traded(10, 90), 101: Traded(10, 50), 102: Traded(1, 1)}
    second = FootprintBar(MINUTE_NS, 100, 102, 100, 100, cells, Traded(21, 141))
    scene = shown.scene
    scene.bars, scene.last_ticks, scene.last_side = [first, second], 100, "sell"
    shown.show_newest()
    return shown


def row_y(scene: FootprintScene, ticks: int) -> int:
    assert scene.top is not None
    return (scene.top - ticks) * CELL


def has(image: QImage, colour: QColor, left: int, right: int, y: int) -> bool:
    return any(image.pixelColor(x, y) == colour for x in range(left, right))


def test_imbalances_most_traded_and_candles_are_drawn(view: FootprintView) -> None:
    tokens, scene = current().tokens, view.scene
    image = view.grab().toImage()
    left = view.width() - PRICE_AXIS - TEXT_PITCH
    y = row_y(scene, 101) + 4
    assert has(image, tokens.up, left + TEXT_PITCH - 24, left + TEXT_PITCH, y)
    assert not has(image, tokens.up, left + TEXT_PITCH - 24, left + TEXT_PITCH, row_y(scene, 102) + 4)
    outline = row_y(scene, 100)
    assert has(image, tokens.series_1, left, left + TEXT_PITCH, outline)
    assert not has(image, tokens.series_1, left, left + TEXT_PITCH, outline - CELL)
    assert image.pixelColor(left + 2, row_y(scene, 102) + CELL + 7) != tokens.ground
    scene.imbalance_percent = 2000
    assert not has(view.grab().toImage(), tokens.up, left + TEXT_PITCH - 24, left + TEXT_PITCH, y)


def test_every_short_size_fits_into_half_a_cell(view: FootprintView) -> None:
    """A figure that is cut reads as another one: 0.058 as .058, 1.47M as 1.47."""
    room = (TEXT_PITCH - CANDLE - MARGIN) // 2 - GAP
    bold = current().font(11, 700)
    for largest, lot in ((58, "0.001"), (1_470_000, "1"), (88_800_000, "1"), (12_300, "1"), (999, "1"), (888, "0.01")):
        text = ShortSize.of(largest, Decimal(lot)).text(largest)
        assert text_advance(text, bold) <= room, text


def test_bars_zoom_until_there_is_no_room_for_figures(view: FootprintView) -> None:
    wide = view.grab().toImage()
    wheel(view, -3, Qt.KeyboardModifier.NoModifier)
    assert view.scene.pitch == 18
    assert view.scene.columns == 3 * TEXT_PITCH // 18
    assert view.grab().toImage() != wide
    wheel(view, 9, Qt.KeyboardModifier.NoModifier)
    assert view.scene.pitch == 132


def test_arrows_and_drags_pan_and_home_follows(view: FootprintView, qtbot: QtBot) -> None:
    scene = view.scene
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert [bar.open_ns for bar in scene.visible()] == [0]
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert scene.back == 1
    before = scene.top or 0
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(50, 50))
    qtbot.mouseMove(view, QPoint(50, 50 + 2 * CELL))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(50, 50 + 2 * CELL))
    assert scene.top == before + 2
    assert not scene.follows_price
    qtbot.keyClick(view, Qt.Key.Key_Home)
    assert (scene.back, scene.follows_price) == (0, True)


def test_nothing_yet_paints(qtbot: QtBot) -> None:
    empty = FootprintView()
    qtbot.addWidget(empty)
    assert not empty.grab().isNull()
