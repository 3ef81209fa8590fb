"""What an account may do across all of its engines: a function of executions, equity and commands.

The rules are those of the engine itself: ``trading.guards`` judges the account's equity and closed round trips, the
severest of all causes is the trading state, and the ledger says when a round trip is over.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from statistics import stdev
from typing import Any, Literal

from workstation.core.instrument import Instrument
from workstation.core.messages import Output
from workstation.core.money import from_money, from_rate
from workstation.core.timeframe import MINUTE_NS
from workstation.core.types import TradingState
from workstation.core.views import LimitView
from workstation.messaging.bodies import ExecutionBody, LimitBody, MetricsBody, RiskStateBody
from workstation.rules.limits import decline
from workstation.services.account_equity import AccountEquity
from workstation.services.execution_books import ExecutionBooks
from workstation.trading.guards import Guards
from workstation.trading.kill_switch import MANUAL_STATE
from workstation.trading.limit_rows import count_limit, rate_limit, rate_of
from workstation.trading.risk_limits import RiskLimits
from workstation.trading.trading_state import KILL, Restriction, TradingStateHolder

MINUTES = 60
"""Of equity that volatility looks back on."""
_EIGHT_PLACES = Decimal("0.00000001")
StateWord = Literal["active", "reducing", "halted"]
_WORDS: dict[TradingState, StateWord] = {
    TradingState.ACTIVE: "active",
    TradingState.REDUCING: "reducing",
    TradingState.HALTED: "halted",
}


class RiskState:
    """``intervals`` are the strategies' bars in nanoseconds, for their cool-down."""

    def __init__(
        self,
        limits: RiskLimits,
        instruments: Mapping[str, Instrument],
        currency: str,
        leverage: int,
        intervals: Mapping[str, int],
    ) -> None:
        self._limits = limits
        self._currency = currency
        self._leverage = leverage
        self._intervals = intervals
        self.trading = TradingStateHolder(lambda state, reason, until_ns: None)
        self.guards = Guards(limits, self.trading, self._ignore)
        self.books = ExecutionBooks(instruments, currency)
        self.account = AccountEquity()
        self.flatten = False
        """Whether the kill asked for positions to be closed."""
        self.refused = 0
        """Metrics in another currency."""
        self._minutes: deque[tuple[int, int]] = deque(maxlen=MINUTES + 1)
        self._now_ns = 0

    @staticmethod
    def _ignore(output: Output) -> None:
        """What the guards tell is in the state that is published."""

    # --- What happens -------------------------------------------------------------------------------------------------

    def take_execution(self, body: ExecutionBody) -> None:
        """Book it, once by its id."""
        for booked in self.books.book(body):
            if booked.closed_trip:
                interval_ns = self._intervals.get(booked.owner, 0)
                self.guards.on_trip(
                    booked.ts_ns, booked.owner, booked.symbol, booked.trip_result, booked.stopped, interval_ns
                )

    def take_metrics(self, ts_ns: int, body: MetricsBody) -> None:
        """Judge the account's equity."""
        if body.currency != self._currency:
            self.refused += 1
            return
        joined = self.account.take(ts_ns, body)
        if joined:
            self.guards.on_transfer(joined)
            self._minutes.clear()
        now_ns = self._now_ns = max(self._now_ns, ts_ns)
        equity = self.account.equity
        if now_ns >= self.guards.day_ends_ns:
            self.guards.start_day(now_ns, equity)
        self.trading.lift_due(now_ns)
        self.guards.on_equity(now_ns, equity)
        minute = now_ns // MINUTE_NS
        if self._minutes and self._minutes[-1][0] == minute:
            self._minutes.pop()
        self._minutes.append((minute, equity))

    # --- What people ask ----------------------------------------------------------------------------------------------

    def kill(self, reason: str, flatten: bool) -> str:
        """Halt every engine until somebody resumes."""
        self.trading.restrict(KILL, TradingState.HALTED, reason)
        self.flatten = flatten
        return "The account is killed."

    def resume(self) -> str:
        """Lift the kill, what a person has restricted, and the drawdown, which counts from now on."""
        self.trading.lift(KILL)
        self.flatten = False
        self.trading.lift(MANUAL_STATE)
        self.guards.lift_drawdown()
        return self._told("Resumed")

    def reduce(self, reason: str) -> str:
        self.trading.restrict(MANUAL_STATE, TradingState.REDUCING, reason)
        return self._told("Restricted")

    def activate(self) -> str:
        """Lift what a person has restricted, and nothing else."""
        self.trading.lift(MANUAL_STATE)
        return self._told("Lifted")

    def end_crisis(self, now_ns: int, cause: str) -> str:
        if not self.guards.crisis:
            return "There is no crisis mode to end."
        self.guards.end_crisis(now_ns, cause)
        return "Crisis mode is ended; losses and drawdown count from now on."

    def _told(self, what: str) -> str:
        why = f": {self.trading.reason}" if self.trading.reason else "."
        return f"{what}: the account is {self.trading.state}{why}"

    # --- What it is ---------------------------------------------------------------------------------------------------

    @property
    def killed(self) -> bool:
        return KILL in self.trading.causes

    def volatility(self) -> Decimal | None:
        """Sample deviation of the equity's returns from minute to minute over the last hour; None under two of them."""
        returns = [
            float(Decimal(after - before) / before)
            for (first, before), (second, after) in pairwise(self._minutes)
            if before > 0 and second == first + 1
        ]
        return Decimal(stdev(returns)).quantize(_EIGHT_PLACES) if len(returns) > 1 else None

    def limits(self) -> list[LimitView]:
        """Those that hold for the account, and their use."""
        limits, guards = self._limits, self.guards
        equity = self.account.equity
        drawdown = decline(guards.peak_equity, equity)
        held = sum(1 for lots in self.books.ledger.net_lots.values() if lots)
        gross = limits.gross_exposure * self._leverage
        return [
            rate_limit("Day loss", decline(guards.day_equity, equity), limits.day_loss, sign="−"),
            rate_limit("Drawdown", drawdown, limits.drawdown),
            rate_limit("Drawdown to crisis mode", drawdown, limits.crisis_drawdown),
            rate_limit("Gross exposure", rate_of(self.account.exposure, equity), gross),
            count_limit("Open positions", held, limits.open_positions),
            count_limit("Losses in a row", guards.losses_in_a_row, limits.losses_in_a_row),
            count_limit("Losses to crisis mode", guards.losses_in_a_row, limits.crisis_losses),
        ]

    def body(self, engines: Mapping[str, str]) -> RiskStateBody:
        """As it is published."""
        guards, trading = self.guards, self.trading
        equity = self.account.equity
        return RiskStateBody(
            trading_state=_WORDS[trading.state],
            reason=trading.reason[:500],
            killed=self.killed,
            crisis_mode=guards.crisis,
            crisis_cause=guards.crisis_cause[:500],
            consecutive_losses=guards.losses_in_a_row,
            drawdown=from_rate(decline(guards.peak_equity, equity)),
            volatility=self.volatility(),
            position_size_factor=guards.size_factor(),
            equity=from_money(equity),
            currency=self._currency,
            limits=tuple(LimitBody(name=v.name, value=v.value, limit=v.limit, use=v.use) for v in self.limits()),
            engines=dict(engines),
            flatten=self.flatten,
        )

    def snapshot(self) -> dict[str, Any]:
        return {
            "guards": self.guards.snapshot(),
            "causes": {cause: list(restriction) for cause, restriction in self.trading.causes.items()},
            "books": self.books.snapshot(),
            "account": self.account.snapshot(),
            "minutes": list(self._minutes),
            "flatten": self.flatten,
            "now_ns": self._now_ns,
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take over what ``snapshot`` gave; ids of what was booked are not in it."""
        self.guards.restore(snapshot["guards"])
        for cause, (state, reason, until_ns) in snapshot["causes"].items():
            self.trading.causes[cause] = Restriction(TradingState(state), reason, until_ns)
        self.trading.settle_quietly()
        self.books.restore(snapshot["books"])
        self.account.restore(snapshot["account"])
        self._minutes.extend((minute, equity) for minute, equity in snapshot["minutes"])
        self.flatten = snapshot["flatten"]
        self._now_ns = snapshot["now_ns"]
