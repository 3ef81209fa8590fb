"""What the engine holds for a venue that cannot: brackets, trailing stops, and changes of unchangeable orders."""

from __future__ import annotations

import msgspec

from tests.unit.trading.outside_venue import BTC, CAN, PRICE, Exchange
from workstation.core.messages import (
    AmendOrder,
    CancelOrder,
    CancelRequested,
    Kill,
    OrderAmended,
    OrderDue,
    OrderFilled,
    OrderReleased,
)
from workstation.core.money import to_money
from workstation.core.orders import AmendRequest, CancelRequest
from workstation.core.types import InstrumentKind, OrderState, OrderType, Side, TradingState
from workstation.trading import recovery

LAST = PRICE[BTC]
SPOT = msgspec.structs.replace(CAN, short=False)


def ready(kind: InstrumentKind = InstrumentKind.LINEAR) -> Exchange:
    exchange = Exchange(SPOT if kind is InstrumentKind.SPOT else CAN, kind)
    exchange.tell_account()
    return exchange


def bracket(exchange: Exchange, lots: int = 1_000) -> tuple[str, str, str]:
    """Entry, stop and target."""
    entry = exchange.place(Side.BUY, lots, price=LAST - 10, stop_loss=LAST - 20_000, take_profit=LAST + 20_000)
    stop, target = (order.client_id for order in exchange.kernel.orders.open_orders(BTC) if order.parent_id == entry)
    exchange.wait(0.5)
    return entry, stop, target


def test_the_exits_of_a_bracket_wait_in_the_engine_until_the_entry_fills() -> None:
    exchange = ready()
    entry, stop, target = bracket(exchange)
    assert exchange.sent_ids() == [entry]
    assert exchange.order(stop).state is exchange.order(target).state is OrderState.HELD
    exchange.accept(entry)
    exchange.fill(entry, 400)
    assert exchange.sent_ids() == [entry, stop, target]
    assert [type(record) for record in exchange.records(OrderReleased)] == [OrderReleased] * 2
    assert exchange.order(stop).state is OrderState.SUBMITTED
    assert all(request.venue_reduces and not request.intent.parent_id for request in exchange.sent()[1:])


def test_when_one_exit_has_filled_the_other_is_cancelled() -> None:
    exchange = ready()
    entry, stop, target = bracket(exchange)
    exchange.accept(entry)
    exchange.fill(entry, 1_000)
    for exit_ in (stop, target):
        exchange.accept(exit_)
    exchange.fill(target, 1_000, LAST + 20_000)
    assert [request.client_id for request in exchange.sent(CancelRequest)] == [stop]


def test_an_entry_that_ends_without_a_fill_takes_its_exits_with_it() -> None:
    exchange = ready()
    entry, stop, target = bracket(exchange)
    exchange.accept(entry)
    exchange.end(entry)
    assert exchange.order(stop).state is exchange.order(target).state is OrderState.CANCELLED
    assert exchange.sent_ids() == [entry]


def test_a_held_order_is_cancelled_and_changed_without_the_venue() -> None:
    exchange = ready()
    entry, stop, target = bracket(exchange)
    exchange.command(AmendOrder(client_id=stop, stop_price=LAST - 30_000))
    exchange.command(CancelOrder(client_id=target))
    exchange.wait(0.5)
    assert exchange.order(stop).stop_price == LAST - 30_000
    assert exchange.order(target).state is OrderState.CANCELLED
    assert exchange.sent_ids() == [entry]
    assert not exchange.sent(CancelRequest) and not exchange.sent(AmendRequest)


def test_a_trailing_stop_follows_the_price_and_leaves_as_a_market_order() -> None:
    exchange = ready()
    entry = exchange.place(Side.BUY, 1_000)
    exchange.accept(entry)
    exchange.fill(entry, 1_000)
    trailing = exchange.place(Side.SELL, 1_000, type=OrderType.TRAILING_STOP, trail=10_000, reduce_only=True)
    exchange.trade(BTC, LAST)
    exchange.trade(BTC, LAST + 8_000)
    assert exchange.order(trailing).stop_price == LAST - 2_000
    exchange.trade(BTC, LAST + 1_000)
    assert trailing not in exchange.sent_ids()
    exchange.trade(BTC, LAST - 2_000)
    request = exchange.sent()[-1]
    assert (request.client_id, request.intent.type, request.intent.reduce_only) == (trailing, OrderType.MARKET, True)
    assert exchange.order(trailing).type is OrderType.TRAILING_STOP
    assert exchange.records(OrderAmended)


