"""The exchange's sequence rules: whatever is lost, doubled or reordered, the book is the truth or known not to be."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from workstation.core.messages import BookDelta, BookSnapshot, Levels
from workstation.market.order_book import OrderBook
from workstation.venues.exchange.market.book_sequence import BookSequence

Change = tuple[int, int, int, Levels, Levels]
"""First and last update, the last of the change before, bids, asks."""


class Truth:
    """An exchange's book and the changes that it sends. Perpetuals skip numbers, as they share them with others."""

    def __init__(self, seed: int, linear: bool) -> None:
        self.random = Random(seed)
        self.linear = linear
        self.bids: dict[int, int] = {100 - level: 5 for level in range(10)}
        self.asks: dict[int, int] = {101 + level: 5 for level in range(10)}
        self.last = 1000
        self.states = {self.last: self.levels()}

    def levels(self) -> tuple[Levels, Levels]:
        return tuple(sorted(self.bids.items())), tuple(sorted(self.asks.items()))

    def change(self) -> Change:
        random = self.random
        bids = tuple((random.randint(80, 100), random.choice((0, 0, 1, 2, 3))) for _ in range(random.randint(0, 3)))
        asks = tuple((random.randint(101, 121), random.choice((0, 0, 1, 2, 3))) for _ in range(random.randint(0, 3)))
        for side, changes in ((self.bids, bids), (self.asks, asks)):
            for price, lots in changes:
                side.pop(price, None)
                if lots:
                    side[price] = lots
        previous = self.last
        first = previous + 1 + (random.randint(0, 4) if self.linear else 0)
        self.last = first + random.randint(0, 6)
        # Several numbers belong to one change; a snapshot may be taken at each of them.
        for number in range(first, self.last + 1):
            self.states[number] = self.levels()
        return first, self.last, previous, bids, asks

    def snapshot(self) -> tuple[int, Levels, Levels]:
        return self.last, *self.states[self.last]


class Ours:
    """The engine's own book, fed with what the sequence delivers."""

    def __init__(self, linear: bool) -> None:
        self.linear = linear
        self.book = OrderBook("BTCUSDT")
        self.wanted = 0
        self.sequence = BookSequence("BTCUSDT", self.deliver, self.on_gap)
        self.sequence.lose()

    def deliver(self, item: BookSnapshot | BookDelta) -> None:
        if isinstance(item, BookSnapshot):
            self.book.apply_snapshot(item)
        else:
            self.book.apply_delta(item)

    def on_gap(self) -> None:
        self.wanted += 1

    def take(self, change: Change) -> None:
        first, last, previous, bids, asks = change
        self.sequence.on_change(0, previous if self.linear else first - 1, last, bids, asks)

    def levels(self) -> tuple[Levels, Levels]:
        return tuple(sorted(self.book.bids.items())), tuple(sorted(self.book.asks.items()))


def check(truth: Truth, ours: Ours) -> None:
    """The engine's book is what the exchange had at its sequence, and both know the same of gaps."""
    assert ours.book.synchronised == ours.sequence.synchronised
    assert ours.book.gaps == ours.sequence.gaps
    if ours.book.synchronised:
        assert ours.book.sequence == ours.sequence.sequence
        assert ours.levels() == truth.states[ours.book.sequence]


FATES = st.lists(
    st.sampled_from(["pass", "pass", "pass", "drop", "twice", "late", "snapshot", "old", "edge"]), max_size=80
)


@given(seed=st.integers(0, 2**32), linear=st.booleans(), fates=FATES)
def test_lost_doubled_and_reordered_changes_leave_the_truth_or_a_known_gap(
    seed: int, linear: bool, fates: list[str]
) -> None:
    truth, ours = Truth(seed, linear), Ours(linear)
    late: list[Change] = []
    old = truth.snapshot()
    for fate in fates:
        if fate == "snapshot":
            old = truth.snapshot()
            if ours.sequence.wanting:
                ours.sequence.on_snapshot(0, *truth.snapshot())
        elif fate == "old":
            if ours.sequence.wanting:
                ours.sequence.on_snapshot(0, *old)
        elif fate == "edge":
            ours.sequence.refresh()
        else:
            change = truth.change()
            if fate == "late":
                late.append(change)
                continue
            if fate != "drop":
                ours.take(change)
            if fate == "twice":
                ours.take(change)
            while late:
                ours.take(late.pop())
        check(truth, ours)
    ours.sequence.lose()
    ours.book.synchronised = False
    assert ours.sequence.on_snapshot(0, *truth.snapshot())
    ours.take(truth.change())
    check(truth, ours)
    assert ours.book.synchronised and ours.book.sequence == truth.last


@given(seed=st.integers(0, 2**32), linear=st.booleans(), before=st.integers(0, 10), after=st.integers(0, 10))
def test_a_snapshot_taken_anywhere_in_unbroken_changes_makes_no_gap(
    seed: int, linear: bool, before: int, after: int
) -> None:
    truth, ours = Truth(seed, linear), Ours(linear)
    for _ in range(before):
        ours.take(truth.change())
    number = truth.random.choice(sorted(truth.states))
    for _ in range(after):
        ours.take(truth.change())
    assert ours.sequence.on_snapshot(0, number, *truth.states[number])
    for _ in range(5):
        ours.take(truth.change())
        check(truth, ours)
    assert ours.book.gaps == 0 and ours.book.sequence == truth.last


def test_a_gap_is_counted_once_and_told_to_the_engine() -> None:
    """Lesson 18: a gap leads to a new book, counted and shown."""
    truth, ours = Truth(1, linear=False), Ours(linear=False)
    assert ours.sequence.on_snapshot(0, *truth.snapshot())
    ours.take(truth.change())
    lost = truth.change()
    for _ in range(3):
        ours.take(truth.change())
    assert (ours.book.gaps, ours.sequence.gaps, ours.wanted) == (1, 1, 1)
    assert ours.sequence.missing == lost[1] - lost[0] + 1
    assert not ours.book.synchronised
    assert ours.sequence.on_snapshot(0, *truth.snapshot())
    check(truth, ours)


def test_a_snapshot_older_than_what_is_kept_is_not_taken() -> None:
    truth, ours = Truth(2, linear=True), Ours(linear=True)
    old = truth.snapshot()
    truth.change()
    truth.change()
    ours.take(truth.change())
    assert not ours.sequence.on_snapshot(0, *old)
    assert not ours.book.synchronised and ours.sequence.wanting
    assert ours.sequence.on_snapshot(0, *truth.snapshot())
