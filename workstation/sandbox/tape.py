"""The public trades of a symbol, with ids that have no gap, one by one and aggregated."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from workstation.core.types import Side

KEPT = 20_000
"""At least so many of the newest are kept."""


class TapeTrade(NamedTuple):
    trade_id: int
    ts_ns: int
    price: int
    lots: int
    worth: int
    side: Side
    """The aggressor's."""

    @property
    def buyer_is_maker(self) -> bool:
        return self.side is Side.SELL


class AggregateTrade(NamedTuple):
    """Trades of one instant, price and aggressor's side."""

    trade_id: int
    ts_ns: int
    price: int
    lots: int
    side: Side
    first_id: int
    last_id: int

    @property
    def buyer_is_maker(self) -> bool:
        return self.side is Side.SELL


Entry = TypeVar("Entry", TapeTrade, AggregateTrade)


class Recent(Generic[Entry]):
    """The newest entries, whose ids are contiguous and ascending."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def append(self, entry: Entry) -> None:
        self._entries.append(entry)
        if len(self._entries) > 2 * KEPT:
            del self._entries[:-KEPT]

    def latest(self, limit: int) -> list[Entry]:
        return self._entries[-limit:]

    def since_id(self, trade_id: int, limit: int) -> list[Entry]:
        """From an id on, or from the oldest that is kept."""
        if not self._entries:
            return []
        start = max(0, trade_id - self._entries[0].trade_id)
        return self._entries[start : start + limit]

    def between(self, start_ns: int, end_ns: int, limit: int) -> list[Entry]:
        """The first of those at or after ``start_ns`` and at or before ``end_ns``."""
        found = (entry for entry in self._entries if start_ns <= entry.ts_ns <= end_ns)
        return [entry for entry, _ in zip(found, range(limit))]


class Tape:
    def __init__(self, next_id: int) -> None:
        self.next_id = next_id
        self.trades: Recent[TapeTrade] = Recent()
        self.aggregates: Recent[AggregateTrade] = Recent()
        self._next_aggregate = next_id
        self._open: AggregateTrade | None = None

    def append(self, ts_ns: int, price: int, lots: int, worth: int, side: Side) -> TapeTrade:
        """Number a trade and keep it."""
        trade = TapeTrade(self.next_id, ts_ns, price, lots, worth, side)
        self.next_id += 1
        self.trades.append(trade)
        return trade

    def aggregate(self, trade: TapeTrade) -> AggregateTrade | None:
        """Count a trade into the aggregate under construction; the earlier one that it completes."""
        aggregate = self._open
        if aggregate is not None and (aggregate.ts_ns, aggregate.price, aggregate.side) == (
            trade.ts_ns,
            trade.price,
            trade.side,
        ):
            self._open = aggregate._replace(lots=aggregate.lots + trade.lots, last_id=trade.trade_id)
            return None
        done = self.complete_aggregate()
        self._open = AggregateTrade(
            self._next_aggregate, trade.ts_ns, trade.price, trade.lots, trade.side, trade.trade_id, trade.trade_id
        )
        self._next_aggregate += 1
        return done

    def complete_aggregate(self) -> AggregateTrade | None:
        """The instant is over: what was under construction is complete."""
        done, self._open = self._open, None
        if done is not None:
            self.aggregates.append(done)
        return done