def test_an_entry_that_is_due_after_a_kill_never_leaves_and_an_exit_does() -> None:
    exchange = ready()
    entry = exchange.place(Side.BUY, 1_000)
    exchange.accept(entry)
    exchange.fill(entry, 1_000)
    exit_ = exchange.place(Side.SELL, 1_000, type=OrderType.TRAILING_STOP, trail=10_000, reduce_only=True)
    more = exchange.place(Side.BUY, 1_000, type=OrderType.TRAILING_STOP, trail=5_000)
    exchange.trade(BTC, LAST)
    exchange.kernel.trading.restrict("test", TradingState.HALTED, "a test")
    exchange.trade(BTC, LAST + 5_000)
    assert exchange.order(more).state is OrderState.CANCELLED
    exchange.trade(BTC, LAST - 30_000)
    assert exchange.sent_ids()[-1] == exit_
    exchange.command(Kill(reason="test"))


def test_on_spot_only_the_stop_rests_and_gives_way_to_the_target() -> None:
    """A resting sell binds what it sells, so that two exits cannot rest together."""
    exchange = ready(InstrumentKind.SPOT)
    entry, stop, target = bracket(exchange)
    exchange.accept(entry)
    exchange.fill(entry, 400)
    assert exchange.sent_ids() == [entry], "it may still fill, and the stop would have to grow"
    exchange.fill(entry, 600)
    assert exchange.sent_ids() == [entry, stop]
    exchange.accept(stop)
    exchange.trade(BTC, LAST + 20_000)
    assert [request.client_id for request in exchange.sent(CancelRequest)] == [stop]
    assert target not in exchange.sent_ids()
    exchange.end(stop)
    request = exchange.sent()[-1]
    assert (request.client_id, request.intent.type, request.intent.lots) == (target, OrderType.MARKET, 1_000)


def test_a_stop_that_the_venue_cannot_change_is_placed_anew_before_the_old_one_is_cancelled() -> None:
    exchange = ready()
    entry = exchange.place(Side.BUY, 1_000)
    exchange.accept(entry)
    exchange.fill(entry, 1_000)
    stop = exchange.place(Side.SELL, 1_000, type=OrderType.STOP, stop_price=LAST - 9_000, reduce_only=True)
    exchange.accept(stop)
    before = len(exchange.venue.asked)
    exchange.command(AmendOrder(client_id=stop, stop_price=LAST - 5_000))
    new, cancel = exchange.venue.asked[before:]
    assert new.intent.stop_price == LAST - 5_000  # type: ignore[union-attr]
    assert cancel == CancelRequest(stop)


def test_an_entry_that_the_venue_cannot_change_is_placed_anew_with_what_has_not_filled() -> None:
    exchange = Exchange(msgspec.structs.replace(CAN, amend=False))
    exchange.tell_account()
    entry = exchange.place(Side.BUY, 1_000, price=LAST - 10)
    exchange.accept(entry)
    exchange.command(AmendOrder(client_id=entry, price=LAST - 20))
    assert exchange.sent_ids() == [entry]
    exchange.fill(entry, 300)
    exchange.end(entry)
    request = exchange.sent()[-1]
    assert (request.intent.price, request.intent.lots) == (LAST - 20, 700)


def test_a_limit_order_that_the_venue_can_change_is_changed() -> None:
    exchange = ready()
    entry = exchange.place(Side.BUY, 1_000, price=LAST - 10)
    exchange.accept(entry)
    exchange.command(AmendOrder(client_id=entry, price=LAST - 20))
    assert [(request.client_id, request.price) for request in exchange.sent(AmendRequest)] == [(entry, LAST - 20)]


def test_the_cost_against_the_price_of_the_decision_is_the_engines_to_measure() -> None:
    exchange = ready()
    entry = exchange.place(Side.BUY, 1_000)
    exchange.accept(entry)
    exchange.fill(entry, 1_000, LAST + 7)
    (fill,) = exchange.records(OrderFilled)
    assert fill.slippage == 7 * 1_000 * 10


def test_the_slippage_of_a_stop_at_the_venue_counts_from_its_trigger() -> None:
    exchange = ready()
    exchange.accept(entry := exchange.place(Side.BUY, 1_000))
    exchange.fill(entry, 1_000, LAST)
    stop = exchange.place(Side.SELL, 1_000, type=OrderType.STOP, stop_price=LAST - 50, reduce_only=True)
    exchange.accept(stop)
    exchange.fill(stop, 1_000, LAST - 53)
    assert exchange.records(OrderFilled)[-1].slippage == 3 * 1_000 * 10


