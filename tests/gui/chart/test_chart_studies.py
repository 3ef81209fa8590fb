"""Indicators under the hand and on the move: legend, colours, panes, clicks, ticks, and bars of trades."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QComboBox, QLineEdit

from tests.gui.conftest import Open, Workstation
from widgets.chart.axes import TIME_AXIS_HEIGHT
from widgets.chart.chart_panel import ChartPanel
from widgets.chart.chosen import ChosenIndicator, PaneChoice
from widgets.chart.indicator_dialog import IndicatorDialog, as_chosen, declared
from widgets.chart.kinds import ChartKind, PriceScale
from widgets.chart.legend import LegendAct, indicator_words
from widgets.chart.market_lines import MarketLines
from widgets.chart.profiles import bars_of, marks
from widgets.chart.studies import Bars
from widgets.chart.tags import newest_text
from widgets.look.theme import current
from workstation.core.errors import ConfigurationError
from workstation.core.types import InstrumentKind
from workstation.market.indicator_catalogue import indicator_catalogue
from workstation.market.indicators import parse_indicator
from workstation.market.perpetual_figures import PerpetualFigures
from workstation.market.trade_bars import TradeBarKind
from workstation.market.trade_tape import TradeTape
from workstation.market.volume_profile import volume_profile

LEFT = Qt.MouseButton.LeftButton


def spot(chart: ChartPanel, x: float, y: float) -> QPoint:
    return QPoint(chart.view.mapFromScene(chart.view.price_pane.box.mapToScene(QPointF(x, y))))


def enter(dialog: IndicatorDialog, name: str, text: str) -> None:
    """Type into a field of the form, or choose."""
    assert dialog.form is not None
    editor = dialog.form.editor(name)
    if isinstance(editor, QComboBox):
        editor.setCurrentText(text)
    else:
        assert isinstance(editor, QLineEdit)
        editor.setText(text)


def press_sign(station: Workstation, chart: ChartPanel, study: str, act: LegendAct) -> None:
    """Hover the label of an indicator and click one of the signs that come."""
    chart.view.grab()
    legend = chart.view.price_pane.legend
    area = next(area for area, hit in legend._areas if hit.study == study)
    station.qtbot.mouseMove(chart.view.viewport(), spot(chart, area.center().x(), area.center().y()))
    station.qtbot.mouseMove(chart.view.viewport(), spot(chart, area.center().x() + 1, area.center().y()))
    chart.view.grab()
    area = next(area for area, hit in legend._areas if hit.study == study and hit.act is act)
    at = spot(chart, area.center().x(), area.center().y())
    station.qtbot.mouseMove(chart.view.viewport(), at)
    station.qtbot.mouseClick(chart.view.viewport(), LEFT, pos=at)


def test_the_legend_edits_and_removes(station: Workstation) -> None:
    chart = station.area.charts[0]
    press_sign(station, chart, "0", LegendAct.EDIT)
    dialog = chart.indicator_desk._dialog
    assert dialog is not None
    enter(dialog, "period", "34")
    enter(dialog, "colour of ema", "mauve")
    enter(dialog, "pane", "below")
    station.click(dialog.action_button)
    dialog.close()
    assert chart.indicator_desk.chosen[0] == ChosenIndicator("EMA(34)", (3,), PaneChoice.BELOW)
    line = chart.view.model.lines[0].indicator
    assert (line.color_index, line.pane) == (3, "EMA(34)")
    press_sign(station, chart, "1", LegendAct.REMOVE)
    assert chart.indicators == ["EMA(34)"]


def test_what_an_indicator_does_not_take_stays_in_the_dialog(station: Workstation) -> None:
    chart = station.area.charts[0]
    dialog = chart.indicator_desk.open_dialog(0)
    enter(dialog, "period", "0")
    station.click(dialog.action_button)
    assert "EMA cannot be computed with timeperiod=0" in dialog.problem.text()
    assert chart.indicators == ["EMA(21)", "EMA(55)"]
    dialog.search.setText("no such thing")
    assert dialog.entry is None
    assert not dialog.action_button.isEnabled()
    dialog.close()


def test_every_indicator_has_a_form_that_gives_its_defaults_back(station: Workstation) -> None:
    for info in indicator_catalogue().values():
        made = as_chosen(info, {each.name: each.default for each in declared(info)})
        call = parse_indicator(made.text)
        defaults = {name: value for name, value in info.parameters.items() if name in dict(call.parameters)}
        assert dict(call.parameters) == defaults, info.name


def test_indicators_follow_ticks_and_new_bars_as_if_computed_anew(station: Workstation) -> None:
    chart = station.area.charts[0]
    texts = ["EMA(21)", "SUPERTREND", "OBV", "VWAP", "MACD", "SAR"]
    chart.choose_indicators(texts)
    first = len(chart.view.model.series)
    for _ in range(8):
        station.feed(20, step=2)
        station.frame()
    assert len(chart.view.model.series) > first
    followed = {line.indicator.name: np.array(line.values) for line in chart.view.model.lines}
    chart.choose_indicators(texts)
    for line in chart.view.model.lines:
        assert np.allclose(followed[line.indicator.name], line.values, rtol=1e-7, equal_nan=True), line.indicator.name


def test_an_anchored_vwap_begins_at_the_clicked_bar_and_escape_ends_the_choice(station: Workstation) -> None:
    chart = station.area.charts[0]
    for ends_with_escape in (True, False):
        dialog = chart.indicator_desk.open_dialog()
        dialog.search.setText("vwap from a bar")
        station.click(dialog.action_button)
        assert "Click the bar" in chart.view.model.hint
        if ends_with_escape:
            station.qtbot.keyClick(chart.view, Qt.Key.Key_Escape)
            assert chart.view.model.hint == ""
            assert chart.indicators == ["EMA(21)", "EMA(55)"]
    scale = chart.view.price_pane.logical_scale()
    index = round(scale.index_at(200))
    station.qtbot.mouseClick(chart.view.viewport(), LEFT, pos=spot(chart, 200, 200))
    vwap = chart.view.model.lines[-1]
    assert vwap.indicator.label == "VWAP anchored"
    assert np.isnan(vwap.values[index - 1])
    bar = chart.view.model.series.bar(index)
    assert vwap.values[index] == pytest.approx((bar.high + bar.low + bar.close) / 3)


def test_a_fixed_profile_is_of_the_bars_between_two_clicks(station: Workstation) -> None:
    chart = station.area.charts[0]
    dialog = chart.indicator_desk.open_dialog()
    dialog.search.setText("profile fixed")
    station.click(dialog.action_button)
    scale = chart.view.price_pane.logical_scale()
    for x in (300, 120):
        station.qtbot.mouseClick(chart.view.viewport(), LEFT, pos=spot(chart, x, 200))
    (profile,) = chart.view.model.profiles
    first, last = bars_of(profile, chart.view.model, scale)
    assert (first, last - 1) == (round(scale.index_at(120)), round(scale.index_at(300)))
    assert not chart.view.grab().isNull()


@pytest.mark.parametrize("kind", ["visible", "session"])
def test_profiles_paint_and_follow(station: Workstation, kind: str) -> None:
    chart = station.area.charts[0]
    before = chart.view.grab().toImage()
    chart.choose_indicators([f"PROFILE({kind})"])
    assert chart.view.grab().toImage() != before
    chart.view.show_all()
    assert not chart.view.grab().isNull()
    chart.choose_indicators([])
    assert chart.view.model.profiles == []


def test_a_profile_tells_its_point_of_control_and_value_area(station: Workstation) -> None:
    chart = station.area.charts[0]
    rising = np.array([True, True, True])
    low, high = np.array([100.0, 104.0, 108.0]), np.array([104.0, 108.0, 112.0])
    found = volume_profile(low, high, np.array([10.0, 60.0, 30.0]), rising, 3)
    assert found is not None
    model = chart.view.model
    prices = {"VAH": 112.0, "POC": 106.0, "VAL": 104.0}
    assert marks(found, model) == [(price, f"{name} {model.price_text(price)}") for name, price in prices.items()]
    chart.choose_indicators(["PROFILE(visible)"])
    station.frame()
    with_words = chart.view.grab().toImage()
    chart.choose_indicators([])
    station.frame()
    assert with_words != chart.view.grab().toImage()


@pytest.mark.parametrize("timeframe", ["1m", "volume 2"])
def test_trades_that_are_gone_leave_no_hole_in_bars_and_cvd(station: Workstation, timeframe: str) -> None:
    """A chart that was hidden for long finds that its tape has gone on without it."""
    tape = station.model.heard.tapes["BTCUSDT"] = TradeTape(1)
    chart, lot = station.area.charts[0], station.engine.market("BTCUSDT").instrument.lot_lossy
    station.feed(2, step=1)
    chart.choose_timeframe(timeframe)
    chart.choose_indicators(["CVD"])
    for _ in range(20):
        station.frame()
    label = chart.view.model.lines[0].indicator.label
    start_ns, ticks = station.clock.now, station.last("BTCUSDT")
    for number in range(10_000):
        tape.add(start_ns + number, ticks, 1_000, -1)
    kept = tape.since(0)
    assert tape.total > len(kept.ts_ns)
    station.feed(1, step=1)
    for _ in range(20):
        station.frame()
    kept = tape.since(0)
    (line,) = chart.view.model.lines
    assert line.values[-1] == pytest.approx(int((kept.lots * kept.side).sum()) * lot)
    assert label.startswith("CVD since ") and line.indicator.label.startswith("CVD since ")
    if timeframe != "1m":
        series = chart.view.model.series
        assert series.column(4)[:-1] == pytest.approx(2.0)
        of_tape = series.column(4)[series.open_ns >= kept.ts_ns[0]].sum()
        assert of_tape == pytest.approx(kept.lots.sum() * lot, abs=2.0)


def test_cvd_is_what_takers_bought_less_what_they_sold(station: Workstation) -> None:
    chart = station.area.charts[0]
    chart.choose_indicators(["CVD"])
    for _ in range(4):
        station.feed(30, step=1)
        station.frame()
    trades = station.model.heard.tapes["BTCUSDT"].since(0)
    expected = int((trades.lots * trades.side).sum()) * station.engine.market("BTCUSDT").instrument.lot_lossy
    (line,) = chart.view.model.lines
    assert line.values[-1] == pytest.approx(expected)
    assert "CVD since 12:00:0" in line.indicator.label
    known = line.values[np.isfinite(line.values)]
    assert 2 <= len(known) < len(line.values)


def test_open_interest_and_funding_of_before_and_of_now(station: Workstation) -> None:
    chart = station.area.charts[0]
    chart.choose_timeframe("1m")
    chart.choose_indicators(["OPEN_INTEREST", "FUNDING"])
    station.feed(130, step=1)
    station.frame()
    market = station.engine.market("BTCUSDT")
    amount, worth, funding = chart.view.model.lines
    newest = market.perpetual.open_interest.rows(1)[0][1] * market.instrument.lot_lossy
    assert amount.values[-1] == pytest.approx(newest)
    assert worth.values[-1] == pytest.approx(newest * chart.view.model.series.column(3)[-1])
    assert np.isfinite(amount.values).all() and len(set(amount.values[-5:])) > 1
    bars = chart.view.model.series
    due = {ts_ns: rate for ts_ns, rate in market.perpetual.fundings.rows() if ts_ns >= bars.open_ns[0]}
    shown = {int(bars.open_ns[place]): funding.values[place] for place in np.flatnonzero(funding.values)}
    assert shown == {ts_ns: pytest.approx(rate / 1e6) for ts_ns, rate in due.items()} and shown
    legend = [word.text for word in indicator_words("OPEN_INTEREST", chart.view.model, current().tokens)]
    told = [word.text for word in indicator_words("FUNDING", chart.view.model, current().tokens)]
    assert not funding.values[-1] and told == ["Funding", "\u2013"], "no funding fell due in the newest bar"
    assert newest_text(funding, chart.view.model) == ""
    assert legend[0] == "Open interest" and legend[1].endswith("BTC") and legend[2].endswith("USDT")
    assert not chart.view.grab().isNull()


@pytest.mark.parametrize(("name", "words"), [("OPEN_INTEREST", "open interest"), ("FUNDING", "funding rate")])
def test_what_a_market_does_not_have_is_said(station: Workstation, name: str, words: str) -> None:
    lines = MarketLines(station.area.charts[0].view, station.model)
    state = station.kernel.markets["BTCUSDT"]
    state.instrument = msgspec.structs.replace(state.instrument, kind=InstrumentKind.SPOT)
    with pytest.raises(ConfigurationError, match=f"BTCUSDT is a spot market: it has no {words}."):
        lines.source(name)


def test_open_interest_that_comes_late_fills_the_bars_before(station: Workstation) -> None:
    chart = station.area.charts[0]
    market = station.engine.market("BTCUSDT")
    history = market.perpetual.history("BTCUSDT", station.clock.now)
    station.kernel.markets["BTCUSDT"].perpetual = PerpetualFigures()
    chart.choose_indicators(["OPEN_INTEREST"])
    (line, _) = chart.view.model.lines
    assert np.isnan(line.values).all()
    station.session.dispatch(history)
    station.feed(20, step=1)
    station.frame()
    (line, _) = chart.view.model.lines
    assert np.isfinite(line.values[-20:]).all()


@pytest.mark.parametrize(
    ("text", "kind"), [("tick 10", "tick"), ("volume 2", "volume"), ("range 1000", "range"), ("renko 500", "renko")]
)
def test_bars_of_trades_grow_with_the_market(station: Workstation, text: str, kind: str) -> None:
    chart = station.area.charts[0]
    dialog = chart.open_trade_bars(TradeBarKind(kind))
    dialog.size_field.setText(text.split()[1])
    station.click(dialog.action_button)
    for _ in range(20):
        station.frame()
    before = len(chart.view.model.series)
    for _ in range(10):
        station.feed(6, step=0.5)
        station.frame()
    series = chart.view.model.series
    assert chart.timeframe == text
    assert chart.title == f"BTCUSDT {text}"
    assert len(series) > before
    assert (np.diff(series.open_ns) > 0).all()
    assert series.column(3)[-1] == pytest.approx(float(station.last("BTCUSDT")) / 100)
    assert (series.column(2) <= series.column(1)).all()
    if kind == "range":
        height = series.column(1) - series.column(2)
        assert (height <= 10.0 + 1e-9).all()
        past = series.open_ns[:-1] < station.model.heard.tapes["BTCUSDT"].since(0).ts_ns[0]
        assert height[:-1][past][:-1] == pytest.approx(10.0), "the price walks through minutes, it does not jump"
        assert float(series.column(4)[:-1][past].sum()) > 1.0
    if kind == "volume":
        assert series.column(4)[:-1] == pytest.approx(2.0)
    if kind != "tick":
        assert before > 100, "bars from before the window come from one-minute bars"


def test_the_ichimoku_cloud_goes_on_beyond_the_newest_bar_and_the_lagging_line_ends_before_it(
    station: Workstation,
) -> None:
    chart = station.area.charts[0]
    chart.choose_indicators(["ICHIMOKU(9, 26, 52, 20)"])
    station.frame()
    series = chart.view.model.series
    lines = {line.indicator.name.split()[-1]: line for line in chart.view.model.lines}
    assert {name: line.indicator.shift for name, line in lines.items()} == {
        "conversion": 0,
        "base": 0,
        "span_a": 20,
        "span_b": 20,
        "lagging": -20,
    }
    high, low, close = (np.array(series.column(row)) for row in (1, 2, 3))

    def middle(until: int, bars: int) -> float:
        return float(high[until - bars : until].max() + low[until - bars : until].min()) / 2

    until = len(series)
    assert lines["span_a"].values[-1] == pytest.approx((middle(until, 9) + middle(until, 26)) / 2)
    assert lines["span_b"].values[-1] == pytest.approx(middle(until, 52))
    assert lines["lagging"].values[-1] == close[-1]
    engine = parse_indicator("ICHIMOKU(9, 26, 52, 20)").compute(Bars(chart.view))
    assert engine["span_a"][-1] == pytest.approx(lines["span_a"].values[-21])
    # The legend tells what is drawn at the newest bar: of the lagging line there is nothing yet.
    words = [word.text for word in indicator_words("price", chart.view.model, current().tokens)]
    model = chart.view.model
    assert words[3:6] == [
        model.value_text(lines["span_a"].indicator, float(engine["span_a"][-1])),
        model.value_text(lines["span_b"].indicator, float(engine["span_b"][-1])),
        "\u2013",
    ]
    picture = chart.view.grab().toImage()
    scale = chart.view.price_pane.logical_scale()
    x, y = round(float(scale.x(until + 15))), round(scale.y(float(lines["span_b"].values[until - 1 - 4])))
    at, ground = spot(chart, x, y), current().tokens.ground.lightness()
    near = [picture.pixelColor(at.x(), at.y() + down).lightness() - ground for down in range(-3, 4)]
    assert max(near) > 40, "the line is drawn where no bar is yet"


def test_prices_keep_most_of_a_chart_with_many_panes_below(station: Workstation) -> None:
    chart = station.area.charts[0]
    texts = ["ATR(14)", "RSI(14)", "MACD", "OBV", "ADX(14)", "STOCH"]
    for count in (6, 1, 3, 0, 6):
        chart.choose_indicators(texts[:count])
        station.frame()
        heights = [pane.height for pane in chart.view.panes]
        whole = chart.view.height() - TIME_AXIS_HEIGHT
        assert len(heights) == count + 1 and sum(heights) == pytest.approx(whole, abs=3)
        assert heights[0] > 0.44 * whole and len(set(heights[1:])) <= 1
        assert all(height > 0.08 * whole for height in heights[1:])


def test_the_past_of_a_narrow_range_is_shorter_and_keeps_its_volume(station: Workstation) -> None:
    """All that happened from its first bar on is in it, and it costs few frames however narrow the range is."""
    chart = station.area.charts[0]
    chart.choose_timeframe("range 20")
    for _ in range(20):
        station.frame()
    series, minutes = chart.view.model.series, station.kernel.markets["BTCUSDT"].series[60 * 1_000_000_000]
    assert 1_000 < len(series) < 40_000
    first = int(np.searchsorted(minutes.open_ns, series.open_ns[0]))
    heard = station.model.heard.tapes["BTCUSDT"].since(0)
    shown = minutes.close_ns <= heard.ts_ns[0]
    lots = minutes.volume[first:][shown[first:]].sum() + heard.lots.sum() * 0.00001
    assert first > 0 and series.column(4).sum() == pytest.approx(lots)


def test_volume_bars_begin_with_a_usual_minute_and_never_hold_the_window_up(station: Workstation) -> None:
    """A thousand lots of 0.00001 BTC were proposed before: hundreds of thousands of bars at once."""
    chart = station.area.charts[0]
    dialog = chart.open_trade_bars(TradeBarKind.VOLUME)
    proposed = dialog.size_field.number()
    assert proposed is not None
    mean = float(station.kernel.markets["BTCUSDT"].series[60 * 1_000_000_000].volume[-240:].mean())
    assert mean / 2 < float(proposed) < mean * 2
    dialog.size_field.setText(f"{proposed / 1000:f}")
    station.click(dialog.action_button)
    assert dialog.problem.text().startswith("About ") and chart.timeframe == "1m"
    smallest = proposed / 500
    dialog.size_field.setText(f"{smallest:f}")
    station.click(dialog.action_button)
    assert chart.timeframe == f"volume {smallest:f}"
    lengths = [len(chart.view.model.series)]
    for _ in range(12):
        station.frame()
        lengths.append(len(chart.view.model.series))
    assert 5_000 < lengths[-1] < 25_000 and lengths[-1] == lengths[-2]
    assert max(np.diff(lengths)) < 10_000, "a frame makes a few thousand bars"
    assert chart.view.model.series.column(4)[:-1] == pytest.approx(float(smallest))


def test_a_size_that_cannot_be_is_told_and_nothing_changes(station: Workstation) -> None:
    chart = station.area.charts[0]
    dialog = chart.open_trade_bars(TradeBarKind.RANGE)
    dialog.size_field.setText("2.5")
    station.click(dialog.action_button)
    assert dialog.problem.text() == "The size of range bars is a whole number above 0, not 2.5."
    assert chart.timeframe == "1m"
    dialog.close()


def test_every_kind_paints_another_picture_and_the_menu_chooses_it(station: Workstation) -> None:
    chart = station.area.charts[0]
    pictures = []
    for kind in ChartKind:
        station.trigger(chart.bar.kinds_menu(), kind.word)
        assert chart.bar.kind.text() == kind.word
        pictures.append(chart.view.grab().toImage())
    assert all(before != after for before, after in pairwise(pictures))


def test_heikin_ashi_follows_the_growing_bar(station: Workstation) -> None:
    chart = station.area.charts[0]
    chart.view.set_kind(ChartKind.HEIKIN_ASHI)
    for _ in range(7):
        station.feed(10, step=1)
        station.frame()
    followed = chart.view.model.drawn
    values = [np.array(followed.column(row)) for row in range(4)]
    chart.view.model.touch()
    for row, column in enumerate(values):
        assert np.allclose(column, chart.view.model.drawn.column(row))


def test_keys_switch_the_scale_and_reset_the_zoom(station: Workstation) -> None:
    chart = station.area.charts[0]
    qtbot, alt = station.qtbot, Qt.KeyboardModifier.AltModifier
    qtbot.keyClick(chart.view, Qt.Key.Key_P, alt)
    assert chart.view.model.price_scale is PriceScale.PERCENT
    assert chart.bar.percent.isChecked()
    assert chart.view.price_pane.value_text(chart.view.model.percent_base() or 0) == "0.00\u2009%"
    station.click(chart.bar.logarithmic)
    assert (chart.bar.percent.isChecked(), chart.view.model.price_scale) == (False, PriceScale.LOGARITHMIC)
    pitch = chart.view.viewport_state.pitch
    qtbot.keyClick(chart.view, Qt.Key.Key_F, alt)
    assert chart.view.viewport_state.pitch < pitch
    chart.view.price_pane.stretch(2)
    assert not chart.bar.auto.isChecked()
    qtbot.keyClick(chart.view, Qt.Key.Key_R, alt)
    assert chart.view.viewport_state.pitch == pitch
    assert chart.bar.auto.isChecked()


def test_a_new_chart_is_kept_with_all_that_was_chosen(open_workstation: Open) -> None:
    first = open_workstation()
    first.click(first.area.charts[0].bar.new)
    first.frame()
    chart = first.area.charts[1]
    chart.model.choose_symbol("ETHUSDT")
    chart.choose_timeframe("range 500")
    chart.view.set_kind(ChartKind.AREA)
    chart.view.set_price_scale(PriceScale.PERCENT)
    chosen = [ChosenIndicator("RSI(7)", (2,)), ChosenIndicator("EMA(9)", (), PaneChoice.BELOW)]
    chart.choose_indicators(chosen)
    state = chart.state()
    first.window.keep()
    second = open_workstation()
    second.area.show_panel("chart 2")
    second.frame()
    again = second.area.charts[1]
    assert again.state() == state
    assert again.indicator_desk.chosen == chosen
    assert again.title == "ETHUSDT range 500"
    assert again.view.model.kind is ChartKind.AREA


def test_the_crosshair_of_one_chart_marks_its_time_in_the_other(station: Workstation) -> None:
    chart = station.area.charts[0]
    other = ChartPanel(station.model, "ETHUSDT", "5m", (), linked=False)
    station.qtbot.addWidget(other)
    other.resize(600, 400)
    other.show()
    station.frame()
    station.qtbot.mouseMove(chart.view.viewport(), spot(chart, 200, 200))
    station.qtbot.mouseMove(chart.view.viewport(), spot(chart, 201, 200))
    here, there = chart.view.model.crosshair, other.view.model.crosshair
    assert here is not None and there is not None
    time_ns = chart.view.model.series.time_at(here.index)
    shown = other.view.model.series.time_at(there.index)
    assert shown <= time_ns < shown + 300_000_000_000
    assert there.pane is None
    chart.view.hand.point_away()
    assert other.view.model.crosshair is None
