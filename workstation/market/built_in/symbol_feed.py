"""The book and the tape of one symbol of the built-in market."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from workstation.core.instrument import Instrument
from workstation.core.messages import BookDelta, BookSnapshot, Levels, MarketInput, Trade
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import Side
from workstation.market.built_in.assets import asset_of, lots_per_dollar_lossy
from workstation.market.built_in.price_path import Activity, PricePath, Regimes

MESSAGES_PER_STEP = 1.5
"""Trades and book changes that a step makes on average, measured."""
TRADE_DOLLARS, TRADE_SPREAD = 1_600.0, 1.5
"""Mean of a trade and the spread of its logarithm, for an asset of size 1."""
TOUCH_DOLLARS, DEEP_DOLLARS, LEVEL_SPREAD = 9_000.0, 30_000.0, 0.9
SLOT_WIDTH = 1.0e-5
"""Mean distance of two levels, as a part of the price."""
BATCH_STEPS = 128
LONGEST_PAUSE_NS = 60.0 * SECOND_NS
POOL = 4_096

Step = tuple[int, int, int, int, int, bool, int, int, bool]


def slot_width(start_ticks: int) -> int:
    """Mean distance of two levels in ticks."""
    return max(1, round(start_ticks * SLOT_WIDTH))


def slot_fineness(start_ticks: int) -> float:
    """From 0.25, where a tick is wide for the price, to 1, where levels can be as near as they should."""
    return min(1.0, max(0.25, SLOT_WIDTH * start_ticks / slot_width(start_ticks)))


class SymbolFeed:
    """Makes the events of one symbol step by step.

    The book stands on slots, which are levels at uneven prices; each side covers ``depth`` neighbouring slots. A step
    lets the aggressor take from the best level, then moves the book to where the fair price wants it, in one delta.
    """

    def __init__(
        self,
        instrument: Instrument,
        rng: np.random.Generator,
        path: PricePath,
        start_ticks: int,
        start_ns: int,
        messages_per_second: float,
        depth: int,
    ) -> None:
        self.symbol = instrument.symbol
        self._rng = rng
        self._path = path
        self._depth = depth
        self._steps_per_second = messages_per_second / MESSAGES_PER_STEP
        self._activity = Activity(rng, 1 / self._steps_per_second)
        self._width = slot_width(start_ticks)
        self._fineness = slot_fineness(start_ticks)
        self._offsets: list[int] = rng.integers(0, self._width, POOL).tolist()
        lots = lots_per_dollar_lossy(instrument, start_ticks) * asset_of(instrument).size
        self._trade_lots = self._sizes(TRADE_DOLLARS * lots, TRADE_SPREAD)
        self._touch_lots = self._sizes(TOUCH_DOLLARS * lots, LEVEL_SPREAD)
        self._deep_lots = self._sizes(DEEP_DOLLARS * lots, LEVEL_SPREAD)
        self._drawn = 0
        self.sequence = 0
        self._trade_id = 0
        self._planned_ns = start_ns
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}
        self._bid = max(1, start_ticks // self._width)
        if self._price(self._bid) >= start_ticks:
            self._bid = max(1, self._bid - 1)
        self._ask = self._bid + 1
        self._bottom = max(1, self._bid - depth + 1)
        self._top = self._ask + depth - 1
        for distance, slot in enumerate(range(self._bid, self._bottom - 1, -1)):
            self._bids[slot] = self._new_lots(distance)
        for distance, slot in enumerate(range(self._ask, self._top + 1)):
            self._asks[slot] = self._new_lots(distance)
        self._plan: Iterator[Step] = iter(())
        self._next: Step = self._take_step()

    @property
    def activity_at_start(self) -> Regimes:
        return self._activity.start

    @property
    def next_ns(self) -> int:
        """Time of the next step."""
        return self._next[0]

    def snapshot(self, ts_ns: int) -> BookSnapshot:
        """The book as the deltas made so far have left it."""
        bids = tuple((self._price(slot), self._bids[slot]) for slot in range(self._bid, self._bottom - 1, -1))
        asks = tuple((self._price(slot), self._asks[slot]) for slot in range(self._ask, self._top + 1))
        return BookSnapshot(self.symbol, ts_ns, self.sequence, bids, asks)

    def step(self) -> list[MarketInput]:
        """Trades, if any, and the book change that follows; all at ``next_ns``."""
        ts_ns, bid_to, ask_to, trades, size, buys, bid_change, ask_change, sweeps = self._next
        self._next = self._take_step()
        events: list[MarketInput] = []
        changed_bids: dict[int, int] = {}
        changed_asks: dict[int, int] = {}
        if trades and buys:
            best = self._ask
            dented = self._take_asks(ts_ns, trades, size, bid_to if sweeps else -1, changed_asks, events)
            # What the trades left must be what the delta shows: a dented level stays, an emptied one stays empty.
            lowest = self._ask if self._ask != best or not dented else self._ask - self._depth + 1
            ask_to = max(lowest, min(ask_to, self._ask) if dented else ask_to)
            bid_to = min(bid_to, ask_to - 1)
        elif trades:
            best = self._bid
            dented = self._take_bids(ts_ns, trades, size, ask_to if sweeps else self._top + 1, changed_bids, events)
            highest = self._bid if self._bid != best or not dented else self._bid + self._depth - 1
            bid_to = min(highest, max(bid_to, self._bid) if dented else bid_to)
            ask_to = max(ask_to, bid_to + 1)
        self._move_bids(bid_to, changed_bids)
        self._move_asks(ask_to, changed_asks)
        slot = self._bid - bid_change
        if slot not in changed_bids and slot in self._bids:
            self._bids[slot] = changed_bids[slot] = self._new_lots(bid_change)
        slot = self._ask + ask_change
        if slot not in changed_asks and slot in self._asks:
            self._asks[slot] = changed_asks[slot] = self._new_lots(ask_change)
        if changed_bids or changed_asks:
            sequence = self.sequence
            self.sequence = sequence + 1
            bids, asks = self._levels(changed_bids), self._levels(changed_asks)
            events.append(BookDelta(self.symbol, ts_ns, sequence, sequence + 1, bids, asks))
        return events

    def _take_asks(
        self, ts_ns: int, trades: int, size: int, through: int, changed: dict[int, int], events: list[MarketInput]
    ) -> bool:
        """Buyers take from the best asks, whole levels up to ``through``; whether the last level was only dented."""
        asks = self._asks
        for _ in range(trades):
            slot = self._ask
            have = asks[slot]
            self._drawn += 1
            lots = (self._trade_lots[self._drawn & (POOL - 1)] * size >> 8) or 1
            whole = lots >= have or slot <= through
            self._trade_id += 1
            taken = have if whole else lots
            events.append(Trade(self.symbol, ts_ns, self._price(slot), taken, Side.BUY, self._trade_id))
            if not whole:
                asks[slot] = changed[slot] = have - lots
                return True
            del asks[slot]
            changed[slot] = 0
            self._ask = slot + 1
            if self._ask > self._top:
                self._asks[self._ask] = changed[self._ask] = self._new_lots(0)
                self._top = self._ask
                return True
        return False

    def _take_bids(
        self, ts_ns: int, trades: int, size: int, through: int, changed: dict[int, int], events: list[MarketInput]
    ) -> bool:
        """Sellers take from the best bids, whole levels down to ``through``; whether the last was only dented."""
        bids = self._bids
        for _ in range(trades):
            slot = self._bid
            have = bids[slot]
            self._drawn += 1
            lots = (self._trade_lots[self._drawn & (POOL - 1)] * size >> 8) or 1
            whole = (lots >= have or slot >= through) and slot > self._bottom
            self._trade_id += 1
            taken = have if whole else min(lots, have)
            events.append(Trade(self.symbol, ts_ns, self._price(slot), taken, Side.SELL, self._trade_id))
            if not whole:
                bids[slot] = changed[slot] = have - taken
                return True
            del bids[slot]
            changed[slot] = 0
            self._bid = slot - 1
        return False

    def _move_bids(self, bid_to: int, changed: dict[int, int]) -> None:
        bids, bid, depth = self._bids, self._bid, self._depth
        bottom = max(1, bid_to - depth + 1)
        for slot in range(max(bid_to + 1, self._bottom), bid + 1):
            del bids[slot]
            changed[slot] = 0
        for slot in range(max(bid + 1, bottom), bid_to + 1):
            bids[slot] = changed[slot] = self._new_lots(bid_to - slot)
        for slot in range(self._bottom, min(bottom, bid + 1)):
            del bids[slot]
            changed[slot] = 0
        for slot in range(bottom, min(self._bottom, bid_to + 1)):
            bids[slot] = changed[slot] = self._new_lots(depth)
        self._bid, self._bottom = bid_to, bottom

    def _move_asks(self, ask_to: int, changed: dict[int, int]) -> None:
        asks, ask, depth = self._asks, self._ask, self._depth
        top = ask_to + depth - 1
        for slot in range(ask, min(ask_to, self._top + 1)):
            del asks[slot]
            changed[slot] = 0
        for slot in range(ask_to, min(ask, top + 1)):
            asks[slot] = changed[slot] = self._new_lots(slot - ask_to)
        for slot in range(max(top + 1, ask), self._top + 1):
            del asks[slot]
            changed[slot] = 0
        for slot in range(max(self._top + 1, ask_to), top + 1):
            asks[slot] = changed[slot] = self._new_lots(depth)
        self._ask, self._top = ask_to, top

    def _new_lots(self, distance: int) -> int:
        self._drawn += 1
        pool = self._touch_lots if distance < 4 else self._deep_lots
        return pool[self._drawn & (POOL - 1)]

    def _price(self, slot: int) -> int:
        return slot * self._width + self._offsets[slot & (POOL - 1)]

    def _levels(self, changed: dict[int, int]) -> Levels:
        width, offsets = self._width, self._offsets
        return tuple([(slot * width + offsets[slot & (POOL - 1)], lots) for slot, lots in changed.items()])

    def _sizes(self, mean: float, spread: float) -> list[int]:
        drawn = self._rng.lognormal(np.log(mean) - spread * spread / 2, spread, POOL)
        sizes: list[int] = np.maximum(1, drawn).astype(np.int64).tolist()
        return sizes

    def _take_step(self) -> Step:
        step = next(self._plan, None)
        if step is None:
            self._plan = iter(self._plan_steps())
            step = next(self._plan)
        return step

    def _plan_steps(self) -> list[Step]:
        """Everything about the next steps that does not depend on the book, drawn at once."""
        rng, path = self._rng, self._path
        count = max(1, min(BATCH_STEPS, int(self._steps_per_second * 20)))
        mean_ns = SECOND_NS / self._steps_per_second
        pauses = np.minimum(rng.gamma(1.5, mean_ns / 1.5, count + 1), LONGEST_PAUSE_NS)
        _, stress = path.at(self.symbol, self._planned_ns + np.cumsum(pauses).astype(np.int64))
        times = self._planned_ns + np.cumsum(pauses / (0.85 + 0.6 * stress)).astype(np.int64) + 1
        self._planned_ns = int(times[-2])
        fair, stress = path.at(self.symbol, times)
        target = fair / self._width
        ahead = np.append(target[1:], target[-1]) - target
        target = target[:-1] + self._fineness * rng.normal(0.0, 0.25, count) * (1.0 + stress[:-1])
        wide = 0.25 + rng.exponential(0.25, count) + stress[:-1] * rng.uniform(0.4, 1.3, count)
        half = 0.05 + self._fineness * wide
        bid_to = np.maximum(2, np.floor(target - half)).astype(np.int64)
        ask_to = np.maximum(bid_to + 1, np.ceil(target + half).astype(np.int64))
        trades = rng.choice(4, count, p=(0.56, 0.28, 0.11, 0.05))
        buys = rng.random(count) < 0.5 + 0.38 * np.tanh(1.5 * ahead[:-1] + 0.8 * np.diff(target, prepend=target[0]))
        sizes = np.minimum(256 * self._activity.take(times[:-1], stress[:-1]), 8_192).astype(np.int64)
        changes = rng.geometric(0.15, (2, count)) - 1
        sweeps = rng.random(count) < 0.8
        columns = (times[:-1], bid_to, ask_to, trades, sizes, buys, changes[0], changes[1], sweeps)
        return list(zip(*(column.tolist() for column in columns)))
