"""The whole kernel through a hostile world; see ``world`` for the faults and the invariants."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.simulation.world import Outcome, run

SEEDS = 48
STEPS = 700

pytestmark = pytest.mark.allow_log_warnings


@pytest.mark.parametrize("first", range(0, SEEDS, 6))
def test_every_invariant_holds_whatever_happens(first: int):
    for seed in range(first, first + 6):
        outcome = run(seed, STEPS)
        assert outcome.counts["OrderSubmitted"] > 5, f"seed {seed} did too little to prove anything"


def test_a_round_trip_that_is_learned_of_late_counts_from_its_execution_after_a_restart_too():
    """The soak found it: live timed the stop guard by the report, and the journal tells only of the execution."""
    assert run(545, STEPS).counts["crashes"]


def test_an_answer_to_a_question_of_an_earlier_session_is_not_listened_to():
    """The soak found it: an order that had ended meanwhile was taken for somebody else's."""
    for seed in (755, 1771):
        assert run(seed, STEPS).counts["crashes"]


def test_stops_do_not_multiply_where_cancels_overtake_their_orders():
    """The soak found it: a stop that was replaced, and whose cancel was refused, was replaced at each fill again."""
    assert run(5607, STEPS).counts["OrderSubmitted"] < 1_000


def runs_until_met(seeds: range, what: tuple[str, ...], times: int, steps: int = STEPS, **options: bool) -> None:
    """Run one seed after the other until each of these things has happened so many times, or no seed is left."""
    counts = Counter[str]()
    for seed in seeds:
        counts += run(seed, steps, **options).counts
        if all(counts[each] >= times for each in what):
            return
    short = {each: counts[each] for each in what if counts[each] < times}
    raise AssertionError(f"the runs met too little to prove anything: {short}")


def test_a_late_fill_of_an_order_that_an_earlier_life_gave_up_is_its_owners():
    """None of ours is ever adopted as somebody else's, which every run proves."""
    runs_until_met(range(1, 120, 2), ("given up",), 30, gives_up=True)


def test_changes_that_wait_and_targets_that_are_due_live_through_crashes():
    what = ("ReplacementPlanned", "changes across a crash", "OrderDue", "due across a crash")
    runs_until_met(range(0, 240, 3), what, 15)


def test_the_same_seed_makes_the_same_journal():
    def fingerprint(outcome: Outcome) -> tuple[str, tuple[bytes, ...]]:
        return outcome.order_hash, outcome.records

    assert fingerprint(run(5, 400)) == fingerprint(run(5, 400))
    assert run(5, 400).order_hash != run(6, 400).order_hash


def test_the_runs_meet_every_kind_of_trouble():
    kinds = (
        "crashes",
        "full disks",
        "OrderUnknown",
        "OrderRejected",
        "CancelRejected",
        "OrderFilled",
        "OrderAmended",
        "OrderTriggered",
        "KillSwitchChanged",
        "BookGap",
        "FundingPaid",
        "PositionTransferred",
    )
    runs_until_met(range(24), kinds, 3, steps=400)


def test_an_algorithm_never_orders_more_than_its_quantity_and_lives_through_crashes():
    """That it never orders more is looked at after every input of every run, by what the venue has; that brackets close
    no more than their entries filled, at the end."""
    counts = Counter[str]()
    for seed in range(12):
        counts += run(seed, 500, algorithms=True).counts
    for what in ("AlgorithmStarted", "AlgorithmAdvanced", "AlgorithmChanged", "algorithms across a crash"):
        assert counts[what] > 30, f"{what}: {counts[what]}"
    for what in ("brackets entered", "brackets left"):
        assert counts[what] > 5, f"{what}: {counts[what]}"
