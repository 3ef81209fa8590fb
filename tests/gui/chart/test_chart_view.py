"""The chart driven with mouse and keys, and its pixels."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from widgets.chart.chart_view import ChartView
from widgets.chart.kinds import ChartKind, PriceScale
from widgets.chart.legend import instrument_words
from widgets.chart.model import Fill, Indicator, LineKind, OrderLine, PositionLine, Signal
from widgets.look.theme import current

COUNT = 600
MINUTE = 60_000_000_000
TIMES = np.arange(COUNT, dtype=np.int64) * MINUTE + 1_700_000_000 * 1_000_000_000


@pytest.fixture
def chart(qtbot: QtBot) -> ChartView:
    view = ChartView()
    qtbot.addWidget(view)
    view.resize(800, 500)
    close = 42_000 + 200 * np.sin(np.arange(COUNT) / 15)
    open_ = np.roll(close, 1)
    open_[0] = close[0]
    high, low = np.maximum(open_, close) + 20, np.minimum(open_, close) - 20
    view.set_instrument("BTCUSDT", "Perpetual · 1 m", Decimal("0.1"))
    view.set_bars(TIMES, open_, high, low, close, np.full(COUNT, 5.0))
    view.show()
    qtbot.waitExposed(view)
    QApplication.processEvents()
    return view


def in_view(chart: ChartView, x: float, y: float) -> QPoint:
    """A point of the price pane in the view's coordinates."""
    return QPoint(chart.mapFromScene(chart.price_pane.box.mapToScene(QPointF(x, y))))


def wheel(chart: ChartView, point: QPoint, notches: int, modifiers: Qt.KeyboardModifier) -> None:
    viewport = chart.viewport()
    event = QWheelEvent(
        QPointF(point),
        QPointF(viewport.mapToGlobal(point)),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(viewport, event)


def has_colour(image: QImage, colour: QColor) -> bool:
    wanted = colour.rgb()
    return any(image.pixel(x, y) == wanted for y in range(0, image.height()) for x in range(0, image.width()))


def drag(chart: ChartView, qtbot: QtBot, start: QPoint, end: QPoint) -> None:
    viewport = chart.viewport()
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    for step in range(1, 11):
        qtbot.mouseMove(viewport, start + (end - start) * step / 10)
        QApplication.processEvents()
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=end)


def test_dragging_pans_to_older_bars_and_end_comes_back(chart: ChartView, qtbot: QtBot) -> None:
    right = chart.model.right
    drag(chart, qtbot, in_view(chart, 200, 200), in_view(chart, 400, 200))
    assert chart.model.right < right - 10
    qtbot.keyClick(chart, Qt.Key.Key_End)
    assert chart.model.right == right


def test_the_wheel_zooms_about_the_newest_bar_and_with_control_at_the_pointer(chart: ChartView) -> None:
    state = chart.viewport_state
    newest = (COUNT - 1 - state.left) * state.pitch
    wheel(chart, in_view(chart, 100, 200), 2, Qt.KeyboardModifier.NoModifier)
    assert state.pitch > 6.7
    assert (COUNT - 1 - state.left) * state.pitch == pytest.approx(newest)
    under = state.left + 100 / state.pitch
    wheel(chart, in_view(chart, 100, 200), -3, Qt.KeyboardModifier.ControlModifier)
    assert state.left + 100 / state.pitch == pytest.approx(under, abs=0.2)


def test_dragging_the_price_axis_ends_the_automatic_range(chart: ChartView, qtbot: QtBot) -> None:
    switched: list[bool] = []
    chart.auto_scale_changed.connect(switched.append)
    span = chart.price_pane.top - chart.price_pane.bottom
    axis_x = chart.price_pane.width + 20
    drag(chart, qtbot, in_view(chart, axis_x, 100), in_view(chart, axis_x, 200))
    assert switched == [False]
    assert chart.price_pane.top - chart.price_pane.bottom > span * 1.2
    chart.set_auto_scale(True)
    assert chart.price_pane.top - chart.price_pane.bottom == pytest.approx(span)


def test_keys_pan_and_zoom(chart: ChartView, qtbot: QtBot) -> None:
    right, pitch = chart.model.right, chart.viewport_state.pitch
    qtbot.keyClick(chart, Qt.Key.Key_Left)
    assert chart.model.right < right
    qtbot.keyClick(chart, Qt.Key.Key_Plus)
    assert chart.viewport_state.pitch > pitch
    qtbot.keyClick(chart, Qt.Key.Key_Home)
    assert chart.model.left == pytest.approx(-1, abs=1.1)


def test_the_crosshair_reports_time_and_price_and_the_legend_follows(chart: ChartView, qtbot: QtBot) -> None:
    moved: list[tuple[object, object]] = []
    chart.crosshair_moved.connect(lambda time_ns, price: moved.append((time_ns, price)))
    qtbot.mouseMove(chart.viewport(), in_view(chart, 150, 200))
    qtbot.mouseMove(chart.viewport(), in_view(chart, 151, 201))
    cross = chart.model.crosshair
    assert cross is not None
    time_ns, price = moved[-1]
    assert time_ns == TIMES[cross.index]
    assert price == pytest.approx(cross.value)
    words = [word.text for word in instrument_words(chart.model, current().tokens)]
    assert chart.model.price_text(chart.model.series.bar(cross.index).close) in words


