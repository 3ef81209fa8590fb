"""The heatmap over a session: what it records, shows and lets choose, and what it costs while hidden."""

from __future__ import annotations

from decimal import Decimal

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Workstation
from widgets.engine.protocol import Levels
from widgets.engine.session_market import SessionMarket
from widgets.heatmap.heatmap_painting import size_words
from widgets.heatmap.heatmap_panel import HeatmapPanel
from widgets.heatmap.heatmap_scene import Parts
from widgets.look.theme import current
from workstation.core.messages import Trade
from workstation.core.types import OrderType, Side

SECOND = 1_000_000_000


@pytest.fixture
def heatmap(station: Workstation) -> HeatmapPanel:
    station.area.show_panel("heatmap")
    station.frame()
    for _ in range(25):
        station.feed(0.2)
        station.model.tick()
    station.frame()
    panel: HeatmapPanel = station.area.heatmap
    return panel


def picture(panel: HeatmapPanel) -> QImage:
    return panel.view.grab().toImage()


def count(image: QImage, colour: QColor, area: tuple[int, int, int, int]) -> int:
    left, top, right, bottom = area
    return sum(image.pixelColor(x, y) == colour for x in range(left, right) for y in range(top, bottom))


def wheel(panel: HeatmapPanel, notches: int, modifiers: Qt.KeyboardModifier, x: float = 300) -> None:
    at, none, phase = QPointF(x, 100), Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(at, at, QPoint(), QPoint(0, 120 * notches), none, modifiers, phase, False)
    QApplication.sendEvent(panel.view, event)


def test_it_records_the_book_of_the_engine(station: Workstation, heatmap: HeatmapPanel) -> None:
    scene = heatmap.view.scene
    book = station.kernel.markets["BTCUSDT"].book
    now = scene.history.number(station.clock.now)
    assert scene.history.last == now
    top = book.ask_prices[-1]
    grid = scene.history.grid(now, now, top, top - book.bid_prices[0] + 1, 1)[:, 0]
    expected = {**book.bids, **book.asks}
    assert {top - row: int(lots) for row, lots in enumerate(grid) if lots} == expected
    bids, asks = scene.history.best(now, now)
    assert (bids[0], asks[0]) == (book.best_bid, book.best_ask)
    trades = station.model.heard.trades_since("BTCUSDT", 0)[0]
    sums = scene.trades.sums(now - 30, now)
    signed = [trade.lots if trade.side == "buy" else -trade.lots for trade in trades]
    assert sums.delta.sum() == sum(signed)


def test_cells_book_trades_and_legend_show(heatmap: HeatmapPanel) -> None:
    tokens, view = current().tokens, heatmap.view
    discs = picture(heatmap)
    heatmap.choose_worth(Decimal(10_000_000))
    assert picture(heatmap) != discs
    image, parts = picture(heatmap), Parts.of_size(view.width(), view.height())
    right = (parts.width - 60, 0, parts.width, parts.height)
    assert any(count(image, colour, right) for colour in tokens.heatmap[20:])
    assert count(image, tokens.up, right)
    assert count(image, tokens.down, right)
    assert count(image, tokens.up, (parts.book + 1, 0, parts.axis, parts.height))
    assert "BTC" in heatmap.legend.text
    assert heatmap.legend.text != "– BTC"


def test_own_orders_are_lines_from_their_placement(station: Workstation, heatmap: HeatmapPanel) -> None:
    ticks = station.last("BTCUSDT") - 900
    station.buy(lots=1000, type=OrderType.LIMIT, price=ticks)
    station.buy(lots=500, type=OrderType.STOP, side=Side.SELL, stop_price=ticks - 400)
    for _ in range(10):
        station.feed(0.2)
        station.model.tick()
    station.frame()
    first, second = heatmap.view.scene.orders
    assert (first.ticks, first.words) == (ticks, "Buy 0.01")
    assert (second.ticks, second.words, second.ahead) == (ticks - 400, "Stop 0.005", None)
    assert first.ahead is not None
    view = heatmap.view.scene.view
    y = (view.top - ticks // heatmap.view.scene.group) * view.row_height
    image, width = picture(heatmap), Parts.of_size(heatmap.view.width(), heatmap.view.height()).width
    assert count(image, current().tokens.accent, (width - 8, y - 4, width + 8, y + 8))


def test_wheel_and_drag_zoom_and_pan_and_home_follows_again(
    station: Workstation, heatmap: HeatmapPanel, qtbot: QtBot
) -> None:
    view, shown = heatmap.view, heatmap.view.scene.view
    wheel(heatmap, 1, Qt.KeyboardModifier.NoModifier)
    assert shown.cell_width == 4
    wheel(heatmap, 2, Qt.KeyboardModifier.ControlModifier)
    assert shown.row_height == 8
    wheel(heatmap, -1, Qt.KeyboardModifier.NoModifier, x=view.width() - 10)
    assert shown.row_height == 6
    top, last = shown.top, shown.last
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(200, 100))
    qtbot.mouseMove(view, QPoint(260, 130))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(260, 130))
    assert (shown.top, shown.last) == (top + 5, last - 15)
    assert not heatmap.follow.isChecked()
    station.pass_time(3)
    assert (shown.top, shown.last) == (top + 5, last - 15)
    qtbot.keyClick(view, Qt.Key.Key_Home)
    station.frame()
    assert heatmap.follow.isChecked()
    assert shown.last == view.scene.history.number(station.clock.now)
    station.click(heatmap.follow)
    assert not view.following
    station.click(heatmap.follow)
    assert view.following


