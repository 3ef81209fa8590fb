"""Orders and positions dragged on the chart of a running market; everything passes the gate."""

from __future__ import annotations

from decimal import Decimal

import pytest
from PySide6.QtCore import Qt

from tests.gui.chart.hand import PanelHand
from tests.gui.conftest import Workstation
from tests.gui.elsewhere import elsewhere
from widgets.chart.model import LineKind, OrderLine
from widgets.engine.engine_model import EngineModel, Result
from workstation.core.messages import AmendRejected, CancelOrder, SetTradingState
from workstation.core.types import OrderRole, OrderType, Side, TradingState

X = 120.0


class Trader(PanelHand):
    def __init__(self, station: Workstation) -> None:
        super().__init__(station)
        self.told: list[Result] = []
        station.model.result_told.connect(self.told.append)

    def order_price(self, client_id: str) -> int:
        order = self.station.kernel.orders.orders[client_id]
        return order.price or order.stop_price

    def line(self, client_id: str) -> OrderLine:
        return next(line for line in self.view.model.orders if line.order_id == client_id)

    def grab(self, client_id: str) -> tuple[float, float]:
        """A place on the label of an order's line, or of the position's."""
        self.view.grab()
        areas = self.view._order_lines._areas
        area = next(
            area for area, hit in reversed(areas) if hit.key == client_id and not hit.close and area.height() > 12
        )
        return area.left() + 8, area.center().y()


@pytest.fixture
def trader(station: Workstation) -> Trader:
    return Trader(station)


@pytest.fixture
def resting(trader: Trader) -> str:
    """A limit buy that rests in view."""
    client_id = trader.station.rest(below=0.002)
    trader.station.pass_time(1)
    return client_id


def drag_to(trader: Trader, client_id: str, price: float, *, release: bool = True) -> tuple[float, float]:
    x, y = trader.grab(client_id)
    end = (x, trader.y(price))
    trader.drag((x, y), end, release=release)
    return end


def test_a_dragged_line_amends_its_order_and_a_ghost_stays_until_the_venue_answered(
    trader: Trader, resting: str
) -> None:
    before, right = trader.order_price(resting), trader.view.model.right
    drag_to(trader, resting, before / 100 - 40)
    shown = trader.line(resting)
    assert float(shown.price) == pytest.approx(before / 100 - 40, abs=2)
    assert [float(ghost.price) for ghost in trader.view.model.ghosts] == [before / 100]
    assert trader.order_price(resting) == before
    trader.station.pass_time(1)
    assert trader.order_price(resting) == trader.station.kernel.markets["BTCUSDT"].instrument.ticks(shown.price)
    assert trader.view.model.ghosts == []
    assert trader.line(resting).price == shown.price
    assert trader.view.model.right == right


def test_escape_lets_go_and_nothing_is_sent(trader: Trader, resting: str) -> None:
    before = trader.order_price(resting)
    end = drag_to(trader, resting, before / 100 - 40, release=False)
    assert trader.view.model.ghosts
    trader.press_key(Qt.Key.Key_Escape)
    assert trader.view.model.ghosts == []
    trader.move(end[0], end[1] + 30)
    trader.release(end[0], end[1] + 30)
    trader.station.pass_time(1)
    assert trader.order_price(resting) == before
    assert trader.station.kernel.orders.orders[resting].amendments == 0


def test_prices_stand_still_under_the_hand(trader: Trader) -> None:
    """The line is the lowest price in view: fitted to where it is dragged, the range would run away with it."""
    lowest, last = trader.view.price_pane._visible_extremes()[0], trader.station.last("BTCUSDT") / 100
    order = trader.station.rest(below=1 - (lowest - 60) / last)
    trader.station.pass_time(1)
    x, y = trader.grab(order)
    bottom = trader.view.price_pane.bottom
    aim = trader.price_at(y - 30)
    trader.drag((x, y), (x, y - 30), release=False)
    trader.station.pass_time(1)
    trader.move(x, y - 30)
    assert trader.view.price_pane.bottom == bottom
    assert float(trader.line(order).price) == pytest.approx(aim, abs=1)
    trader.release(x, y - 30)
    trader.station.pass_time(1)
    assert trader.order_price(order) / 100 == pytest.approx(aim, abs=1)
    assert trader.view.price_pane.bottom > bottom


