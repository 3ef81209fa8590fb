"""Alerts in the window: made on the chart, judged on the engine's trades, told, listed, changed and saved."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QMenu

from tests.gui.chart.hand import PanelHand
from tests.gui.conftest import Open, Workstation
from widgets.alerts.alert_desk import AlertDesk
from widgets.alerts.alert_dialog import AlertDialog
from widgets.alerts.alert_words import state_words
from widgets.chart.drawings.drawing import Anchor, Drawing, Tool
from widgets.chart.drawings.drawing_shelf import DrawingShelf
from widgets.engine.engine_model import Result
from widgets.look.theme import current
from widgets.look.tokens import Tone
from widgets.window.notices import Sound
from workstation.core.messages import Trade
from workstation.core.types import Side
from workstation.market.alerts.alert import (
    Alert,
    Condition,
    Direction,
    IndicatorLevel,
    PriceLevel,
    PriceLine,
    PriceZone,
    Repeat,
)

SECOND_NS = 1_000_000_000


class Watcher:
    """Sets alerts on BTCUSDT and trades at prices of its choice."""

    def __init__(self, station: Workstation) -> None:
        self.station = station
        desk = station.model.findChild(AlertDesk)
        assert desk is not None
        self.desk = desk
        self.told: list[Result] = []
        self.sentences: list[str] = []
        self.sounds: list[Sound] = []
        self.notified: list[tuple[str, str]] = []
        notices = station.window.outside.notices
        notices.sounded.connect(self.sounds.append)
        notices.notified.connect(lambda title, text: self.notified.append((title, text)))
        station.model.result_told.connect(self.told.append)
        self.desk.fired.connect(lambda firing, text: self.sentences.append(text))

    @property
    def last(self) -> int:
        return self.station.last("BTCUSDT")

    def set(self, condition: Condition, **parts: object) -> Alert:
        assert not self.desk.add(Alert(name="", symbol="BTCUSDT", condition=condition, **parts))  # type: ignore[arg-type]
        return self.desk.book.alerts[-1]

    def at(self, ticks: int, **parts: object) -> Alert:
        return self.set(PriceLevel(Decimal(ticks) / 100), **parts)

    def trade(self, *prices: int) -> None:
        """Trades at these ticks, as the market tells them."""
        for price in prices:
            self.station.clock.now += SECOND_NS
            now = self.station.clock.now
            self.station.session.dispatch(
                Trade(ts_ns=now, symbol="BTCUSDT", price=price, lots=1, side=Side.BUY, trade_id=now)
            )

    def texts(self, menu: QMenu) -> list[str]:
        found = [action.text() for action in menu.actions()]
        menu.deleteLater()
        return found


@pytest.fixture
def watcher(station: Workstation) -> Watcher:
    return Watcher(station)


def test_a_right_click_on_the_chart_sets_an_alert_at_that_price_and_the_axis_offers_the_same(watcher: Watcher) -> None:
    hand = PanelHand(watcher.station)
    wanted = f"Alert at {hand.view.model.price_text(round(hand.price_at(220), 2))}"
    menu = hand.menu(150, 220)
    watcher.station.trigger(menu, wanted)
    (alert,) = watcher.desk.book.alerts
    assert isinstance(alert.condition, PriceLevel)
    assert float(alert.condition.price) == pytest.approx(hand.price_at(220), abs=0.01)
    assert watcher.told[-1].text.startswith("Alert set: BTCUSDT, price crosses ")
    assert hand.view.model.alert_levels == [float(alert.condition.price)]
    assert not hand.view.grab().isNull()
    opened: list[list[str]] = []
    hand.view.menu_wanted.connect(lambda menu, at: opened.append([action.text() for action in menu.actions()]))
    axis_x = hand.view.price_pane.width + 20
    watcher.station.qtbot.mouseClick(hand.view.viewport(), Qt.MouseButton.RightButton, pos=hand.spot(axis_x, 200))
    for menu in hand.view.findChildren(QMenu):
        menu.close()
    assert any(text.startswith("Alert at ") for text in opened[0])


def test_a_level_is_dragged_to_another_price_and_deleted_where_it_is(watcher: Watcher) -> None:
    hand = PanelHand(watcher.station)
    alert = watcher.at(watcher.last - 4_000)
    y = hand.y(watcher.last / 100 - 40)
    hand.drag((120, y), (120, y + 60), release=False)
    assert hand.view.model.alert_levels == [pytest.approx(hand.price_at(y + 60), abs=1)]
    hand.press_key(Qt.Key.Key_Escape)
    hand.release(120, y + 60)
    assert watcher.desk.book.alerts[0].condition == alert.condition
    hand.drag((120, y), (120, y + 60))
    moved = watcher.desk.book.alerts[0].condition
    assert isinstance(moved, PriceLevel)
    assert float(moved.price) == pytest.approx(hand.price_at(y + 60), abs=1)
    watcher.station.trigger(hand.menu(120, hand.y(float(moved.price))), "Delete this alert")
    assert watcher.desk.book.alerts == []
    assert hand.view.model.alert_levels == []


def test_a_crossing_is_told_once_with_card_sound_and_log_line_while_the_chart_is_hidden(watcher: Watcher) -> None:
    station = watcher.station
    station.area.panel("chart").close()
    last = watcher.last
    watcher.at(last + 500, note="take some off")
    watcher.trade(last + 499, last + 500, last + 700, last)
    station.frame()
    assert watcher.sentences == [
        f"BTCUSDT crossed above {(last + 500) / 100:,.2f}, at {(last + 500) / 100:,.2f}. take some off"
    ]
    (card,) = station.window.outside.alert_cards.cards
    assert card.text.text() == watcher.sentences[0]
    assert watcher.sounds == [Sound.ALERT]
    station.frame()
    assert [line.text for line in station.model.heard.log if line.source == "alerts"] == watcher.sentences
    assert not watcher.desk.book.alerts[0].enabled
    station.click(card.dismiss)
    assert station.window.outside.alert_cards.cards == []


def test_many_alerts_at_once_are_told_by_the_newest_cards_and_the_tray_and_without_a_sound_when_muted(
    watcher: Watcher,
) -> None:
    watcher.station.click(watcher.station.area.alerts.sound)
    assert watcher.desk.muted
    last = watcher.last
    for above in range(1, 7):
        watcher.at(last + above)
    watcher.trade(last + 50)
    watcher.station.frame()
    assert len(watcher.sentences) == 6
    assert [card.text.text() for card in watcher.station.window.outside.alert_cards.cards] == watcher.sentences[-4:]
    assert watcher.notified == [("Alert BTCUSDT", sentence) for sentence in watcher.sentences]
    assert not watcher.sounds


def test_an_alert_on_a_drawing_follows_it_and_is_off_when_it_is_deleted(watcher: Watcher) -> None:
    hand, station = PanelHand(watcher.station), watcher.station
    level = watcher.last / 100 - 20
    tools = hand.chart.drawing
    tools.place(Tool.HORIZONTAL_LINE, Anchor(station.clock.now, level))
    station.trigger(hand.menu(200, hand.y(level)), "Alert on this line")
    (alert,) = watcher.desk.book.alerts
    assert alert.condition == PriceLevel(Decimal(str(level)), "drawing 1")
    tools.change(tools.book.drawings[0].moved(0, 10.0))
    moved = watcher.desk.book.alerts[0].condition
    assert isinstance(moved, PriceLevel)
    assert float(moved.price) == pytest.approx(level + 10)
    watcher.trade(round((level + 9) * 100))
    station.frame()
    assert len(watcher.sentences) == 1
    watcher.desk.enable(alert.name, True)
    tools.delete("drawing 1")
    assert not watcher.desk.book.alerts[0].enabled


def test_an_alert_on_a_trend_line_fires_where_the_line_is_then(watcher: Watcher) -> None:
    now, last = watcher.station.clock.now, watcher.last
    watcher.set(
        PriceLine(now - 100 * SECOND_NS, Decimal(last) / 100, now + 100 * SECOND_NS, Decimal(last + 20_000) / 100),
    )
    watcher.trade(last + 10_050)
    watcher.station.frame()
    assert watcher.sentences == []
    watcher.trade(last + 10_250)
    watcher.station.frame()
    assert watcher.sentences == [f"BTCUSDT crossed above its line on the chart, at {(last + 10_250) / 100:,.2f}."]


def test_a_line_that_has_ended_is_told_and_not_watched(watcher: Watcher) -> None:
    hand, station = PanelHand(watcher.station), watcher.station
    series = hand.view.model.series
    early, late = (int(series.time_at(len(series) - back)) for back in (60, 20))
    level = round(watcher.last / 100 - 30, 2)
    tools = hand.chart.drawing
    tools._add(Drawing("", Tool.TREND_LINE, (Anchor(early, level), Anchor(late, level + 20))))
    x = float(hand.view.price_pane.logical_scale().x(series.index_at(early)))
    station.trigger(hand.menu(x, hand.y(level)), "Alert on this line")
    assert not watcher.desk.book.alerts
    told = watcher.told[-1]
    assert told.text.startswith("The line ends in the past, so that no price can cross it.") and not told.good
    tools.change(msgspec.structs.replace(tools.book.drawings[0], extends_right=True))
    station.trigger(hand.menu(x, hand.y(level)), "Alert on this line")
    (alert,) = watcher.desk.book.alerts
    assert state_words(alert, station.clock.now, True)[0] == "On"
    tools.change(msgspec.structs.replace(tools.book.drawings[0], extends_right=False))
    (alert,) = watcher.desk.book.alerts
    assert state_words(alert, station.clock.now, True) == ("Ended", Tone.WARNING)


def test_a_chart_of_range_bars_sets_alerts_on_prices_and_tells_that_it_cannot_on_indicators(watcher: Watcher) -> None:
    hand, station = PanelHand(watcher.station), watcher.station
    hand.chart.choose_timeframe("range 1000")
    for _ in range(8):
        station.frame()
    price = watcher.last / 100 + 5
    menu = hand.menu(150, hand.y(price))
    refused = [action for action in menu.actions() if not action.isEnabled()]
    assert [action.text() for action in refused] == ["Alerts on indicators need a chart with bars of time"]
    (offered,) = [action.text() for action in menu.actions() if action.text().startswith("Alert at ")]
    station.trigger(menu, offered)
    (alert,) = watcher.desk.book.alerts
    assert isinstance(alert.condition, PriceLevel) and alert.timeframe == "1m"


def test_an_alert_on_a_small_value_keeps_its_decimals(watcher: Watcher) -> None:
    """XRP stands at 0.6 with ticks of 0.0001: two decimals would watch another level, and an ATR would be 0.00."""
    hand, station = PanelHand(watcher.station), watcher.station
    station.model.choose_symbol("XRPUSDT")
    hand.chart.choose_indicators(["EMA(21)", "ATR(14)"])
    station.frame()
    atr = next(each for each in hand.view.model.lines if each.indicator.label == "ATR 14")
    shown = hand.view.model.value_text(atr.indicator, float(atr.values[-1]))
    assert float(shown) == pytest.approx(float(atr.values[-1]), rel=0.01) and 0 < float(shown) < 0.01
    assert hand.view.axis_width() > QFontMetricsF(current().font(12)).horizontalAdvance(shown) + 10
    y = hand.y(station.last("XRPUSDT") * 0.0001 * 1.0007)
    menu = hand.menu(150, y)
    (offered,) = [action.text() for action in menu.actions() if action.text().startswith("Alert on EMA 21 at ")]
    station.trigger(menu, offered)
    (alert,) = watcher.desk.book.alerts
    assert isinstance(alert.condition, IndicatorLevel)
    assert alert.condition.value == pytest.approx(hand.price_at(y), abs=0.00005)
    assert watcher.told[-1].text == (
        f"Alert set: XRPUSDT, EMA(21) 1m crosses {alert.condition.value:.4f}. Change it in Alerts."
    )
    dialog = AlertDialog(watcher.desk, alert, station.clock.now, station.window)
    assert dialog.level is not None and float(dialog.level.text()) == alert.condition.value
    dialog.close()


def test_an_alert_on_a_sum_sees_the_sum_that_the_chart_shows(watcher: Watcher) -> None:
    """OBV counts from the first bar: over the newest ones alone it would stand elsewhere."""
    hand, station = PanelHand(watcher.station), watcher.station
    hand.chart.choose_indicators(["OBV"])
    series = station.kernel.markets["BTCUSDT"].series[60 * SECOND_NS]
    assert len(series) > 2_100
    value = float(hand.view.model.lines[0].values[-2])
    apart = abs(value) + 1e6
    watcher.set(IndicatorLevel("OBV", "obv", value - apart))
    watcher.set(IndicatorLevel("OBV", "obv", value - 0.001))
    watcher.set(IndicatorLevel("OBV", "obv", value + 0.001))
    for _ in range(8):
        station.frame()
    assert [alert.side for alert in watcher.desk.book.alerts] == [1, 1, -1]


def test_only_lines_can_be_watched(watcher: Watcher) -> None:
    hand = PanelHand(watcher.station)
    series = hand.view.model.series
    early, late = (int(series.time_at(len(series) - back)) for back in (60, 20))
    price = round(watcher.last / 100 - 30, 2)
    for tool, offered in ((Tool.RAY, True), (Tool.RECTANGLE, False)):
        hand.chart.drawing.delete_all()
        hand.chart.drawing._add(Drawing("", tool, (Anchor(early, price), Anchor(late, price + 20))))
        x = float(hand.view.price_pane.logical_scale().x(series.index_at(early)))
        assert ("Alert on this line" in watcher.texts(hand.menu(x, hand.y(price)))) == offered


def test_an_indicator_is_judged_at_the_end_of_each_bar(watcher: Watcher) -> None:
    hand, station = PanelHand(watcher.station), watcher.station
    words = [text for text in watcher.texts(hand.menu(150, 220)) if text.startswith("Alert on EMA 21 at ")]
    assert len(words) == 1
    series = station.kernel.markets["BTCUSDT"].series[60 * SECOND_NS]
    total = series.total
    line = next(each for each in hand.view.model.lines if each.indicator.label == "EMA 21")
    value, name = line.indicator.values[-2], line.indicator.name.split(" ")[-1]
    above = watcher.set(IndicatorLevel("EMA(21)", name, float(value) + 10.0), repeat=Repeat.EVERY_BAR)
    for _ in range(7):
        station.frame()
    assert watcher.desk.book.find(above.name) is not None
    assert watcher.desk.book.alerts[0].side == -1
    # A bar that closes far above lifts the average over the level.
    watcher.trade(watcher.last + 60_000)
    station.clock.now += 60 * SECOND_NS
    watcher.trade(watcher.last)
    assert series.total > total
    for _ in range(8):
        station.frame()
    assert len(watcher.sentences) == 1
    assert watcher.sentences[0].startswith("BTCUSDT EMA(21) 1m crossed above ")


def test_an_alert_is_made_changed_switched_and_deleted_in_its_panel(watcher: Watcher) -> None:
    station = watcher.station
    station.area.show_panel("alerts")
    panel = station.area.alerts
    station.click(panel.new)
    (dialog,) = station.window.findChildren(AlertDialog)
    assert dialog.level is not None
    dialog.level.setText("nonsense")
    station.click(dialog.action_button)
    assert dialog.problem.text() == "A number is needed."
    dialog.level.setText("41000.001")
    station.click(dialog.action_button)
    assert "is not a multiple of its tick" in dialog.problem.text()
    dialog.level.setText("41000")
    dialog.direction.setCurrentText("Crosses below")
    dialog.expires.setCurrentText("In 1 hour")
    dialog.note.setText("buy the dip")
    station.click(dialog.action_button)
    (alert,) = watcher.desk.book.alerts
    assert (alert.condition, alert.direction, alert.note) == (
        PriceLevel(Decimal(41000)),
        Direction.BELOW,
        "buy the dip",
    )
    assert alert.expires_ns - station.clock.now == 3600 * SECOND_NS
    station.frame()
    assert [(row["condition"], row["state"]) for row in panel.table.shown_rows()] == [
        ("Price crosses below 41,000.00", "On")
    ]
    assert station.area.panel("alerts").count == 1
    station.choose(panel.table, alert.name, "Switch off")
    assert [row["state"] for row in panel.table.shown_rows()] == ["Off"]
    station.choose(panel.table, alert.name, "Change…")
    again = next(each for each in station.window.findChildren(AlertDialog) if each.isVisible())
    again.repeat.setCurrentText("Once in every bar")
    again.timeframe.setCurrentText("15m")
    station.click(again.action_button)
    changed = watcher.desk.book.alerts[0]
    assert (changed.repeat, changed.timeframe, changed.enabled) == (Repeat.EVERY_BAR, "15m", True)
    assert changed.expires_ns == alert.expires_ns
    station.clock.now += 3600 * SECOND_NS
    panel.refresh()
    assert [row["state"] for row in panel.table.shown_rows()] == ["Expired"]
    station.choose(panel.table, alert.name, "Delete")
    assert watcher.desk.book.alerts == []
    assert panel.table.shown_rows() == []


def test_what_was_crossed_while_nothing_ran_is_told_at_the_next_start(open_workstation: Open) -> None:
    watcher = Watcher(open_workstation())
    last = watcher.last
    watcher.at(last + 40_000)
    watcher.desk.writer.wait()
    watcher.station.stop_session()
    path = watcher.station.session.folder.path / "alerts.json"
    # As though the price had stood on the other side when it was saved.
    saved = path.read_text(encoding="utf-8").replace('"side": -1', '"side": 1')
    path.write_text(saved, encoding="utf-8")
    again = Watcher(open_workstation())
    again.station.frame()
    (alert,) = again.desk.book.alerts
    assert not alert.enabled
    (card,) = again.station.window.outside.alert_cards.cards
    assert "while nothing watched" in card.text.text()


@pytest.mark.allow_log_warnings("was not read")
def test_a_damaged_file_is_told_and_kept_aside(watcher: Watcher, tmp_path: Path) -> None:
    path = tmp_path / "alerts.json"
    path.write_text('{"version": 1, "alerts": [{"name": 7}]}', encoding="utf-8")
    shelf = watcher.station.model.findChild(DrawingShelf)
    assert shelf is not None
    desk = AlertDesk(watcher.station.model, shelf, path, watcher.station.area)
    assert desk.book.alerts == []
    assert "It is kept as alerts.json.damaged-1" in watcher.told[-1].text
    watcher.station.model.trade_listeners.remove(desk._on_trade)


def test_an_alert_that_was_off_does_not_fire_for_the_time_it_was_off(watcher: Watcher) -> None:
    last = watcher.last
    alert = watcher.at(last + 500, repeat=Repeat.EVERY_BAR)
    watcher.trade(last)
    watcher.desk.enable(alert.name, False)
    watcher.trade(last + 900)
    watcher.desk.enable(alert.name, True)
    watcher.trade(last + 900)
    watcher.station.frame()
    assert watcher.sentences == []
    assert msgspec.structs.replace(watcher.desk.book.alerts[0], seen_ns=0).side == 1


def submenu(menu: QMenu, title: str) -> QMenu:
    return next(each for each in menu.findChildren(QMenu) if each.title() == title)


def test_a_rectangles_zone_is_watched_changed_from_its_menu_and_follows_it(watcher: Watcher) -> None:
    hand = PanelHand(watcher.station)
    low, high = watcher.last / 100 - 60, watcher.last / 100 - 30
    bars = hand.view.model.series
    tools = hand.chart.drawing
    corners = Anchor(bars.time_at(len(bars) - 9), low), Anchor(bars.time_at(len(bars) - 2), high)
    tools.change(tools.book.add(Drawing("", Tool.RECTANGLE, corners)))
    watcher.station.frame()
    at = hand.view.price_pane.logical_scale().x(len(bars) - 5), hand.y(high)
    menu = hand.menu(*at)
    watcher.station.trigger(submenu(menu, "Alert on this rectangle"), "Enters")
    (alert,) = watcher.desk.book.alerts
    assert isinstance(alert.condition, PriceZone) and alert.direction is Direction.ENTERS
    assert hand.view.drawings.watched == {alert.condition.drawing} and not hand.view.grab().isNull()
    watcher.trade(round(high * 100) + 100, round(low * 100) + 500)
    watcher.station.frame()
    assert len(watcher.sentences) == 1 and watcher.sentences[0].startswith("BTCUSDT entered ")
    menu = hand.menu(*at)
    entries = [action.text() for action in submenu(menu, "Its alerts").actions()]
    assert entries[0].startswith("Price enters ") and entries[-1] == "Delete its alert"
    watcher.station.trigger(submenu(menu, "Its alerts"), entries[0])
    (dialog,) = watcher.station.window.findChildren(AlertDialog)
    assert dialog.part is not None
    dialog.part.setCurrentText("Lower edge")
    dialog.direction.setCurrentText("Crosses below")
    watcher.station.click(dialog.action_button)
    (alert,) = watcher.desk.book.alerts
    assert isinstance(alert.condition, PriceLevel) and alert.condition.part == "lower"
    assert alert.direction is Direction.BELOW and alert.enabled
    drawn = tools.book.drawings[-1]
    tools.change(drawn.moved(0, -20.0))
    moved = watcher.desk.book.alerts[0].condition
    assert isinstance(moved, PriceLevel) and float(moved.price) == pytest.approx(low - 20)
    tools.delete(drawn.name)
    assert not watcher.desk.book.alerts[0].enabled
    assert hand.view.drawings.watched == frozenset()
