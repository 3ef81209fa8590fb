"""A strategy core hears what the execution service did by itself, and restricts trading while their books differ."""

from __future__ import annotations

import pytest

from tests.unit.trading.outside_venue import BTC, CASH, ETH, PRICE, Exchange
from workstation.core.messages import (
    AcceptReconciliation,
    AccountAdjusted,
    AccountDiffers,
    FilledElsewhere,
    HoldingsTold,
    OrderAdopted,
    OrderDenied,
    OrderFilled,
    PositionLiquidated,
    TransferPosition,
)
from workstation.core.orders import QueryRequest
from workstation.core.types import EXTERNAL, MANUAL, InstrumentKind, OrderState, OrderType, Side, TradingState
from workstation.trading.denials import DenialCode
from workstation.trading.remote_books import CAUSE
from workstation.venues.base import Capabilities

SERVICE = Capabilities(
    order_types=frozenset(OrderType), brackets=True, short=True, amend=True, certain=True, outlives=True
)


@pytest.fixture(params=[InstrumentKind.LINEAR, InstrumentKind.SPOT])
def core(request: pytest.FixtureRequest) -> Exchange:
    """Of 1,000 lots of BTC by hand."""
    made = Exchange(SERVICE, request.param, cash={"USDT": CASH})
    made.accept(placed := made.place(Side.BUY, 1_000))
    made.fill(placed, 1_000)
    return made


def told(core: Exchange, **lots: int) -> None:
    """What the service's books hold of BTC."""
    holdings = {owner: {BTC: held} for owner, held in lots.items()}
    core.kernel.dispatch(HoldingsTold(ts_ns=core.now_ns, symbols=(BTC,), lots=holdings))


def elsewhere(core: Exchange, lots: int, owner: str = MANUAL, client_id: str = "x1") -> FilledElsewhere:
    return FilledElsewhere(
        ts_ns=core.now_ns, owner=owner, fill=core.fill_report(client_id, lots, PRICE[BTC] + 100, Side.SELL)
    )


# --- What the service did by itself -----------------------------------------------------------------------------------


def test_a_position_that_the_service_closed_is_closed_here(core: Exchange) -> None:
    report = elsewhere(core, 600)
    core.kernel.dispatch(report)
    core.kernel.dispatch(elsewhere(core, 400))
    core.kernel.dispatch(report)
    position = core.kernel.ledger.positions[MANUAL, BTC]
    assert position.lots == 0 and position.realised == 1_000 * 100 * 10
    order = core.order("x1")
    assert (order.owner, order.state, order.filled_lots) == (MANUAL, OrderState.FILLED, 1_000)
    assert [r.order.owner for r in core.records(OrderAdopted)] == [MANUAL]
    assert len(core.records(OrderFilled)) == 3
    again = Exchange(SERVICE, before=core)
    again.kernel.dispatch(report)
    assert again.kernel.ledger.lots(MANUAL, BTC) == 0 and again.kernel.ledger.cash == core.kernel.ledger.cash


def test_what_belongs_to_owners_of_other_engines_is_theirs(core: Exchange) -> None:
    core.kernel.dispatch(elsewhere(core, 600, owner="somebody_elses"))
    assert core.kernel.ledger.net_lots[BTC] == 1_000 and not core.records(OrderAdopted)


def test_of_a_liquidation_our_owners_part_is_booked() -> None:
    core = Exchange(SERVICE, cash={"USDT": CASH})
    core.fill(core.place(Side.BUY, 1_000), 1_000)
    for symbol in (BTC, ETH):
        event = PositionLiquidated(
            ts_ns=core.now_ns,
            fill_id=f"L{symbol}",
            symbol=symbol,
            side=Side.SELL,
            price=PRICE[symbol],
            lots=4_000,
            fee=400,
            fee_asset="USDT",
        )
        core.kernel.dispatch(event)
    position = core.kernel.ledger.positions[MANUAL, BTC]
    assert (position.lots, position.fees) == (0, 100)
    assert not core.kernel.ledger.lots(EXTERNAL, BTC) and not core.kernel.ledger.lots(EXTERNAL, ETH)


# --- Comparing --------------------------------------------------------------------------------------------------------


def test_books_that_agree_restrict_nothing(core: Exchange) -> None:
    told(core, manual=1_000, somebody_elses=50)
    assert core.kernel.trading.state is TradingState.ACTIVE and core.kernel.remote_books is not None
    assert core.kernel.remote_books.agreed_ns == core.now_ns
    assert core.place(Side.BUY, 10)


def test_a_difference_lets_only_reductions_pass_until_it_is_gone(core: Exchange) -> None:
    told(core, manual=1_000)
    told(core, manual=400)
    assert not core.kernel.trading.causes, "it may be a moment's"
    told(core, manual=400)
    assert core.kernel.trading.state is TradingState.REDUCING
    assert "position of manual in BTCUSDT, ours 0.01000" in core.kernel.trading.reason
    assert core.place(Side.BUY, 10) == "" and core.records(OrderDenied)[-1].code == DenialCode.REDUCING
    assert core.place(Side.SELL, 10, reduce_only=True)
    told(core, manual=1_000)
    assert CAUSE not in core.kernel.trading.causes and core.place(Side.BUY, 10)
    assert [len(r.differences) for r in core.records(AccountDiffers)] == [1, 0]


def test_the_first_comparison_of_a_session_is_believed_at_once(core: Exchange) -> None:
    again = Exchange(SERVICE, core.kernel.markets[BTC].instrument.kind, before=core)
    told(again)
    assert again.kernel.trading.state is TradingState.REDUCING


def test_accepting_takes_over_the_services_position_at_no_gain(core: Exchange) -> None:
    core.trade(BTC, PRICE[BTC] + 500)
    equity = core.kernel.ledger.equity()
    for _ in range(2):
        told(core, manual=-300)
    assert "Accepted 1" in core.command(AcceptReconciliation(reason="closed by hand", who="me"))
    assert core.kernel.ledger.lots(MANUAL, BTC) == -300 == core.kernel.ledger.net_lots[BTC]
    assert core.kernel.ledger.equity() == equity and core.records(AccountAdjusted)[-1].who == "me"
    told(core, manual=-300)
    assert core.kernel.trading.state is TradingState.ACTIVE
    again = Exchange(SERVICE, core.kernel.markets[BTC].instrument.kind, before=core)
    assert again.kernel.ledger.snapshot() == core.kernel.ledger.snapshot()
    assert "no difference to accept" in again.command(AcceptReconciliation())


def test_a_position_is_handed_over_where_the_account_is(core: Exchange) -> None:
    told = core.command(TransferPosition(symbol=BTC, from_owner=MANUAL, to_owner=MANUAL, reason="why not"))
    assert "where the account is" in told and core.kernel.ledger.lots(MANUAL, BTC) == 1_000


# --- Requests that were lost on the way -------------------------------------------------------------------------------


def test_a_request_that_got_no_answer_is_asked_for(core: Exchange) -> None:
    placed = core.place(Side.BUY, 10)
    core.wait(20)
    assert core.order(placed).state is OrderState.UNKNOWN
    assert placed in {query.client_id for query in core.sent(QueryRequest)}
    core.accept(placed)
    asked = len(core.sent(QueryRequest))
    core.wait(20)
    assert len(core.sent(QueryRequest)) == asked, "a working order of a certain venue is not asked for"
