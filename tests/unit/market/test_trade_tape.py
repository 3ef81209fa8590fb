"""The kept trades: nothing is lost until there is more than is kept, and then the oldest goes first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workstation.market.trade_tape import TradeTape


@given(st.lists(st.integers(0, 3_000), max_size=12), st.integers(1, 6_000))
def test_the_newest_trades_are_there_in_their_order(bursts: list[int], capacity: int) -> None:
    tape = TradeTape(capacity)
    every: list[tuple[int, int, int, int]] = []
    read = 0
    for burst in bursts:
        for _ in range(burst):
            trade = (len(every), 100 + len(every), 1 + len(every) % 7, 1 if len(every) % 2 else -1)
            every.append(trade)
            tape.add(*trade)
        fresh = list(zip(*(column.tolist() for column in tape.since(read)), strict=True))
        missing = len(every) - read
        assert fresh == every[len(every) - len(fresh) :]
        assert len(fresh) >= min(missing, capacity)
        read = tape.total
    assert tape.total == len(every)
    assert len(tape.since(tape.total).ts_ns) == 0


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans(), st.integers(0, 100)), max_size=20))
def test_a_tape_that_is_wound_back_shows_what_it_showed_then(moves: list[tuple[int, bool, int]]) -> None:
    tape = TradeTape(None)
    every = [(at, 100 + at, 1 + at % 7, 1 if at % 2 else -1) for at in range(1_000)]
    known = 0
    for count, winds, share in moves:
        if winds:
            tape.wind(known * share // 100)
        for trade in every[tape.total : tape.total + count]:
            tape.add(*trade)
        known = max(known, tape.total)
        for since in (0, tape.total // 2, tape.total):
            found = list(zip(*(column.tolist() for column in tape.since(since)), strict=True))
            assert found == every[since : tape.total]
