"""Live trading disarms itself: no new risk, stops stay, exits pass, until the account's name is typed again."""

from __future__ import annotations

import pytest

from tests.unit.trading.outside_venue import BTC, PRICE, START_NS, Exchange
from workstation.core.messages import Arm, ArmingChanged, CommandReceived, Kill, LogLine, OrderDenied, Resume
from workstation.core.orders import CancelRequest
from workstation.core.timeframe import HOUR_NS, MINUTE_NS, SECOND_NS
from workstation.core.types import OrderRole, OrderType, Severity, Side, TradingState
from workstation.trading.arming import DISARMED, Arming

LAST = PRICE[BTC]
LASTS_S = 60


def armed(lasts_ns: int = LASTS_S * SECOND_NS) -> tuple[Exchange, Arming]:
    exchange = Exchange()
    arming = Arming(exchange.kernel, exchange.desk, "practice", lasts_ns)
    arming.confirm("the window")
    arming.start()
    exchange.tell_account()
    return exchange, arming


def warnings(exchange: Exchange) -> list[str]:
    lines = [line for line in exchange.records(LogLine) if line.source == "arming"]
    return [line.text for line in lines if line.severity is Severity.WARNING]


def test_when_the_time_is_over_entries_end_stops_stay_and_exits_pass() -> None:
    exchange, arming = armed()
    held = exchange.place(Side.BUY, 1_000)
    exchange.fill(held, 1_000)
    stop = exchange.place(
        Side.SELL,
        1_000,
        type=OrderType.STOP,
        stop_price=LAST - 20_000,
        reduce_only=True,
        role=OrderRole.PROTECTIVE_STOP,
    )
    entry = exchange.place(Side.BUY, 1_000, price=LAST - 5_000)
    for resting in (stop, entry):
        exchange.accept(resting)
    exchange.wait(LASTS_S + 1)
    assert not arming.state.armed and exchange.kernel.trading.state is TradingState.REDUCING
    assert exchange.kernel.trading.reason == (
        "Live trading disarmed itself after 1 min: exits pass, no new risk until a person arms it again."
    )
    assert [request.client_id for request in exchange.sent(CancelRequest)] == [entry]
    exchange.end(entry)
    assert exchange.order(stop).is_open and not exchange.order(stop).cancel_requested_ns
    assert exchange.place(Side.BUY, 100) == ""
    assert exchange.records(OrderDenied)[-1].code == "REDUCING"
    out = exchange.place(Side.SELL, 500, reduce_only=True)
    assert out in exchange.sent_ids()


def test_an_alarm_comes_before_it_and_says_how_long_there_is() -> None:
    exchange, arming = armed()
    exchange.wait(LASTS_S / 2 - 1)
    assert warnings(exchange) == [] and not arming.state.soon
    exchange.wait(2)
    assert warnings(exchange) == ["Live trading disarms itself in 30 s; arm it again to go on."]
    assert arming.state.soon and exchange.kernel.trading.state is TradingState.ACTIVE


def test_of_eight_hours_the_alarm_leaves_five_minutes() -> None:
    exchange, arming = armed(8 * HOUR_NS)
    assert arming.until_ns == arming.armed_ns + 8 * HOUR_NS
    exchange.kernel.clock.advance(arming.until_ns - 5 * MINUTE_NS - 1)
    assert warnings(exchange) == []
    exchange.kernel.clock.advance(arming.until_ns - 5 * MINUTE_NS)
    assert warnings(exchange) == ["Live trading disarms itself in 5 min; arm it again to go on."]


def test_it_is_armed_again_by_the_account_s_name_and_by_nothing_else() -> None:
    exchange, arming = armed()
    exchange.wait(LASTS_S + 1)
    for wrong in ("", "practise", "Practice"):
        assert "not armed" in exchange.command(Arm(account=wrong, who="desktop"))
    exchange.command(Kill(reason="a test"))
    exchange.command(Resume(reason="a test"))
    assert DISARMED in exchange.kernel.trading.causes, "Resume lifts a kill, not this"
    before_ns = exchange.now_ns
    said = exchange.command(Arm(account="practice", who="desktop"))
    assert said.startswith("Live trading is armed until 2024-03-01 12:02:")
    assert said.endswith(" UTC. Trading is ACTIVE.")
    assert exchange.kernel.trading.state is TradingState.ACTIVE
    assert arming.state == (True, before_ns, before_ns + LASTS_S * SECOND_NS, False, "desktop")
    assert exchange.place(Side.BUY, 100)
    assert [record.command for record in exchange.records(CommandReceived)].count("Arm") == 4


def test_armed_again_before_the_end_it_counts_anew() -> None:
    exchange, arming = armed()
    exchange.wait(LASTS_S * 0.75)
    assert arming.state.soon
    exchange.command(Arm(account="practice"))
    assert not arming.state.soon
    exchange.wait(LASTS_S * 0.4)
    assert arming.state.armed and exchange.kernel.trading.state is TradingState.ACTIVE
    exchange.wait(LASTS_S * 0.65)
    assert not arming.state.armed


def test_arming_lifts_no_other_cause() -> None:
    exchange, _ = armed()
    exchange.command(Kill(reason="a test"))
    exchange.wait(LASTS_S + 1)
    assert exchange.command(Arm(account="practice")).endswith("Trading is HALTED.")
    assert exchange.kernel.trading.state is TradingState.HALTED


def test_zero_never_disarms_and_says_so() -> None:
    exchange, arming = armed(0)
    exchange.kernel.clock.advance(START_NS + 100 * 24 * HOUR_NS)
    assert arming.state.armed and arming.until_ns == 0 and warnings(exchange) == []
    (line,) = [line.text for line in exchange.records(LogLine) if line.source == "arming"]
    assert line.endswith("and never disarms itself.")


@pytest.mark.parametrize("end", ["before", "after"])
def test_what_the_journal_tells_is_where_it_stood(end: str) -> None:
    exchange, arming = armed()
    exchange.wait(LASTS_S / 3 if end == "before" else LASTS_S + 1)
    records = exchange.records(ArmingChanged)
    assert [record.armed for record in records] == ([True] if end == "before" else [True, False])
    other = Exchange()
    again = Arming(other.kernel, other.desk, "practice", LASTS_S * SECOND_NS)
    assert list(again.following(records)) == records
    assert again.snapshot() == arming.snapshot()
    third = Exchange()
    restored = Arming(third.kernel, third.desk, "practice", LASTS_S * SECOND_NS)
    restored.restore(again.snapshot())
    assert restored.state == arming.state
    assert (DISARMED in third.kernel.trading.causes) is (end == "after")
    assert third.kernel.trading.state is exchange.kernel.trading.state
