"""The ladder: grouping of the book, following the spread, clicks and wheel."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QMouseEvent, QPixmap, QRegion, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from widgets.ladder.ladder_rows import LadderOrder, LadderRows, followed_top
from widgets.ladder.ladder_view import LadderView, next_group
from widgets.look.painting import Canvas
from widgets.look.theme import current

BIDS = [(1000 - step, 10 + step) for step in range(40)]
ASKS = [(1001 + step, 20 + step) for step in range(40)]


@pytest.fixture
def ladder(qtbot: QtBot) -> LadderView:
    view = LadderView()
    qtbot.addWidget(view)
    view.resize(270, 22 + 26 + 18 * 25)
    view.set_steps(Decimal("0.1"), Decimal("0.001"))
    view.set_book(BIDS, ASKS, 1000, "buy")
    view.show()
    qtbot.waitExposed(view)
    return view


def wheel(view: LadderView, notches: int, modifiers: Qt.KeyboardModifier) -> None:
    at = QPointF(100, 100)
    none, phase = Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
    QApplication.sendEvent(view, QWheelEvent(at, at, QPoint(), QPoint(0, 120 * notches), none, modifiers, phase, False))


def y_of(view: LadderView, ticks: int) -> int:
    """Middle of the row of a price."""
    return next(y for y in range(31, view.height() - 26, 18) if view.ticks_at(y) == ticks)


LEVELS = st.lists(st.tuples(st.integers(1, 500), st.integers(0, 90)), max_size=40)


@given(LEVELS, LEVELS, st.sampled_from([1, 2, 5, 10, 100]))
def test_grouping_keeps_every_lot_and_never_claims_a_better_price(
    bids: list[tuple[int, int]], asks: list[tuple[int, int]], group: int
) -> None:
    rows = LadderRows(group=group)
    rows.set_book(bids, asks)
    assert sum(rows.bids.values()) == rows.bid_sum == sum(lots for _, lots in bids)
    assert sum(rows.asks.values()) == rows.ask_sum == sum(lots for _, lots in asks)
    best_bid = max((ticks for ticks, lots in bids if lots), default=None)
    best_ask = min((ticks for ticks, lots in asks if lots), default=None)
    assert rows.best_bid is None if best_bid is None else (rows.best_bid or 0) * group <= best_bid
    assert rows.best_ask is None if best_ask is None else (rows.best_ask or 0) * group >= best_ask
    if best_bid is not None and best_ask is not None and best_bid < best_ask:
        assert not set(rows.bids) & set(rows.asks)


def test_the_last_trade_stands_on_the_side_where_it_traded() -> None:
    rows = LadderRows(group=10)
    rows.set_book([(1004, 1)], [(1005, 1)])
    assert rows.last_row(1004) == 100
    assert rows.last_row(1005) == 101


@given(st.integers(-100, 100), st.integers(3, 60), st.integers(-200, 200))
def test_following_moves_only_when_the_spread_leaves_the_middle_third(top: int, rows: int, centre: int) -> None:
    after = followed_top(top, rows, centre)
    assert after - rows < centre <= after
    assert followed_top(after, rows, centre) == after


@pytest.mark.parametrize(("column_x", "side"), [(70, "buy"), (210, "sell")])
def test_a_click_names_side_and_price(ladder: LadderView, qtbot: QtBot, column_x: int, side: str) -> None:
    with qtbot.waitSignal(ladder.level_clicked) as clicked:
        qtbot.mouseClick(ladder, Qt.MouseButton.LeftButton, pos=QPoint(column_x, y_of(ladder, 995)))
    assert clicked.args == [side, 995]


@pytest.mark.parametrize("point", [QPoint(20, 100), QPoint(140, 100), QPoint(260, 100), QPoint(70, 10)])
def test_clicks_elsewhere_and_of_the_right_button_say_nothing(ladder: LadderView, qtbot: QtBot, point: QPoint) -> None:
    clicked: list[object] = []
    ladder.level_clicked.connect(lambda *values: clicked.append(values))
    qtbot.mouseClick(ladder, Qt.MouseButton.LeftButton, pos=point)
    qtbot.mouseClick(ladder, Qt.MouseButton.RightButton, pos=QPoint(70, 100))
    assert clicked == []


def test_at_least_twenty_levels_are_in_view(ladder: LadderView) -> None:
    prices = {ladder.ticks_at(y) for y in range(ladder.height())} - {None}
    assert len(prices) == 25
    assert {1000, 1001} <= prices


def test_scrolling_holds_the_rows_until_home_centres_again(ladder: LadderView, qtbot: QtBot) -> None:
    before = ladder.ticks_at(100)
    assert before is not None
    wheel(ladder, 1, Qt.KeyboardModifier.NoModifier)
    assert not ladder.centred
    assert ladder.ticks_at(100) == before + 3
    ladder.set_book([(2000, 1)], [(2001, 1)], 2000, "buy")
    assert ladder.ticks_at(100) == before + 3
    qtbot.keyClick(ladder, Qt.Key.Key_Home)
    assert ladder.centred
    assert ladder.ticks_at(100) == before + 1000


def test_small_moves_of_the_spread_leave_the_rows_where_they_are(ladder: LadderView) -> None:
    before = ladder.ticks_at(100)
    ladder.set_book([(1002, 5)], [(1003, 5)], 1002, "buy")
    assert ladder.ticks_at(100) == before
    ladder.set_book([(1020, 5)], [(1021, 5)], 1020, "buy")
    assert ladder.ticks_at(100) != before


def shifted(by: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The book, so many ticks higher."""
    return [(ticks + by, lots) for ticks, lots in BIDS], [(ticks + by, lots) for ticks, lots in ASKS]


