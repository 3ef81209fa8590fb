"""From executions and metrics to the reporter's database: each is booked once, with the position in its stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workstation.backtest.round_trips import BookedFill, BookedFunding, RoundTrips, Trade
from workstation.core.instrument import Instrument
from workstation.core.timeframe import DAY_NS, parse_utc, utc_text
from workstation.core.types import OrderRole, Side
from workstation.messaging.bodies import ExecutionBody, MetricsBody
from workstation.messaging.stream_reader import Numbered
from workstation.messaging.streams import EXECUTIONS, PERFORMANCE
from workstation.services.account_equity import AccountEquity
from workstation.services.execution_books import Booked, ExecutionBooks
from workstation.services.reporter.database import BookingRow, EquityRow, ReporterDatabase, TradeRow
from workstation.trading.ledger import REMEMBERED_BOOKINGS

_BOOKS = "books"
_ACCOUNT = "account"


def day_of(ts_ns: int) -> str:
    """The UTC day, ``2024-03-01``."""
    return utc_text(ts_ns)[:10]


def day_span(day: str) -> tuple[int, int]:
    """Begin and end of a UTC day, the end excluded."""
    begin_ns = parse_utc(day)
    return begin_ns, begin_ns + DAY_NS


class Bookkeeper:
    """Brings back its state from the database; ``take_executions`` and ``take_metrics`` are transactions."""

    def __init__(self, database: ReporterDatabase, instruments: Mapping[str, Instrument], currency: str) -> None:
        self._database = database
        self._instruments = instruments
        self._currency = currency
        self.refused = 0
        """Metrics in another currency."""
        self._load()

    def _load(self) -> None:
        self.books = ExecutionBooks(self._instruments, self._currency)
        self.account = AccountEquity()
        self.trips = RoundTrips(self._instruments)
        self._seen = {name: int(self._database.memory(name) or 0) for name in (EXECUTIONS, PERFORMANCE)}
        kept = self._database.memory(_BOOKS)
        if kept is not None:
            self.books.restore(kept)
        self.account.restore(self._database.memory(_ACCOUNT) or {})
        newest: Any = (
            BookingRow.select(BookingRow.execution_id).order_by(BookingRow.seq.desc()).limit(REMEMBERED_BOOKINGS)
        )
        for (execution_id,) in reversed(list(newest.tuples())):
            self.books.remember(execution_id)
        for row in BookingRow.select().order_by(BookingRow.seq, BookingRow.part).iterator():
            self._trip(row)

    def position(self, stream: str) -> int:
        """Number of the last message of a stream that was taken."""
        return self._seen[stream]

    def restarted(self, stream: str) -> None:
        """The stream began anew; what is booked stays booked, by its id."""
        self._seen[stream] = 0

    def take_executions(self, messages: Sequence[Numbered], upto: int) -> list[ExecutionBody]:
        """Book them; those that were new, in their order. Raises ``StorageError``, and nothing was taken then."""
        news: list[ExecutionBody] = []
        bookings: list[dict[str, Any]] = []
        trades: dict[int, dict[str, Any]] = {}
        try:
            with self._database.writing():
                last = BookingRow.select(BookingRow.seq).order_by(BookingRow.seq.desc()).limit(1).scalar() or 0
                for seq, message, _ in messages:
                    body = message.body
                    if not isinstance(body, ExecutionBody) or self._is_booked(body):
                        continue
                    news.append(body)
                    # A later stream may count from one again: rows are numbered by us.
                    for row in self._book(body, max(seq, last + 1)):
                        bookings.append(row[0])
                        if row[1] is not None:
                            trades[row[1].number] = _trade_row(row[1])
                    last = bookings[-1]["seq"] if bookings else last
                self._database.add(BookingRow, bookings)
                self._database.add(TradeRow, list(trades.values()))
                self._database.touch(sorted({row["day"] for row in (*bookings, *trades.values())}))
                self._database.remember(_BOOKS, self.books.snapshot())
                self._database.remember(EXECUTIONS, upto)
        except BaseException:
            self._load()
            raise
        self._seen[EXECUTIONS] = upto
        return news

    def _is_booked(self, body: ExecutionBody) -> bool:
        """The books know the newest ids, the database all of them."""
        if not body.execution_id or body.execution_id in self.books.ledger.booked:
            return bool(body.execution_id)
        return bool(BookingRow.select().where(BookingRow.execution_id == body.execution_id).exists())

    def _book(self, body: ExecutionBody, seq: int) -> Iterator[tuple[dict[str, Any], Trade | None]]:
        for part, booked in enumerate(self.books.book(body)):
            row = _row_of(booked, seq, part, body.execution_id)
            yield row, self._trip(booked)

    def _trip(self, row: Any) -> Trade | None:
        """The closed trade that a booking, or the row of one, made or changed."""
        if not row.side:
            return self.trips.add(
                BookedFunding(ts_ns=row.ts_ns, symbol=row.symbol, owner=row.owner, amount=row.funding)
            )
        fill = _fill_of(row)
        return self.trips.hand_over(row.from_owner, fill) if row.from_owner else self.trips.add(fill)

    def take_metrics(self, messages: Sequence[Numbered], upto: int) -> None:
        """Keep the account's equity. Raises ``StorageError``, and nothing was taken then."""
        rows: list[dict[str, Any]] = []
        last = EquityRow.select(EquityRow.seq).order_by(EquityRow.seq.desc()).limit(1).scalar() or 0
        try:
            with self._database.writing():
                for seq, message, _ in messages:
                    body = message.body
                    if not isinstance(body, MetricsBody) or body.currency != self._currency:
                        self.refused += 1
                        continue
                    self.account.take(message.ts_ns, body)
                    last = max(seq, last + 1)
                    rows.append(
                        {
                            "seq": last,
                            "ts_ns": message.ts_ns,
                            "day": day_of(message.ts_ns),
                            "equity": self.account.equity,
                            "exposure": self.account.exposure,
                        }
                    )
                self._database.add(EquityRow, rows)
                self._database.touch(sorted({row["day"] for row in rows}))
                self._database.remember(_ACCOUNT, self.account.snapshot())
                self._database.remember(PERFORMANCE, upto)
        except BaseException:
            self._load()
            raise
        self._seen[PERFORMANCE] = upto


