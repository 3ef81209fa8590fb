from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workstation.core.types import TradingState
from workstation.trading.trading_state import TradingStateHolder

ACTIVE, REDUCING, HALTED = TradingState.ACTIVE, TradingState.REDUCING, TradingState.HALTED
Change = tuple[TradingState, str, int]


def holder() -> tuple[TradingStateHolder, list[Change]]:
    told: list[Change] = []
    return TradingStateHolder(lambda state, reason, until_ns: told.append((state, reason, until_ns))), told


def test_the_severest_cause_holds_and_lifting_one_keeps_the_others() -> None:
    trading, told = holder()
    trading.restrict("loss", REDUCING, "day loss", 50)
    trading.restrict("kill", HALTED, "killed")
    trading.restrict("other", REDUCING, "later")
    trading.lift("kill")
    trading.lift("loss")
    trading.lift("other")
    assert told == [
        (REDUCING, "day loss", 50),
        (HALTED, "killed", 0),
        (REDUCING, "day loss", 50),
        (REDUCING, "later", 0),
        (ACTIVE, "", 0),
    ]


def test_the_state_is_settled_before_anyone_is_told() -> None:
    trading, _ = holder()
    seen: list[TradingState] = []
    trading = TradingStateHolder(lambda state, reason, until_ns: seen.append(trading.state))
    trading.restrict("kill", HALTED, "killed")
    assert seen == [HALTED]


def test_lifting_what_is_not_there_tells_nobody() -> None:
    trading, told = holder()
    trading.lift("kill")
    assert told == []


def test_only_what_is_due_lifts_by_itself() -> None:
    trading, _ = holder()
    trading.restrict("kill", HALTED, "killed")
    trading.restrict("loss", REDUCING, "day loss", 50)
    trading.restrict("pause", HALTED, "pause", 70)
    trading.lift_due(49)
    assert len(trading.causes) == 3
    trading.lift_due(50)
    assert list(trading.causes) == ["kill", "pause"]
    trading.lift_due(1 << 62)
    assert (list(trading.causes), trading.state) == (["kill"], HALTED)


def test_settling_quietly_takes_the_causes_and_tells_nobody() -> None:
    source, _ = holder()
    source.restrict("kill", HALTED, "killed")
    trading, told = holder()
    trading.causes.update(source.causes)
    trading.settle_quietly()
    assert (trading.state, trading.reason, told) == (HALTED, "killed", [])


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(TradingState), st.integers(0, 3), st.booleans()), max_size=20
    )
)
def test_the_state_is_always_the_severest_of_the_causes(steps: list[tuple[str, TradingState, int, bool]]) -> None:
    trading, told = holder()
    rank = [ACTIVE, REDUCING, HALTED]
    for cause, state, until_ns, lift in steps:
        if lift:
            trading.lift(cause)
        else:
            trading.restrict(cause, state, f"{cause} {state}", until_ns)
        states = [restriction.state for restriction in trading.causes.values()]
        assert trading.state is max(states, key=rank.index, default=ACTIVE)
        if told:
            assert told[-1] == (trading.state, trading.reason, trading.until_ns)
