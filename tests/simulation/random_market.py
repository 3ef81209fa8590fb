"""A small seeded market: books of a few levels that walk at random, a tape, marks, funding, gaps in the book."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from workstation.core.messages import BookDelta, BookSnapshot, FundingRate, Heartbeat, MarketInput, MarkPrice, Trade
from workstation.core.timeframe import HOUR_NS, SECOND_NS
from workstation.core.types import Side

DEPTH = 6


class RandomMarket:
    """Ticks by symbol to start from, usual lots of a level and of a trade; times go on from ``start_ns``."""

    def __init__(
        self, prices: dict[str, int], sizes: dict[str, int], start_ns: int, random: Random, marks: frozenset[str]
    ) -> None:
        self.now_ns = start_ns
        self._random = random
        self._middle = dict(prices)
        self._spread = {symbol: max(1, price // 20_000) for symbol, price in prices.items()}
        self._size = sizes
        self._sequence = dict.fromkeys(prices, 0)
        self._shown: dict[str, tuple[dict[int, int], dict[int, int]]] = {s: self._ladder(s) for s in prices}
        self._marks = marks
        self._trade_id = 0
        self._funding_hour = start_ns // HOUR_NS

    def snapshot(self, symbol: str) -> BookSnapshot:
        bids, asks = self._shown[symbol]
        return BookSnapshot(
            symbol,
            self.now_ns,
            self._sequence[symbol],
            tuple(sorted(bids.items(), reverse=True)),
            tuple(sorted(asks.items())),
        )

    def snapshots(self) -> list[BookSnapshot]:
        return [self.snapshot(symbol) for symbol in self._shown]

    def steps(self, count: int) -> Iterator[MarketInput]:
        for _ in range(count):
            yield from self._step()

    def _step(self) -> Iterator[MarketInput]:
        random = self._random
        self.now_ns += random.randrange(1, 150_000_000) if random.random() < 0.99 else random.randrange(3 * SECOND_NS)
        if self.now_ns // HOUR_NS > self._funding_hour:
            self._funding_hour = self.now_ns // HOUR_NS
            for symbol in sorted(self._marks):
                yield FundingRate(symbol, self.now_ns, random.randrange(-75_000, 75_000), self._middle[symbol])
        symbol = random.choice(list(self._middle))
        kind = random.random()
        if kind < 0.02:
            yield Heartbeat(self.now_ns)
        elif kind < 0.06 and symbol in self._marks:
            yield MarkPrice(symbol, self.now_ns, self._middle[symbol])
        elif kind < 0.45:
            yield self._trade(symbol)
        else:
            yield self._change(symbol)
            if random.random() < 0.003:
                # A change is lost on its way, so that the next one shows a gap.
                self._change(symbol)
                yield self._change(symbol)
                self.now_ns += random.randrange(SECOND_NS)
                yield self.snapshot(symbol)

    def _trade(self, symbol: str) -> Trade:
        bids, asks = self._shown[symbol]
        side = self._random.choice((Side.BUY, Side.SELL))
        price = min(asks) if side is Side.BUY else max(bids)
        self._trade_id += 1
        lots = self._random.randrange(1, 2 * self._size[symbol])
        return Trade(symbol, self.now_ns, price, lots, side, self._trade_id)

    def _change(self, symbol: str) -> BookDelta:
        spread = self._spread[symbol]
        leap = 100 if self._random.random() < 0.01 else 2
        moved = self._middle[symbol] + self._random.randrange(-leap * spread, leap * spread + 1)
        self._middle[symbol] = max(100, moved)
        before, after = self._shown[symbol], self._ladder(symbol)
        self._shown[symbol] = after
        previous = self._sequence[symbol]
        self._sequence[symbol] = previous + 1
        changed = [
            tuple(sorted((price, new.get(price, 0)) for price in {*old, *new} if old.get(price) != new.get(price)))
            for old, new in zip(before, after)
        ]
        return BookDelta(symbol, self.now_ns, previous, previous + 1, changed[0], changed[1])

    def _ladder(self, symbol: str) -> tuple[dict[int, int], dict[int, int]]:
        middle, spread, size = self._middle[symbol], self._spread[symbol], self._size[symbol]
        # Levels lie on a grid, so that most of them stay when the middle moves.
        centre = middle // spread
        lots = self._random.randrange
        bids = {(centre - level) * spread: lots(1, 2 * size) for level in range(DEPTH)}
        asks = {(centre + 1 + level) * spread: lots(1, 2 * size) for level in range(DEPTH)}
        return bids, asks