def test_the_cross_of_an_order_asks_to_cancel_it_and_that_of_the_position_to_close_it(
    chart: ChartView, qtbot: QtBot
) -> None:
    born = int(TIMES[-30])
    chart.set_orders([OrderLine("order-7", LineKind.STOP, Decimal("41900.0"), born, "Stop 0.028", Decimal(-6))])
    chart.set_position(PositionLine(Decimal("42050.0"), born, "Long 0.028", Decimal("10.29")))
    chart.grab()
    cancelled: list[str] = []
    closed: list[bool] = []
    chart.order_cancel_requested.connect(cancelled.append)
    chart.position_close_requested.connect(lambda: closed.append(True))
    scale = chart.price_pane.logical_scale()
    cross_x = chart.price_pane.width - 10 - 8
    label_x = cross_x - 40
    click = Qt.MouseButton.LeftButton
    qtbot.mouseClick(chart.viewport(), click, pos=in_view(chart, label_x, scale.y(41_900)))
    assert (cancelled, closed) == ([], [])
    qtbot.mouseClick(chart.viewport(), click, pos=in_view(chart, cross_x, scale.y(41_900)))
    assert (cancelled, closed) == (["order-7"], [])
    qtbot.wait(QApplication.doubleClickInterval() // 20)
    qtbot.mouseClick(chart.viewport(), click, pos=in_view(chart, cross_x, scale.y(42_050)))
    assert closed == [True]


def test_new_bars_move_the_view_only_while_the_newest_is_in_it(chart: ChartView) -> None:
    right = chart.model.right
    chart.append_bar(int(TIMES[-1]) + MINUTE, 42_000, 42_010, 41_990, 42_005, 3)
    assert chart.model.right == right + 1
    chart.pan_share(-3)
    right = chart.model.right
    chart.append_bar(int(TIMES[-1]) + 2 * MINUTE, 42_000, 42_010, 41_990, 42_005, 3)
    assert chart.model.right == right


def test_a_new_high_is_brought_into_view_below_the_legend(chart: ChartView) -> None:
    chart.update_last_bar(42_000, 43_500, 41_990, 43_400, 9)
    y = chart.price_pane.logical_scale().y(43_500)
    assert 45 <= y <= 60


def test_sub_panes_come_and_go_with_their_indicators(chart: ChartView) -> None:
    values = np.arange(COUNT, dtype=np.float64)
    chart.set_indicators([Indicator("a", "A", 1, values + 42_000), Indicator("b", "B", 3, values, "b", 1)])
    assert [pane.name for pane in chart.panes] == ["price", "b"]
    kept = chart.panes[1]
    chart.set_indicators([Indicator("c", "C", 2, values, "c", 1), Indicator("b", "B", 3, values, "b", 1)])
    assert [pane.name for pane in chart.panes] == ["price", "c", "b"]
    assert chart.panes[2] is kept
    chart.append_bar(int(TIMES[-1]) + MINUTE, 42_000, 42_010, 41_990, 42_005, 3)
    chart.write_indicator_tails({"b": np.array([777.0])})
    assert chart.model.lines[1].values[-1] == 777.0
    assert kept.top > 777
    assert not chart.grab().isNull()
    chart.set_indicators([])
    assert [pane.name for pane in chart.panes] == ["price"]


def test_candles_are_painted_in_both_colours_and_swap_with_the_theme(chart: ChartView) -> None:
    tokens = current().tokens
    image = chart.grab().toImage()
    assert has_colour(image, tokens.up)
    assert has_colour(image, tokens.down)
    current().set_colours("light")
    try:
        light = chart.grab().toImage()
        assert has_colour(light, current().tokens.up)
        assert light.pixelColor(2, 200).lightness() > 200
    finally:
        current().set_colours("dark")


def test_a_stale_feed_turns_the_last_price_grey(chart: ChartView) -> None:
    tokens = current().tokens
    chart.set_bars([0], [10.0], [11.0], [9.0], [11.0], [1.0])
    right = chart.grab().toImage().copy(740, 0, 60, 500)
    assert has_colour(right, tokens.up_tag)
    chart.set_stale(14.0)
    right = chart.grab().toImage().copy(740, 0, 60, 500)
    assert not has_colour(right, tokens.up_tag)


@pytest.mark.parametrize("kind", list(ChartKind))
@pytest.mark.parametrize("scale", list(PriceScale))
@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_flat_bars_and_a_warming_indicator_paint(
    chart: ChartView, count: int, scale: PriceScale, kind: ChartKind
) -> None:
    flat = np.full(count, 0.25)
    chart.set_bars(TIMES[:count], flat, flat, flat, flat, np.zeros(count))
    chart.set_indicators([Indicator("w", "W", 4, np.full(count, np.nan), "w")])
    chart.set_fills([Fill(int(TIMES[0]), 0.25, "sell")], [Signal(int(TIMES[0]), "buy", 78)])
    chart.set_kind(kind)
    chart.set_price_scale(scale)
    chart.set_clock(int(TIMES[0]) + 5)
    assert not chart.grab().isNull()
    chart.show_all()
    assert not chart.grab().isNull()
