"""Brackets with several targets and a stop that moves, against an exchange that does as the test says."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.unit.trading.outside_venue import BTC, CAN, PRICE, Exchange
from workstation.core.brackets import BracketPlan, Target
from workstation.core.messages import (
    AmendOrder,
    BracketChanged,
    CancelOrder,
    Flatten,
    HeldPosition,
    OrderAmended,
    OrderRejected,
    PlaceOrder,
    Reconcile,
    TransferPosition,
)
from workstation.core.orders import AmendRequest, CancelRequest, Intent, Order
from workstation.core.types import InstrumentKind, OrderRole, OrderType, Side, TradingState
from workstation.trading.managed_brackets import Bracket

LAST = PRICE[BTC]
RATE = 100_000_000
ALL_TYPES = msgspec.structs.replace(CAN, amend_types=frozenset(OrderType))
HALVES = (Target(RATE // 2, 200), Target(RATE // 2, 400))


def ready(**terms: Any) -> Exchange:
    exchange = Exchange(ALL_TYPES, **terms)
    exchange.tell_account()
    return exchange


def plan(**terms: Any) -> BracketPlan:
    standard: dict[str, Any] = {"stop": 100, "targets": HALVES}
    return BracketPlan(**(standard | terms))


def enter(exchange: Exchange, wanted: BracketPlan, side: Side = Side.BUY, lots: int = 101) -> Order:
    """An entry with a bracket that rests at the last price."""
    intent = Intent(symbol=BTC, side=side, lots=lots, type=OrderType.LIMIT, price=LAST)
    exchange.command(PlaceOrder(intent=intent, bracket=wanted))
    entry = next(order for order in exchange.kernel.orders.open_orders() if order.tag.endswith("/0"))
    exchange.accept(entry.client_id)
    return entry


def exits(exchange: Exchange) -> list[Order]:
    """The stop first, then the targets."""
    found = [o for o in exchange.kernel.orders.open_orders() if o.reduce_only and not o.cancel_requested_ns]
    return sorted(found, key=lambda order: order.tag)


def shape(exchange: Exchange) -> list[tuple[str, int, int]]:
    return [(order.type.value, order.price or order.stop_price, order.remaining) for order in exits(exchange)]


def settle(exchange: Exchange) -> None:
    """The exchange accepts what it has not answered, and confirms every change."""
    for order in exits(exchange):
        if not order.venue_id:
            exchange.accept(order.client_id)
    for request in exchange.sent(AmendRequest):
        if request.client_id in exchange.kernel.orders.amendments:
            exchange.kernel.dispatch(
                OrderAmended(
                    ts_ns=exchange.now_ns,
                    client_id=request.client_id,
                    price=request.price,
                    stop_price=request.stop_price,
                    lots=request.lots,
                    version=request.amendment + 1,
                    amendment=request.amendment,
                )
            )


def entered(wanted: BracketPlan, side: Side = Side.BUY, lots: int = 101) -> tuple[Exchange, Bracket]:
    exchange = ready()
    entry = enter(exchange, wanted, side, lots)
    exchange.fill(entry.client_id, lots, LAST)
    settle(exchange)
    (bracket,) = exchange.kernel.brackets.live.values()
    return exchange, bracket


def ended(exchange: Exchange) -> str:
    return str(exchange.records(BracketChanged)[-1].ended)


@pytest.mark.parametrize(("side", "sign"), [(Side.BUY, 1), (Side.SELL, -1)])
def test_the_exits_stand_at_their_distances_from_the_entry(side: Side, sign: int) -> None:
    exchange, _ = entered(plan(), side)
    assert shape(exchange) == [
        ("stop", LAST - 100 * sign, 101),
        ("limit", LAST + 200 * sign, 50),
        ("limit", LAST + 400 * sign, 51),
    ]
    assert [order.role for order in exits(exchange)] == [
        OrderRole.PROTECTIVE_STOP,
        OrderRole.TAKE_PROFIT,
        OrderRole.TAKE_PROFIT,
    ]


def test_the_exits_follow_the_entrys_fills_and_the_stop_the_targets() -> None:
    exchange = ready()
    entry = enter(exchange, plan(), lots=100)
    assert shape(exchange) == [], "nothing to protect yet"
    exchange.fill(entry.client_id, 40, LAST)
    settle(exchange)
    assert [row[2] for row in shape(exchange)] == [40, 20, 20]
    exchange.fill(entry.client_id, 60, LAST)
    settle(exchange)
    settle(exchange)
    assert [row[2] for row in shape(exchange)] == [100, 50, 50]
    exchange.fill(exits(exchange)[1].client_id, 50, LAST + 200)
    settle(exchange)
    assert [row[2] for row in shape(exchange)] == [50, 50]
    exchange.fill(exits(exchange)[0].client_id, 50, LAST - 100)
    assert ended(exchange) == "closed"
    assert exits(exchange) == [], "the other target is taken back"
    assert not exchange.kernel.brackets.live


def test_the_stop_moves_to_the_entry_and_then_trails_and_never_retreats() -> None:
    exchange, _ = entered(plan(targets=(), break_even_after=80, break_even_offset=5, trail_after=200, trail=50))
    for price, level in (
        (LAST + 79, LAST - 100),
        (LAST + 80, LAST + 5),
        (LAST + 20, LAST + 5),
        (LAST + 200, LAST + 150),
        (LAST + 203, LAST + 150),
        (LAST + 210, LAST + 160),
        (LAST + 170, LAST + 160),
    ):
        exchange.trade(BTC, price)
        settle(exchange)
        assert exits(exchange)[0].stop_price == level, f"after {price - LAST:+}"


def test_a_stop_that_a_person_moved_stays_until_the_plan_puts_it_nearer() -> None:
    exchange, _ = entered(plan(targets=(), break_even_after=80))
    exchange.command(AmendOrder(client_id=exits(exchange)[0].client_id, stop_price=LAST - 30))
    settle(exchange)
    exchange.trade(BTC, LAST + 50)
    assert exits(exchange)[0].stop_price == LAST - 30
    exchange.trade(BTC, LAST + 90)
    settle(exchange)
    assert exits(exchange)[0].stop_price == LAST


def test_an_exit_that_somebody_cancels_stays_away() -> None:
    exchange, bracket = entered(plan())
    target = exits(exchange)[2]
    exchange.command(CancelOrder(client_id=target.client_id))
    exchange.end(target.client_id)
    exchange.wait(3)
    assert bracket.dropped == [3]
    assert [row[2] for row in shape(exchange)] == [101, 50]


def test_a_refused_exit_is_placed_again_and_at_last_an_alarm() -> None:
    exchange, bracket = entered(plan(targets=()))
    (stop,) = exits(exchange)
    exchange.end(stop.client_id)
    assert bracket.bracket_id not in exchange.kernel.brackets.live, "cancelled by somebody: nothing is left of it"
    exchange = ready()
    entry = enter(exchange, plan(targets=()))
    exchange.fill(entry.client_id, 101, LAST)
    for _ in range(5):
        (stop,) = exits(exchange)
        exchange.kernel.dispatch(
            OrderRejected(ts_ns=exchange.now_ns, client_id=stop.client_id, code="-2021", reason="refused")
        )
        exchange.wait(40)
    assert not exchange.kernel.brackets.live
    assert ended(exchange) == "its exits were cancelled"


def test_in_a_halt_it_waits_and_then_has_its_stop() -> None:
    exchange = ready()
    entry = enter(exchange, plan())
    exchange.kernel.trading.restrict("test", TradingState.HALTED, "a test")
    exchange.fill(entry.client_id, 101, LAST)
    assert shape(exchange) == []
    exchange.kernel.trading.lift("test")
    exchange.wait(20)
    assert len(exits(exchange)) == 3


def test_an_entry_that_ends_without_a_fill_leaves_nothing() -> None:
    exchange = ready()
    entry = enter(exchange, plan())
    exchange.end(entry.client_id)
    assert ended(exchange) == "its entry ended without a fill"
    assert not exchange.kernel.brackets.live


def test_where_the_price_is_beyond_the_stop_the_position_is_closed() -> None:
    exchange = ready()
    entry = enter(exchange, plan(targets=()))
    exchange.trade(BTC, LAST - 150)
    exchange.fill(entry.client_id, 101, LAST)
    (close,) = exits(exchange)
    assert (close.type, close.remaining, close.reason) == (OrderType.MARKET, 101, "stop: the price is beyond it")


def test_a_flatten_and_a_take_over_end_it() -> None:
    exchange, _ = entered(plan())
    exchange.command(Flatten(symbol=BTC))
    for order in [o for o in exchange.kernel.orders.open_orders() if o.cancel_requested_ns]:
        exchange.end(order.client_id)
    assert not exchange.kernel.brackets.live
    exchange, _ = entered(plan())
    exchange.kernel.brackets.let_go("manual", BTC, "position taken over")
    assert not exchange.kernel.brackets.live
    assert len(exits(exchange)) == 3, "the exits stay with the position"
    told = exchange.command(TransferPosition(symbol=BTC, from_owner="manual", to_owner="nobody", reason="a test"))
    assert told.startswith("There is no owner nobody")


def test_after_a_kill_it_goes_on_with_the_exits_that_rest() -> None:
    exchange, _ = entered(plan(break_even_after=80))
    exchange.fill(exits(exchange)[1].client_id, 20, LAST + 200)
    settle(exchange)
    fresh = Exchange(ALL_TYPES, before=exchange)
    held = [p for p in fresh.kernel.ledger.positions.values() if p.lots]
    fresh.command(Reconcile())
    fresh.tell_account(
        positions=tuple(HeldPosition(p.instrument.symbol, p.lots, p.cost) for p in held),
        balances={"USDT": fresh.kernel.ledger.cash["USDT"]},
        orders=None,
    )
    fresh.wait(2)
    settle(fresh)
    settle(fresh)
    (bracket,) = fresh.kernel.brackets.live.values()
    assert bracket.filled == [101, 0, 20, 0]
    assert [row[2] for row in shape(fresh)] == [81, 30, 51]
    fresh.trade(BTC, LAST + 85)
    settle(fresh)
    assert exits(fresh)[0].stop_price == LAST
    assert not fresh.sent(CancelRequest)


WRONG = {
    "no stop": (plan(stop=0), "needs a stop"),
    "too many": (plan(targets=(Target(1, 1),) * 6), "at most 5 targets"),
    "too much": (plan(targets=(Target(RATE, 1), Target(1, 1))), "more than 100 %"),
    "no distance": (plan(targets=(Target(1, 0),)), "1 tick or more"),
    "half a trail": (plan(trail_after=5), "needs both"),
    "beyond": (plan(break_even_after=5, break_even_offset=5), "cannot move beyond"),
    "backwards": (plan(break_even_after=-5), "0 or more"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_plan_that_cannot_be_is_refused_in_words(name: str) -> None:
    wanted, words = WRONG[name]
    exchange = ready()
    intent = Intent(symbol=BTC, side=Side.BUY, lots=10)
    assert words in exchange.command(PlaceOrder(intent=intent, bracket=wanted))
    assert not exchange.kernel.orders.orders


def test_a_spot_market_has_none() -> None:
    exchange = ready(kind=InstrumentKind.SPOT)
    told = exchange.command(PlaceOrder(intent=Intent(symbol=BTC, side=Side.BUY, lots=10), bracket=plan()))
    assert told.startswith("On a spot market")


def test_an_entry_that_is_denied_leaves_no_bracket() -> None:
    exchange = ready()
    exchange.command(PlaceOrder(intent=Intent(symbol=BTC, side=Side.BUY, lots=10_000_000), bracket=plan()))
    assert not exchange.kernel.brackets.live
    assert ended(exchange) == "its entry was denied"
