"""Changes that wait for the end of an order: journalled before the cancel leaves, and carried out across a kill."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.unit.trading.outside_venue import BTC, CAN, PRICE, Exchange
from workstation.core.errors import StorageError
from workstation.core.messages import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    CancelRejected,
    CancelRequested,
    Flatten,
    HeldPosition,
    Kill,
    LogLine,
    OrderCancelled,
    OrderDenied,
    OrderExpired,
    OrderStatus,
    OrderSubmitted,
    PauseStrategy,
    Reconcile,
    ReplacementEnded,
    ReplacementPlanned,
    StartStrategy,
    TransferPosition,
)
from workstation.core.orders import Approved, CancelRequest, Intent
from workstation.core.types import InstrumentKind, OrderRole, OrderState, OrderType, Severity, Side
from workstation.trading import recovery
from workstation.trading.replacements import PATIENCE_NS
from workstation.trading.strategy import Strategy

LAST = PRICE[BTC]
STUBBORN = msgspec.structs.replace(CAN, amend=False)
"""Changes nothing in place."""
SPOT = msgspec.structs.replace(STUBBORN, short=False)


class Quiet(Strategy):
    title = "Quiet"


def quiet() -> tuple[Strategy, ...]:
    return (Quiet("quiet", BTC, "1m"),)


def ready() -> Exchange:
    exchange = Exchange(STUBBORN)
    exchange.tell_account()
    return exchange


def changing(exchange: Exchange, lots: int = 1_000) -> str:
    """An entry whose change to another price waits for its cancel."""
    entry = exchange.place(Side.BUY, lots, price=LAST - 10)
    exchange.accept(entry)
    exchange.command(AmendOrder(client_id=entry, price=LAST - 20))
    assert [request.client_id for request in exchange.sent(CancelRequest)] == [entry]
    return entry


def killed(exchange: Exchange, **terms: Any) -> Exchange:
    """The next process. It has not been told of the account yet."""
    return Exchange(exchange.venue.can, before=exchange, **terms)


def agreed(exchange: Exchange, **account: Any) -> None:
    exchange.command(Reconcile())
    exchange.tell_account(**account)
    assert exchange.kernel.gate.reconciled
    exchange.wait(1.5)


def errors(exchange: Exchange) -> list[str]:
    return [line.text for line in exchange.records(LogLine) if line.severity is Severity.ERROR]


def terms_sent(exchange: Exchange) -> list[tuple[int, int]]:
    return [(request.intent.price, request.intent.lots) for request in exchange.sent()]


def test_the_plan_is_journalled_ahead_of_the_cancel() -> None:
    exchange = ready()
    entry = changing(exchange)
    kinds = [type(record) for record in exchange.journal.outputs]
    assert kinds.index(ReplacementPlanned) < kinds.index(CancelRequested)
    (planned,) = exchange.records(ReplacementPlanned)
    assert (planned.client_id, planned.intent.price, planned.lots) == (entry, LAST - 20, 1_000)


def test_the_end_of_a_plan_is_journalled_with_the_order_that_it_led_to() -> None:
    exchange = ready()
    entry = changing(exchange)
    exchange.end(entry)
    (ended,) = exchange.records(ReplacementEnded)
    assert (ended.client_id, ended.by) == (entry, exchange.sent()[-1].client_id)
    kinds = [type(record) for record in exchange.journal.outputs]
    assert kinds.index(OrderCancelled) < kinds.index(OrderSubmitted, kinds.index(OrderCancelled))
    assert recovery.snapshot(exchange.kernel)["replacements"] == []


def test_a_stop_that_was_replaced_and_whose_cancel_was_refused_is_cancelled_and_not_replaced_again() -> None:
    """A cancel may overtake its order. The soak found it: each change of the position doubled the stops."""
    exchange = Exchange()
    exchange.tell_account()
    entry = exchange.place(Side.BUY, 1_000)
    exchange.accept(entry)
    exchange.fill(entry, 1_000)
    old = exchange.place(Side.SELL, 1_000, type=OrderType.STOP, stop_price=LAST - 9_000, reduce_only=True)
    exchange.command(AmendOrder(client_id=old, stop_price=LAST - 5_000))
    new = exchange.sent_ids()[-1]
    exchange.kernel.dispatch(CancelRejected(ts_ns=exchange.now_ns, client_id=old, reason="unknown order"))
    exchange.accept(old)
    told = exchange.command(AmendOrder(client_id=old, stop_price=LAST - 6_000))
    assert told == f"{old} is being cancelled: change {new} instead."
    exchange.kernel.dispatch(CancelRejected(ts_ns=exchange.now_ns, client_id=old, reason="unknown order"))
    exchange.wait(1.5)
    assert [request.client_id for request in exchange.sent(CancelRequest)] == [old] * 3
    assert exchange.sent_ids() == [entry, old, new]


# --- A kill between the cancel and the new order ----------------------------------------------------------------------


def test_a_kill_between_cancel_and_replacement_loses_nothing() -> None:
    before = ready()
    entry = changing(before)
    exchange = killed(before)
    assert [request.client_id for request in exchange.sent(CancelRequest)] == [entry], "asked once more"
    agreed(exchange)
    assert not exchange.sent_ids(), "the old order may still rest"
    exchange.end(entry)
    assert terms_sent(exchange) == [(LAST - 20, 1_000)]
    (ended,) = exchange.records(ReplacementEnded)
    assert ended.by == exchange.sent_ids()[0]
    assert not errors(exchange)


def test_an_end_that_is_known_before_the_account_waits_for_it() -> None:
    before = ready()
    entry = changing(before)
    exchange = killed(before)
    exchange.end(entry)
    exchange.wait(3)
    assert not exchange.sent_ids() and not exchange.records(OrderDenied)
    agreed(exchange)
    assert terms_sent(exchange) == [(LAST - 20, 1_000)]


def test_a_second_kill_while_it_waits_for_the_account_loses_nothing_either() -> None:
    before = ready()
    entry = changing(before)
    middle = killed(before)
    middle.end(entry)
    assert not middle.order(entry).is_open and not middle.sent_ids()
    exchange = killed(middle)
    agreed(exchange)
    assert terms_sent(exchange) == [(LAST - 20, 1_000)]
    assert killed(exchange).kernel.replacements.snapshot() == []


@pytest.mark.parametrize(("filled", "left"), [(300, 700), (1_000, 0)])
def test_what_the_old_order_filled_while_nothing_ran_is_not_ordered_again(filled: int, left: int) -> None:
    before = ready()
    entry = changing(before)
    exchange = killed(before)
    fill = exchange.fill_report(entry, filled)
    held = HeldPosition(BTC, filled, filled * LAST * 10)
    exchange.kernel.dispatch(
        OrderStatus(
            ts_ns=exchange.now_ns,
            client_id=entry,
            found=True,
            asked_ns=exchange.now_ns,
            state=OrderState.CANCELLED if left else OrderState.FILLED,
            fills=(fill,),
        )
    )
    agreed(exchange, fills=(fill,), positions=(held,))
    assert terms_sent(exchange) == ([(LAST - 20, left)] if left else [])
    assert not errors(exchange)


def test_a_fill_that_is_found_while_the_new_order_waits_makes_it_smaller() -> None:
    before = ready()
    entry = changing(before)
    exchange = killed(before)
    fill = exchange.fill_report(entry, 400)
    exchange.end(entry)
    agreed(exchange, fills=(fill,), positions=(HeldPosition(BTC, 400, 400 * LAST * 10),))
    assert terms_sent(exchange) == [(LAST - 20, 600)]


def test_a_change_to_a_larger_size_places_what_is_left_when_the_old_size_has_filled() -> None:
    exchange = ready()
    entry = exchange.place(Side.BUY, 1_000, price=LAST - 10)
    exchange.accept(entry)
    exchange.command(AmendOrder(client_id=entry, price=LAST - 20, lots=1_500))
    exchange.fill(entry, 1_000)
    assert exchange.order(entry).state is OrderState.FILLED
    assert terms_sent(exchange)[1:] == [(LAST - 20, 500)]


def test_an_order_that_never_reached_the_venue_is_told_and_not_replaced() -> None:
    before = ready()
    entry = before.place(Side.BUY, 1_000, price=LAST - 10)
    before.command(AmendOrder(client_id=entry, price=LAST - 20))
    exchange = killed(before)
    exchange.kernel.dispatch(OrderExpired(ts_ns=exchange.now_ns, client_id=entry, reason="told by the venue"))
    exchange.kernel.dispatch(
        OrderStatus(
            ts_ns=exchange.now_ns,
            client_id=entry,
            found=True,
            asked_ns=exchange.now_ns,
            state=OrderState.EXPIRED,
        )
    )
    agreed(exchange)
    assert not exchange.sent_ids()
    assert errors(exchange) == [f"{entry} is expired, and nothing takes its place: place it anew."]
    assert killed(exchange).kernel.replacements.snapshot() == []


def test_a_replacement_that_is_denied_after_the_restart_is_told() -> None:
    before = ready()
    entry = changing(before)
    exchange = killed(before)
    exchange.quote(BTC, LAST // 2)
    agreed(exchange)
    exchange.end(entry)
    assert not exchange.sent_ids()
    (text,) = errors(exchange)
    assert text.startswith(f"{entry} is cancelled, and the order that was to replace it was denied: ")
    assert [denied.code for denied in exchange.records(OrderDenied)] == ["PRICE_COLLAR"]


def test_a_replacement_whose_account_is_not_known_in_time_is_given_up_with_an_alarm() -> None:
    before = ready()
    entry = changing(before)
    exchange = killed(before)
    exchange.end(entry)
    exchange.wait(PATIENCE_NS / 1e9 + 2)
    assert [text for text in errors(exchange) if entry in text] == [
        f"{entry} is cancelled, and the order that was to replace it was denied: "
        "Orders and positions are not reconciled with the venue."
    ]
    agreed(exchange)
    assert not exchange.sent_ids()


def test_a_strategys_change_waits_until_it_runs_again() -> None:
    before = Exchange(STUBBORN, strategies=quiet())
    before.tell_account()
    before.command(StartStrategy(strategy="quiet"))
    intent = Intent(symbol=BTC, side=Side.BUY, lots=100, type=OrderType.LIMIT, price=LAST - 10, owner="quiet")
    entry = before.kernel.place(intent)
    before.accept(entry)
    before.command(AmendOrder(client_id=entry, price=LAST - 20))
    exchange = killed(before, strategies=quiet())
    exchange.end(entry)
    agreed(exchange)
    assert not exchange.sent_ids()
    exchange.command(StartStrategy(strategy="quiet"))
    exchange.wait(1.5)
    (request,) = exchange.sent()
    assert (request.intent.owner, request.intent.price) == ("quiet", LAST - 20)


def test_a_spot_stop_that_waits_is_placed_after_the_kill() -> None:
    before = Exchange(SPOT, InstrumentKind.SPOT)
    before.tell_account()
    entry = before.place(Side.BUY, 1_000)
    before.accept(entry)
    before.fill(entry, 1_000)
    stop = before.place(
        Side.SELL,
        1_000,
        type=OrderType.STOP,
        stop_price=LAST - 9_000,
        reduce_only=True,
        role=OrderRole.PROTECTIVE_STOP,
    )
    before.accept(stop)
    before.command(AmendOrder(client_id=stop, stop_price=LAST - 5_000))
    exchange = killed(before, kind=InstrumentKind.SPOT)
    exchange.end(stop)
    exchange.command(CancelAll())
    cash = exchange.kernel.ledger.cash["USDT"]
    lots = exchange.kernel.ledger.net_lots[BTC]
    base = int(exchange.kernel.markets[BTC].instrument.quantity(lots) * 10**8)
    agreed(exchange, balances={"USDT": cash, "BTC": base})
    (request,) = exchange.sent()
    assert (request.intent.stop_price, request.intent.lots) == (LAST - 5_000, 1_000)
    assert request.intent.role is OrderRole.PROTECTIVE_STOP


# --- Giving up on purpose ---------------------------------------------------------------------------------------------


def test_a_cancel_for_good_is_remembered_across_a_kill() -> None:
    before = ready()
    entry = changing(before)
    before.command(CancelOrder(client_id=entry))
    exchange = killed(before)
    agreed(exchange)
    exchange.end(entry)
    assert not exchange.sent_ids() and not errors(exchange)


@pytest.mark.parametrize(
    "command",
    [CancelAll(), Kill(reason="a test"), CancelOrder(client_id="the old one")],
    ids=lambda c: type(c).__name__,
)
def test_a_change_whose_old_order_has_ended_can_still_be_cancelled(command: Any) -> None:
    before = ready()
    entry = changing(before)
    exchange = killed(before)
    exchange.end(entry)
    exchange.command(CancelOrder(client_id=entry) if isinstance(command, CancelOrder) else command)
    assert [ended.by for ended in exchange.records(ReplacementEnded)] == [""]
    agreed(exchange)
    assert not exchange.sent_ids()


def test_a_flatten_drops_the_entry_that_waits() -> None:
    before = ready()
    held = before.place(Side.BUY, 50)
    before.accept(held)
    before.fill(held, 50)
    entry = changing(before)
    exchange = killed(before)
    exchange.end(entry)
    exchange.command(Flatten(symbol=BTC))
    assert [ended.by for ended in exchange.records(ReplacementEnded)] == [""]


def test_a_paused_strategy_loses_its_entry_that_waits() -> None:
    before = Exchange(STUBBORN, strategies=quiet())
    before.tell_account()
    before.command(StartStrategy(strategy="quiet"))
    intent = Intent(symbol=BTC, side=Side.BUY, lots=100, type=OrderType.LIMIT, price=LAST - 10, owner="quiet")
    entry = before.kernel.place(intent)
    before.accept(entry)
    before.command(AmendOrder(client_id=entry, price=LAST - 20))
    exchange = killed(before, strategies=quiet())
    exchange.end(entry)
    exchange.command(StartStrategy(strategy="quiet"))
    exchange.command(PauseStrategy(strategy="quiet"))
    exchange.command(StartStrategy(strategy="quiet"))
    agreed(exchange)
    assert not exchange.sent_ids()


def test_the_newest_of_two_changes_counts_after_a_kill() -> None:
    before = ready()
    entry = changing(before)
    before.command(AmendOrder(client_id=entry, price=LAST - 30, lots=800))
    exchange = killed(before)
    agreed(exchange)
    exchange.end(entry)
    assert terms_sent(exchange) == [(LAST - 30, 800)]


def test_what_protects_a_position_goes_to_its_new_owner() -> None:
    exchange = Exchange(SPOT, InstrumentKind.SPOT, strategies=quiet())
    exchange.tell_account()
    entry = exchange.place(Side.BUY, 1_000)
    exchange.accept(entry)
    exchange.fill(entry, 1_000)
    stop = exchange.place(
        Side.SELL,
        1_000,
        type=OrderType.STOP,
        stop_price=LAST - 9_000,
        reduce_only=True,
        role=OrderRole.PROTECTIVE_STOP,
    )
    exchange.accept(stop)
    exchange.command(AmendOrder(client_id=stop, stop_price=LAST - 5_000))
    exchange.command(TransferPosition(symbol=BTC, from_owner="manual", to_owner="quiet", reason="a test"))
    state = exchange.last_state()
    assert state["replacements"] == recovery.snapshot(exchange.kernel)["replacements"]
    exchange.end(stop)
    request = exchange.sent()[-1]
    assert (request.intent.owner, request.intent.stop_price) == ("quiet", LAST - 5_000)


def test_a_change_that_cannot_be_journalled_leaves_the_old_order_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = ready()
    entry = exchange.place(Side.BUY, 1_000, price=LAST - 10)
    exchange.accept(entry)

    def refuse() -> None:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(exchange.journal, "commit", refuse)
    monkeypatch.setattr(exchange.journal, "pending", 1)
    exchange.command(AmendOrder(client_id=entry, price=LAST - 20))
    assert not exchange.sent(CancelRequest)
    assert exchange.order(entry).is_open and not exchange.order(entry).cancel_requested_ns
    assert entry not in exchange.kernel.replacements
    exchange.command(CancelOrder(client_id=entry))
    assert [request.client_id for request in exchange.sent(CancelRequest)] == [entry], "for good it goes"
    assert [type(request) for request in exchange.venue.asked].count(Approved) == 1
