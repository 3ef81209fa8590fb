"""Turns the journal's records into the tables of orders, fills, funding, positions, equity and sessions.

The state machine and the books are those that trade, so the tables cannot tell another story than the engine.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, get_args

import peewee

from workstation.core.clock import EventClock
from workstation.core.instrument import Instrument
from workstation.core.messages import (
    AccountAdjusted,
    CancelRequested,
    EquitySampled,
    FundingPaid,
    OrderAdopted,
    OrderFilled,
    OrderSubmitted,
    PositionLiquidated,
    PositionTransferred,
)
from workstation.core.money import from_money
from workstation.core.orders import Order
from workstation.core.types import TERMINAL_STATES, Liquidity
from workstation.storage.database import (
    PROJECTED,
    EquityPoint,
    FillRow,
    FundingRow,
    OrderRow,
    PositionRow,
    Progress,
    SessionRow,
    transaction,
)
from workstation.storage.disk_journal import JournalReader, JournalRecord
from workstation.storage.journal import SessionHeader, SessionSummary
from workstation.storage.projected_rows import Row, order_from, order_row, position_row, restore_position
from workstation.trading.ledger import Ledger
from workstation.trading.order_manager import OrderManager
from workstation.trading.order_states import OrderReport

BATCH = 500
_NAME = "journal"
_EQUITY_AMOUNTS = ("equity", "cash", "realised", "unrealised", "exposure")


class Projector:
    """Used by one thread, which alone writes these tables. Every batch is one transaction, its progress included."""

    def __init__(self, database: peewee.SqliteDatabase, reader: JournalReader) -> None:
        self._database = database
        self._reader = reader
        self._handlers: dict[type, Callable[[JournalRecord, Any], None]] = {
            SessionHeader: self._on_header,
            SessionSummary: self._on_summary,
            OrderSubmitted: self._on_submitted,
            OrderAdopted: self._on_adopted,
            AccountAdjusted: self._on_adjusted,
            CancelRequested: self._on_cancel_requested,
            OrderFilled: self._on_fill,
            PositionLiquidated: self._on_liquidation,
            FundingPaid: self._on_funding,
            PositionTransferred: self._on_transfer,
            EquitySampled: self._on_equity,
            **{report: self._on_report for report in get_args(OrderReport) if report is not OrderFilled},
        }
        self._load()

    def _load(self) -> None:
        """Take the state of the books from the tables, as of the last projected record."""
        database = self._database
        progress = Progress.select().where(Progress.name == _NAME).bind(database).first()
        self.seq: int = progress.seq if progress else 0
        if progress and self._reader.hash_of(self.seq) != bytes(progress.hash):
            self.clear()
            return
        self._instruments: dict[str, Instrument] = {}
        for session in self._reader.sessions():
            if session.first_seq <= self.seq + 1:
                self._instruments.update(session.header.instruments)
        self._prices: dict[str, int] = {}
        self._ledger = Ledger(self._instruments, "", {}, lambda symbol: self._prices.get(symbol, 0))
        self._session_of: dict[str, int] = {}
        self._manager = OrderManager(EventClock(), lambda output: None, lambda severity, text: None, "")
        for row in PositionRow.select().bind(database):
            position = self._ledger.position(row.owner, row.symbol)
            restore_position(position, row)
            self._prices[row.symbol] = position.instrument.ticks_rounded(row.last_price)
        ended = [str(state) for state in TERMINAL_STATES]
        for order in OrderRow.select().where(OrderRow.state.not_in(ended)).bind(database):
            self._adopt(order_from(order, self._instruments[order.symbol]), order.session)
        self._forget_changes()

    def _forget_changes(self) -> None:
        self._orders_changed: set[str] = set()
        self._symbols_changed: set[str] = set()
        self._summaries: list[tuple[int, SessionSummary]] = []
        self._new: dict[type[peewee.Model], list[Row]] = {model: [] for model in PROJECTED}

    def clear(self) -> None:
        """Empty the tables, so that they are built again from the first record."""
        with transaction(self._database):
            for model in PROJECTED:
                model.delete().execute(self._database)
        self._load()

    def step(self, batch: int = BATCH) -> int:
        """Project the next records; how many there were. After an error the tables are as they were."""
        try:
            records = list(self._reader.entries(self.seq, limit=batch))
            for record in records:
                handler = self._handlers.get(type(record.message))
                if handler is not None:
                    handler(record, record.message)
            if records:
                self._write(records[-1].seq)
        except BaseException:
            self._load()
            raise
        return len(records)

    def catch_up(self) -> int:
        """Project everything there is; the last projected record."""
        while self.step():
            pass
        return self.seq

    def _write(self, seq: int) -> None:
        rows = self._new
        orders = self._manager.orders
        for name in sorted(self._orders_changed):
            order = orders[name]
            rows[OrderRow].append(order_row(order, self._instruments[order.symbol], self._session_of[name]))
        for symbol in sorted(self._symbols_changed):
            for position in self._ledger.by_symbol[symbol]:
                rows[PositionRow].append(position_row(position, self._prices.get(symbol, 0)))
        rows[Progress] = [{"name": _NAME, "seq": seq, "hash": self._reader.hash_of(seq)}]
        with transaction(self._database):
            for model, new in rows.items():
                for chunk in peewee.chunked(new, BATCH):
                    model.replace_many(chunk).execute(self._database)  # type: ignore[no-untyped-call]
            for session, summary in self._summaries:
                SessionRow.update(
                    ended_ns=summary.ended_ns,
                    orders=summary.orders,
                    fills=summary.fills,
                    end_reason=summary.reason,
                ).where(SessionRow.number == session).execute(self._database)
        self.seq = seq
        for name in self._orders_changed:
            if not orders[name].is_open:
                del orders[name], self._session_of[name]
        self._manager.seen_fills.clear()
        self._ledger.booked.clear()
        self._forget_changes()

    # --- Records ---

    def _on_header(self, record: JournalRecord, header: SessionHeader) -> None:
        self._instruments.update(header.instruments)
        self._new[SessionRow].append(
            {
                "number": record.session,
                "started_ns": header.started_ns,
                "ended_ns": None,
                "mode": str(header.mode),
                "seed": header.seed,
                "engine_version": header.engine_version,
                "orders": 0,
                "fills": 0,
                "end_reason": "",
            }
        )

    def _on_summary(self, record: JournalRecord, summary: SessionSummary) -> None:
        self._summaries.append((record.session, summary))

    def _on_submitted(self, record: JournalRecord, event: OrderSubmitted) -> None:
        order = Order(
            client_id=event.client_id,
            symbol=event.symbol,
            side=event.side,
            type=event.type,
            lots=event.lots,
            price=event.price,
            stop_price=event.stop_price,
            trail=event.trail,
            time_in_force=event.time_in_force,
            post_only=event.post_only,
            reduce_only=event.reduce_only,
            venue_reduces=event.venue_reduces,
            role=event.role,
            owner=event.owner,
            reason=event.reason,
            tag=event.tag,
            parent_id=event.parent_id,
            oco_group=event.oco_group,
            reference=event.reference,
            created_ns=event.ts_ns,
            updated_ns=event.ts_ns,
            expires_ns=event.expires_ns,
            good_till_ns=event.good_till_ns,
            visible_lots=event.visible_lots,
        )
        self._adopt(order, record.session)
        self._orders_changed.add(order.client_id)

    def _on_adopted(self, record: JournalRecord, event: OrderAdopted) -> None:
        self._manager.adopt_foreign(event)
        self._session_of[event.order.client_id] = record.session
        self._orders_changed.add(event.order.client_id)

    def _on_adjusted(self, record: JournalRecord, event: AccountAdjusted) -> None:
        self._ledger.adjust({}, event.positions, event.ts_ns)
        self._symbols_changed.update(position.symbol for position in event.positions)

    def _adopt(self, order: Order, session: int) -> None:
        self._manager.adopt(order)
        self._session_of[order.client_id] = session

    def _order(self, client_id: str) -> Order | None:
        """The order, marked as changed; one that had ended is fetched from its table."""
        order = self._manager.orders.get(client_id)
        if order is None:
            row = OrderRow.select().where(OrderRow.client_id == client_id).bind(self._database).first()
            if row is None:
                return None
            order = order_from(row, self._instruments[row.symbol])
            self._adopt(order, row.session)
        self._orders_changed.add(client_id)
        return order

    def _on_report(self, record: JournalRecord, report: OrderReport) -> None:
        if self._order(report.client_id) is not None:
            self._manager.apply(report)

    def _on_cancel_requested(self, record: JournalRecord, event: CancelRequested) -> None:
        order = self._order(event.client_id)
        if order is not None:
            order.cancel_requested_ns = event.ts_ns

    def _on_fill(self, record: JournalRecord, fill: OrderFilled) -> None:
        order = self._order(fill.client_id)
        if order is None or self._manager.apply(fill) is None:
            return
        self._prices[fill.symbol] = fill.price
        booking = self._ledger.book_fill(order.owner, fill)
        if booking is not None:
            row = self._fill_row(record, fill, booking.realised)
            row |= {
                "client_id": fill.client_id,
                "owner": order.owner,
                "liquidity": str(fill.liquidity),
                "slippage": from_money(fill.slippage),
            }
            self._new[FillRow].append(row)

    def _on_liquidation(self, record: JournalRecord, event: PositionLiquidated) -> None:
        self._prices[event.symbol] = event.price
        bookings = self._ledger.book_liquidation(event)
        if bookings:
            row = self._fill_row(record, event, sum(booking.realised for booking in bookings))
            row |= {"client_id": "", "owner": "", "liquidity": str(Liquidity.TAKER), "slippage": Decimal(0)}
            self._new[FillRow].append(row)

    def _fill_row(self, record: JournalRecord, fill: OrderFilled | PositionLiquidated, realised: int) -> Row:
        self._symbols_changed.add(fill.symbol)
        instrument = self._instruments[fill.symbol]
        return {
            "seq": record.seq,
            "session": record.session,
            "fill_id": fill.fill_id,
            "ts_ns": fill.ts_ns,
            "symbol": fill.symbol,
            "side": fill.side.word,
            "quantity": instrument.quantity(fill.lots),
            "price": instrument.price(fill.price),
            "fee": from_money(fill.fee),
            "fee_asset": fill.fee_asset,
            "realised": from_money(realised),
        }

    def _on_funding(self, record: JournalRecord, event: FundingPaid) -> None:
        # What cannot be shared evenly goes to the last: the order must not depend on when this was started.
        self._ledger.by_symbol.get(event.symbol, []).sort(key=lambda position: position.owner)
        if self._ledger.book_funding(event):
            self._symbols_changed.add(event.symbol)
            self._new[FundingRow].append(
                {
                    "funding_id": event.funding_id,
                    "session": record.session,
                    "ts_ns": event.ts_ns,
                    "symbol": event.symbol,
                    "amount": from_money(event.amount),
                    "asset": event.asset,
                }
            )

    def _on_transfer(self, record: JournalRecord, event: PositionTransferred) -> None:
        self._ledger.cash.setdefault(self._instruments[event.symbol].settle, 0)
        self._ledger.transfer(event.symbol, event.from_owner, event.to_owner, event.lots, event.cost)
        self._symbols_changed.add(event.symbol)
        for order in self._manager.open_orders(event.symbol, event.from_owner):
            if order.reduce_only:
                order.owner = event.to_owner
                self._orders_changed.add(order.client_id)

    def _on_equity(self, record: JournalRecord, event: EquitySampled) -> None:
        amounts = {name: from_money(getattr(event, name)) for name in _EQUITY_AMOUNTS}
        self._new[EquityPoint].append({"seq": record.seq, "session": record.session, "ts_ns": event.ts_ns, **amounts})
