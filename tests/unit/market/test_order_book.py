from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workstation.core.messages import BookDelta, BookSnapshot
from workstation.market.order_book import OrderBook

SYMBOL = "BTCUSDT"
LEVELS = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 5)), max_size=8).map(tuple)
Levels = tuple[tuple[int, int], ...]


def snapshot(sequence: int, bids: Levels = (), asks: Levels = ()) -> BookSnapshot:
    return BookSnapshot(SYMBOL, sequence, sequence, bids, asks)


def delta(previous: int, sequence: int, bids: Levels = (), asks: Levels = ()) -> BookDelta:
    return BookDelta(SYMBOL, sequence, previous, sequence, bids, asks)


def as_snapshot(sequence: int, bids: Levels, asks: Levels) -> BookSnapshot:
    """The venue writes each level of a snapshot once."""
    return snapshot(sequence, tuple(dict(bids).items()), tuple(dict(asks).items()))


class Model:
    """Both sides as plain maps."""

    def __init__(self) -> None:
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}

    def apply(self, bids: Levels, asks: Levels) -> None:
        for levels, changes in ((self.bids, bids), (self.asks, asks)):
            for price, lots in changes:
                levels.pop(price, None)
                if lots:
                    levels[price] = lots


def check(book: OrderBook, model: Model, depth: int) -> None:
    bids, asks = sorted(model.bids.items(), reverse=True), sorted(model.asks.items())
    assert book.top_bids(depth) == bids[:depth]
    assert book.top_asks(depth) == asks[:depth]
    assert (book.bids, book.asks) == (model.bids, model.asks)
    assert book.best_bid == (bids[0][0] if bids else 0)
    assert book.best_ask == (asks[0][0] if asks else 0)
    assert book.crossed == bool(bids and asks and bids[0][0] >= asks[0][0])
    assert (book.bid_prices, book.ask_prices) == (sorted(model.bids), sorted(model.asks))


@given(LEVELS, LEVELS, st.lists(st.tuples(LEVELS, LEVELS), max_size=20), st.integers(0, 10))
def test_the_book_is_what_the_changes_make_of_the_snapshot(
    bids: Levels, asks: Levels, changes: list[tuple[Levels, Levels]], depth: int
) -> None:
    book, model = OrderBook(SYMBOL), Model()
    first = as_snapshot(10, bids, asks)
    book.apply_snapshot(first)
    model.apply(first.bids, first.asks)
    check(book, model, depth)
    for number, (more_bids, more_asks) in enumerate(changes, start=10):
        assert book.apply_delta(delta(number, number + 1, more_bids, more_asks))
        model.apply(more_bids, more_asks)
        check(book, model, depth)
    assert (book.sequence, book.ts_ns, book.gaps) == (10 + len(changes), 10 + len(changes), 0)


@given(st.lists(st.tuples(st.sampled_from(("next", "gap", "old", "snapshot")), LEVELS, LEVELS), max_size=30))
def test_lesson_18_a_gap_stops_the_book_until_the_next_snapshot(steps: list[tuple[str, Levels, Levels]]) -> None:
    book, model = OrderBook(SYMBOL), Model()
    sequence, synchronised, gaps = 0, False, 0
    for kind, bids, asks in steps:
        if kind == "snapshot":
            sequence += 5
            whole = as_snapshot(sequence, bids, asks)
            book.apply_snapshot(whole)
            model = Model()
            model.apply(whole.bids, whole.asks)
            synchronised = True
        elif kind == "next":
            assert book.apply_delta(delta(sequence, sequence + 1, bids, asks)) == synchronised
            if synchronised:
                sequence += 1
                model.apply(bids, asks)
        elif kind == "gap":
            assert not book.apply_delta(delta(sequence + 3, sequence + 4, bids, asks))
            gaps += synchronised
            synchronised = False
        else:
            assert book.apply_delta(delta(sequence - 2, sequence - 1, bids, asks)) == synchronised
        assert (book.synchronised, book.gaps) == (synchronised, gaps)
        check(book, model, 5)


def test_lesson_18_a_change_before_the_first_snapshot_is_no_gap() -> None:
    book = OrderBook(SYMBOL)
    assert not book.apply_delta(delta(-1, 0, ((5, 1),)))
    assert (book.gaps, book.bids, book.synchronised) == (0, {}, False)


def test_lesson_18_a_removed_level_leaves_nothing_behind() -> None:
    book = OrderBook(SYMBOL)
    book.apply_snapshot(snapshot(0))
    for number in range(5_000):
        assert book.apply_delta(delta(2 * number, 2 * number + 1, ((number + 1, 3),)))
        assert book.apply_delta(delta(2 * number + 1, 2 * number + 2, ((number + 1, 0), (number + 7, 0))))
    assert (book.bids, book.bid_prices) == ({}, [])
