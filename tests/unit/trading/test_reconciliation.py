"""What the venue proves is taken; what nothing explains halts trading until a person accepts it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.unit.trading.outside_venue import BTC, CASH, ETH, PRICE, Exchange
from workstation.core.messages import (
    AcceptReconciliation,
    AccountAdjusted,
    AccountDiffers,
    CancelAll,
    CancelOrder,
    Flatten,
    FundingPaid,
    HeldPosition,
    Kill,
    LogLine,
    OrderAdopted,
    OrderAmended,
    OrderDenied,
    OrderStatus,
    PositionLiquidated,
    Reconcile,
    RestingOrder,
)
from workstation.core.money import to_money
from workstation.core.orders import CancelRequest, QueryRequest, SnapshotRequest
from workstation.core.types import EXTERNAL, InstrumentKind, OrderState, OrderType, Severity, Side, TradingState
from workstation.storage.journal import MemoryJournal
from workstation.trading import recovery
from workstation.trading.denials import DenialCode

LAST = PRICE[BTC]


def resting(client_id: str, lots: int, filled: int = 0, side: Side = Side.BUY, price: int = LAST - 50) -> RestingOrder:
    return RestingOrder(
        client_id=client_id,
        venue_id=f"X{client_id}",
        symbol=BTC,
        side=side,
        type=OrderType.LIMIT,
        lots=lots,
        filled_lots=filled,
        price=price,
        stop_price=0,
        reduce_only=False,
    )


@pytest.fixture
def exchange() -> Exchange:
    """Agreed and flat, with 100,000 USDT."""
    made = Exchange()
    made.tell_account()
    return made


def position(lots: int, price: int = LAST) -> HeldPosition:
    return HeldPosition(BTC, lots, lots * price * 10)


# --- The first sight -------------------------------------------------------------------------------------------------


def test_nothing_passes_before_the_account_was_read() -> None:
    made = Exchange()
    assert made.place(Side.BUY, 100) == ""
    assert made.records(OrderDenied)[-1].code == DenialCode.NOT_RECONCILED
    assert made.records(AccountAdjusted) == []
    made.tell_account()
    assert made.kernel.ledger.equity() == CASH
    assert made.place(Side.BUY, 100)


def test_lesson_02_what_the_account_holds_at_the_first_start_is_external() -> None:
    made = Exchange()
    made.tell_account(positions=(position(500),), orders=(resting("web-1", 300, 100),))
    held = made.kernel.ledger.positions[EXTERNAL, BTC]
    assert (held.lots, held.cost) == (500, 500 * LAST * 10)
    order = made.order("web-1")
    assert (order.owner, order.remaining, order.state) == (EXTERNAL, 200, OrderState.PARTIALLY_FILLED)
    assert made.kernel.gate.reconciled
    assert made.kernel.guards.day_equity == made.kernel.guards.peak_equity == CASH


def test_what_was_won_or_lost_before_the_first_start_is_no_result_of_today() -> None:
    made = Exchange()
    market = made.kernel.markets[BTC]
    market.last_price = 0
    made.tell_account(positions=(position(500, LAST + 1_000),))
    assert not made.records(AccountAdjusted), "it cannot be valued yet"
    made.quote(BTC, LAST)
    made.wait(2.5)
    made.tell_account(positions=(position(500, LAST + 1_000),))
    lost = 500 * 1_000 * 10
    assert made.kernel.ledger.equity() == made.kernel.guards.day_equity == CASH - lost


def test_spot_holdings_are_valued_at_the_price_of_now_and_not_taken_for_profit() -> None:
    made = Exchange(kind=InstrumentKind.SPOT)
    made.tell_account(balances={"USDT": CASH, "BTC": to_money("0.5"), "DUST": 7})
    ledger = made.kernel.ledger
    assert ledger.positions[EXTERNAL, BTC].lots == 50_000
    assert ledger.unrealised() == 0
    assert ledger.equity() == CASH + to_money(30_000)
    assert made.kernel.guards.day_equity == ledger.equity()


def test_a_question_that_was_not_answered_in_full_begins_nothing() -> None:
    made = Exchange()
    made.tell_account(positions=None)
    assert not made.records(AccountAdjusted)
    made.wait(2.5)
    made.tell_account()
    assert made.records(AccountAdjusted)


def test_the_books_do_not_begin_between_a_position_and_the_fill_that_made_it() -> None:
    made = Exchange()
    fill = made.fill_report("web-1", 7)
    made.tell_account(positions=(), fills=(fill,))
    assert not made.kernel.gate.reconciled and made.kernel.ledger.lots(EXTERNAL, BTC) == 0
    made.wait(2.5)
    made.tell_account(positions=(position(7),), fills=(fill,))
    assert made.kernel.gate.reconciled and made.kernel.ledger.lots(EXTERNAL, BTC) == 7


def test_a_position_of_a_symbol_that_is_not_configured_is_said_and_halts() -> None:
    made = Exchange()
    made.tell_account(positions=(HeldPosition("LTCUSDT", 5, 100, quantity="0.005"),))
    assert made.kernel.trading.state is TradingState.HALTED
    (line,) = made.kernel.reconciliation.differences  # type: ignore[union-attr]
    assert "add LTCUSDT to `instruments`" in line.proposed
    assert line.theirs == "0.005", "lots of what is not configured mean nothing to anybody"
    assert not made.records(AccountAdjusted)


def test_what_happens_in_a_symbol_without_books_is_left_to_the_positions(exchange: Exchange) -> None:
    now_ns = exchange.now_ns
    fill = exchange.fill_report("phone-1", 1000, 8_000, symbol="LTCUSDT")
    funding = FundingPaid(ts_ns=now_ns, funding_id="f1", symbol="LTCUSDT", amount=-7, asset="USDT")
    liquidation = PositionLiquidated(
        ts_ns=now_ns, fill_id="l1", symbol="LTCUSDT", side=Side.SELL, price=1, lots=1000, fee=1, fee_asset="USDT"
    )
    asked = len(exchange.sent(SnapshotRequest))
    for report in (fill, funding, liquidation):
        exchange.kernel.dispatch(report)
    assert not exchange.kernel.orders.open_orders() and not exchange.records(OrderAdopted)
    assert ("external", "LTCUSDT") not in exchange.kernel.ledger.positions
    exchange.wait(3)
    assert len(exchange.sent(SnapshotRequest)) > asked, "the positions are asked for at once"
    held = HeldPosition("LTCUSDT", 1000, 8_000_000)
    exchange.tell_account_until_believed(
        positions=(held,), fills=(fill,), funding=(funding,), liquidations=(liquidation,)
    )
    differences = exchange.kernel.reconciliation.differences  # type: ignore[union-attr]
    assert "position LTCUSDT" in [line.what for line in differences]
    assert exchange.kernel.trading.state == "HALTED"
    exchange.tell_account_until_believed(positions=())
    assert exchange.kernel.trading.state == "ACTIVE"


def test_what_others_ordered_in_a_symbol_that_is_no_longer_configured_is_not_taken_over(exchange: Exchange) -> None:
    exchange.command(Reconcile())
    exchange.tell_account(orders=(resting("web-1", 300),))
    state = exchange.last_state()
    (fields,) = state["orders"]
    assert fields["owner"] == EXTERNAL
    fields["symbol"] = "LTCUSDT"
    fresh = Exchange()
    fresh.kernel.recover(lambda: recovery.restore(fresh.kernel, state))
    assert not fresh.kernel.orders.open_orders()


# --- What the venue proves --------------------------------------------------------------------------------------------


def test_lesson_03_a_fill_that_was_missed_is_found_and_booked_once(exchange: Exchange) -> None:
    order = exchange.place(Side.BUY, 100, price=LAST)
    exchange.accept(order)
    missed = exchange.fill_report(order, 40)
    exchange.wait(10)
    exchange.tell_account(fills=(missed,), orders=(resting(order, 100, 40, price=LAST),), positions=(position(40),))
    exchange.kernel.dispatch(missed)
    assert exchange.order(order).filled_lots == exchange.kernel.ledger.net_lots[BTC] == 40
    assert exchange.kernel.trading.state is TradingState.ACTIVE


def test_fills_are_asked_for_since_the_last_known_one_and_not_since_the_last_heard(exchange: Exchange) -> None:
    """The stream may have lost one before the last that it told."""
    order = exchange.place(Side.BUY, 100, price=LAST)
    exchange.accept(order)
    first, second = exchange.fill_report(order, 10), exchange.fill_report(order, 20)
    exchange.kernel.dispatch(second)
    exchange.wait(11)
    question = exchange.sent(SnapshotRequest)[-1]
    assert question.known_fills == ()
    exchange.tell_account(fills=(first, second), orders=(resting(order, 100, 30, price=LAST),))
    exchange.wait(11)
    assert exchange.sent(SnapshotRequest)[-1].known_fills == ((BTC, second.fill_id, second.ts_ns),)
    assert exchange.kernel.ledger.net_lots[BTC] == 30


def test_lesson_01_only_the_venue_ends_an_order_that_is_no_longer_listed(exchange: Exchange) -> None:
    order = exchange.place(Side.BUY, 100, price=LAST - 10)
    exchange.accept(order)
    exchange.wait(10)
    exchange.command(Reconcile())
    exchange.tell_account()
    assert exchange.order(order).is_open, "the list alone proves nothing"
    assert exchange.sent(QueryRequest)[-1].client_id == order
    exchange.kernel.dispatch(
        OrderStatus(
            ts_ns=exchange.now_ns, client_id=order, found=True, asked_ns=exchange.now_ns, state=OrderState.EXPIRED
        )
    )
    assert exchange.order(order).state is OrderState.EXPIRED


def test_an_answer_to_an_older_question_is_not_listened_to(exchange: Exchange) -> None:
    exchange.command(Reconcile())
    old = exchange.sent(SnapshotRequest)[-1]
    exchange.wait(1)
    exchange.command(Reconcile())
    exchange.tell_account()
    exchange.venue.asked.append(old)
    exchange.tell_account(orders=(resting("web-1", 5),))
    assert "web-1" not in exchange.kernel.orders.orders


def test_a_list_of_orders_from_before_a_change_does_not_undo_the_change(exchange: Exchange) -> None:
    order = exchange.place(Side.BUY, 10, price=LAST - 50)
    exchange.accept(order)
    exchange.command(Reconcile())
    exchange.wait(0.1)
    exchange.kernel.dispatch(
        OrderAmended(ts_ns=exchange.now_ns, client_id=order, price=LAST - 40, stop_price=0, lots=20, version=2)
    )
    exchange.tell_account(orders=(resting(order, 10),))
    assert (exchange.order(order).lots, exchange.order(order).price) == (20, LAST - 40)
    exchange.wait(0.1)
    exchange.command(Reconcile())
    exchange.tell_account(orders=(resting(order, 10),))
    assert (exchange.order(order).lots, exchange.order(order).price) == (10, LAST - 50)


def test_orders_and_fills_of_others_are_external_and_never_cancelled_by_us(exchange: Exchange) -> None:
    exchange.command(Reconcile())
    exchange.tell_account(orders=(resting("web-1", 300),))
    exchange.command(CancelAll(include_protective=True))
    exchange.command(Kill(reason="enough"))
    assert exchange.sent(CancelRequest) == []
    assert "0 positions" in exchange.command(Flatten())
    exchange.command(CancelOrder(client_id="web-1"))
    assert exchange.sent(CancelRequest) == [CancelRequest("web-1")]


def test_an_order_of_ours_that_was_cancelled_elsewhere_is_told(exchange: Exchange) -> None:
    asked, unasked = (exchange.place(Side.BUY, 20, price=LAST - 50) for _ in range(2))
    for order in (asked, unasked):
        exchange.accept(order)
    exchange.command(CancelOrder(client_id=asked))
    exchange.end(asked)
    assert not [line for line in exchange.records(LogLine) if line.severity is Severity.WARNING]
    exchange.end(unasked)
    (line,) = [line for line in exchange.records(LogLine) if line.severity is Severity.WARNING]
    assert line.text == f"Order {unasked} of manual, buy 0.00020 BTCUSDT, was cancelled at the venue, not from here."


def test_lesson_12_a_fee_in_a_coin_without_a_price_is_told_once(exchange: Exchange) -> None:
    order = exchange.place(Side.BUY, 20)
    for _ in range(2):
        fill = exchange.fill_report(order, 10)
        exchange.kernel.dispatch(msgspec.structs.replace(fill, fee=5_000, fee_asset="BNB"))
    assert exchange.kernel.ledger.cash["BNB"] == -10_000
    (line,) = [line for line in exchange.records(LogLine) if line.severity is Severity.WARNING]
    assert line.text.startswith("Fees are charged in BNB, which has no price here")
    assert "Add BNBUSDT to `instruments`" in line.text


def test_lesson_08_a_fill_by_hand_elsewhere_is_booked_to_external_at_once(exchange: Exchange) -> None:
    foreign = exchange.fill_report("web-7", 25, side=Side.SELL)
    exchange.kernel.dispatch(foreign)
    exchange.kernel.dispatch(foreign)
    exchange.kernel.dispatch(exchange.fill_report("web-7", 5, side=Side.SELL))
    assert exchange.kernel.ledger.lots(EXTERNAL, BTC) == -30
    assert len(exchange.records(OrderAdopted)) == 1


def test_lesson_11_funding_that_is_told_again_is_booked_once(exchange: Exchange) -> None:
    paid = FundingPaid(ts_ns=exchange.now_ns, funding_id="f1", symbol=BTC, amount=-500, asset="USDT")
    for _ in range(2):
        exchange.command(Reconcile())
        exchange.tell_account(funding=(paid,), balances={"USDT": CASH - 500})
    assert exchange.kernel.ledger.cash["USDT"] == CASH - 500
    assert exchange.kernel.trading.state is TradingState.ACTIVE


# --- What nothing explains --------------------------------------------------------------------------------------------


def test_a_difference_must_be_seen_three_times(exchange: Exchange) -> None:
    exchange.command(Reconcile())
    for _ in range(2):
        exchange.tell_account(balances={"USDT": CASH + 777_000_000})
        exchange.wait(2.5)
        assert exchange.kernel.trading.state is TradingState.ACTIVE
    exchange.tell_account(balances={"USDT": CASH + 777_000_000})
    assert exchange.kernel.trading.state is TradingState.HALTED
    (line,) = exchange.records(AccountDiffers)[-1].differences
    assert (line.what, line.ours, line.theirs) == ("balance USDT", "100000", "100007.77")
    assert "+7.77 USDT" in line.proposed


def test_a_balance_is_told_as_the_venue_tells_it_whatever_is_held(exchange: Exchange) -> None:
    exchange.command(Reconcile())
    exchange.tell_account_until_believed(balances={"USDT": CASH + 777_000_000}, positions=(position(12),))
    held, balance = sorted(exchange.records(AccountDiffers)[-1].differences, key=lambda line: line.what, reverse=True)
    assert (held.ours, held.theirs) == ("0.00000", "0.00012")
    assert (balance.ours, balance.theirs) == ("100000", "100007.77")


def test_a_position_opened_elsewhere_at_no_cost_moves_no_balance(exchange: Exchange) -> None:
    exchange.command(Reconcile())
    exchange.tell_account_until_believed(positions=(position(12),))
    (held,) = exchange.records(AccountDiffers)[-1].differences
    assert held.what == f"position {BTC}"


def test_a_person_accepts_what_the_venue_has_and_a_transfer_is_no_profit(exchange: Exchange) -> None:
    exchange.command(Reconcile())
    account: dict[str, Any] = {"balances": {"USDT": CASH + 777_000_000}, "positions": (position(12),)}
    exchange.tell_account_until_believed(**account)
    assert exchange.place(Side.BUY, 10) == ""
    assert "Accepted 2 differences" in exchange.command(AcceptReconciliation(reason="a deposit", who="me"))
    exchange.tell_account(**account)
    assert exchange.kernel.trading.state is TradingState.ACTIVE
    assert exchange.kernel.ledger.lots(EXTERNAL, BTC) == 12
    assert exchange.kernel.guards.day_equity == exchange.kernel.ledger.equity() == CASH + 777_000_000
    adjusted = exchange.records(AccountAdjusted)[-1]
    assert (adjusted.reason, adjusted.who) == ("a deposit", "me")


def test_a_difference_that_goes_away_by_itself_lifts_the_halt(exchange: Exchange) -> None:
    exchange.command(Reconcile())
    exchange.tell_account_until_believed(positions=(position(3),))
    assert exchange.kernel.trading.causes
    exchange.tell_account()
    assert exchange.kernel.trading.state is TradingState.ACTIVE
    assert exchange.records(AccountDiffers)[-1].differences == ()


def test_a_failed_question_is_no_news(exchange: Exchange) -> None:
    exchange.command(Reconcile())
    exchange.tell_account(positions=None, orders=None, fills=None)
    assert exchange.kernel.trading.state is TradingState.ACTIVE
    assert exchange.kernel.gate.reconciled


def test_what_rounding_explains_is_booked_and_halts_nothing(exchange: Exchange) -> None:
    exchange.command(Reconcile())
    exchange.tell_account(balances={"USDT": CASH - 90})
    assert exchange.kernel.trading.state is TradingState.ACTIVE
    assert exchange.kernel.ledger.cash["USDT"] == CASH - 90


def test_an_order_that_we_gave_up_and_the_venue_has_is_proposed_for_cancelling(exchange: Exchange) -> None:
    order = exchange.place(Side.BUY, 100, price=LAST - 10)
    exchange.accept(order)
    exchange.end(order)
    exchange.wait(1)
    exchange.command(Reconcile())
    exchange.tell_account_until_believed(orders=(resting(order, 100, price=LAST - 10),))
    (line,) = exchange.kernel.reconciliation.differences  # type: ignore[union-attr]
    assert (line.what, line.theirs, line.proposed) == (f"order {order}", "open", "cancel it")
    exchange.command(AcceptReconciliation(reason="stray"))
    assert exchange.sent(CancelRequest)[-1] == CancelRequest(order)


def test_there_is_nothing_to_accept_where_the_books_agree(exchange: Exchange) -> None:
    assert "no difference to accept" in exchange.command(AcceptReconciliation())


# --- Restarts ---------------------------------------------------------------------------------------------------------


def test_a_restart_knows_the_account_and_what_was_booked(exchange: Exchange) -> None:
    order = exchange.place(Side.BUY, 100, price=LAST)
    exchange.accept(order)
    fill = exchange.fill_report(order, 100)
    exchange.kernel.dispatch(fill)
    exchange.command(Reconcile())
    exchange.tell_account(fills=(fill,), positions=(position(100),), orders=(resting("web-1", 5),))
    again = Exchange()
    state = recovery.snapshot(exchange.kernel)
    again.kernel.recover(lambda: recovery.restore(again.kernel, state))
    assert not again.kernel.gate.reconciled, "it must be compared anew"
    again.command(Reconcile())
    again.tell_account(fills=(fill,), positions=(position(100),), orders=(resting("web-1", 5),))
    assert again.kernel.gate.reconciled
    assert again.kernel.ledger.net_lots[BTC] == 100
    assert not again.records(OrderAdopted), "neither our own fill nor the known foreign order"
    assert again.venue.restored


def test_the_journal_alone_leads_to_the_same_state(exchange: Exchange) -> None:
    exchange.kernel.dispatch(exchange.fill_report("web-7", 25))
    order = exchange.place(Side.SELL, 40, symbol=ETH, price=PRICE[ETH])
    exchange.accept(order)
    exchange.command(Reconcile())
    exchange.tell_account_until_believed(
        positions=(position(25), HeldPosition(ETH, 3, 0)), balances={"USDT": CASH + 5_000_000}
    )
    exchange.command(AcceptReconciliation(reason="a transfer"))
    blank = Exchange()
    assert isinstance(exchange.journal, MemoryJournal)
    outputs = list(exchange.journal.outputs)
    blank.kernel.recover(lambda: recovery.apply_records(blank.kernel, outputs))
    ours, theirs = recovery.snapshot(exchange.kernel), recovery.snapshot(blank.kernel)
    for part in ("ledger", "orders", "reconciliation"):
        assert theirs[part] == ours[part], part