def test_a_dragged_stop_limit_keeps_the_distance_of_its_prices(trader: Trader) -> None:
    trigger = trader.station.last("BTCUSDT") + 4_000
    order = trader.station.buy(type=OrderType.STOP_LIMIT, stop_price=trigger, price=trigger + 500)
    trader.station.pass_time(1)
    line = trader.line(order)
    assert (line.price, line.text.split(" 0")[0]) == (Decimal(trigger) / 100, "Buy stop limit")
    drag_to(trader, order, trigger / 100 + 15)
    trader.station.pass_time(1)
    moved = trader.station.kernel.orders.orders[order]
    assert moved.stop_price == pytest.approx(trigger + 1_500, abs=200)
    assert moved.price - moved.stop_price == 500


def test_released_outside_the_chart_nothing_is_sent(trader: Trader, resting: str) -> None:
    before = trader.order_price(resting)
    x, y = trader.grab(resting)
    end = (trader.view.width() + 40.0, y - 30)
    trader.drag((x, y), (x, y - 30), release=False)
    assert trader.view.model.ghosts
    trader.move(*end)
    assert trader.view.model.ghosts == []
    trader.release(*end)
    trader.station.pass_time(1)
    assert trader.order_price(resting) == before
    assert trader.station.kernel.orders.orders[resting].amendments == 0


@pytest.mark.allow_log_warnings("was denied")
def test_a_change_that_the_gate_denies_goes_back_with_the_reason(trader: Trader, resting: str) -> None:
    before = trader.order_price(resting)
    trader.station.command(SetTradingState(state=TradingState.HALTED, reason="lunch"))
    drag_to(trader, resting, before / 100 - 40)
    assert f"The change of {resting} was denied" in trader.told[-1].text
    assert trader.view.model.ghosts == []
    assert float(trader.line(resting).price) == before / 100


def test_a_change_that_the_venue_refuses_goes_back_with_the_reason(trader: Trader, resting: str) -> None:
    before = trader.order_price(resting)
    drag_to(trader, resting, before / 100 - 40)
    number = trader.station.kernel.orders.orders[resting].amendments
    refusal = AmendRejected(
        ts_ns=trader.station.clock.now, client_id=resting, reason="price out of band", amendment=number
    )
    trader.station.kernel.bus.publish(refusal)
    assert trader.view.model.ghosts == []
    assert float(trader.line(resting).price) == before / 100
    assert trader.told[-1] == Result(f"The venue refused the change of {resting}: price out of band", False)


