"""Executions of any span of time, from the history database: summed up by it, or read as far as round trips need them.

Everything here takes as long as the span is large; it is called in a thread, never on a loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, NamedTuple

import peewee

from workstation.core.instrument import Instrument
from workstation.core.money import from_money
from workstation.core.timeframe import DAY_NS, HOUR_NS
from workstation.core.views import FillView
from workstation.session.past import fills_of_rows
from workstation.storage.database import FillRow, FundingRow, database_error
from workstation.storage.projection import Projection
from workstation.trading.results import (
    LIQUIDATIONS,
    THURSDAY_HOURS,
    UNSHARED,
    Results,
    Sums,
)

CATCH_UP_S = 2.0
PAGE = 2_000
WEEK_HOURS = 168

Holder = tuple[str, str]
"""An owner and a symbol."""
Held = dict[Holder, Decimal]


class Span(NamedTuple):
    """From ``start_ns`` to before ``end_ns``, UTC nanoseconds."""

    start_ns: int = 0
    end_ns: int = 1 << 62

    def holds(self, ts_ns: int) -> bool:
        return self.start_ns <= ts_ns < self.end_ns


EVER = Span()


class Cancelled(Exception):
    """Nobody waits for it any more."""


class TradeHistory:
    """``seq`` is the journal's record up to which the database is waited for, ``held`` what each holder has then."""

    def __init__(
        self,
        database: peewee.SqliteDatabase,
        projection: Projection | None,
        seq: int,
        instruments: Mapping[str, Instrument],
        held: Held,
    ) -> None:
        self._database = database
        self._projection = projection
        self._seq = seq
        self._instruments = instruments
        self._held = held

    def results(self, span: Span) -> Results:
        """What the span came to. Raises ``StorageError``."""
        with self._reading():
            results = Results(self._instruments)
            self._add_fills(results, span)
            self._add_funding(results, span)
            return results

    def fills(self, span: Span, is_cancelled: Callable[[], bool] = lambda: False) -> tuple[list[FillView], Held]:
        """The executions of a span, oldest first, after those that opened what was held at its start; and what is held
        after the last.

        Raises ``StorageError``, and ``Cancelled`` once ``is_cancelled`` says so.
        """
        with self._reading():
            held = dict(self._held)
            for row in self._rows(FillRow.ts_ns >= span.end_ns, is_cancelled):
                _move(held, row, -1)
            after = {holder: quantity for holder, quantity in held.items() if quantity}
            within = list(self._rows(_within(FillRow.ts_ns, span), is_cancelled))
            for row in within:
                _move(held, row, -1)
            before = [
                row
                for holder, quantity in held.items()
                if quantity
                for row in self._opening(holder, quantity, span.start_ns, is_cancelled)
            ]
            rows = sorted(before, key=lambda row: int(row.seq)) + within
            views = [
                view
                for place in range(0, len(rows), PAGE)
                for view in fills_of_rows(self._database, rows[place : place + PAGE])
            ]
            return views, after

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """On a connection of the calling thread."""
        if self._projection is not None:
            self._projection.wait_for(self._seq, CATCH_UP_S)
        try:
            with self._database.connection_context():
                yield
        except peewee.PeeweeException as error:
            raise database_error(self._database.database, error) from None

    def _rows(self, wanted: Any, is_cancelled: Callable[[], bool]) -> Iterator[Any]:
        """Rows in the order of the journal, a page at a time."""
        last = -1
        while True:
            chosen = FillRow.select().where(wanted, FillRow.seq > last).order_by(FillRow.seq).limit(PAGE)
            page = list(chosen.bind(self._database))
            yield from page
            if len(page) < PAGE:
                return
            if is_cancelled():
                raise Cancelled
            last = page[-1].seq

    def _opening(
        self, holder: Holder, quantity: Decimal, start_ns: int, is_cancelled: Callable[[], bool]
    ) -> Iterator[Any]:
        """The holder's executions before the start, back to where it held nothing; none where that is not found."""
        owner, symbol = holder
        found: list[Any] = []
        first = 1 << 62
        while quantity:
            chosen = FillRow.select().where(
                FillRow.owner == owner, FillRow.symbol == symbol, FillRow.ts_ns < start_ns, FillRow.seq < first
            )
            page = list(chosen.order_by(FillRow.seq.desc()).limit(PAGE).bind(self._database))
            for row in page:
                quantity -= _signed(row)
                found.append(row)
                if not quantity:
                    return iter(found)
            if len(page) < PAGE:
                break
            if is_cancelled():
                raise Cancelled
            first = page[-1].seq
        return iter(())

    # --- Sums ---------------------------------------------------------------------------------------------------------

    def _add_fills(self, results: Results, span: Span) -> None:
        day, hour = _day(FillRow.ts_ns), _hour(FillRow.ts_ns)
        for period, add in ((day, results.add_days), (hour, results.add_hours)):
            for owner, symbol, place, fee_asset, count, realised, fees, first_ns in self._sums(period, span):
                instrument = self._instruments.get(symbol)
                if instrument is None:
                    results.unknown += count if add == results.add_days else 0
                    continue
                fees = from_money(fees or 0)
                priced = fee_asset == instrument.settle
                if fees and not priced and fee_asset != instrument.base and add == results.add_days:
                    results.unpriced[fee_asset] = results.unpriced.get(fee_asset, Decimal(0)) + fees
                sums = Sums(first_ns, count, from_money(realised or 0), fees if priced else Decimal(0))
                add(owner or LIQUIDATIONS, symbol, place, instrument.settle, sums)
        for instrument in self._instruments.values():
            if instrument.base != instrument.settle:
                self._add_fees_in_base(results, span, instrument)

    def _tuples(self, chosen: Any) -> list[Any]:
        return list(chosen.tuples().bind(self._database))

    def _sums(self, period: Any, span: Span) -> list[Any]:
        group = (FillRow.owner, FillRow.symbol, period, FillRow.fee_asset)
        sums = (
            peewee.fn.COUNT(FillRow.seq),
            peewee.fn.SUM(FillRow.realised).converter(int),
            peewee.fn.SUM(FillRow.fee).converter(int),
            peewee.fn.MIN(FillRow.ts_ns),
        )
        chosen = FillRow.select(*group, *sums).where(_within(FillRow.ts_ns, span)).group_by(*group)
        return self._tuples(chosen)

    def _add_fees_in_base(self, results: Results, span: Span, instrument: Instrument) -> None:
        """Each is worth its own execution's price, so they cannot be summed up first."""
        chosen = FillRow.select(FillRow.owner, FillRow.ts_ns, FillRow.fee, FillRow.price).where(
            _within(FillRow.ts_ns, span),
            FillRow.symbol == instrument.symbol,
            FillRow.fee_asset == instrument.base,
            FillRow.fee != 0,
        )
        for owner, ts_ns, fee, price in self._tuples(chosen):
            results.add_fees(owner or LIQUIDATIONS, instrument.symbol, ts_ns, fee * price, instrument.settle)

    def _add_funding(self, results: Results, span: Span) -> None:
        for period, add in ((_day(FundingRow.ts_ns), results.add_days), (_hour(FundingRow.ts_ns), results.add_hours)):
            group = (FundingRow.symbol, period, FundingRow.asset)
            amount = peewee.fn.SUM(FundingRow.amount).converter(int)
            chosen = FundingRow.select(*group, amount, peewee.fn.MIN(FundingRow.ts_ns))
            rows = chosen.where(_within(FundingRow.ts_ns, span)).group_by(*group)
            for symbol, place, asset, total, first_ns in self._tuples(rows):
                add(UNSHARED, symbol, place, asset, Sums(first_ns, funding=from_money(total)))


def _within(field: Any, span: Span) -> Any:
    return (field >= span.start_ns) & (field < span.end_ns)


def _day(field: Any) -> Any:
    return peewee.NodeList((field, peewee.SQL(f"/ {DAY_NS}")))


def _hour(field: Any) -> Any:
    tail = peewee.SQL(f"/ {HOUR_NS} + {THURSDAY_HOURS}) % {WEEK_HOURS}")
    return peewee.NodeList((peewee.SQL("("), field, tail))


def _signed(row: Any) -> Decimal:
    quantity: Decimal = row.quantity
    return quantity if row.side == "buy" else -quantity


def _move(held: Held, row: Any, sign: int) -> None:
    holder = (row.owner or LIQUIDATIONS, row.symbol)
    held[holder] = held.get(holder, Decimal(0)) + sign * _signed(row)
