"""Trades of any exchange through ccxt: each once, in order, and what a break has cost fetched since the last one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from workstation.core.clock import WallClock
from workstation.core.instrument import Instrument
from workstation.core.messages import Trade
from workstation.core.types import Side
from workstation.venues.exchange.market.exact_steps import NotWhole, lot_steps, tick_steps

REMEMBERED = 20_000
"""Ids of the newest trades, by which what comes twice is known."""


class CcxtTrades:
    """``refuse`` hears of a trade whose price or quantity is not whole; the others go on."""

    def __init__(
        self,
        instrument: Instrument,
        clock: WallClock,
        deliver: Callable[[Trade], None],
        refuse: Callable[[NotWhole], None],
    ) -> None:
        self._symbol = instrument.symbol
        self._clock = clock
        self._deliver = deliver
        self._refuse = refuse
        self._ticks = tick_steps(instrument)
        self._lots = lot_steps(instrument)
        self._order: deque[str] = deque()
        self._seen: set[str] = set()
        self._number = 0
        self.last_ms = 0
        """The exchange's time of the newest trade."""
        self.filled = 0
        self.duplicates = 0

    def take(self, trades: Iterable[dict[str, Any]]) -> None:
        for trade in trades:
            try:
                self._take(trade)
            except NotWhole as error:
                self._refuse(error)

    def fill(self, trades: Iterable[dict[str, Any]]) -> int:
        """Take trades of which some came already; how many were new."""
        new = [trade for trade in trades if str(trade["id"] or "") not in self._seen and trade["id"]]
        new.sort(key=lambda trade: (trade["timestamp"] or 0, _number(trade["id"])))
        self.take(new)
        self.filled += len(new)
        return len(new)

    def _take(self, trade: dict[str, Any]) -> None:
        trade_id = str(trade["id"] or "")
        if trade_id:
            if trade_id in self._seen:
                self.duplicates += 1
                return
            self._remember(trade_id)
        self._number = _number(trade_id) or self._number + 1
        self.last_ms = max(self.last_ms, trade["timestamp"] or 0)
        price, lots = self._ticks[trade["price"]], self._lots[trade["amount"]]
        side = Side.SELL if trade["side"] == "sell" else Side.BUY
        self._deliver(Trade(self._symbol, self._clock.now_ns(), price, lots, side, self._number))

    def _remember(self, trade_id: str) -> None:
        self._seen.add(trade_id)
        self._order.append(trade_id)
        if len(self._order) > REMEMBERED:
            self._seen.discard(self._order.popleft())


def _number(trade_id: str) -> int:
    """An exchange's id where it is a number that the engine can keep, else 0."""
    number = int(trade_id) if trade_id.isdecimal() else 0
    return number if number < 2**63 else 0
