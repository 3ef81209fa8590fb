"""Trades of any exchange through ccxt: each once and in order, and what is missing found out where ids allow it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from workstation.core.clock import WallClock
from workstation.core.instrument import Instrument
from workstation.core.messages import Trade
from workstation.core.types import Side
from workstation.venues.exchange.market.exact_steps import NotWhole, lot_steps, tick_steps
from workstation.venues.exchange.market.trade_ids import Span

REMEMBERED = 20_000
"""Ids of the newest trades, by which what comes twice is known."""


class CcxtTrades:
    """``refuse`` hears of a trade whose price or quantity is not whole; the others go on.

    Where ids are counted, ``span`` tells how many of them a trade stands for, and a trade that does not follow the
    last one shows a hole. Elsewhere what came is known by its id, and ``fill`` takes what overlaps.
    """

    def __init__(
        self,
        instrument: Instrument,
        clock: WallClock,
        deliver: Callable[[Trade], None],
        refuse: Callable[[NotWhole], None],
        span: Span | None = None,
    ) -> None:
        self._symbol = instrument.symbol
        self._clock = clock
        self._deliver = deliver
        self._refuse = refuse
        self._span = span
        self._ticks = tick_steps(instrument)
        self._lots = lot_steps(instrument)
        self._order: deque[str] = deque()
        self._seen: set[str] = set()
        self._number = 0
        self.last_ms = 0
        """The exchange's time of the newest trade."""
        self.last_id = -1
        """The newest id where ids are counted; -1 before the first."""
        self.filled = 0
        self.duplicates = 0
        self.gaps = 0
        self.lost = 0

    @property
    def counted(self) -> bool:
        """Whether a hole shows by the ids."""
        return self._span is not None

    def take(self, trades: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
        """Take trades up to the first hole; those behind it, to be taken once ``close_hole`` was called."""
        for index, trade in enumerate(trades):
            if self.missing_before(trade):
                self.gaps += 1
                return trades[index:]
            self._take(trade)
        return ()

    def missing_before(self, trade: dict[str, Any]) -> range:
        """Ids that must come before a trade. Of one whose ids came in part, all others: its quantity is of them all."""
        number = number_of(trade["id"])
        if self._span is None or self.last_id < 0 or number <= self.last_id:
            return range(0)
        first = number - self._span(trade) + 1
        return range(self.last_id + 1, first if first > self.last_id else number + 1)

    def close_hole(self, missing: range, found: Iterable[dict[str, Any]]) -> None:
        """Take what was found of the missing; the rest is lost, and counted."""
        self.fill(found)
        self.lost += missing[-1] - self.last_id
        self.last_id = missing[-1]

    def fill(self, trades: Iterable[dict[str, Any]]) -> int:
        """Take trades of which some came already; how many were new."""
        new = [trade for trade in trades if trade["id"] and not self._came(trade)]
        new.sort(key=lambda trade: (0 if self.counted else trade["timestamp"] or 0, number_of(trade["id"])))
        for trade in new:
            self._take(trade)
        self.filled += len(new)
        return len(new)

    def _came(self, trade: dict[str, Any]) -> bool:
        number = number_of(trade["id"])
        if self._span is None or not number:
            return str(trade["id"] or "") in self._seen
        # A later trade with a lower id: the exchange began to count again, as test networks do.
        return number <= self.last_id and (trade["timestamp"] or 0) <= self.last_ms

    def _take(self, trade: dict[str, Any]) -> None:
        if self._came(trade):
            self.duplicates += 1
            return
        number = number_of(trade["id"])
        if self._span is not None and number:
            if 0 <= self.last_id < number:
                self.lost += max(0, number - self._span(trade) - self.last_id)
            self.last_id = number
        elif trade["id"]:
            self._remember(str(trade["id"]))
        self._number = number or self._number + 1
        try:
            self._pass(trade)
        except NotWhole as error:
            self._refuse(error)

    def _pass(self, trade: dict[str, Any]) -> None:
        self.last_ms = max(self.last_ms, trade["timestamp"] or 0)
        price, lots = self._ticks[trade["price"]], self._lots[trade["amount"]]
        side = Side.SELL if trade["side"] == "sell" else Side.BUY
        self._deliver(Trade(self._symbol, self._clock.now_ns(), price, lots, side, self._number))

    def _remember(self, trade_id: str) -> None:
        self._seen.add(trade_id)
        self._order.append(trade_id)
        if len(self._order) > REMEMBERED:
            self._seen.discard(self._order.popleft())


def number_of(trade_id: object) -> int:
    """An exchange's id where it is a number that the engine can keep, else 0."""
    text = str(trade_id or "")
    number = int(text) if text.isdecimal() else 0
    return number if number < 2**63 else 0
