"""Public trades by id: every one once and in order, whatever the stream loses, doubles or reorders."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workstation.core.messages import Trade
from workstation.core.types import Side
from workstation.venues.exchange.market.trade_sequence import TradeSequence


def trade(trade_id: int, ts_ns: int = 0) -> Trade:
    return Trade("BTCUSDT", ts_ns, 100 + trade_id, 1, Side.BUY, trade_id)


class Tape:
    def __init__(self) -> None:
        self.came: list[Trade] = []
        self.asked: list[tuple[int, int]] = []
        self.sequence = TradeSequence(self.came.append, lambda first, last: self.asked.append((first, last)))

    @property
    def ids(self) -> list[int]:
        return [item.trade_id for item in self.came]

    def take(self, *ids: int) -> None:
        for trade_id in ids:
            self.sequence.on_trade(trade(trade_id), 1000 + trade_id)


@given(
    fates=st.lists(st.sampled_from(["pass", "pass", "drop", "twice", "swap", "answer"]), max_size=60),
    start=st.integers(1, 10**10),
)
def test_every_trade_comes_once_and_in_order(fates: list[str], start: int) -> None:
    tape = Tape()
    tape.take(start)
    newest = start
    delayed: list[int] = []

    def answer() -> None:
        if tape.sequence.waiting:
            first, last = tape.asked[-1]
            tape.sequence.fill(5, [trade(number) for number in range(first, last + 1)])

    for fate in fates:
        if fate == "answer":
            answer()
            continue
        newest += 1
        if fate == "swap":
            delayed.append(newest)
            continue
        if fate != "drop":
            tape.take(newest)
            tape.take(*delayed)
            delayed.clear()
        if fate == "twice":
            tape.take(newest)
    newest += 1
    tape.take(newest)
    while tape.sequence.waiting:
        answer()
    assert tape.ids == list(range(start, newest + 1))
    assert tape.sequence.lost == 0


def test_missing_trades_come_before_what_follows() -> None:
    """Lesson 18: ccxt does not fill trades that a reconnect lost."""
    tape = Tape()
    tape.take(10, 11, 15, 16)
    assert (tape.ids, tape.asked) == ([10, 11], [(12, 14)])
    tape.sequence.fill(99, [trade(number) for number in (12, 13, 14)])
    assert tape.ids == [10, 11, 12, 13, 14, 15, 16]
    assert [item.ts_ns for item in tape.came[2:]] == [99] * 5
    assert (tape.sequence.gaps, tape.sequence.filled, tape.sequence.lost) == (1, 3, 0)


def test_what_the_exchange_does_not_have_is_counted_as_lost() -> None:
    tape = Tape()
    tape.take(10, 15, 17)
    tape.sequence.fill(1, [trade(12)])
    assert tape.ids == [10, 12, 15]
    assert tape.sequence.lost == 3
    assert tape.asked[-1] == (16, 16)
    tape.sequence.fill(1, [])
    assert tape.ids == [10, 12, 15, 17]
    assert tape.sequence.lost == 4


def test_an_exchange_that_counts_anew_is_followed() -> None:
    tape = Tape()
    tape.take(1_000_000)
    tape.sequence.on_trade(trade(1), 2_000_000)
    tape.sequence.on_trade(trade(2), 2_000_001)
    assert tape.ids == [1_000_000, 1, 2]
    tape.sequence.on_trade(trade(1), 2_000_000)
    assert tape.sequence.duplicates == 1
