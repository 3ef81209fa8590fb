"""What happened before now, from the history database: ended orders, executions, funding, equity. Oldest first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

import peewee

from workstation.core.types import Liquidity, OrderRole, OrderState, OrderType, Side
from workstation.core.views import FillView, FundingView, OrderView
from workstation.storage.database import EquityPoint, FillRow, FundingRow, OrderRow

LATER = 1 << 62
SIDES = {"buy": Side.BUY, "sell": Side.SELL}


def past_orders(
    database: peewee.Database, limit: int, symbols: Collection[str], before_ns: int = LATER
) -> list[OrderView]:
    """Orders in these symbols that ended before ``before_ns``."""
    ended = [str(state) for state in OrderState if state.is_terminal]
    chosen = OrderRow.select().where(OrderRow.state.in_(ended), OrderRow.updated_ns < before_ns)
    rows = chosen.order_by(OrderRow.created_ns.desc()).limit(limit)
    return [_order_of(row) for row in reversed(list(rows.bind(database))) if row.symbol in symbols]


def past_fills(database: peewee.Database, limit: int, before_seq: int = LATER) -> list[FillView]:
    """Executions whose record in the journal comes before ``before_seq``."""
    chosen = FillRow.select().where(FillRow.seq < before_seq)
    newest_first = list(chosen.order_by(FillRow.seq.desc()).limit(limit).bind(database))
    return fills_of_rows(database, newest_first[::-1])


def fills_of_rows(database: peewee.Database, rows: Sequence[Any]) -> list[FillView]:
    """Rows of executions as views, with the reasons of their orders."""
    names = {row.client_id for row in rows}
    orders = OrderRow.select(OrderRow.client_id, OrderRow.reason).where(OrderRow.client_id.in_(names))
    reasons = {row.client_id: row.reason for row in orders.bind(database)}
    return [_fill_of(row, reasons.get(row.client_id, "")) for row in rows]


def past_funding(database: peewee.Database, limit: int, before_session: int = LATER) -> list[FundingView]:
    """Funding payments of the sessions before ``before_session``."""
    chosen = FundingRow.select().where(FundingRow.session < before_session)
    rows = list(chosen.order_by(FundingRow.ts_ns.desc(), FundingRow.funding_id.desc()).limit(limit).bind(database))
    return [FundingView(row.funding_id, row.ts_ns, row.symbol, row.amount, row.asset) for row in reversed(rows)]


def past_equity(database: peewee.Database, limit: int, before_seq: int = LATER) -> list[tuple[int, float]]:
    """Times in UTC nanoseconds and equities in the account's currency, for plots; as ``past_fills``."""
    rows = EquityPoint.select().where(EquityPoint.seq < before_seq).order_by(EquityPoint.seq.desc()).limit(limit)
    return [(row.ts_ns, float(row.equity)) for row in reversed(list(rows.bind(database)))]


def _order_of(row: Any) -> OrderView:
    average = row.filled_value / row.filled if row.filled else None
    return OrderView(
        client_id=row.client_id,
        symbol=row.symbol,
        owner=row.owner,
        side=SIDES[row.side],
        type=OrderType(row.type),
        role=OrderRole(row.role),
        state=OrderState(row.state),
        quantity=row.quantity,
        filled=row.filled,
        price=row.price or None,
        stop_price=row.stop_price or None,
        average_price=average,
        reduce_only=row.reduce_only,
        created_ns=row.created_ns,
        updated_ns=row.updated_ns,
        reason=row.reason,
        note=row.note,
    )


def _fill_of(row: Any, reason: str) -> FillView:
    return FillView(
        fill_id=row.fill_id,
        client_id=row.client_id,
        ts_ns=row.ts_ns,
        symbol=row.symbol,
        owner=row.owner or "venue",
        side=SIDES[row.side],
        quantity=row.quantity,
        price=row.price,
        fee=row.fee or Decimal(0),
        fee_asset=row.fee_asset,
        liquidity=Liquidity(row.liquidity),
        realised=row.realised,
        slippage=row.slippage or Decimal(0),
        reason=reason,
    )
