"""After any approvals, changes and fills, what is held and in flight stays within its limits at its worst."""

from __future__ import annotations

import ast
from itertools import product
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import workstation
from tests.unit.trading.bench import BTC, COIN, ETH, EXPIRES_NS, INSTRUMENTS, LAST, SOL, UNIT, Bench, changed
from workstation.core.messages import AmendRejected, OrderAmended, OrderCancelled, OrderStatus
from workstation.core.orders import GATE_SEAL, Approved, Intent, Order
from workstation.core.types import OrderType, Side
from workstation.rules.value import notional

LIMITS = changed(
    order_lots={},
    repeats=10_000,
    orders_per_second=10_000,
    orders_per_minute=10_000,
    open_orders=10_000,
    duplicate_window_ns=0,
    loss_limits=False,
)


class ExposureMachine(RuleBasedStateMachine):
    """Prices stand still at ``LAST``, so that only the gate keeps the account within its limits."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(LIMITS)
        self.orders: list[Order] = []

    @property
    def open_orders(self) -> list[Order]:
        return [order for order in self.orders if order.is_open]

    @rule(
        symbol=st.sampled_from((BTC, ETH, SOL, COIN)),
        side=st.sampled_from(Side),
        kind=st.sampled_from((OrderType.MARKET, OrderType.LIMIT, OrderType.STOP)),
        lots=st.integers(1, 320),
        offset=st.integers(0, 1_500),
        reduce_only=st.booleans(),
        owner=st.sampled_from(("ema", "grid", "manual")),
        panic=st.booleans(),
    )
    def place(
        self,
        symbol: str,
        side: Side,
        kind: OrderType,
        lots: int,
        offset: int,
        reduce_only: bool,
        owner: str,
        panic: bool,
    ) -> None:
        away = LAST - side * offset
        intent = Intent(
            symbol=symbol,
            side=side,
            type=kind,
            lots=lots,
            price=away if kind is OrderType.LIMIT else 0,
            stop_price=LAST + side * (offset + 1) if kind is OrderType.STOP else 0,
            reduce_only=reduce_only,
            owner=owner,
        )
        verdict = self.bench.gate.approve(intent, panic=panic)
        if isinstance(verdict, Approved):
            self.orders.append(self.bench.orders.submit(verdict))
        self.bench.wait(1_000_000)

    @rule(data=st.data(), lots=st.integers(1, 320))
    def fill(self, data: st.DataObject, lots: int) -> None:
        entries = [order for order in self.open_orders if not order.reduce_only]
        if entries:
            order = data.draw(st.sampled_from(entries))
            self.bench.fill(order, min(lots, order.remaining), LAST)

    @rule(data=st.data(), lots=st.integers(1, 640))
    def reduce(self, data: st.DataObject, lots: int) -> None:
        """A venue fills a reduce-only order no further than its owner's position, which it follows."""
        exits = [order for order in self.open_orders if order.reduce_only]
        if exits:
            order = data.draw(st.sampled_from(exits))
            held = self.bench.ledger.lots(order.owner, order.symbol) * -order.side
            if held > 0:
                self.bench.fill(order, min(lots, order.remaining, held), LAST)

    @rule(data=st.data(), lots=st.integers(1, 400), answer=st.sampled_from(("yes", "no", "silence")))
    def change(self, data: st.DataObject, lots: int, answer: str) -> None:
        if not self.open_orders:
            return
        order = data.draw(st.sampled_from(self.open_orders))
        if self.bench.gate.approve_amend(order, order.price, order.stop_price, lots) is not None:
            return
        self.bench.orders.request_amend(order, order.price, order.stop_price, lots, EXPIRES_NS)
        if answer == "yes":
            self.bench.orders.apply(
                OrderAmended(
                    ts_ns=1, client_id=order.client_id, price=order.price, stop_price=order.stop_price, lots=lots
                )
            )
        elif answer == "no":
            self.bench.orders.apply(
                AmendRejected(ts_ns=1, client_id=order.client_id, reason="no", amendment=order.amendments)
            )

    @rule(data=st.data())
    def doubt(self, data: st.DataObject) -> None:
        if self.open_orders:
            self.bench.orders.mark_unknown(data.draw(st.sampled_from(self.open_orders)), "no answer")

    @rule(data=st.data(), found=st.booleans())
    def end(self, data: st.DataObject, found: bool) -> None:
        if self.open_orders:
            order = data.draw(st.sampled_from(self.open_orders))
            if found:
                self.bench.orders.apply(OrderCancelled(ts_ns=1, client_id=order.client_id))
            else:
                status = OrderStatus(
                    ts_ns=order.expires_ns + 1, asked_ns=order.expires_ns + 1, client_id=order.client_id, found=False
                )
                for report in self.bench.orders.answers_of(status):
                    self.bench.orders.apply(report)

    @invariant()
    def the_worst_case_is_within_its_limits(self) -> None:
        bench = self.bench
        gross = 0
        for symbol, terms in INSTRUMENTS.items():
            worst = bench.gate.exposure.worst_case.sides(symbol).worst
            worth = bench.ledger.worth(terms.settle, notional(LAST, worst, *terms.valuation))
            assert worth <= 6_000 * UNIT
            gross += worth
        assert gross <= 10_000 * UNIT

    @invariant()
    def no_spot_owner_is_short(self) -> None:
        for (_, symbol), position in self.bench.ledger.positions.items():
            assert symbol != SOL or position.lots >= 0


ExposureMachine.TestCase.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)
TestExposure = ExposureMachine.TestCase


# --- The one gate ----------------------------------------------------------------------------------------------------


def engine_files() -> list[Path]:
    return sorted(Path(workstation.__file__).parent.rglob("*.py"))


def test_only_the_gate_makes_an_approval() -> None:
    makers, sealers = set(), set()
    for path in engine_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "Approved":
                makers.add(path.name)
            if isinstance(node, ast.Name | ast.Attribute | ast.alias):
                name = getattr(node, "id", getattr(node, "attr", getattr(node, "name", "")))
                if name == "GATE_SEAL":
                    sealers.add(f"{path.parent.name}/{path.name}")
    assert makers == {"risk_gate.py"}
    assert sealers == {"trading/risk_gate.py", "core/orders.py"}


def test_an_approval_cannot_be_made_without_the_seal() -> None:
    intent = Intent(symbol=BTC, side=Side.BUY, lots=1)
    with pytest.raises(TypeError, match="Only the risk gate"):
        Approved(object(), intent, "x", LAST, 0)
    assert Approved(GATE_SEAL, intent, "x", LAST, 0).intent is intent


def test_nothing_but_the_order_path_submits_and_what_it_submits_was_approved() -> None:
    callers = set()
    for path in engine_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "submit"
                and ast.unparse(node.func.value).endswith("orders")
            ):
                callers.add(path.name)
    assert callers == {"order_path.py"}


@pytest.mark.parametrize(("side", "symbol"), list(product(Side, (BTC, ETH))))
def test_the_worst_case_counts_each_side_by_itself(side: Side, symbol: str) -> None:
    bench = Bench()
    for _ in range(2):
        bench.submit(Intent(symbol=symbol, side=side, lots=200))
        bench.submit(Intent(symbol=symbol, side=side.opposite, lots=200))
        bench.wait(2_000_000_000)
    denial = bench.deny(Intent(symbol=symbol, side=side, lots=201))
    assert denial.code == "POSITION_VALUE"