def _row_of(booked: Booked, seq: int, part: int, execution_id: str) -> dict[str, Any]:
    return {
        "seq": seq,
        "part": part,
        "execution_id": execution_id,
        "ts_ns": booked.ts_ns,
        "day": day_of(booked.ts_ns),
        "owner": booked.owner,
        "from_owner": booked.from_owner,
        "symbol": booked.symbol,
        "side": int(booked.side or 0),
        "lots": booked.lots,
        "price": booked.price,
        "fee": booked.fee,
        "realised": booked.realised,
        "slippage": booked.slippage,
        "funding": booked.funding,
        "maker": booked.maker,
        "stopped": booked.stopped,
        "liquidation": booked.liquidation,
    }


def _fill_of(row: Any) -> BookedFill:
    return BookedFill(
        ts_ns=row.ts_ns,
        symbol=row.symbol,
        owner=row.owner,
        side=Side(row.side),
        lots=row.lots,
        price=row.price,
        fee=row.fee,
        realised=row.realised,
        slippage=row.slippage,
        role=OrderRole.PROTECTIVE_STOP if row.stopped else OrderRole.EXIT,
        liquidation=row.liquidation,
    )


def _trade_row(trade: Trade) -> dict[str, Any]:
    return {
        "number": trade.number,
        "day": day_of(trade.exit_ns),
        "owner": trade.strategy,
        "symbol": trade.symbol,
        "side": int(trade.side),
        "entry_ns": trade.entry_ns,
        "exit_ns": trade.exit_ns,
        "quantity": str(trade.quantity),
        "entry_price": str(trade.entry_price),
        "exit_price": str(trade.exit_price),
        "fees": trade.fees,
        "funding": trade.funding,
        "slippage": trade.slippage,
        "gross": trade.gross,
        "net": trade.net,
        "exit_reason": trade.exit_reason,
    }
