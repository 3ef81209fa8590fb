"""The order book that ccxt keeps of any exchange, as snapshots and changes with a sequence of our own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from workstation.core.clock import WallClock
from workstation.core.instrument import Instrument
from workstation.core.messages import BookDelta, BookSnapshot
from workstation.venues.exchange.market.exact_steps import lot_steps, tick_steps

Side = dict[int, int]


class CcxtBook:
    """ccxt checks the exchange's sequence and hands over its book as it is now; what changed since is delivered."""

    def __init__(
        self, instrument: Instrument, clock: WallClock, deliver: Callable[[BookSnapshot | BookDelta], None]
    ) -> None:
        self._symbol = instrument.symbol
        self._clock = clock
        self._deliver = deliver
        self._ticks = tick_steps(instrument)
        self._lots = lot_steps(instrument)
        self._bids: Side = {}
        self._asks: Side = {}
        self._sequence = 0
        self.synchronised = False
        self.snapshots = 0

    def lose(self) -> None:
        """What comes next is taken as a whole."""
        self.synchronised = False

    def take(self, book: Any) -> None:
        """Raises ``NotWhole`` for a price or quantity that is not whole."""
        bids, asks = self._side(book["bids"]), self._side(book["asks"])
        now_ns = self._clock.now_ns()
        previous, self._sequence = self._sequence, self._sequence + 1
        if self.synchronised:
            changes = tuple(_changes(self._bids, bids)), tuple(_changes(self._asks, asks))
            self._deliver(BookDelta(self._symbol, now_ns, previous, self._sequence, *changes))
        else:
            self.synchronised = True
            self.snapshots += 1
            best_first = tuple(sorted(bids.items(), reverse=True)), tuple(sorted(asks.items()))
            self._deliver(BookSnapshot(self._symbol, now_ns, self._sequence, *best_first))
        self._bids, self._asks = bids, asks

    def agrees(self, book: Any) -> bool:
        """Whether the best prices of a book from elsewhere are those of this one."""
        theirs = self._side(book["bids"][:1]), self._side(book["asks"][:1])
        ours = max(self._bids, default=0), min(self._asks, default=0)
        return ours == (max(theirs[0], default=0), min(theirs[1], default=0))

    def _side(self, levels: Iterable[Sequence[Any]]) -> Side:
        ticks, lots = self._ticks, self._lots
        return {ticks[level[0]]: lots[level[1]] for level in levels}


def _changes(before: Side, now: Side) -> list[tuple[int, int]]:
    changed = [(price, lots) for price, lots in now.items() if before.get(price) != lots]
    return changed + [(price, 0) for price in before if price not in now]
