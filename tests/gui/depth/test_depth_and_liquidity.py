"""The depth chart and the liquidity strip."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Workstation
from widgets.depth.depth_view import AXIS, DepthView
from widgets.look.numbers import MISSING
from widgets.look.theme import current

BIDS = [(1000 - n, 10) for n in range(50)]
ASKS = [(1002 + n, 10) for n in range(80)]


@pytest.fixture
def chart(qtbot: QtBot) -> DepthView:
    view = DepthView()
    qtbot.addWidget(view)
    view.resize(500, 324)
    view.set_steps(Decimal("0.1"), Decimal("0.001"), "BTC")
    view.set_book(BIDS, ASKS, stale=False)
    view.show()
    qtbot.waitExposed(view)
    return view


def test_both_sides_reach_as_far_as_the_shallower_one(chart: DepthView) -> None:
    assert chart.span == (951.0, 1051.0)
    assert chart.reading(0) == (951, 500)
    assert chart.reading(250) == (1001, 0)
    assert chart.reading(500) == (1051, 500)
    assert chart.reading(345) == (1020, 190)


def test_sums_rise_outwards_in_the_colours_of_the_sides(chart: DepthView) -> None:
    tokens, image = current().tokens, chart.grab().toImage()
    bottom = image.height() - AXIS - 3

    def height(x: int) -> int:
        return sum(image.pixelColor(x, y) != tokens.ground for y in range(30, bottom))

    assert height(20) > height(150) > height(235)
    assert height(480) > height(350) > height(265)
    assert image.pixelColor(20, bottom).green() > image.pixelColor(20, bottom).red()
    assert image.pixelColor(480, bottom).red() > image.pixelColor(480, bottom).green()


def test_the_wheel_zooms_around_the_middle_within_bounds(chart: DepthView) -> None:
    def wheel(notches: int) -> None:
        at, none, phase = QPointF(100, 100), Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
        no = Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(chart, QWheelEvent(at, at, QPoint(), QPoint(0, 120 * notches), none, no, phase, False))

    wheel(2)
    left, right = chart.span
    assert (left + right) / 2 == 1001
    assert right - left == pytest.approx(100 / 1.25**2)
    wheel(99)
    assert chart.span == (1000.0, 1002.0)
    wheel(-200)
    assert chart.span == (951.0, 1051.0)


def test_a_stale_and_an_empty_book_paint(chart: DepthView, qtbot: QtBot) -> None:
    fresh = chart.grab().toImage()
    chart.set_book(BIDS, ASKS, stale=True)
    stale = chart.grab().toImage()
    assert stale != fresh
    qtbot.mouseMove(chart, QPoint(100, 100))
    assert chart.grab().toImage() != stale
    chart.set_book([], ASKS, stale=False)
    assert chart.span == (0.0, 0.0)
    assert chart.reading(100) is None
    assert chart.grab().toImage().pixelColor(400, 200) == current().tokens.ground


def test_the_panel_shows_the_book_of_the_linked_symbol(station: Workstation) -> None:
    station.area.show_panel("depth")
    station.feed(1)
    for _ in range(3):
        station.model.tick()
    panel: Any = station.area.content("depth")
    view = panel.view
    book = station.kernel.markets["BTCUSDT"].book
    middle = sum(view.span) / 2
    assert book.best_bid < middle < book.best_ask
    station.model.choose_symbol("ETHUSDT")
    station.frame()
    assert sum(view.span) / 2 != middle


def test_liquidity_tells_spread_depth_and_the_last_minute(station: Workstation) -> None:
    station.area.show_panel("liquidity")
    for _ in range(70):
        station.feed(1, 0.5)
        station.model.tick()
    spread, depth, imbalance, delta, trades = station.area.liquidity.view.lines
    book = station.kernel.markets["BTCUSDT"].book
    assert spread.value == f"{(book.best_ask - book.best_bid) / 100:.2f}"
    assert depth.unit == delta.unit == "BTC"
    assert depth.label.startswith("Depth ±0.1 %")
    assert imbalance.value.endswith("%")
    kept, _ = station.model.heard.trades_since("BTCUSDT", 0)
    recent = [trade for trade in kept if trade.time_ns > station.clock.now - 60 * 1_000_000_000]
    assert trades.value == str(len(recent))
    assert len(trades.past) == 70 + 1
    before = station.area.liquidity.view.grab().toImage()
    station.clock.now += 20 * 1_000_000_000
    station.frame()
    assert spread.value == MISSING
    assert station.area.liquidity.view.grab().toImage() != before
