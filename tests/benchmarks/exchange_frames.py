"""Frames of Binance's spot streams for the benchmark: from a recording, or made up by seed in the same shape."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import msgspec

SYMBOL = "BTCUSDT"
BOOK_STREAM, TRADE_STREAM = "btcusdt@depth@100ms", "btcusdt@trade"
CHANGES, TRADES = 10_000, 40_000
LEVELS = 46
"""Levels of a change on average, as in recordings of BTCUSDT."""
REMOVED, REPEATED = 0.45, 0.4
"""Parts of them that are removed, and that have one of some hundred usual quantities."""
USUAL = [f"{number * 0.00617:.5f}000" for number in range(1, 300)]


class Frames(NamedTuple):
    """``snapshot`` is the answer of REST that the changes follow."""

    snapshot: dict[str, Any]
    changes: list[bytes]
    trades: list[bytes]
    origin: str


def recorded_frames(folder: Path) -> Frames:
    """Out of recordings whose lines are a time, a space and a message, with one snapshot in line."""
    snapshot: dict[str, Any] = {}
    changes, trades = [], []
    for path in sorted(folder.glob("*.gz")):
        with gzip.open(path) as lines:
            for line in lines:
                frame = line.partition(b" ")[2].strip()
                if b'"depthUpdate"' in frame:
                    changes.append(frame)
                elif b'"e":"trade"' in frame:
                    trades.append(frame)
                elif frame.startswith(b'{"lastUpdateId"') and not snapshot:
                    snapshot = msgspec.json.decode(frame)
    return Frames(snapshot, changes, trades, "recorded")


def made_frames(seed: int = 1) -> Frames:
    random = Random(seed)
    bids = [[f"{61_837.63 - level * 0.3:.8f}", f"{random.random():.5f}000"] for level in range(1000)]
    asks = [[f"{61_837.64 + level * 0.3:.8f}", f"{random.random():.5f}000"] for level in range(1000)]
    snapshot = {"lastUpdateId": 1000, "bids": bids, "asks": asks}
    return Frames(snapshot, list(_changes(random)), list(_trades(random)), "made up")


def _changes(random: Random) -> Iterator[bytes]:
    last = 1000
    for number in range(CHANGES):
        levels = 1 + int(random.expovariate(1 / LEVELS))
        sides = [[_level(random, side) for _ in range(levels // 2 + 1)] for side in (-1, 1)]
        first, last = last + 1, last + random.randint(1, 300)
        update = {"e": "depthUpdate", "E": 1_723_161_255_208 + number * 100, "s": SYMBOL, "U": first, "u": last}
        yield msgspec.json.encode({"stream": BOOK_STREAM, "data": {**update, "b": sides[0], "a": sides[1]}})


def _level(random: Random, side: int) -> list[str]:
    """Most change near the touch, some far away."""
    distance = random.expovariate(1 / (3 if random.random() < 0.7 else 60))
    kind = random.random()
    if kind < REMOVED:
        quantity = "0.00000000"
    elif kind < REMOVED + REPEATED:
        quantity = random.choice(USUAL)
    else:
        quantity = f"{random.expovariate(3):.5f}000"
    return [f"{61_837.635 + side * (0.005 + distance):.2f}000000", quantity]


def _trades(random: Random) -> Iterator[bytes]:
    for number in range(TRADES):
        trade = {"e": "trade", "E": 1_723_161_255_343 + number, "s": SYMBOL, "t": 3_735_683_259 + number}
        trade |= {"p": f"{61_837.63 + random.randint(-50, 50) / 100:.2f}000000"}
        trade |= {"q": f"{random.expovariate(20):.5f}000", "T": 1_723_161_255_342 + number}
        yield msgspec.json.encode({"stream": TRADE_STREAM, "data": {**trade, "m": random.random() < 0.5, "M": True}})
