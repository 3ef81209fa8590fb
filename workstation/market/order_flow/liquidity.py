"""How much can be traded near the price, and who is taking it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

Levels = Sequence[tuple[int, int]]


class Liquidity(NamedTuple):
    """Of a book. ``spread`` in ticks, sums in lots; ``whole`` tells whether the levels at hand reach that far."""

    spread: int
    bid_lots: int
    ask_lots: int
    whole: bool

    @property
    def imbalance(self) -> float:
        """(bids - asks) / (bids + asks), -1 to 1; 0 for an empty book."""
        both = self.bid_lots + self.ask_lots
        return (self.bid_lots - self.ask_lots) / both if both else 0.0


def liquidity(bids: Levels, asks: Levels, reach_bps: int) -> Liquidity | None:
    """What stands within so many basis points of the middle; ``None`` where a side is empty. Best levels first."""
    if not bids or not asks:
        return None
    middle_twice = bids[0][0] + asks[0][0]
    # Twice the middle, in ten-thousandths: whole numbers on both sides of each comparison.
    lowest, highest = middle_twice * (10_000 - reach_bps), middle_twice * (10_000 + reach_bps)
    bid_lots = sum(lots for ticks, lots in bids if 20_000 * ticks >= lowest)
    ask_lots = sum(lots for ticks, lots in asks if 20_000 * ticks <= highest)
    whole = 20_000 * bids[-1][0] < lowest and 20_000 * asks[-1][0] > highest
    return Liquidity(asks[0][0] - bids[0][0], bid_lots, ask_lots, whole)


class CumulativeDepth(NamedTuple):
    """Price in ticks and the lots from the best price up to it, best first."""

    ticks: tuple[int, ...]
    lots: tuple[int, ...]


def cumulative(levels: Levels) -> CumulativeDepth:
    """Running sums of one side of a book, best first."""
    total, sums = 0, []
    for _, lots in levels:
        total += lots
        sums.append(total)
    return CumulativeDepth(tuple(ticks for ticks, _ in levels), tuple(sums))


class TradeWindow:
    """Trades of the last ``window_ns`` nanoseconds: how many, and the lots bought less those sold."""

    def __init__(self, window_ns: int) -> None:
        self._window_ns = window_ns
        self._trades: deque[tuple[int, int]] = deque()
        self.delta = 0

    @property
    def count(self) -> int:
        return len(self._trades)

    def add(self, ts_ns: int, lots: int, bought: bool) -> None:
        signed = lots if bought else -lots
        self._trades.append((ts_ns, signed))
        self.delta += signed

    def pass_time(self, now_ns: int) -> None:
        """Let go of what is older than the window."""
        while self._trades and self._trades[0][0] <= now_ns - self._window_ns:
            self.delta -= self._trades.popleft()[1]
