from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workstation.core.clock import NEVER_NS, EventClock, WallClock


def test_timers_fire_each_at_its_own_time_before_the_input_that_passed_them() -> None:
    clock = EventClock(100)
    fired: list[tuple[str, int]] = []
    clock.call_at(130, lambda: fired.append(("late", clock.now_ns())))
    clock.call_at(110, lambda: fired.append(("early", clock.now_ns())))
    clock.call_at(50, lambda: fired.append(("past", clock.now_ns())))
    assert clock.next_due_ns == 50
    clock.advance(120)
    assert fired == [("past", 100), ("early", 110)]
    assert (clock.now_ns(), clock.next_due_ns) == (120, 130)
    clock.advance(130)
    assert fired[-1] == ("late", 130)
    assert clock.next_due_ns == NEVER_NS


def test_time_never_goes_back() -> None:
    clock = EventClock(100)
    clock.advance(50)
    assert clock.now_ns() == 100


def test_a_cancelled_timer_does_not_fire() -> None:
    clock = EventClock()
    fired: list[int] = []
    timer = clock.call_at(10, lambda: fired.append(1))
    clock.call_at(10, lambda: fired.append(2))
    timer.cancel()
    clock.advance(10)
    assert fired == [2]


def test_timers_of_one_moment_fire_as_they_were_set() -> None:
    clock = EventClock()
    fired: list[int] = []
    for number in range(20):
        clock.call_at(10, lambda n=number: fired.append(n))  # type: ignore[misc]
    clock.advance(10)
    assert fired == list(range(20))


def test_a_timer_may_set_timers_that_fall_due_in_the_same_advance() -> None:
    clock = EventClock()
    fired: list[int] = []

    def tick() -> None:
        fired.append(clock.now_ns())
        clock.call_at(clock.now_ns() + 10, tick)

    clock.call_at(10, tick)
    clock.advance(35)
    assert fired == [10, 20, 30]
    assert (clock.now_ns(), clock.next_due_ns) == (35, 40)


@given(
    st.lists(st.tuples(st.integers(0, 12), st.sampled_from(("set", "advance", "cancel")), st.integers(0, 9))),
    st.integers(0, 6),
)
def test_timers_fire_in_order_of_time_then_of_setting(steps: list[tuple[int, str, int]], start: int) -> None:
    clock = EventClock(start)
    fired: list[tuple[int, int]] = []
    waiting: dict[int, int] = {}
    timers = {}

    def note(number: int, when_ns: int) -> None:
        assert clock.now_ns() >= when_ns
        fired.append((when_ns, number))
        del waiting[number]

    for number, (when_ns, action, which) in enumerate(steps):
        if action == "set":
            waiting[number] = when_ns
            timers[number] = clock.call_at(when_ns, lambda n=number, w=when_ns: note(n, w))  # type: ignore[misc]
        elif action == "cancel" and which in timers:
            timers[which].cancel()
            waiting.pop(which, None)
        elif action == "advance":
            expected = sorted((w, n) for n, w in waiting.items() if w <= when_ns)
            before, fired[:] = clock.now_ns(), []
            clock.advance(when_ns)
            assert fired == expected
            assert clock.now_ns() == max(before, when_ns)
            assert all(w > when_ns for w in waiting.values())
            assert clock.next_due_ns <= min(waiting.values(), default=NEVER_NS)


def test_what_a_timer_decided_leaves_at_its_time_and_not_with_the_next_input() -> None:
    clock = EventClock()
    happened: list[tuple[str, int]] = []
    clock.on_fired = lambda: happened.append(("left", clock.now_ns()))
    clock.call_at(10, lambda: happened.append(("first", clock.now_ns())))
    clock.call_at(20, lambda: happened.append(("cancelled", clock.now_ns()))).cancel()
    clock.call_at(30, lambda: happened.append(("second", clock.now_ns())))
    clock.advance(100)
    assert happened == [("first", 10), ("left", 10), ("second", 30), ("left", 30)]


def test_the_wall_clock_does_not_go_back() -> None:
    clock = WallClock()
    times = [clock.now_ns() for _ in range(1_000)]
    assert times == sorted(times)
    assert times[0] > 1_600_000_000_000_000_000