# --- A kill while a spot target waits for its stop to end -------------------------------------------------------------


def killed_at_the_target(back_to: int = LAST) -> tuple[Exchange, str, str, str]:
    """The target was reached, the cancel of its stop has left, and the price has gone back when the next one runs."""
    before = ready(InstrumentKind.SPOT)
    entry, stop, target = bracket(before)
    before.accept(entry)
    before.fill(entry, 1_000)
    before.accept(stop)
    before.trade(BTC, LAST + 20_000)
    kinds = [type(record) for record in before.journal.outputs]
    assert kinds.index(OrderDue) < kinds.index(CancelRequested), "journalled ahead of the cancel"
    exchange = Exchange(SPOT, InstrumentKind.SPOT, before=before)
    exchange.trade(BTC, back_to)
    assert [request.client_id for request in exchange.sent(CancelRequest)] == [stop], "asked once more"
    assert exchange.order(target).state is OrderState.HELD and not exchange.sent_ids()
    return exchange, entry, stop, target


def test_a_target_that_was_reached_before_a_kill_leaves_when_its_stop_has_ended() -> None:
    exchange, _, stop, target = killed_at_the_target()
    exchange.end(stop)
    (request,) = exchange.sent()
    assert (request.client_id, request.intent.type, request.intent.lots) == (target, OrderType.MARKET, 1_000)


def test_a_target_whose_stop_is_found_filled_after_a_kill_does_not_leave() -> None:
    exchange, _, stop, target = killed_at_the_target()
    exchange.fill(stop, 1_000, LAST - 20_000)
    exchange.wait(0.5)
    assert not exchange.sent_ids()
    assert exchange.order(target).state is OrderState.CANCELLED


def test_a_target_takes_over_what_its_stop_has_not_sold_and_nothing_of_another_bracket() -> None:
    exchange, _, stop, target = killed_at_the_target()
    exchange.tell_account(balances=owned(exchange))
    more = exchange.place(Side.BUY, 500)
    exchange.accept(more)
    exchange.fill(more, 500)
    exchange.fill(stop, 400, LAST - 20_000)
    exchange.end(stop)
    request = exchange.sent()[-1]
    assert (request.client_id, request.intent.lots) == (target, 600)
    assert exchange.kernel.ledger.lots("manual", BTC) == 1_100


def test_a_target_whose_stop_filled_does_not_sell_what_another_bracket_holds() -> None:
    exchange, _, stop, target = killed_at_the_target()
    exchange.tell_account(balances=owned(exchange))
    more = exchange.place(Side.BUY, 500)
    exchange.accept(more)
    exchange.fill(more, 500)
    exchange.fill(stop, 1_000, LAST - 20_000)
    exchange.wait(0.5)
    assert target not in exchange.sent_ids()
    assert exchange.order(target).state is OrderState.CANCELLED


def test_that_a_target_waits_survives_any_number_of_kills() -> None:
    exchange, _, stop, target = killed_at_the_target()
    again = Exchange(SPOT, InstrumentKind.SPOT, before=exchange)
    again.end(stop)
    assert again.sent_ids() == [target]
    assert again.last_state()["orders"] == recovery.snapshot(again.kernel)["orders"]


def test_a_target_that_is_cancelled_while_it_waits_does_not_leave_after_a_kill() -> None:
    exchange, _, stop, target = killed_at_the_target()
    exchange.command(CancelOrder(client_id=target))
    exchange.end(stop)
    exchange.wait(0.5)
    assert not exchange.sent_ids()
    assert exchange.order(target).state is OrderState.CANCELLED


def test_an_exit_that_waits_for_room_leaves_after_a_kill() -> None:
    before = ready(InstrumentKind.SPOT)
    entry, stop, _ = bracket(before)
    before.accept(entry)
    before.fill(entry, 1_000)
    before.accept(stop)
    exit_ = before.place(Side.SELL, 1_000, reduce_only=True)
    before.wait(0.5)
    assert exit_ not in before.sent_ids()
    exchange = Exchange(SPOT, InstrumentKind.SPOT, before=before)
    exchange.end(stop)
    assert exchange.sent_ids() == [exit_]


def owned(exchange: Exchange) -> dict[str, int]:
    """Balances as our books have them."""
    ledger = exchange.kernel.ledger
    quantity = exchange.kernel.markets[BTC].instrument.quantity(ledger.net_lots[BTC])
    return {"USDT": ledger.cash["USDT"], "BTC": to_money(quantity)}
