"""The lock-out: only reductions pass until its time, and where it is fixed nothing ends it early."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.unit.trading.outside_venue import BTC, PRICE, Exchange
from workstation.core.algorithms import AlgorithmState, Iceberg, ParentOrder
from workstation.core.messages import (
    Flatten,
    Kill,
    LiftLockout,
    LockOut,
    LockoutChanged,
    OrderDenied,
    Resume,
    SetTradingState,
    StartAlgorithm,
    TradingStateChanged,
)
from workstation.core.orders import CancelRequest
from workstation.core.timeframe import HOUR_NS, SECOND_NS, utc_text
from workstation.core.types import Side, TradingState
from workstation.trading.kernel_terms import LockoutTerms
from workstation.trading.lockout import LOCKED_OUT, LONGEST_NS

LAST = PRICE[BTC]
MINUTE = 60


def ready(after_s: int = 0, fixed: bool = False, **terms: Any) -> Exchange:
    exchange = Exchange(**terms)
    exchange.kernel.lockout._terms = LockoutTerms(after_s * SECOND_NS, fixed)
    if "before" not in terms:
        exchange.tell_account()
    return exchange


def lock(exchange: Exchange, seconds: int = 10 * MINUTE) -> str:
    return exchange.command(LockOut(until_ns=exchange.now_ns + seconds * SECOND_NS, reason="enough for today"))


def state(exchange: Exchange) -> TradingState:
    return exchange.kernel.trading.state


def lose(exchange: Exchange) -> None:
    """A tenth of the account within the day."""
    exchange.kernel.guards.on_equity(exchange.now_ns, exchange.kernel.guards.day_equity * 9 // 10)


def test_while_it_lasts_only_reductions_pass() -> None:
    exchange = ready()
    exchange.fill(exchange.place(Side.BUY, 100), 100)
    entry = exchange.place(Side.BUY, 50, price=LAST - 10)
    exchange.accept(entry)
    told = lock(exchange)
    assert told.startswith("Locked out until 2024-03-01 12:1")
    assert told.endswith("It can be lifted early.")
    exchange.wait(1)
    assert [request.client_id for request in exchange.sent(CancelRequest)] == [entry], "its entries are cancelled"
    assert not exchange.place(Side.BUY, 10)
    assert exchange.records(OrderDenied)[-1].code == "REDUCING"
    assert exchange.place(Side.SELL, 40, reduce_only=True)


def test_what_would_order_on_ends_with_it() -> None:
    exchange = ready()
    plan = Iceberg(price=LAST - 10, visible=10)
    exchange.command(StartAlgorithm(order=ParentOrder(symbol=BTC, side=Side.BUY, lots=100, plan=plan)))
    lock(exchange)
    exchange.wait(1)
    (parent,) = exchange.kernel.algorithms.parents.values()
    assert (parent.state, parent.reason) == (AlgorithmState.CANCELLED, LOCKED_OUT)


def test_it_ends_by_itself_at_its_time() -> None:
    exchange = ready()
    lock(exchange, MINUTE)
    exchange.wait(MINUTE - 1)
    assert state(exchange) is TradingState.REDUCING
    exchange.wait(2)
    assert state(exchange) is TradingState.ACTIVE
    ended = exchange.records(LockoutChanged)[-1]
    assert (ended.until_ns, ended.reason, ended.who) == (0, "its time is over", "engine")
    assert exchange.place(Side.BUY, 10)


def test_one_that_is_not_fixed_is_lifted_by_a_person() -> None:
    exchange = ready()
    lock(exchange)
    assert exchange.command(LiftLockout(reason="slept")) == "The lock-out is lifted. Trading is ACTIVE."
    assert state(exchange) is TradingState.ACTIVE
    assert exchange.command(LiftLockout()) == "Nobody is locked out."


def test_a_fixed_one_is_lifted_by_nothing_and_says_until_when() -> None:
    exchange = ready(fixed=True)
    until_ns = exchange.now_ns + 600 * SECOND_NS
    assert lock(exchange).endswith("Nobody can lift it early.")
    refused = exchange.command(LiftLockout(reason="please"))
    assert refused.startswith(f"You are locked out until {utc_text(until_ns)} UTC. It is fixed")
    assert lock(exchange, 5) == f"You are locked out until {utc_text(until_ns)} UTC: it is fixed."
    for command in (SetTradingState(state=TradingState.ACTIVE), Resume(reason="please")):
        exchange.command(command)
        assert state(exchange) is TradingState.REDUCING
    assert not exchange.place(Side.BUY, 10)
    lock(exchange, 1_200)
    assert exchange.kernel.lockout.until_ns == until_ns + 600 * SECOND_NS, "it can be made longer"


def test_the_kill_and_exits_work_while_it_lasts_and_it_outlasts_the_kill() -> None:
    exchange = ready(fixed=True)
    exchange.fill(exchange.place(Side.BUY, 100), 100)
    lock(exchange)
    exchange.command(Kill(reason="test"))
    assert state(exchange) is TradingState.HALTED
    assert exchange.command(Flatten()) == "Flatten sent for 1 positions."
    exchange.command(Resume(reason="test"))
    assert state(exchange) is TradingState.REDUCING


@pytest.mark.parametrize("fixed", [True, False])
def test_a_restart_ends_nothing_early_and_no_changed_configuration_does(fixed: bool) -> None:
    exchange = ready(fixed=fixed)
    lock(exchange)
    until_ns = exchange.kernel.lockout.until_ns
    fresh = ready(fixed=False, before=exchange)
    assert state(fresh) is TradingState.REDUCING
    assert (fresh.kernel.lockout.until_ns, fresh.kernel.lockout.fixed) == (until_ns, fixed)
    fresh.command(LiftLockout(reason="please"))
    assert state(fresh) is (TradingState.REDUCING if fixed else TradingState.ACTIVE)


def test_one_whose_time_came_while_the_engine_was_off_is_over() -> None:
    exchange = ready(fixed=True)
    lock(exchange, MINUTE)
    exchange.kernel.clock.time_ns += HOUR_NS
    fresh = ready(before=exchange)
    assert state(fresh) is TradingState.ACTIVE
    assert fresh.records(LockoutChanged)[-1].reason == "its time is over"


def test_the_loss_limit_of_the_day_begins_it() -> None:
    exchange = ready(after_s=48 * 3600, fixed=True)
    lose(exchange)
    exchange.wait(1)
    (locked,) = exchange.records(LockoutChanged)
    assert (locked.until_ns, locked.fixed, locked.who) == (locked.ts_ns + 48 * HOUR_NS, True, "risk")
    assert locked.reason == "the day's loss limit was reached"
    exchange.kernel.day.start()
    assert state(exchange) is TradingState.REDUCING, "it lasts beyond the day"
    assert exchange.kernel.trading.reason.startswith("Locked out until 2024-03-03")
    # What the journal says then is what a new process makes of it.
    assert ready(before=exchange).kernel.trading.causes.keys() == {LOCKED_OUT}


def test_without_a_setting_the_loss_limit_locks_no_longer_than_its_day() -> None:
    exchange = ready()
    lose(exchange)
    assert state(exchange) is TradingState.REDUCING
    assert not exchange.records(LockoutChanged)


def test_an_end_that_is_past_or_too_far_is_refused() -> None:
    exchange = ready()
    assert "is over" in exchange.command(LockOut(until_ns=exchange.now_ns))
    assert "at most 31 days" in exchange.command(LockOut(until_ns=exchange.now_ns + LONGEST_NS + 1))
    assert not exchange.records(TradingStateChanged)
    assert msgspec.json.encode(exchange.kernel.lockout.snapshot()) == b'{"until_ns":0,"fixed":false,"reason":""}'
