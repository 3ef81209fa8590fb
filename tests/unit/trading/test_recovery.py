"""What a restart takes along beyond open orders: whose an order was that has ended, and what was to follow it."""

from __future__ import annotations

import msgspec
import pytest

from tests.unit.trading.outside_venue import BTC, CASH, PRICE, Exchange
from workstation.core.messages import (
    AccountDiffers,
    HeldPosition,
    LogLine,
    OrderAdopted,
    OrderFilled,
    OrderRejected,
    OrderStatus,
    Reconcile,
    RestingOrder,
    StartStrategy,
)
from workstation.core.orders import Intent, Order
from workstation.core.types import EXTERNAL, MANUAL, OrderRole, OrderState, OrderType, Severity, Side
from workstation.trading import order_manager, recovery
from workstation.trading.strategy import Strategy

LAST = PRICE[BTC]


class Quiet(Strategy):
    """Does nothing but tell what it heard."""

    title = "Quiet"

    def on_fill(self, fill: OrderFilled, order: Order) -> None:
        self.state["heard"] = [fill.fill_id, order.role, order.filled_lots]


def quiet() -> tuple[Strategy, ...]:
    return (Quiet("quiet", BTC, "1m"),)


def started(before: Exchange | None = None) -> Exchange:
    exchange = Exchange(before=before, strategies=quiet())
    if before is None:
        exchange.tell_account()
    exchange.command(StartStrategy(strategy="quiet"))
    return exchange


def order_of_strategy(exchange: Exchange, lots: int = 100, **terms: object) -> str:
    """A limit order of the strategy that the venue accepted."""
    intent = Intent(symbol=BTC, side=Side.BUY, lots=lots, type=OrderType.LIMIT, price=LAST - 10, owner="quiet")
    client_id = exchange.kernel.place(msgspec.structs.replace(intent, **terms))
    assert client_id
    exchange.accept(client_id)
    return client_id


def given_up(exchange: Exchange, client_id: str) -> None:
    """The venue says that it refused an order which it has."""
    report = OrderRejected(ts_ns=exchange.now_ns, client_id=client_id, code="-1000", reason="unknown error")
    exchange.kernel.dispatch(report)
    assert exchange.order(client_id).state is OrderState.REJECTED


def found(exchange: Exchange, fill: OrderFilled) -> None:
    """The account is compared, and holds a fill that nobody told."""
    exchange.command(Reconcile())
    held = HeldPosition(BTC, fill.side * fill.lots, fill.side * fill.lots * fill.price * 10)
    exchange.tell_account(fills=(fill,), positions=(held,), balances={"USDT": CASH})


@pytest.mark.parametrize("restarts", [1, 3])
def test_a_late_fill_of_an_order_that_ended_in_an_earlier_session_is_its_owners(restarts: int) -> None:
    exchange = started()
    order = order_of_strategy(exchange, tag="a", reason="a signal")
    fill = exchange.fill_report(order, 100)
    given_up(exchange, order)
    for _ in range(restarts):
        exchange = started(before=exchange)
    found(exchange, fill)
    ledger = exchange.kernel.ledger
    assert (ledger.lots("quiet", BTC), ledger.lots(EXTERNAL, BTC)) == (100, 0)
    assert not exchange.records(OrderAdopted)
    assert [record.fill_id for record in exchange.records(OrderFilled)] == [fill.fill_id]
    known = exchange.order(order)
    assert (known.tag, known.reason, known.role, known.filled_lots) == ("a", "a signal", OrderRole.ENTRY, 100)
    assert exchange.kernel.host.slots["quiet"].strategy.state["heard"] == [fill.fill_id, OrderRole.ENTRY, 100]
    warnings = [line.text for line in exchange.records(LogLine) if line.severity is Severity.WARNING]
    assert warnings == [f"Late fill of {order} ({BTC}), which was rejected: it is booked."]


def test_a_late_fill_is_known_to_the_journal_alone_as_the_owners_too() -> None:
    exchange = started()
    order = order_of_strategy(exchange)
    fill = exchange.fill_report(order, 60)
    given_up(exchange, order)
    again = started(before=exchange)
    found(again, fill)
    state, live = again.last_state(), recovery.snapshot(again.kernel)
    for part in ("ledger", "orders", "ended", "reconciliation"):
        assert state[part] == live[part], part
    third = started(before=again)
    found(third, fill)
    assert third.kernel.ledger.lots("quiet", BTC) == 60, "booked once"