def test_rows_columns_and_discs_are_chosen(station: Workstation, heatmap: HeatmapPanel) -> None:
    scene = heatmap.view.scene
    station.trigger(heatmap.column_menu(), "250 ms")
    assert scene.history.column_ns == SECOND // 4
    assert scene.history.last == station.clock.now * 4 // SECOND
    group = scene.group
    station.trigger(heatmap.row_menu(), "5.00")
    assert scene.group == 500 != group
    assert heatmap.row.text() == "5.00"
    station.trigger(heatmap.bubble_menu(), "All")
    assert scene.smallest_bubble == 0
    assert heatmap.bubbles.text() == "0 BTC"
    station.trigger(heatmap.bubble_menu(), "1 BTC")
    assert scene.smallest_bubble == 100_000
    assert heatmap.bubbles.text() == "1 BTC"


def test_hidden_it_looks_once_a_second_and_a_bridge_closes_the_gaps(
    station: Workstation, heatmap: HeatmapPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    station.area.show_panel("chart")
    station.frame()
    assert not heatmap.listening
    looks: list[int] = []
    market = station.engine.market("BTCUSDT")
    top = type(market).top

    def noted(market: SessionMarket, depth: int) -> tuple[Levels, Levels]:
        looks.append(depth)
        return top(market, depth)

    monkeypatch.setattr(type(market), "top", noted)
    before = heatmap.view.scene.history.last
    station.area.panel("ladder").close()
    for _ in range(90):
        station.feed(0.033, 0.033)
        station.model.tick()
    assert looks.count(250) == 3
    history = heatmap.view.scene.history
    assert history.last >= before + 2
    assert (history.best(before, history.last)[0] > 0).all()


def test_another_symbol_begins_a_record_of_its_own(station: Workstation, heatmap: HeatmapPanel) -> None:
    station.model.choose_symbol("ETHUSDT")
    station.frame()
    assert heatmap.name.text() == "ETHUSDT"
    history = heatmap.view.scene.history
    assert history.first == history.last == history.number(station.clock.now)
    assert heatmap.view.scene.base == "ETH"


def test_a_stale_book_is_not_recorded_and_says_so(station: Workstation, heatmap: HeatmapPanel) -> None:
    last = heatmap.view.scene.history.last
    station.clock.now += 14 * SECOND
    station.frame()
    assert heatmap.view.scene.history.last == last
    assert picture(heatmap).pixelColor(3, 3) == current().tokens.warning_ground


def test_the_pointer_reads_price_time_and_size(heatmap: HeatmapPanel, qtbot: QtBot) -> None:
    before = picture(heatmap)
    qtbot.mouseMove(heatmap.view, QPoint(300, 120))
    after = picture(heatmap)
    assert after.pixelColor(heatmap.view.width() - 2, 120) == current().tokens.control
    assert before != after
    assert heatmap.view.ticks_at(0) == heatmap.view.scene.view.top * heatmap.view.scene.group


def test_where_nothing_was_recorded_no_size_is_told(station: Workstation, heatmap: HeatmapPanel) -> None:
    scene = heatmap.view.scene
    book, now = station.kernel.markets["BTCUSDT"].book, scene.history.number(station.clock.now)
    row = book.best_bid // scene.group
    heatmap.view.grab()
    assert size_words(scene, now - 1_000, row) == "not recorded"
    assert size_words(scene, now, row).endswith(" BTC") and not size_words(scene, now, row).startswith("0 ")
    assert size_words(scene, now, row + 400) == "0 BTC"


def test_the_last_price_has_the_colour_of_the_trade_wherever_the_book_went_since(
    station: Workstation, heatmap: HeatmapPanel
) -> None:
    """A seller's trade stands above the best bid as soon as that has fallen."""
    best_ask, now = station.kernel.markets["BTCUSDT"].book.best_ask, station.clock.now
    for number, (side, shown) in enumerate(((Side.SELL, "sell"), (Side.BUY, "buy")), 1):
        station.session.dispatch(
            Trade(ts_ns=now, symbol="BTCUSDT", price=best_ask, lots=1, side=side, trade_id=10**9 + number)
        )
        station.frame()
        assert (heatmap.view.scene.last_ticks, heatmap.view.scene.last_side) == (best_ask, shown)
