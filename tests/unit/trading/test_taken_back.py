"""Lesson: a fill may cross a flatten on its way. Whoever closes everything holds nothing afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.trading.test_intake import BTC, Desk
from workstation.core.messages import (
    CancelRequested,
    Flatten,
    Kill,
    OrderFilled,
    OrderSubmitted,
    PlaceOrder,
    StartStrategy,
    Trade,
)
from workstation.core.orders import Intent
from workstation.core.types import MANUAL, OrderRole, OrderType, Side
from workstation.trading.strategy import Strategy
from workstation.trading.taken_back import REASON


class Idle(Strategy):
    """Orders nothing by itself."""


class Trader(Desk):
    """With an own buy order that rests a hundredth below the price, and a market that can be brought down to it."""

    def rest(self) -> int:
        price = self.price * 99 // 100
        intent = Intent(symbol=BTC, side=Side.BUY, lots=100, type=OrderType.LIMIT, price=price, owner=MANUAL)
        self.give(PlaceOrder(intent=intent))
        self.wait(1)
        (order,) = self.kernel.orders.open_orders(BTC)
        assert order.venue_id
        return price

    def buy(self) -> None:
        self.give(PlaceOrder(intent=Intent(symbol=BTC, side=Side.BUY, lots=50, owner=MANUAL)))
        self.wait(2)
        assert self.held == 50

    def trade_through(self, price: int) -> None:
        """Within a microsecond, long before a request can arrive at the venue."""
        time_ns = self.kernel.clock.time_ns + 1_000
        trade = Trade(symbol=BTC, ts_ns=time_ns, price=price - 5, lots=10_000_000, side=Side.SELL, trade_id=1 << 40)
        self.kernel.dispatch(trade)

    @property
    def held(self) -> int:
        return self.kernel.ledger.lots(MANUAL, BTC)

    def since(self, outputs: list[Any]) -> list[Any]:
        return [each for each in outputs if isinstance(each, CancelRequested | OrderFilled | OrderSubmitted)]


@pytest.fixture
def trader() -> Trader:
    return Trader()


def test_an_entry_that_fills_while_a_kill_takes_it_back_is_closed(trader: Trader) -> None:
    price = trader.rest()
    asked = trader.give(Kill(reason="enough", flatten=True))
    assert any(isinstance(each, CancelRequested) for each in asked)
    before = len(trader.journal.outputs)
    trader.trade_through(price)
    trader.wait(3)
    followed = trader.since(trader.journal.outputs[before:])
    assert sum(each.lots for each in followed if isinstance(each, OrderFilled) and each.side is Side.BUY) == 100
    (closing,) = [each for each in followed if isinstance(each, OrderSubmitted)]
    assert (closing.reduce_only, closing.side, closing.lots, closing.reason) == (True, Side.SELL, 100, REASON)
    assert trader.held == 0
    assert not trader.kernel.orders.open_orders(BTC)


def test_a_kill_that_closes_nothing_leaves_it_with_the_accounts_stop(trader: Trader) -> None:
    trader.kernel.host.add(Idle("elsewhere", BTC, "1m"))
    trader.give(StartStrategy(strategy="elsewhere"))
    trader.accepted()  # its entry, a hundredth below the price
    trader.give(Kill(reason="enough"))
    trader.trade_through(trader.price * 99 // 100)
    trader.wait(3)
    assert trader.kernel.ledger.lots("elsewhere", BTC) == 100
    (stop,) = trader.kernel.orders.open_orders(BTC)
    assert (stop.role, stop.side, stop.lots, stop.reduce_only) == (OrderRole.PROTECTIVE_STOP, Side.SELL, 100, True)
    assert stop.venue_id, "it rests at the venue"


def test_a_flatten_closes_what_its_cancels_come_too_late_for(trader: Trader) -> None:
    trader.buy()
    price = trader.rest()
    trader.give(Flatten(symbol=BTC, owner="", who="a test"))
    trader.trade_through(price)
    trader.wait(3)
    assert trader.held == 0


def test_an_order_that_was_not_taken_back_opens_what_it_is_meant_to(trader: Trader) -> None:
    trader.buy()
    trader.give(Flatten(symbol=BTC, owner="", who="a test"))
    trader.wait(2)
    assert trader.held == 0
    trader.trade_through(trader.rest())
    trader.wait(3)
    assert trader.held == 100
