"""The account's risk state as a function of executions, equity and commands."""

from __future__ import annotations

import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.end_to_end.program import ROOT
from tests.unit.services.paper_executions import published
from workstation.config.loader import load_settings
from workstation.core.money import from_money
from workstation.core.timeframe import DAY_NS, MINUTE_NS
from workstation.messaging.bodies import ExecutionBody, MetricsBody
from workstation.messaging.moments import moment
from workstation.services.execution_books import ExecutionBooks
from workstation.services.risk.state import RiskState
from workstation.trading.risk_limits import risk_limits

SETTINGS = load_settings(ROOT / "config" / "strategy.yaml").settings
START_NS = 1_700_000_000 * 1_000_000_000 // DAY_NS * DAY_NS


def a_state() -> RiskState:
    limits = risk_limits(SETTINGS.risk, SETTINGS.instruments)
    return RiskState(limits, SETTINGS.instruments, "USDT", 1, {"ema_cross": MINUTE_NS})


def metrics(equity: str, engine: str = "", exposure: str = "0") -> MetricsBody:
    zero = Decimal(0)
    return MetricsBody(
        equity=Decimal(equity),
        cash=Decimal(equity),
        exposure=Decimal(exposure),
        realized_pnl=zero,
        unrealized_pnl=zero,
        fees=zero,
        funding=zero,
        currency="USDT",
        cause="minute",
        engine=engine,
    )


def fill(number: int, side: str, price: str, pnl: str = "0", strategy: str = "ema_cross") -> ExecutionBody:
    return ExecutionBody(
        order_id="1",
        client_id=f"o{number}",
        symbol="BTCUSDT",
        side=side,  # type: ignore[arg-type]
        strategy=strategy,
        status="filled",
        time=moment(START_NS + number * MINUTE_NS),
        price=Decimal(price),
        quantity=Decimal("0.01"),
        execution_id=f"e{number}",
        fees=Decimal("0.1"),
        fee_asset="USDT",
        realized_pnl=Decimal(pnl),
        mode="paper",
        run_id="1",
    )


def lose(state: RiskState, times: int, first: int = 1) -> None:
    for number in range(first, first + 2 * times, 2):
        state.take_execution(fill(number, "buy", "60000"))
        state.take_execution(fill(number + 1, "sell", "59000", "-10"))


def test_a_real_session_gives_the_same_books_and_the_same_row_of_losses() -> None:
    told = published()
    state = a_state()
    for body in told.executions:
        state.take_execution(body)
    for ts_ns, sample in told.metrics:
        state.take_metrics(ts_ns, sample)
    ledger = state.books.ledger
    assert len(told.executions) > 100
    assert any(body.status == "transferred" for body in told.executions)
    assert (ledger.realised, ledger.fees, ledger.funding) == (told.realised, told.fees, told.funding)
    assert state.guards.losses_in_a_row == told.losses_in_a_row
    assert (state.books.refused, state.books.differing) == (0, 0)
    assert from_money(state.account.equity) == told.metrics[-1][1].equity


@given(st.data())
def test_executions_that_come_again_are_booked_once(data: st.DataObject) -> None:
    """Whatever part of the stream comes again, and wherever it was stopped and brought back."""
    bodies = [body for body in published().executions if body.execution_id][:120]
    once, often = a_state(), a_state()
    for body in bodies:
        once.take_execution(body)
    reached = 0
    while reached < len(bodies):
        begin = data.draw(st.integers(0, reached))
        reached = data.draw(st.integers(reached + 1, len(bodies)))
        for body in bodies[begin:reached]:
            often.take_execution(body)
        if data.draw(st.booleans()):
            memory = json.loads(json.dumps(often.snapshot()))
            often = a_state()
            often.restore(memory)
            for body in bodies[:reached]:
                often.books.remember(body.execution_id)
    assert often.snapshot() == once.snapshot()


