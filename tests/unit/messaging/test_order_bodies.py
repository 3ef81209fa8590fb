"""Requests and reports travel as messages and arrive as they left."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.end_to_end.program import ROOT
from workstation.config.loader import load_settings
from workstation.core.clock import NEVER_NS
from workstation.core.errors import MessagingError
from workstation.core.messages import (
    AmendRejected,
    CancelRejected,
    FundingPaid,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    OrderTriggered,
    OrderUnknown,
    PositionLiquidated,
    TakeAmendment,
    TakeCancel,
    TakeOrder,
    TakeQuery,
    VenueReport,
)
from workstation.core.orders import GATE_SEAL, AmendRequest, Approved, CancelRequest, Intent, Order, QueryRequest
from workstation.core.types import Liquidity, Mode, OrderRole, OrderType, Side, TimeInForce
from workstation.messaging.bodies import AmendBody, Body, ExecutionBody, OrderBody
from workstation.messaging.envelope import decode, encode
from workstation.messaging.moments import moment
from workstation.messaging.order_bodies import forwarded, request_body, venue_report
from workstation.services.execution_bodies import ExecutionWriter

INSTRUMENTS = load_settings(ROOT / "config" / "strategy.yaml").settings.instruments
BTC = "BTCUSDT"

symbols = st.sampled_from(sorted(INSTRUMENTS))
steps = st.integers(1, 10**12)
optional_steps = st.integers(0, 10**12)
moments_ns = st.integers(1, 4 * 10**18)
ids = st.text(min_size=1, max_size=60)
words = st.text(max_size=80)
reasons = st.text(max_size=500)
money = st.integers(-(10**17), 10**17)


@st.composite
def intents(draw: st.DrawFn) -> Intent:
    return Intent(
        symbol=draw(symbols),
        side=draw(st.sampled_from(Side)),
        lots=draw(steps),
        type=draw(st.sampled_from(OrderType)),
        price=draw(optional_steps),
        stop_price=draw(optional_steps),
        trail=draw(optional_steps),
        time_in_force=draw(st.sampled_from(TimeInForce)),
        post_only=draw(st.booleans()),
        reduce_only=draw(st.booleans()),
        role=draw(st.sampled_from(OrderRole)),
        owner=draw(ids),
        reason=draw(reasons),
        tag=draw(words),
        parent_id=draw(words),
        oco_group=draw(words),
        good_till_ns=draw(st.just(0) | moments_ns),
        visible_lots=draw(optional_steps),
    )


def travelled(body: Body) -> Any:
    return decode(encode(body, "core-1", 1, 5)).body


@given(intents(), ids, optional_steps, st.integers(0, 4 * 10**18))
def test_an_order_arrives_as_it_left(intent: Intent, client_id: str, reference: int, expires_ns: int) -> None:
    approved = Approved(GATE_SEAL, intent, client_id, reference, expires_ns)
    body = travelled(request_body(approved, intent.symbol, INSTRUMENTS, 7))
    command = forwarded(body, "", INSTRUMENTS, "core")
    assert command == TakeOrder(
        client_id=client_id, intent=intent, reference=reference, expires_ns=expires_ns, who="core"
    )


@given(symbols, ids, optional_steps, optional_steps, steps, st.integers(1, 1_000_000), moments_ns)
def test_a_change_arrives_as_it_left(
    symbol: str, client_id: str, price: int, stop: int, lots: int, number: int, expires_ns: int
) -> None:
    request = AmendRequest(client_id, price, stop, lots, number, expires_ns)
    command = forwarded(travelled(request_body(request, symbol, INSTRUMENTS, 7)), symbol, INSTRUMENTS, "core")
    assert command == TakeAmendment(
        client_id=client_id,
        amendment=number,
        price=price,
        stop_price=stop,
        lots=lots,
        expires_ns=expires_ns,
        who="core",
    )


@given(ids, moments_ns)
def test_a_cancel_and_a_query_arrive_as_they_left(client_id: str, now_ns: int) -> None:
    cancel = travelled(request_body(CancelRequest(client_id), BTC, INSTRUMENTS, now_ns))
    assert forwarded(cancel, "", INSTRUMENTS, "core") == TakeCancel(client_id=client_id, who="core")
    query = travelled(request_body(QueryRequest(client_id, now_ns), BTC, INSTRUMENTS, now_ns))
    assert forwarded(query, "", INSTRUMENTS, "core") == TakeQuery(client_id=client_id, who="core")
    assert cancel.id != query.id


def order_body(**changes: Any) -> OrderBody:
    terms: dict[str, Any] = {
        "id": "1",
        "client_id": "c-1",
        "symbol": BTC,
        "type": "market",
        "side": "buy",
        "quantity": Decimal("0.001"),
        "strategy": "node",
    }
    return OrderBody(**(terms | changes))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (order_body(symbol="NOWHERE"), "not configured here"),
        (order_body(quantity=Decimal("0.000001")), "not a multiple of its lot"),
        (order_body(quantity=Decimal("NaN")), "must be a number"),
        (order_body(quantity=Decimal("-Infinity")), "must be a number"),
        (order_body(quantity=Decimal("1E+999999")), "out of any range"),
        (order_body(quantity=Decimal("1E+20")), "out of any range"),
        (order_body(price=Decimal("0.123456789")), "not a multiple of its tick"),
        (order_body(reference=Decimal("1E-999999")), "out of any range"),
        (AmendBody(id="2", client_id="c-1", amendment=1, price=Decimal("0.000001")), "not a multiple of its tick"),
        (order_body(expires_at="2024-02-31T00:00:00Z"), "refused"),
    ],
)
def test_what_is_no_request_of_ours_is_refused_with_the_reason(body: OrderBody | AmendBody, said: str) -> None:
    with pytest.raises(MessagingError, match=said):
        forwarded(body, BTC, INSTRUMENTS, "core")


def test_a_change_of_an_unknown_order_is_the_engines_to_refuse() -> None:
    command = forwarded(AmendBody(id="2", client_id="c-1", amendment=3), "", INSTRUMENTS, "core")
    assert isinstance(command, TakeAmendment) and (command.client_id, command.amendment) == ("c-1", 3)


def test_without_an_expiry_an_order_is_late_all_the_same() -> None:
    command = forwarded(order_body(), "", INSTRUMENTS, "core", late_ns=77)
    assert isinstance(command, TakeOrder) and command.expires_ns == 77
    command = forwarded(order_body(expires_at=moment(5)), "", INSTRUMENTS, "core", late_ns=77)
    assert isinstance(command, TakeOrder) and command.expires_ns == 5


def test_an_expiry_beyond_all_time_is_never() -> None:
    """The journal holds 64 bits."""
    command = forwarded(order_body(expires_at="9999-12-31T23:59:59Z"), "", INSTRUMENTS, "core")
    assert isinstance(command, TakeOrder) and command.expires_ns == NEVER_NS


# --- Executions -------------------------------------------------------------------------------------------------------


def an_order(symbol: str, client_id: str, venue_id: str, lots: int, side: Side = Side.BUY) -> Order:
    return Order(
        client_id=client_id,
        symbol=symbol,
        side=side,
        type=OrderType.LIMIT,
        lots=lots,
        price=1_000,
        stop_price=0,
        trail=0,
        time_in_force=TimeInForce.GTC,
        post_only=False,
        reduce_only=False,
        role=OrderRole.ENTRY,
        owner="node",
        reference=990,
        venue_id=venue_id,
    )


def told(event: Any, order: Order | None) -> ExecutionBody:
    orders = {} if order is None else {order.client_id: order}
    kernel: Any = SimpleNamespace(orders=SimpleNamespace(orders=orders), terms=SimpleNamespace(instruments=INSTRUMENTS))
    body = ExecutionWriter(kernel, Mode.PAPER, "paper-01-1").body(event)
    assert body is not None
    read = travelled(body)
    assert isinstance(read, ExecutionBody)
    return read


@st.composite
def reports(draw: st.DrawFn) -> tuple[VenueReport, Order]:
    symbol, client_id, ts_ns = draw(symbols), draw(ids), draw(moments_ns)
    side = draw(st.sampled_from(Side))
    order = an_order(symbol, client_id, draw(words), draw(steps), side)
    of: dict[str, Any] = {"ts_ns": ts_ns, "client_id": client_id}
    trade: dict[str, Any] = {
        "symbol": symbol,
        "side": side,
        "price": draw(steps),
        "lots": draw(steps),
        "fee": draw(money),
        "fee_asset": draw(words),
    }
    report: Any = draw(
        st.sampled_from(
            [
                OrderAccepted(**of, venue_id=order.venue_id, held=draw(st.booleans())),
                OrderRejected(**of, code=draw(words), reason=draw(reasons)),
                OrderUnknown(**of, reason=draw(reasons)),
                OrderTriggered(**of, released=draw(st.booleans())),
                OrderCancelled(**of, reason=draw(reasons)),
                OrderExpired(**of, reason=draw(reasons)),
                CancelRejected(**of, reason=draw(reasons)),
                AmendRejected(**of, reason=draw(reasons), amendment=draw(steps)),
                OrderAmended(
                    **of,
                    price=draw(optional_steps),
                    stop_price=draw(optional_steps),
                    lots=draw(steps),
                    version=draw(steps),
                    amendment=draw(steps),
                ),
                OrderFilled(
                    **of,
                    **trade,
                    fill_id=draw(ids),
                    liquidity=draw(st.sampled_from(Liquidity)),
                    slippage=draw(money),
                ),
                FundingPaid(
                    ts_ns=ts_ns, funding_id=draw(ids), symbol=symbol, amount=draw(money), asset=trade["fee_asset"]
                ),
                PositionLiquidated(ts_ns=ts_ns, fill_id=draw(ids), **trade),
            ]
        )
    )
    return report, order


@given(reports())
def test_every_report_arrives_as_it_left(reported: tuple[VenueReport, Order]) -> None:
    report, order = reported
    assert venue_report(told(report, order), INSTRUMENTS) == report


@given(reports())
def test_no_decimal_is_written_with_an_exponent(reported: tuple[VenueReport, Order]) -> None:
    report, order = reported
    written = msgspec.json.decode(encode(told(report, order), "execution-1", 1, 5))["body"]
    numbers = ("fees", "funding", "realized_pnl", "slippage", "price", "quantity", "latency_ms")
    assert not any("E" in written[name] for name in numbers if written.get(name) is not None)


@pytest.mark.parametrize(
    "report",
    [
        OrderRejected(ts_ns=5, client_id="c-1", code="MALFORMED", reason="no such step"),
        CancelRejected(ts_ns=5, client_id="c-1", reason="not open"),
        AmendRejected(ts_ns=5, client_id="c-1", reason="not open", amendment=3),
    ],
)
def test_an_answer_about_an_unknown_order_arrives(report: VenueReport) -> None:
    assert venue_report(told(report, None), INSTRUMENTS) == report


def test_a_denial_is_a_rejection_to_its_sender() -> None:
    denied = OrderDenied(
        ts_ns=5, owner="node", symbol=BTC, side=Side.BUY, lots=3, price=9, code="HALTED", text="no", client_id="c-1"
    )
    assert venue_report(told(denied, None), INSTRUMENTS) == OrderRejected(
        ts_ns=5, client_id="c-1", code="HALTED", reason="no"
    )


def test_what_its_sender_did_is_no_news_to_it() -> None:
    order = an_order(BTC, "c-1", "v-1", 5)
    submitted = OrderSubmitted(
        ts_ns=5,
        client_id="c-1",
        symbol=BTC,
        side=Side.BUY,
        type=OrderType.LIMIT,
        lots=5,
        price=9,
        stop_price=0,
        trail=0,
        time_in_force=TimeInForce.GTC,
        post_only=False,
        reduce_only=False,
        venue_reduces=False,
        role=OrderRole.ENTRY,
        owner="node",
        reason="",
        tag="",
        parent_id="",
        oco_group="",
        reference=9,
        expires_ns=0,
    )
    assert venue_report(told(submitted, order), INSTRUMENTS) is None


def test_an_execution_off_our_steps_is_refused() -> None:
    filled = OrderFilled(
        ts_ns=5,
        client_id="c-1",
        fill_id="f",
        symbol=BTC,
        side=Side.BUY,
        price=9,
        lots=3,
        fee=0,
        fee_asset="USDT",
        liquidity=Liquidity.TAKER,
    )
    body = told(filled, an_order(BTC, "c-1", "v-1", 5))
    with pytest.raises(MessagingError, match="not a multiple"):
        venue_report(msgspec.structs.replace(body, price=Decimal("0.0000001")), INSTRUMENTS)
    with pytest.raises(MessagingError, match="refused"):
        venue_report(msgspec.structs.replace(body, symbol="NOWHERE"), INSTRUMENTS)
