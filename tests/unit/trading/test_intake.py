"""Orders from elsewhere: each is taken once, passes the gate, and is answered whatever becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import msgspec
import pytest

from tests.replay.paper_session import START_NS, busy_configuration
from workstation.assembly import Engine, configured_instruments, session_engine, strategy_registry
from workstation.core.messages import (
    AmendRejected,
    CancelRejected,
    Heartbeat,
    Kill,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderDenied,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    RefuseRequest,
    Resume,
    TakeAmendment,
    TakeCancel,
    TakeOrder,
    TakeQuery,
)
from workstation.core.orders import Intent
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import OrderRole, OrderState, OrderType, Side
from workstation.market.built_in.market import BuiltInMarket
from workstation.storage.journal import MemoryJournal

LOADED = busy_configuration()
SETTINGS = msgspec.structs.replace(LOADED.settings, strategies={})
INSTRUMENTS = configured_instruments(SETTINGS, SETTINGS.market.symbols)
BTC = "BTCUSDT"


class Desk:
    """An engine with a market that stands, and what it journalled about orders."""

    def __init__(self) -> None:
        self.journal = MemoryJournal()
        self.engine: Engine = session_engine(
            SETTINGS,
            journal=self.journal,
            recorder=None,
            latch=None,
            registry=strategy_registry(SETTINGS, LOADED.file),
            session=1,
            seed=5,
            start_ns=START_NS,
        )
        self.kernel = self.engine.kernel
        self.engine.start(START_NS)
        market = BuiltInMarket(SETTINGS.market.built_in, list(INSTRUMENTS.values()), 5, None, START_NS)
        for event in islice(market.events(), 500):
            self.kernel.dispatch(event)
        self.seen = len(self.journal.outputs)

    @property
    def price(self) -> int:
        return self.kernel.markets[BTC].last_price

    def give(self, command: Any) -> list[Any]:
        """What followed at once."""
        before = len(self.journal.outputs)
        self.kernel.dispatch(msgspec.structs.replace(command, ts_ns=self.kernel.clock.time_ns))
        return list(self.journal.outputs[before:])

    def wait(self, seconds: float = 2) -> list[Any]:
        before = len(self.journal.outputs)
        self.kernel.dispatch(Heartbeat(self.kernel.clock.time_ns + int(seconds * SECOND_NS)))
        return list(self.journal.outputs[before:])

    def order(self, client_id: str = "core-1", **terms: Any) -> TakeOrder:
        expires_ns = terms.pop("expires_ns", 0)
        intent: dict[str, Any] = {"symbol": BTC, "side": Side.BUY, "lots": 100, "owner": "elsewhere", **terms}
        return TakeOrder(
            client_id=client_id, intent=Intent(**intent), reference=self.price, expires_ns=expires_ns, who="core"
        )

    def resting(self, client_id: str = "core-1") -> TakeOrder:
        return self.order(client_id, type=OrderType.LIMIT, price=self.price * 99 // 100)

    def amendment(self, number: int, share: int, lots: int = 100, **terms: Any) -> TakeAmendment:
        price = self.price * share // 100
        return TakeAmendment(client_id="core-1", amendment=number, price=price, stop_price=0, lots=lots, **terms)

    def accepted(self) -> Desk:
        self.give(self.resting())
        assert any(isinstance(output, OrderAccepted) for output in self.wait())
        return self


@pytest.fixture
def desk() -> Desk:
    return Desk()


def only(outputs: list[Any], *kinds: type[Any]) -> list[Any]:
    return [output for output in outputs if isinstance(output, kinds)]


def test_an_order_is_taken_under_the_id_it_has_elsewhere(desk: Desk) -> None:
    (submitted,) = only(desk.give(desk.order()), OrderSubmitted)
    assert (submitted.client_id, submitted.owner, submitted.lots) == ("core-1", "elsewhere", 100)
    assert submitted.reference == desk.price
    fills = only(desk.wait(), OrderFilled)
    assert sum(fill.lots for fill in fills) == 100 and {fill.client_id for fill in fills} == {"core-1"}


def test_the_same_order_acts_once(desk: Desk) -> None:
    desk.give(desk.order())
    assert desk.give(desk.order()) == []
    desk.wait()
    assert desk.give(desk.order()) == [], "nor when it has filled"
    assert desk.kernel.ledger.net_lots[BTC] == 100


def test_a_panic_exit_passes_a_halt_and_reduces_no_more_than_is_held_and_not_leaving(desk: Desk) -> None:
    desk.give(desk.order())
    desk.wait()
    desk.give(Kill(who="test", reason="a test"))

    def exit_of(client_id: str, lots: int, *, reduce_only: bool = True) -> TakeOrder:
        order = desk.order(client_id, side=Side.SELL, lots=lots, reduce_only=reduce_only, role=OrderRole.EXIT)
        return msgspec.structs.replace(order, panic=True)

    def code(command: TakeOrder) -> str:
        return "".join(denied.code for denied in only(desk.give(command), OrderDenied))

    assert code(msgspec.structs.replace(exit_of("core-2", 100), panic=False)) == "HALTED"
    assert code(exit_of("core-3", 100, reduce_only=False)) == "HALTED"
    assert code(exit_of("core-4", 101)) == "REDUCE_ONLY"
    assert code(exit_of("core-5", 60)) == ""
    assert code(exit_of("core-6", 41)) == "REDUCE_ONLY", "60 are on their way out"
    assert code(exit_of("core-7", 40)) == ""
    desk.wait()
    assert desk.kernel.ledger.net_lots[BTC] == 0


def test_a_late_order_is_denied_and_its_sender_hears(desk: Desk) -> None:
    now_ns = desk.kernel.clock.time_ns
    (denied,) = only(desk.give(desk.order(expires_ns=now_ns - 1)), OrderDenied)
    assert (denied.client_id, denied.code) == ("core-1", "EXPIRED")
    assert only(desk.give(desk.order("core-2", expires_ns=now_ns)), OrderSubmitted), "in its last nanosecond it is not"


def test_a_denied_order_is_not_judged_again(desk: Desk) -> None:
    """Its sender has heard: an order that comes again, after a restart too, must not trade then."""
    desk.give(Kill(who="test", reason="a test"))
    assert only(desk.give(desk.order()), OrderDenied)
    opening, records = Desk().engine.snapshot(), list(desk.journal.outputs)
    desk.give(Resume(who="test"))
    assert desk.give(desk.order()) == []
    restarted = Desk()
    restarted.engine.restore(opening)
    restarted.engine.apply_records(records)
    restarted.give(Resume(who="test"))
    assert restarted.give(restarted.order()) == []
    reopened = Desk()
    reopened.engine.restore(restarted.engine.snapshot())
    assert reopened.give(reopened.order()) == []
    assert only(reopened.give(reopened.order("core-2")), OrderSubmitted)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"lots": 0}, "QUANTITY"),
        ({"symbol": "NOWHERE"}, "UNKNOWN_SYMBOL"),
        ({"reduce_only": True}, "REDUCE_ONLY"),
        ({"lots": 50_000_000}, None),
    ],
)
def test_what_the_gate_refuses_is_denied_under_its_id(desk: Desk, change: dict[str, Any], code: str | None) -> None:
    outputs = desk.give(desk.order(**change))
    (denied,) = only(outputs, OrderDenied)
    assert denied.client_id == "core-1" and (code is None or denied.code == code)
    assert not only(outputs, OrderSubmitted)


def test_a_killed_engine_denies(desk: Desk) -> None:
    desk.give(Kill(who="test", reason="a test"))
    (denied,) = only(desk.give(desk.order()), OrderDenied)
    assert (denied.client_id, denied.code) == ("core-1", "HALTED")


def test_a_cancel_ends_the_order(desk: Desk) -> None:
    desk.accepted()
    desk.give(TakeCancel(client_id="core-1", reason="enough"))
    (cancelled,) = only(desk.wait(), OrderCancelled)
    assert cancelled.client_id == "core-1"
    assert desk.kernel.orders.orders["core-1"].state is OrderState.CANCELLED


@pytest.mark.parametrize("ended", [False, True])
def test_a_cancel_of_what_is_not_open_is_answered(desk: Desk, ended: bool) -> None:
    if ended:
        desk.give(desk.order())
        desk.wait()
    (answer,) = desk.give(TakeCancel(client_id="core-1"))
    assert isinstance(answer, CancelRejected) and answer.client_id == "core-1"


def test_an_amendment_changes_the_order_once(desk: Desk) -> None:
    desk.accepted()
    desk.give(desk.amendment(1, 98, 60))
    (amended,) = only(desk.wait(), OrderAmended)
    assert (amended.amendment, amended.lots, amended.price) == (1, 60, desk.price * 98 // 100)
    assert desk.give(desk.amendment(1, 97, 10)) == [], "the same number is the same change"
    desk.give(desk.amendment(2, 97))
    (amended,) = only(desk.wait(), OrderAmended)
    assert amended.amendment == 2


def _late(desk: Desk) -> TakeAmendment:
    return desk.amendment(1, 98, expires_ns=desk.kernel.clock.time_ns - 1)


def test_an_amendment_leaves_what_it_does_not_name(desk: Desk) -> None:
    desk.accepted()
    price = desk.kernel.orders.orders["core-1"].price
    desk.give(TakeAmendment(client_id="core-1", amendment=1, price=0, stop_price=0, lots=40))
    (amended,) = only(desk.wait(), OrderAmended)
    assert (amended.price, amended.lots) == (price, 40)


@pytest.mark.parametrize(
    ("amendment", "said"),
    [
        (_late, "too late"),
        (lambda desk: desk.amendment(1, 98, -5), "above what has filled"),
        (lambda desk: desk.amendment(1, 120), "too far"),
    ],
)
def test_an_amendment_that_cannot_be_is_answered(
    desk: Desk, amendment: Callable[[Desk], TakeAmendment], said: str
) -> None:
    desk.accepted()
    before = desk.kernel.orders.orders["core-1"].snapshot()
    (answer,) = only(desk.give(amendment(desk)), AmendRejected)
    assert (answer.client_id, answer.amendment) == ("core-1", 1) and said in answer.reason
    after = desk.kernel.orders.orders["core-1"].snapshot()
    assert {k: after[k] for k in ("price", "lots", "state")} == {k: before[k] for k in ("price", "lots", "state")}
    assert desk.give(desk.amendment(1, 98)) == [], "the same number was answered"
    assert not only(desk.give(desk.amendment(2, 98)), AmendRejected)


def test_an_amendment_of_an_unknown_order_is_answered(desk: Desk) -> None:
    (answer,) = desk.give(desk.amendment(3, 98))
    assert isinstance(answer, AmendRejected) and answer.amendment == 3 and "not open" in answer.reason


def test_a_query_is_answered_where_there_is_no_such_order(desk: Desk) -> None:
    (answer,) = desk.give(TakeQuery(client_id="core-9"))
    assert isinstance(answer, OrderRejected) and (answer.client_id, answer.code) == ("core-9", "NOT_FOUND")
    desk.accepted()
    assert desk.give(TakeQuery(client_id="core-1")) == [], "what is known was told before"


def test_what_cannot_be_read_is_refused_to_its_sender(desk: Desk) -> None:
    (answer,) = desk.give(RefuseRequest(client_id="core-1", code="MALFORMED", reason="no such step"))
    assert isinstance(answer, OrderRejected)
    assert (answer.client_id, answer.code, answer.reason) == ("core-1", "MALFORMED", "no such step")
    (answer,) = desk.give(RefuseRequest(client_id="core-1", code="MALFORMED", reason="no such step", amendment=4))
    assert isinstance(answer, AmendRejected) and (answer.client_id, answer.amendment) == ("core-1", 4)


def test_an_order_that_was_taken_is_not_touched_by_a_later_refusal(desk: Desk) -> None:
    desk.accepted()
    assert desk.give(RefuseRequest(client_id="core-1", code="MALFORMED", reason="")) == []
    desk.give(desk.amendment(1, 98))
    assert desk.give(RefuseRequest(client_id="core-1", code="MALFORMED", reason="", amendment=1)) == []
    assert desk.kernel.orders.orders["core-1"].is_open