def test_losses_in_a_row_across_engines_mean_crisis_and_a_profit_ends_the_row() -> None:
    state = a_state()
    state.take_metrics(START_NS, metrics("10000"))
    lose(state, 2)
    assert (state.body({}).consecutive_losses, state.body({}).crisis_mode) == (2, False)
    state.take_execution(fill(20, "buy", "60000", strategy="grid"))
    state.take_execution(fill(21, "sell", "59000", "-10", strategy="grid"))
    body = state.body({})
    assert (body.crisis_mode, body.crisis_cause) == (True, "3 losses in a row")
    assert body.position_size_factor == SETTINGS.risk.crisis.size_factor
    assert "ended" in state.end_crisis(START_NS, "a person")
    body = state.body({})
    assert (body.crisis_mode, body.consecutive_losses, body.position_size_factor) == (False, 0, Decimal(1))
    assert state.end_crisis(START_NS, "again") == "There is no crisis mode to end."


def test_the_equity_of_all_engines_is_one_account() -> None:
    state = a_state()
    state.take_metrics(START_NS, metrics("6000", "a", "3000"))
    state.take_metrics(START_NS, metrics("4000", "b", "1000"))
    body = state.body({"a": "active"})
    assert (body.equity, body.drawdown, body.trading_state) == (Decimal(10_000), Decimal(0), "active")
    use = {limit.name: limit for limit in body.limits}
    assert use["Gross exposure"].value == "40.0 %"
    state.take_metrics(START_NS + MINUTE_NS, metrics("5400", "a", "3000"))
    body = state.body({})
    assert body.drawdown == Decimal("0.06")
    assert (body.trading_state, use["Day loss"].limit) == ("reducing", "−3.0 %")
    assert "Day loss 6.00 %" in body.reason
    state.take_metrics(START_NS + DAY_NS, metrics("5400", "a", "3000"))
    assert state.body({}).trading_state == "active", "a new day lifts the loss of the last"


def test_drawdown_restricts_until_somebody_resumes_and_counts_anew() -> None:
    state = a_state()
    state.take_metrics(START_NS, metrics("10000"))
    state.take_metrics(START_NS + DAY_NS - MINUTE_NS, metrics("10000"))
    state.take_metrics(START_NS + DAY_NS, metrics("7900"))
    assert state.body({}).trading_state == "reducing"
    assert "active" in state.resume().lower()
    state.take_metrics(START_NS + DAY_NS + MINUTE_NS, metrics("7899"))
    body = state.body({})
    assert (body.trading_state, body.drawdown) == ("active", Decimal("0.00012658"))


def test_a_kill_outlives_a_restart_and_lifting_another_cause() -> None:
    state = a_state()
    state.take_metrics(START_NS, metrics("10000"))
    state.reduce("looks odd")
    state.kill("enough", flatten=True)
    state.activate()
    again = a_state()
    again.restore(json.loads(json.dumps(state.snapshot())))
    body = again.body({})
    assert (body.trading_state, body.killed, body.flatten, body.reason) == ("halted", True, True, "enough")
    again.resume()
    body = again.body({})
    assert (body.trading_state, body.killed, body.flatten) == ("active", False, False)


def test_volatility_is_of_consecutive_minutes() -> None:
    state = a_state()
    for minute, equity in enumerate(("10000", "10100", "9999")):
        assert state.body({}).volatility is None
        state.take_metrics(START_NS + minute * MINUTE_NS, metrics(equity))
    assert state.body({}).volatility == Decimal("0.01414214")
    state.take_metrics(START_NS + 9 * MINUTE_NS, metrics("20000"))
    assert state.body({}).volatility == Decimal("0.01414214"), "a gap is no return"


def test_a_position_that_was_not_followed_from_its_beginning_is_counted_as_differing() -> None:
    books = ExecutionBooks(SETTINGS.instruments, "USDT")
    rows = books.book(fill(2, "sell", "61000", "10"))
    assert rows[0].realised == 10 * 100_000_000
    assert (books.differing, books.refused) == (1, 0)
    assert books.book(fill(2, "sell", "61000", "10")) == []
    unknown = fill(3, "sell", "61000.001")
    assert books.book(unknown) == [] and books.refused == 1
