"""Orders from a price of the chart: into the ticket, or sent at once while one-click is armed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from tests.gui.chart.hand import PanelHand
from tests.gui.conftest import Workstation
from widgets.chart.trading.chart_orders import ChartOrders, order_at
from workstation.core.types import OrderType, Side

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


class Trader(PanelHand):
    @property
    def orders(self) -> ChartOrders:
        found = self.chart.findChild(ChartOrders)
        assert found is not None
        return found

    def press_with(self, modifiers: Qt.KeyboardModifier, percent: float) -> int:
        """Click so far from the last price; the ticks of the place."""
        y = round(self.y(self.station.last("BTCUSDT") / 100 * (1 + percent / 100)))
        ticks = round(self.price_at(y) * 100)
        self.qtbot.mouseClick(self.view.viewport(), Qt.MouseButton.LeftButton, modifiers, self.spot(200, y))
        QApplication.processEvents()
        return ticks

    @property
    def working(self) -> list[tuple[Side, OrderType, int]]:
        return [
            (order.side, order.type, round((order.price or order.stop_price or Decimal(0)) * 100))
            for order in self.station.model.heard.working_orders()
        ]


@pytest.fixture
def trader(station: Workstation) -> Trader:
    return Trader(station)


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.booleans())
def test_no_order_from_the_chart_would_fill_or_trigger_at_once(ticks: int, last: int, stop: bool) -> None:
    order = order_at(ticks, last, stop=stop)
    waits_above = (order.side == "buy") == stop
    assert ticks >= last if waits_above else ticks <= last


def test_unarmed_a_click_with_control_fills_the_ticket_and_sends_nothing(trader: Trader) -> None:
    ticks = trader.press_with(CONTROL, -0.1)
    form = trader.station.area.ticket.form
    assert (form.side.index, str(form.type)) == (0, "limit")
    assert float(form.fields["price"].number()) == pytest.approx(ticks / 100, abs=1)
    ticks = trader.press_with(CONTROL | SHIFT, -0.1)
    assert (form.side.index, str(form.type)) == (1, "stop")
    assert float(form.fields["trigger"].number()) == pytest.approx(ticks / 100, abs=1)
    assert trader.working == [] and trader.view.model.armed == ""


def test_armed_it_sends_a_limit_or_a_stop_on_the_side_of_the_price(trader: Trader) -> None:
    trader.station.click(trader.chart.bar.arm)
    trader.station.frame()
    assert trader.orders.armed and trader.view.model.armed.startswith("Armed 5:00: Ctrl+click orders 0.0")
    below = trader.press_with(CONTROL, -0.1)
    above = trader.press_with(CONTROL | SHIFT, 0.05)
    trader.station.pass_time(0.5)
    (buy, stop) = trader.working
    assert buy[:2] == (Side.BUY, OrderType.LIMIT) and buy[2] == pytest.approx(below, abs=100)
    assert stop[:2] == (Side.BUY, OrderType.STOP) and stop[2] == pytest.approx(above, abs=100)
    sent = trader.station.model.heard.working_orders()[0]
    assert sent.reason == "chart"
    assert sent.quantity == trader.station.engine.market("BTCUSDT").instrument.quantity(
        trader.station.area.ladder.size_lots
    )
    assert not trader.view.grab().isNull()
    trader.press_key(Qt.Key.Key_Escape)
    trader.station.frame()
    assert not trader.orders.armed and trader.view.model.armed == ""
    trader.press_with(CONTROL, -0.12)
    assert len(trader.working) == 2


def test_a_plain_click_and_a_drag_never_order(trader: Trader) -> None:
    trader.orders.one_click.arm()
    trader.press_with(Qt.KeyboardModifier.NoModifier, -0.1)
    trader.drag((200, 200), (260, 220))
    assert trader.working == []


def test_a_chart_of_another_symbol_is_not_armed_and_fills_the_ticket_with_its_own(trader: Trader) -> None:
    area = trader.station.area
    other = area.new_chart({"symbol": "ETHUSDT", "timeframe": "1m"})
    orders = other.findChild(ChartOrders)
    assert orders is not None and other.symbol == "ETHUSDT"
    trader.orders.one_click.arm()
    assert not orders.armed
    last = trader.station.last("ETHUSDT")
    orders.place(order_at(last - 100, last, stop=False))
    assert trader.working == [] and trader.station.model.symbol == "ETHUSDT"
    assert float(area.ticket.form.fields["price"].number()) == pytest.approx((last - 100) / 100)


def test_the_menu_offers_what_can_wait_at_the_price(trader: Trader) -> None:
    y = trader.y(trader.station.last("BTCUSDT") / 100 * 1.0005)
    menu = trader.menu(150, y)
    texts = [action.text() for action in menu.actions()]
    assert texts[0].startswith("Sell limit at ") and texts[1].startswith("Buy stop at ")
    assert texts[0].endswith("…") and "Alert at" in " ".join(texts)
    trader.station.trigger(menu, texts[0])
    assert trader.station.area.ticket.form.side.index == 1
    trader.orders.one_click.arm()
    menu = trader.menu(150, y)
    sells = menu.actions()[0].text()
    assert sells.startswith("Sell 0.0") and not sells.endswith("…")
    trader.station.trigger(menu, sells)
    trader.station.pass_time(0.5)
    assert [each[:2] for each in trader.working] == [(Side.SELL, OrderType.LIMIT)]
