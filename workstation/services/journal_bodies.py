"""A journal's records as what is published of them: executions, positions and performance."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from workstation.config.settings import Subjects
from workstation.core.errors import ConfigurationError
from workstation.core.messages import (
    AccountAdjusted,
    EquitySampled,
    FundingPaid,
    OrderFilled,
    Output,
    PositionLiquidated,
    PositionTransferred,
)
from workstation.core.money import from_money
from workstation.messaging.bodies import Body, MetricsBody, PositionBody
from workstation.services.execution_bodies import ExecutionWriter
from workstation.services.journal_engine import JournalEngine
from workstation.storage.journal import SessionHeader, SessionSummary
from workstation.trading.ledger import Ledger

log = logging.getLogger("workstation.services")


class Publication(NamedTuple):
    """Something to publish; ``part`` tells several of one record apart."""

    subject: str
    part: str
    body: Body
    ts_ns: int


class JournalBodies:
    """Given every record in order, from the beginning of a session on. ``engine`` names the journal's engine."""

    def __init__(self, subjects: Subjects, engine: str = "") -> None:
        self._subjects = subjects
        self._engine = engine
        self._books: JournalEngine | None = None
        self._writer: ExecutionWriter | None = None

    def take(self, record: Output | SessionHeader | SessionSummary) -> Iterator[Publication]:
        """What follows from a record."""
        if isinstance(record, SessionHeader):
            self._books = None
            try:
                self._books = JournalEngine(record)
            except ConfigurationError as error:
                log.warning("Session %d is not published: %s", record.number, error)
                return
            run_id = f"{self._books.settings.account.name}-{record.number}"
            self._writer = ExecutionWriter(self._books.kernel, record.mode, run_id)
            for symbol in self._books.kernel.markets:
                yield self._position(symbol, record.started_ns)
            return
        if isinstance(record, SessionSummary) or self._books is None or self._writer is None:
            return
        ledger = self._books.kernel.ledger
        before = self._realised(record)
        self._books.apply(record)
        execution = self._writer.body(record, self._realised(record) - before)
        if execution is not None:
            yield Publication(self._subjects.executions, "execution", execution, record.ts_ns)
        for symbol in _symbols(record, ledger):
            yield self._position(symbol, record.ts_ns)
        if isinstance(record, OrderFilled | FundingPaid | PositionLiquidated | AccountAdjusted):
            yield Publication(self._subjects.performance_metrics, "metrics", self._metrics("fill"), record.ts_ns)
        elif isinstance(record, EquitySampled):
            yield Publication(self._subjects.performance_metrics, "metrics", self._metrics("minute"), record.ts_ns)

    def _realised(self, record: Any) -> int:
        """What the owner of a fill's order has realised in its symbol."""
        assert self._books is not None
        if not isinstance(record, OrderFilled):
            return 0
        order = self._books.kernel.orders.orders.get(record.client_id)
        if order is None:
            return 0
        position = self._books.kernel.ledger.positions.get((order.owner, record.symbol))
        return position.realised if position is not None else 0

    def _position(self, symbol: str, ts_ns: int) -> Publication:
        assert self._books is not None
        kernel = self._books.kernel
        market = kernel.markets[symbol]
        terms, price = market.instrument, market.price
        holders = kernel.ledger.by_symbol.get(symbol, [])
        lots = sum(position.lots for position in holders)
        cost = sum(position.cost for position in holders)
        numerator, denominator = terms.valuation[1:]
        average = None
        if lots and not terms.valuation[0]:
            average = terms.tick * Decimal(cost * denominator) / Decimal(lots * numerator)
        body = PositionBody(
            symbol=symbol,
            quantity=terms.quantity(lots),
            average_price=average.quantize(terms.tick / 100) if average is not None else None,
            mark_price=terms.price(price) if price else None,
            unrealized_pnl=from_money(sum(position.unrealised(price) for position in holders)) if price else Decimal(0),
            realized_pnl=from_money(sum(position.realised for position in holders)),
            by_strategy={position.owner: terms.quantity(position.lots) for position in holders if position.lots},
        )
        return Publication(f"{self._subjects.positions}.{symbol}", f"position-{symbol}", body, ts_ns)

    def _metrics(self, cause: Any) -> MetricsBody:
        assert self._books is not None
        ledger = self._books.kernel.ledger
        return MetricsBody(
            equity=from_money(ledger.equity()),
            cash=from_money(ledger.cash.get(ledger.currency, 0)),
            exposure=from_money(ledger.exposure()),
            realized_pnl=from_money(ledger.realised),
            unrealized_pnl=from_money(ledger.unrealised()),
            fees=from_money(ledger.fees),
            funding=from_money(ledger.funding),
            currency=ledger.currency,
            cause=cause,
            engine=self._engine,
            by_strategy=_by_owner(ledger),
        )


def _symbols(record: Output, ledger: Ledger) -> tuple[str, ...]:
    """Where a record may have changed a position."""
    if isinstance(record, OrderFilled | PositionLiquidated | PositionTransferred | FundingPaid):
        return (record.symbol,)
    if isinstance(record, AccountAdjusted):
        return tuple(position.symbol for position in record.positions)
    return ()


def _by_owner(ledger: Ledger) -> dict[str, Decimal]:
    """Each owner's result, realised less fees plus funding, in the account's currency."""
    results: dict[str, int] = {}
    for position in ledger.positions.values():
        result = position.realised - position.fees + position.funding
        worth = ledger.worth(position.instrument.settle, result)
        results[position.owner] = results.get(position.owner, 0) + worth
    return {owner: from_money(amount) for owner, amount in sorted(results.items())}
