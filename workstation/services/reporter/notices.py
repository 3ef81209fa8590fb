"""What people are told of executions, services and the risk state, in words."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from decimal import Decimal

from workstation.core.timeframe import MINUTE_NS
from workstation.messaging.bodies import ExecutionBody, ReportBody, RiskStateBody, ServiceHealthBody
from workstation.messaging.moments import nanoseconds
from workstation.services.execution_books import FILLS
from workstation.services.reporter.notifier import Kind, Notifier
from workstation.services.reporter.page import figure_rows

FRESH_NS = 15 * MINUTE_NS
"""What is older is history that is read again, and nobody is told of it."""
SILENT_S = 10.0
"""A service that says nothing for so long is not there."""


class Notices:
    """Decides what is told; ``name`` is the account's."""

    def __init__(
        self,
        notifier: Notifier,
        name: str,
        now_ns: Callable[[], int],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._notifier = notifier
        self._name = name
        self._now_ns = now_ns
        self._monotonic = monotonic
        self._risk: RiskStateBody | None = None
        self._heard: dict[str, float] = {}
        self._state: dict[str, str] = {}
        self._nats_up = True

    def executions(self, bodies: Iterable[ExecutionBody]) -> None:
        for body in bodies:
            if nanoseconds(body.time) >= self._now_ns() - FRESH_NS:
                self._execution(body)

    def _execution(self, body: ExecutionBody) -> None:
        if body.status in FILLS:
            kind = Kind.STOPS if body.role == "protective_stop" else Kind.FILLS
            what = "A stop was executed" if kind is Kind.STOPS else "Filled"
            self._tell(kind, what, _fill_text(body))
        elif body.status == "liquidated":
            self._tell(Kind.STOPS, "Liquidated", _fill_text(body))
        elif body.status in ("denied", "rejected"):
            by = "The gate denied" if body.status == "denied" else "The venue rejected"
            order = f"{body.side or ''} {_plain(body.quantity)} {body.symbol}".strip()
            self._tell(Kind.DENIALS, f"Order {body.status}", f"{by} {order} of {body.strategy}: {body.error}")

    def risk(self, body: RiskStateBody) -> None:
        before, self._risk = self._risk, body
        if before is None:
            before = RiskStateBody(
                **{name: getattr(body, name) for name in body.__struct_fields__}
                | {"killed": False, "trading_state": "active", "crisis_mode": False}
            )
        if body.killed != before.killed:
            self._tell(Kind.KILL, "Killed" if body.killed else "Resumed", body.reason or "Trading goes on.")
        elif body.trading_state != before.trading_state:
            self._tell(Kind.KILL, f"The account is {body.trading_state}", body.reason or "Nothing restricts it.")
        if body.crisis_mode != before.crisis_mode:
            cause = f"Because of {body.crisis_cause}." if body.crisis_mode else "Sizes are whole again."
            self._tell(Kind.KILL, "Crisis mode began" if body.crisis_mode else "Crisis mode ended", cause)

    def health(self, body: ServiceHealthBody) -> None:
        name, state = body.service, body.state
        if state == "stopping":
            self._heard.pop(name, None)
            self._state.pop(name, None)
            return
        self._heard[name] = self._monotonic()
        before = self._state.get(name)
        self._state[name] = state
        if state == "degraded" and before != "degraded":
            self._tell(Kind.DISCONNECTS, f"The {name} service is not well", body.detail or "It gives no reason.")
        elif before in ("degraded", "silent") and state != "degraded":
            self._tell(Kind.DISCONNECTS, f"The {name} service is well again", body.detail)

    def look(self, nats_up: bool) -> None:
        """Notice who has fallen silent. While NATS is away nobody can be heard, and only that is told."""
        now = self._monotonic()
        if nats_up != self._nats_up:
            self._nats_up = nats_up
            told = "NATS is there again" if nats_up else "NATS is not reached"
            text = "Reports go on." if nats_up else "Trading goes on; nothing can be seen of it from here."
            self._tell(Kind.DISCONNECTS, told, text)
        if not nats_up:
            self._heard = dict.fromkeys(self._heard, now)
            return
        for name, heard in self._heard.items():
            if now - heard >= SILENT_S and self._state[name] != "silent":
                self._state[name] = "silent"
                self._tell(
                    Kind.DISCONNECTS, f"The {name} service is silent", f"Nothing was heard for {SILENT_S:.0f} s."
                )

    def day(self, body: ReportBody) -> None:
        lines = [f"P&L {body.total_pnl:+,.2f} {body.currency}".replace("-", "−")]
        lines += [f"{name} {text}" for name, text in figure_rows(body)]
        self._tell(Kind.DAILY_SUMMARY, f"Summary of {body.period}", "\n".join(lines))

    def _tell(self, kind: Kind, title: str, text: str) -> None:
        self._notifier.tell(kind, f"{self._name}: {title}", text)


def _fill_text(body: ExecutionBody) -> str:
    verb = {"buy": "Bought", "sell": "Sold", None: "Traded"}[body.side]
    result = f", realised {body.realized_pnl:+,.2f}".replace("-", "−") if body.realized_pnl else ""
    price = "" if body.price is None else f" at {body.price:,f}"
    return f"{verb} {_plain(body.quantity)} {body.symbol}{price} ({body.strategy}, {body.mode}){result}."


def _plain(quantity: Decimal | None) -> str:
    return "" if quantity is None else f"{quantity:,f}"