def test_rows_stand_still_under_the_pointer_until_the_spread_leaves_them(ladder: LadderView, qtbot: QtBot) -> None:
    told: list[Any] = []
    missed: list[bool] = []
    ladder.level_clicked.connect(lambda side, ticks: told.append((side, ticks)))
    ladder.click_missed.connect(lambda: missed.append(True))
    aim = QPoint(90, y_of(ladder, 995))
    qtbot.mouseMove(ladder, aim)
    ladder.set_book(*shifted(8), 1008, "buy")
    assert ladder.ticks_at(aim.y()) == 995
    qtbot.mouseClick(ladder, Qt.MouseButton.LeftButton, pos=aim)
    assert told == [("buy", 995)]
    ladder.set_book(*shifted(40), 1040, "buy")
    assert ladder.ticks_at(aim.y()) != 995
    qtbot.mouseClick(ladder, Qt.MouseButton.LeftButton, pos=aim)
    assert told == [("buy", 995)]
    assert missed == [True]
    qtbot.mouseClick(ladder, Qt.MouseButton.LeftButton, pos=aim)
    assert told[1:] == [("buy", ladder.ticks_at(aim.y()))]
    QApplication.sendEvent(ladder, QEvent(QEvent.Type.Leave))
    ladder.set_book(*shifted(52), 1052, "buy")
    assert abs((ladder.ticks_at(ladder.height() // 2) or 0) - 1052) <= 2


@pytest.mark.parametrize("out", ["above", "aside", "other button", "released unseen"])
def test_an_order_that_is_not_dropped_on_a_row_stays(ladder: LadderView, qtbot: QtBot, out: str) -> None:
    told: list[Any] = []
    ladder.order_moved.connect(lambda names, by: told.append((names, by)))
    ladder.level_clicked.connect(lambda side, ticks: told.append((side, ticks)))
    ladder.set_orders({995: LadderOrder(10, "buy", None, ("a",))})
    start, end = QPoint(12, y_of(ladder, 995)), QPoint(12, y_of(ladder, 990))
    left, right = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
    qtbot.mousePress(ladder, left, pos=start)
    qtbot.mouseMove(ladder, end)
    if out == "other button":
        qtbot.mousePress(ladder, right, pos=end)
        qtbot.mouseRelease(ladder, left, pos=end)
    elif out == "released unseen":
        at = QPointF(end)
        none = Qt.MouseButton.NoButton
        QApplication.sendEvent(
            ladder, QMouseEvent(QEvent.Type.MouseMove, at, at, none, none, Qt.KeyboardModifier.NoModifier)
        )
        qtbot.mouseRelease(ladder, left, pos=end)
    else:
        away = QPoint(12, -40) if out == "above" else QPoint(-80, end.y())
        qtbot.mouseMove(ladder, away)
        qtbot.mouseRelease(ladder, left, pos=away)
    assert told == []
    qtbot.mousePress(ladder, left, pos=start)
    qtbot.mouseMove(ladder, end)
    qtbot.mouseRelease(ladder, left, pos=end)
    assert told == [(("a",), -5)]


def test_control_and_wheel_change_the_grouping(ladder: LadderView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(ladder.group_changed) as changed:
        wheel(ladder, -1, Qt.KeyboardModifier.ControlModifier)
    assert changed.args == [2]
    assert ladder.group == 2
    assert next_group(1, up=False) == 1
    with pytest.raises(ValueError, match="at least 1"):
        ladder.set_group(0)


def test_the_own_order_and_the_stale_book_show(ladder: LadderView) -> None:
    tokens = current().tokens
    y = y_of(ladder, 990)
    assert ladder.grab().toImage().pixelColor(8, y - 6) == tokens.ground
    ladder.set_orders({990: LadderOrder(11, "buy", 0.4)})
    image = ladder.grab().toImage()
    assert image.pixelColor(8, y - 6) == tokens.accent_ground
    assert image.pixelColor(0, y) == tokens.accent
    assert image.pixelColor(100, y_of(ladder, 1000)) != image.pixelColor(100, y_of(ladder, 1001))
    last = y_of(ladder, 1000)
    assert image.pixelColor(110, last) == tokens.up_tag
    ladder.set_stale(14.0)
    image = ladder.grab().toImage()
    assert image.pixelColor(110, last) == tokens.raised
    assert image.pixelColor(4, 4) == tokens.warning_ground


def test_an_empty_book_paints(qtbot: QtBot) -> None:
    view = LadderView()
    qtbot.addWidget(view)
    assert view.ticks_at(100) is None
    view.set_book([], [], None, "buy")
    view.set_book([(5, 1)], [], 5, "sell")
    view.set_traded({5: 10})
    assert not view.grab().isNull()


def test_only_cells_that_changed_are_painted(ladder: LadderView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    ladder.set_book(BIDS, ASKS, 1000, "buy")
    QApplication.processEvents()
    painted: list[str] = []
    original = Canvas.texts

    def noted(canvas: Canvas, places: Sequence[tuple[float, float, float, float, str]], *how: Any) -> None:
        painted.extend(text for *_, text in places)
        original(canvas, places, *how)

    monkeypatch.setattr(Canvas, "texts", noted)
    ladder.set_book([BIDS[0], (999, 5), *BIDS[2:]], ASKS, 1000, "buy")
    qtbot.waitUntil(lambda: bool(painted))
    heading = {"Mine", "Bid", "Price", "Ask", "Vol"}
    sums = [f"{sum(lots for _, lots in side) / 1000:.1f}" for side in ([*BIDS[:1], (999, 5), *BIDS[2:]], ASKS)]
    assert [text for text in painted if text not in heading] == ["0.005", *sums]


@given(st.lists(st.tuples(st.integers(0, 24), st.integers(0, 9)), max_size=6), st.integers(0, 2))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_brought_up_to_date_it_shows_what_it_shows_painted_anew(
    ladder: LadderView, changes: list[tuple[int, int]], move: int
) -> None:
    ladder.set_book(BIDS, ASKS, 1000, "buy")
    ladder.set_traded({})
    ladder.repaint()
    window = QPixmap(ladder.size())
    window.fill(current().tokens.ground)
    ladder.render(window)
    bids, asks = dict(BIDS), dict(ASKS)
    for place, lots in changes:
        side, ticks = (bids, 1000 - place) if place % 2 else (asks, 1001 + place)
        side[ticks] = lots
    areas: list[QRect] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ladder, "update", lambda area=None: areas.append(area or ladder.rect()))
        ladder.set_book(list(bids.items()), list(asks.items()), 1000 + move, "sell")
        ladder.set_traded(dict(changes))
    for area in areas:
        ladder.render(window, area.topLeft(), QRegion(area))
    fresh = QPixmap(ladder.size())
    ladder.render(fresh)
    assert window.toImage() == fresh.toImage()