def test_a_late_fill_of_a_stop_counts_as_a_stop() -> None:
    exchange = started()
    entry = order_of_strategy(exchange)
    exchange.fill(entry, 100)
    stop = order_of_strategy(
        exchange,
        side=Side.SELL,
        type=OrderType.STOP,
        price=0,
        stop_price=LAST - 500,
        reduce_only=True,
        role=OrderRole.PROTECTIVE_STOP,
    )
    fill = exchange.fill_report(stop, 100, LAST - 500)
    given_up(exchange, stop)
    again = started(before=exchange)
    again.command(Reconcile())
    again.tell_account(fills=(fill,), balances={"USDT": CASH - 100 * 500 * 10})
    assert again.kernel.ledger.lots("quiet", BTC) == 0
    assert again.order(stop).role is OrderRole.PROTECTIVE_STOP
    assert again.kernel.gate.reconciled and not again.records(AccountDiffers)


def test_a_fill_that_was_booked_before_the_restart_is_not_booked_again() -> None:
    exchange = started()
    order = order_of_strategy(exchange)
    exchange.fill(order, 100)
    (fill,) = exchange.records(OrderFilled)
    again = started(before=exchange)
    again.kernel.dispatch(fill)
    assert again.kernel.ledger.lots("quiet", BTC) == 100
    assert not again.records(OrderFilled)


def test_an_order_that_we_gave_up_and_that_rests_is_not_taken_for_somebody_elses_after_a_restart() -> None:
    exchange = started()
    order = order_of_strategy(exchange)
    given_up(exchange, order)
    again = started(before=exchange)
    again.wait(1)
    again.command(Reconcile())
    resting = RestingOrder(
        client_id=order,
        venue_id="X1",
        symbol=BTC,
        side=Side.BUY,
        type=OrderType.LIMIT,
        lots=100,
        filled_lots=0,
        price=LAST - 10,
        stop_price=0,
        reduce_only=False,
    )
    again.tell_account_until_believed(orders=(resting,))
    (line,) = again.records(AccountDiffers)[-1].differences
    assert (line.what, line.ours, line.theirs) == (f"order {order}", "rejected", "open")
    assert not again.records(OrderAdopted)


def test_an_id_with_our_prefix_that_the_journal_does_not_know_is_external() -> None:
    exchange = started()
    again = started(before=exchange)
    found(again, again.fill_report("w1-77", 25))
    assert again.kernel.ledger.lots(EXTERNAL, BTC) == 25
    assert [record.order.client_id for record in again.records(OrderAdopted)] == ["w1-77"]


def test_orders_of_others_that_ended_are_not_taken_along() -> None:
    exchange = started()
    exchange.kernel.dispatch(exchange.fill_report("web-1", 5))
    assert [order["client_id"] for order in recovery.snapshot(exchange.kernel)["ended"]] == []


def test_only_the_newest_ended_orders_are_taken_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_manager, "REMEMBERED_AFTER_RESTART", 3)
    exchange = started()
    ids = [order_of_strategy(exchange, price=LAST - 10 - number) for number in range(5)]
    for client_id in ids:
        given_up(exchange, client_id)
    state = exchange.last_state()
    assert [fields["client_id"] for fields in state["ended"]] == ids[2:]
    again = started(before=exchange)
    assert [order.client_id for order in again.kernel.orders.ended_orders()] == ids[2:]
    assert not again.kernel.orders.open_orders(), "they are known and not open"


def test_what_an_ended_order_takes_in_a_snapshot_is_little() -> None:
    exchange = started()
    given_up(exchange, order_of_strategy(exchange))
    (fields,) = recovery.snapshot(exchange.kernel)["ended"]
    assert len(msgspec.json.encode(fields)) < 400
    assert not {"fill_ids", "trail", "waits_for", "oco_group"} & set(fields)


def test_an_ended_order_of_a_symbol_that_is_gone_is_left_behind() -> None:
    exchange = started()
    order = order_of_strategy(exchange)
    given_up(exchange, order)
    state = exchange.last_state()
    state["ended"][0]["symbol"] = "GONEUSDT"
    blank = Exchange()
    blank.kernel.recover(lambda: recovery.restore(blank.kernel, state))
    assert order not in blank.kernel.orders.orders


def test_a_state_from_before_ended_orders_were_kept_is_restored() -> None:
    exchange = started()
    order = order_of_strategy(exchange)
    state = exchange.last_state()
    del state["ended"], state["replacements"]
    del state["orders"][0]["waits_for"]
    blank = Exchange()
    blank.kernel.recover(lambda: recovery.restore(blank.kernel, state))
    assert blank.order(order).owner == "quiet"


def test_an_answer_about_an_ended_order_books_what_it_filled() -> None:
    exchange = started()
    order = exchange.place(Side.BUY, 100, price=LAST - 10)
    exchange.accept(order)
    fill = exchange.fill_report(order, 40)
    given_up(exchange, order)
    again = Exchange(before=exchange)
    again.kernel.dispatch(
        OrderStatus(
            ts_ns=again.now_ns,
            client_id=order,
            found=True,
            asked_ns=again.now_ns,
            state=OrderState.CANCELLED,
            fills=(fill,),
        )
    )
    assert again.kernel.ledger.lots(MANUAL, BTC) == 40