def test_a_change_that_an_engine_elsewhere_refuses_later_goes_back(
    trader: Trader, resting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = trader.order_price(resting)
    monkeypatch.setattr(trader.station.engine, "attachment", elsewhere())
    monkeypatch.setattr(trader.station.engine, "command", lambda command: "")
    drag_to(trader, resting, before / 100 - 40)
    assert trader.view.model.ghosts
    trader.station.model.result_told.emit(Result("Cancelled 2 of 2 sells"))
    assert trader.view.model.ghosts
    trader.station.model.result_told.emit(Result("The change was denied (HALTED)", False))
    assert trader.view.model.ghosts == []
    assert float(trader.line(resting).price) == before / 100


def test_an_order_that_waits_for_its_answer_is_not_dragged_again(trader: Trader, resting: str) -> None:
    before = trader.order_price(resting)
    drag_to(trader, resting, before / 100 - 40)
    wanted = trader.line(resting).price
    drag_to(trader, resting, before / 100 - 60)
    assert "not answered yet" in trader.told[-1].text
    assert trader.line(resting).price == wanted


def test_an_order_that_ends_under_the_hand_is_let_go(trader: Trader, resting: str) -> None:
    before = trader.order_price(resting)
    end = drag_to(trader, resting, before / 100 - 40, release=False)
    trader.station.command(CancelOrder(client_id=resting))
    trader.station.pass_time(1)
    trader.release(*end)
    assert trader.view.model.orders == []
    assert trader.view.model.ghosts == []


@pytest.fixture
def long(trader: Trader) -> Trader:
    """With a long position and nothing that protects it."""
    trader.station.buy()
    trader.station.pass_time(2)
    return trader


def test_a_brackets_target_is_told_as_one_though_it_is_a_limit_order(long: Trader) -> None:
    station = long.station
    (position,) = station.engine.positions()
    order = station.buy(
        side=Side.SELL,
        type=OrderType.LIMIT,
        price=station.last("BTCUSDT") + 9_000,
        reduce_only=True,
        role=OrderRole.TAKE_PROFIT,
    )
    station.pass_time(1)
    line = long.line(order)
    assert (line.kind, line.text.split()[0]) == (LineKind.TARGET, "Target")
    assert line.profit == (line.price - position.entry) * position.quantity


def test_an_exit_is_dragged_out_of_the_positions_line_and_then_moved(long: Trader) -> None:
    station = long.station
    long.view.price_pane.stretch(3)
    entry = float(station.engine.positions()[0].entry)
    drag_to(long, "position", entry - 60)
    station.pass_time(1)
    (stop,) = station.model.heard.working_orders()
    assert stop.role is OrderRole.PROTECTIVE_STOP
    assert (stop.side, stop.reduce_only, stop.quantity) == (Side.SELL, True, station.engine.positions()[0].quantity)
    assert float(stop.stop_price or 0) == pytest.approx(entry - 60, abs=2)
    drag_to(long, "position", entry + 60)
    station.pass_time(1)
    assert [order.role for order in station.model.heard.working_orders()] == [
        OrderRole.PROTECTIVE_STOP,
        OrderRole.TAKE_PROFIT,
    ]
    drag_to(long, "position", entry - 90)
    station.pass_time(1)
    moved = next(each for each in station.model.heard.working_orders() if each.role is OrderRole.PROTECTIVE_STOP)
    assert moved.client_id == stop.client_id
    assert float(moved.stop_price or 0) == pytest.approx(entry - 90, abs=2)


def test_the_exit_under_the_hand_shows_what_it_would_bring(long: Trader) -> None:
    entry = float(long.station.engine.positions()[0].entry)
    end = drag_to(long, "position", entry - 60, release=False)
    shown = long.line("bracket")
    assert shown.text == "Stop 0.01000"
    assert shown.profit is not None
    assert shown.profit < 0
    long.press_key(Qt.Key.Key_Escape)
    assert long.view.model.orders == []
    long.release(*end)
    long.station.pass_time(1)
    assert long.station.model.heard.working_orders() == []


def test_the_position_of_a_strategy_has_no_handles_and_says_why(long: Trader, monkeypatch: pytest.MonkeyPatch) -> None:
    import msgspec

    station = long.station
    theirs = [msgspec.structs.replace(each, owner="grid") for each in station.engine.positions()]
    monkeypatch.setattr(station.engine, "positions", lambda: theirs)
    drag_to(long, "position", float(theirs[0].entry) - 60)
    assert "belongs to grid. Take it over first" in long.told[-1].text
    assert station.model.heard.working_orders() == []


@pytest.fixture
def without_control(monkeypatch: pytest.MonkeyPatch) -> str:
    sentence = "Nobody has control of this account. Take control to trade from this window."
    monkeypatch.setattr(EngineModel, "blocked", property(lambda self: sentence))
    return sentence


def test_a_window_without_control_moves_no_line_and_says_why(
    trader: Trader, resting: str, without_control: str
) -> None:
    before = trader.order_price(resting)
    drag_to(trader, resting, before / 100 - 40)
    assert trader.told[-1] == Result(without_control, False)
    assert trader.view.model.ghosts == []
    trader.station.pass_time(1)
    assert trader.order_price(resting) == before
    assert trader.line(resting).price == Decimal(before) / 100
