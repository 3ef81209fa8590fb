"""Going back costs what lies between two kept moments, never the whole way, and leads to the same state."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.backtest.test_job import REQUEST, job_in
from workstation.backtest.history import RunFolder
from workstation.backtest.job import run_job
from workstation.core.errors import DataError
from workstation.core.messages import Bar, Input
from workstation.core.timeframe import HOUR_NS
from workstation.replay import kept_moments, played_inputs
from workstation.replay.backtest import BacktestSource
from workstation.replay.checkpoint import Checkpoint
from workstation.replay.kept_moments import KeptMoments, Moment
from workstation.replay.played_inputs import PlayedInputs
from workstation.replay.player import Player
from workstation.trading import recovery

EVERYTHING = 1 << 40


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = job_in(tmp_path_factory.mktemp("replayed"))
    run_job(folder, lambda event: None)
    return folder


def state(player: Player) -> Any:
    """What the engine would begin again with, and everything that it ever put out."""
    kernel = player.opened.kernel
    run = player.opened.run
    assert run is not None
    series = kernel.markets["BTCUSDT"].series[HOUR_NS]
    bars = [column.tolist() for column in (series.close_ns, series.open, series.high, series.low, series.close)]
    return recovery.snapshot(kernel), list(run.journal.outputs), bars, kernel.clock.time_ns


def test_wherever_it_comes_from_it_stands_where_playing_leads(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_moments, "LEAST_INPUTS", 8)
    monkeypatch.setattr(kept_moments, "BYTES_AN_INPUT", EVERYTHING)
    monkeypatch.setattr(played_inputs, "BLOCK", 16)
    source = BacktestSource(run)
    straight, moved = Player(source), Player(BacktestSource(run))
    ways = {}
    times = list(range(source.start_ns, source.end_ns + 1, 7 * HOUR_NS))
    for time_ns in times:
        straight.advance(time_ns, EVERYTHING)
        ways[time_ns] = state(straight)
    assert straight.opened.run is not None and straight.opened.run.journal.outputs

    @settings(max_examples=10)
    @given(st.lists(st.tuples(st.sampled_from(times), st.integers(0, 5)), min_size=1, max_size=5))
    def go(moves: list[tuple[int, int]]) -> None:
        for time_ns, steps in moves:
            goes_back = time_ns < moved.time_ns
            moved.approach(time_ns)
            begins = moved.dispatched
            assert moved.time_ns <= time_ns
            moved.advance(time_ns, EVERYTHING)
            assert moved.time_ns == time_ns
            assert state(moved) == ways[time_ns]
            if goes_back:
                assert moved.dispatched - begins <= 16, "it came from too far"
            for _ in range(steps):
                moved.step()

    go()


@pytest.mark.parametrize("strategy", ["bollinger", "confluence", "donchian_turtle", "grid", "rsi_reversion"])
def test_every_strategy_goes_on_from_a_copy_as_it_would_have(
    strategy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_moments, "LEAST_INPUTS", 100)
    monkeypatch.setattr(kept_moments, "BYTES_AN_INPUT", EVERYTHING)
    folder = job_in(tmp_path, msgspec.structs.replace(REQUEST, strategy=strategy, parameters={}))
    run_job(folder, lambda event: None)
    player = Player(BacktestSource(folder))
    player.advance(player.source.end_ns, EVERYTHING)
    whole = state(player)
    player.approach((player.source.start_ns + player.source.end_ns) // 2)
    assert player.dispatched >= 100
    player.advance(player.source.end_ns, EVERYTHING)
    assert state(player) == whole


def test_a_step_back_after_another_begins_close_by(run: RunFolder) -> None:
    player = Player(BacktestSource(run))
    player.advance(player.source.end_ns, EVERYTHING)
    assert len(player.moments) == 1, "the way is short: only its beginning is kept"
    for steps in range(1, 6):
        player.approach(player.time_ns - HOUR_NS)
        begins = player.dispatched
        player.advance(player.source.end_ns - steps * HOUR_NS, EVERYTHING)
        assert player.time_ns == player.source.end_ns - steps * HOUR_NS
        assert steps == 1 or player.dispatched - begins <= 21


def test_a_jump_forward_over_what_was_played_takes_the_short_way(run: RunFolder, monkeypatch: Any) -> None:
    monkeypatch.setattr(kept_moments, "LEAST_INPUTS", 8)
    monkeypatch.setattr(kept_moments, "BYTES_AN_INPUT", EVERYTHING)
    player = Player(BacktestSource(run))
    player.advance(player.source.end_ns, EVERYTHING)
    whole = state(player)
    player.approach(player.source.start_ns)
    assert player.approach(player.source.end_ns)
    begins = player.dispatched
    player.advance(player.source.end_ns, EVERYTHING)
    assert player.dispatched - begins <= 16
    assert state(player) == whole


def test_what_listens_is_told_what_it_had_heard(run: RunFolder) -> None:
    heard: list[int] = []
    ends: list[Callable[[], None]] = []

    def listen(opened: Any) -> None:
        ends.append(opened.kernel.bus.subscribe(Bar, lambda bar: heard.append(bar.ts_ns)))

    def recall(memory: object) -> None:
        heard[:] = memory if isinstance(memory, list) else []

    def leave() -> None:
        ends.pop()()

    player = Player(BacktestSource(run), listen, leave)
    player.remember, player.recall = heard.copy, recall
    middle = (player.source.start_ns + player.source.end_ns) // 2
    player.advance(middle, EVERYTHING)
    by_then = list(heard)
    player.advance(player.source.end_ns, EVERYTHING)
    assert len(heard) > len(by_then) > 0
    player.approach(middle)
    player.advance(middle, EVERYTHING)
    assert heard == by_then
    assert len(ends) == 1


def test_a_state_that_cannot_be_copied_is_played_from_the_beginning(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = BacktestSource(run)
    player = Player(source)
    player.opened.kernel.host.slots["ema_cross"].strategy.feed = iter(x for x in range(3))  # type: ignore[attr-defined]
    player.advance(source.end_ns, EVERYTHING)
    whole = state(player)
    assert len(player.moments) == 0
    assert player.approach(source.start_ns + HOUR_NS)
    assert player.dispatched == 0
    player.advance(source.end_ns, EVERYTHING)
    assert state(player) == whole


class Holder:
    """Holds what engines hold: timers over variables, bound methods, itself."""

    def __init__(self) -> None:
        self.count = 0
        self.random = random.Random(7)
        self.itself = self
        step = 1

        def add(*, by: int = 1) -> None:
            nonlocal step
            self.count += step * by
            step += 1

        self.add: Callable[..., None] = add
        self.method = self.value
        self.frozen = Bar("BTCUSDT", 1, 1, 1, 1, 1, 1, 1)

    def value(self) -> tuple[int, float]:
        return self.count, self.random.random()


def test_a_checkpoint_is_a_copy_of_its_own() -> None:
    held = Holder()
    held.add()
    checkpoint = Checkpoint(held)
    first, second = checkpoint.open(), checkpoint.open()
    for each in (first, second):
        assert each.itself is each and each.method.__self__ is each
        assert each.frozen is held.frozen, "what cannot change is shared"
        each.add(by=2)
        assert each.count == 1 + 2 * 2
    assert held.count == 1
    assert first.value() == second.value() == (5, held.random.random())
    with pytest.raises(DataError, match="cannot be copied"):
        Checkpoint(iter(x for x in range(3)))


def made_moment(dispatched: int, size: int = 1) -> Moment:
    class Sized(Checkpoint):
        size = 0

        def __init__(self) -> None:
            self.size = size

    return Moment(dispatched, dispatched * 10, Sized(), None)


@given(st.integers(1, 400), st.integers(4, 20))
def test_kept_moments_are_bounded_and_even(count: int, most: int) -> None:
    kept = KeptMoments(most)
    for number in range(count):
        if kept.wants(number * 1_000):
            kept.add(made_moment(number * 1_000))
    assert 1 <= len(kept) <= most
    first = kept.latest(0)
    assert first is not None and first.dispatched == 0
    newest = kept.latest(EVERYTHING)
    assert newest is not None and newest.dispatched == (count - 1) * 1_000
    for place in range(0, count * 1_000, 500):
        found = kept.latest(place * 10)
        assert found is not None and found.dispatched <= place


@pytest.mark.parametrize("count", [100, 700, 3_000])
def test_a_jump_costs_a_twentieth_at_most_and_a_step_back_one_distance(count: int) -> None:
    kept = KeptMoments()
    for number in range(count):
        kept.add(made_moment(number * 1_000))
    costs = []
    for place in range(0, count * 1_000, 500):
        found = kept.latest(place * 10)
        assert found is not None
        costs.append(place - found.dispatched)
    assert max(costs) <= count * 1_000 / 20
    assert max(costs[-10:]) <= 1_000


def test_kept_moments_are_bounded_in_bytes() -> None:
    kept = KeptMoments(most=100, most_bytes=1_000)
    for number in range(50):
        kept.add(made_moment(number * 1_000, size=100))
    assert len(kept) <= 10
    assert not kept.wants(49_000) and kept.wants(51_000)


@pytest.mark.parametrize("in_memory", [0, 1 << 20])
def test_inputs_come_again_as_they_came(in_memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(played_inputs, "BLOCK", 4)
    monkeypatch.setattr(played_inputs, "MOST_IN_MEMORY", in_memory)
    bars: list[Input] = [Bar("BTCUSDT", number, HOUR_NS, 100, 110, 90, number, 5) for number in range(1, 15)]
    drawn = 0

    def recorded() -> Iterator[Input]:
        nonlocal drawn
        for bar in bars:
            drawn += 1
            yield bar

    inputs = PlayedInputs(recorded())
    assert [inputs.next() for _ in range(7)] == bars[:7]
    inputs.seek(2)
    assert [inputs.next() for _ in range(12)] == bars[2:]
    assert inputs.next() is None
    inputs.seek(0)
    assert [inputs.next() for _ in range(15)] == [*bars, None]
    assert drawn == len(bars)
    inputs.close()


def test_frozen_structs_are_told_from_others() -> None:
    class Open(msgspec.Struct):
        value: int

    held = Open(1)
    again = Checkpoint([held, held]).open()
    assert again[0] is again[1] and again[0] is not held
