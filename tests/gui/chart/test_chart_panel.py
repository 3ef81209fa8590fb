"""The chart on a running market: timeframes, the growing bar, indicators, own orders and fills."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt

from tests.gui.conftest import Workstation
from widgets.chart.chart_marks import position_line
from widgets.chart.indicator_dialog import IndicatorDialog
from workstation.core.messages import SignalEmitted
from workstation.core.timeframe import TIMEFRAMES
from workstation.core.types import Side


@pytest.mark.parametrize("timeframe", list(TIMEFRAMES))
def test_every_timeframe_shows_closed_bars_and_the_growing_one(station: Workstation, timeframe: str) -> None:
    chart = station.area.charts[0]
    chart.choose_timeframe(timeframe)
    interval_ns = TIMEFRAMES[timeframe]
    closed = station.kernel.markets["BTCUSDT"].series[interval_ns]
    bars = chart.view.model.series
    newest = bars.bar(len(bars) - 1)
    assert newest.close == pytest.approx(float(station.last("BTCUSDT")) / 100)
    assert newest.open_ns <= station.clock.now < newest.open_ns + interval_ns
    assert (np.diff(bars.open_ns) > 0).all()
    assert len(bars) == len(closed) + 1
    assert newest.low <= newest.open <= newest.high


def test_the_growing_bar_becomes_the_closed_one(station: Workstation) -> None:
    chart = station.area.charts[0]
    count = len(chart.view.model.series)
    for _ in range(7):
        station.feed(10, step=0.5)
        station.frame()
    series, bars = station.kernel.markets["BTCUSDT"].series[TIMEFRAMES["1m"]], chart.view.model.series
    assert len(bars) == count + 1
    shown = bars.bar(len(bars) - 2)
    assert shown[1:] == pytest.approx(
        (series.open[-1], series.high[-1], series.low[-1], series.close[-1], series.volume[-1])
    )


def test_a_chart_that_was_hidden_for_long_catches_up(station: Workstation) -> None:
    chart, panel = station.area.charts[0], station.area.panel("chart")
    panel.close()
    station.feed(200, step=1)
    station.area.show_panel("chart")
    station.frame()
    bars = chart.view.model.series
    assert (np.diff(bars.open_ns) > 0).all()
    assert len(bars) == len(station.kernel.markets["BTCUSDT"].series[TIMEFRAMES["1m"]]) + 1


def test_indicators_are_found_added_and_removed_in_the_dialog(station: Workstation) -> None:
    chart = station.area.charts[0]
    names = [line.indicator.label for line in chart.view.model.lines]
    assert names == ["EMA 21", "EMA 55"]
    station.click(chart.bar.indicators)
    dialog = chart.findChild(IndicatorDialog)
    assert isinstance(dialog, IndicatorDialog)
    station.qtbot.keyClicks(dialog.search, "relative strength index")
    assert dialog.entry is not None and dialog.entry.name == "RSI"
    station.click(dialog.action_button)
    assert [line.indicator.label for line in chart.view.model.lines] == ["EMA 21", "EMA 55", "RSI 14"]
    dialog.edit(1)
    station.click(dialog.remove_button)
    assert [line.indicator.label for line in chart.view.model.lines] == ["EMA 21", "RSI 14"]
    assert [pane.name for pane in chart.view.panes] == ["price", "RSI(14)"]
    rsi = chart.view.model.lines[1]
    assert rsi.count == len(chart.view.model.series)
    assert 0 <= rsi.values[-1] <= 100
    dialog.close()


def test_an_indicator_that_does_not_exist_is_left_out_with_the_reason(station: Workstation) -> None:
    chart = station.area.charts[0]
    chart.choose_indicators(["EMA(21)", "EMAA(3)"])
    assert [line.indicator.label for line in chart.view.model.lines] == ["EMA 21"]
    assert "There is no indicator EMAA" in chart.indicators_button.toolTip()


def test_the_cross_of_an_order_cancels_it(station: Workstation) -> None:
    station.rest(below=0.0008)
    station.pass_time(1)
    chart = station.area.charts[0]
    chart.view.grab()
    (area, hit) = next((area, hit) for area, hit in chart.view._order_lines._areas if hit.close)
    scene = chart.view.price_pane.box.mapToScene(QPointF(area.center()))
    point = chart.view.mapFromScene(scene)
    station.qtbot.mouseClick(chart.view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(point.x(), point.y()))
    station.pass_time(1)
    assert hit.key
    assert station.kernel.orders.open_count == 0
    assert chart.view.model.orders == []


def test_position_stop_target_and_fills_are_drawn(station: Workstation) -> None:
    last = station.last("BTCUSDT")
    station.buy(stop_loss=int(last * 0.985), take_profit=int(last * 1.03))
    station.pass_time(2)
    model = station.area.charts[0].view.model
    assert sorted(line.text.split()[0] for line in model.orders) == ["Stop", "Target"]
    stop = next(line for line in model.orders if line.text.startswith("Stop"))
    assert stop.profit is not None
    assert stop.profit < 0
    assert model.position is not None
    assert model.position.text == "Long 0.01000"
    assert model.position.born_ns
    assert {fill.side for fill in model.fills} == {"buy"}


def test_two_owners_in_one_symbol_make_one_line_at_break_even(station: Workstation) -> None:
    station.buy(lots=1000)
    station.pass_time(1)
    (mine,) = station.engine.positions()
    import msgspec

    theirs = msgspec.structs.replace(mine, owner="grid", quantity=-mine.quantity / 2, entry=mine.entry + 100)
    line = position_line([mine, theirs], station.kernel.markets["BTCUSDT"].instrument)
    assert line is not None
    assert line.price == mine.entry - 100


def test_a_signal_shows_its_confidence(station: Workstation) -> None:
    station.kernel.emit(
        SignalEmitted(
            ts_ns=station.kernel.clock.time_ns,
            strategy="confluence",
            symbol="BTCUSDT",
            side=Side.BUY,
            confidence=78.4,
            parts={},
            price=station.last("BTCUSDT"),
        )
    )
    station.pass_time(1)
    (signal,) = station.area.charts[0].view.model.signals
    assert (signal.confidence, signal.side) == (78, "buy")
