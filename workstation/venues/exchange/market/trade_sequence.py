"""Public trades by their ids: each once, in order, and those that are missing asked for before what follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from workstation.core.messages import Trade

MOST_HELD = 100_000
"""Trades that wait behind a gap; more than that and the gap is given up."""


class TradeSequence:
    """Delivers one symbol's trades, whose ids have no gaps at the exchange.

    On a gap ``ask`` is called with the first and the last id that are missing, and everything waits until
    ``fill`` is called with what the exchange gave, which may be nothing: what is missing then is lost, and counted.
    """

    def __init__(self, deliver: Callable[[Trade], None], ask: Callable[[int, int], None]) -> None:
        self._deliver = deliver
        self._ask = ask
        self._held: list[tuple[Trade, int]] = []
        self._gap_end = 0
        self._last_ms = 0
        self.waiting = False
        self.last_id = -1
        self.gaps = 0
        self.duplicates = 0
        self.filled = 0
        self.lost = 0

    def on_trade(self, trade: Trade, time_ms: int) -> None:
        """``time_ms`` is the exchange's own time of the trade."""
        trade_id = trade.trade_id
        if self.waiting:
            self._held.append((trade, time_ms))
            if len(self._held) > MOST_HELD:
                self.fill(trade.ts_ns, ())
        elif trade_id == self.last_id + 1 or self.last_id < 0:
            self._pass(trade, time_ms)
        elif trade_id > self.last_id:
            self.gaps += 1
            self.waiting = True
            self._gap_end = trade_id
            self._held = [(trade, time_ms)]
            self._ask(self.last_id + 1, trade_id - 1)
        elif time_ms > self._last_ms:
            # A later trade with a lower id: the exchange began to count again, as test networks do.
            self._pass(trade, time_ms)
        else:
            self.duplicates += 1

    def fill(self, ts_ns: int, missing: Iterable[Trade]) -> None:
        """Deliver what was missing, then what waited behind it, all stamped ``ts_ns``."""
        if not self.waiting:
            return
        self.waiting = False
        held, self._held = self._held, []
        inside = {trade.trade_id: trade for trade in missing}
        self.filled += sum(1 for trade_id in inside if self.last_id < trade_id < self._gap_end)
        # What came late by the stream counts like what was asked for.
        inside.update((trade.trade_id, trade) for trade, _ in held)
        for trade_id in sorted(inside):
            if self.last_id < trade_id < self._gap_end:
                self.lost += trade_id - self.last_id - 1
                self.last_id = trade_id
                self._deliver(replace(inside[trade_id], ts_ns=ts_ns))
        self.lost += self._gap_end - self.last_id - 1
        self.last_id = self._gap_end - 1
        self._last_ms = max(time_ms for _, time_ms in held)
        for trade, time_ms in sorted(held, key=lambda entry: entry[0].trade_id):
            if trade.trade_id >= self._gap_end:
                self.on_trade(replace(trade, ts_ns=ts_ns), time_ms)

    def _pass(self, trade: Trade, time_ms: int) -> None:
        self.last_id = trade.trade_id
        self._last_ms = time_ms
        self._deliver(trade)
