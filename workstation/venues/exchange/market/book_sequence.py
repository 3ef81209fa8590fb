"""An order book by an exchange's sequence rules: snapshot over buffered changes, and a gap when one is missing."""

from __future__ import annotations

from collections.abc import Callable

from workstation.core.messages import BookDelta, BookSnapshot, Levels

LONGEST_BUFFER = 20_000
"""Changes kept while a snapshot is awaited; at ten a second more than half an hour."""


class BookSequence:
    """Delivers one symbol's book as the engine takes it.

    Every change tells the sequence that it follows: for Binance spot ``U - 1``, for its perpetuals ``pu``. A change
    applies to every state from the one it follows up to its own; quantities are absolute, so changes that overlap are
    harmless. ``on_gap`` is called once when one is missing; then ``on_snapshot`` must be given what the exchange has.
    """

    def __init__(
        self, symbol: str, deliver: Callable[[BookSnapshot | BookDelta], None], on_gap: Callable[[], None]
    ) -> None:
        self._symbol = symbol
        self._deliver = deliver
        self._on_gap = on_gap
        self._kept: list[BookDelta] | None = []
        """What came since a snapshot was wanted; None while none is."""
        self.synchronised = False
        self.sequence = -1
        self.gaps = 0
        self.snapshots = 0
        self.missing = 0
        """Sequence numbers between what we had and what came, at the last gap."""

    @property
    def wanting(self) -> bool:
        """Whether a snapshot is wanted."""
        return self._kept is not None

    def lose(self) -> None:
        """The book is no longer known; what comes is kept until there is a snapshot."""
        self.synchronised = False
        self._kept = []

    def refresh(self) -> None:
        """Keep what comes from now on beside delivering it, so that a new snapshot can take its place below it."""
        if self._kept is None:
            self._kept = []

    def on_change(self, ts_ns: int, previous: int, last: int, bids: Levels, asks: Levels) -> None:
        if self._kept is not None:
            self._keep(BookDelta(self._symbol, ts_ns, previous, last, bids, asks))
        if not self.synchronised or last <= self.sequence:
            return
        if previous <= self.sequence:
            delta = BookDelta(self._symbol, ts_ns, self.sequence, last, bids, asks)
            self.sequence = last
            self._deliver(delta)
            return
        self.gaps += 1
        self.missing = previous - self.sequence
        self.synchronised = False
        delta = BookDelta(self._symbol, ts_ns, previous, last, bids, asks)
        self._kept = [delta]
        # The engine's own book sees the gap by the sequence that this one follows.
        self._deliver(delta)
        self._on_gap()

    def on_snapshot(self, ts_ns: int, sequence: int, bids: Levels, asks: Levels) -> bool:
        """Take a snapshot, and what was kept after it; False when it is too old to connect, and another is needed."""
        later = [delta for delta in self._kept or () if delta.sequence > sequence]
        if later and later[0].previous_sequence > sequence:
            return False
        if not later and self.synchronised and sequence < self.sequence:
            return False
        self._kept = None
        self.sequence = sequence
        self.synchronised = True
        self.snapshots += 1
        self._deliver(BookSnapshot(self._symbol, ts_ns, sequence, bids, asks))
        for delta in later:
            self.on_change(ts_ns, delta.previous_sequence, delta.sequence, delta.bids, delta.asks)
        return True

    def _keep(self, delta: BookDelta) -> None:
        """Only an unbroken run is of use."""
        kept = self._kept or []
        if kept:
            if delta.sequence <= kept[-1].sequence:
                return
            if delta.previous_sequence > kept[-1].sequence or len(kept) >= LONGEST_BUFFER:
                kept.clear()
        kept.append(delta)
        self._kept = kept
