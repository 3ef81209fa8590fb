"""A kill of an engine split in two: whichever way it comes, the positions are closed once, and both halves stay killed.

The market ends a moment after the kill, so that what was on its way when it came has arrived.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.replay.split_engine import INSTRUMENTS, SETTINGS, Split, engine, recorded
from workstation.assembly import Engine
from workstation.core.messages import (
    CancelAll,
    Flatten,
    Input,
    Kill,
    KillSwitchChanged,
    OrderFilled,
    OrderSubmitted,
    Resume,
    StopStrategy,
)
from workstation.core.types import OrderRole, OrderType, TradingState
from workstation.messaging.bodies import KillBody
from workstation.messaging.order_bodies import RequestBody, forwarded
from workstation.storage.journal import MemoryJournal
from workstation.storage.kill_latch import KillLatch
from workstation.trading.trading_state import KILL, KILL_ELSEWHERE
from workstation.venues.service.venue import ServiceVenue

NEAR = 2_000
AFTER = 400
MAKER = ("market_maker", "BTCUSDT")
KILLED = Kill(reason="enough", flatten=True)


@pytest.fixture(scope="module")
def events() -> list[Input]:
    return recorded()


class World:
    """A split engine that holds a position and has entries in the market."""

    def __init__(self, events: list[Input], folder: Path) -> None:
        self.latches = {name: KillLatch(folder / name) for name in ("core", "execution")}
        for name in self.latches:
            (folder / name).mkdir()
        self.split = Split(self.latches["core"], self.latches["execution"])
        self._events: Iterator[Input] = iter(events)
        for number, event in enumerate(self._events):
            self.split.take(event)
            if number > NEAR and self.held(self.core) and self._has_entries():
                break
        self.before = self.held(self.core)
        assert self.before == self.held(self.execution) and MAKER in self.before
        self.fills = len(self.filled(self.split.execution_journal))

    @property
    def core(self) -> Engine:
        return self.split.core

    @property
    def execution(self) -> Engine:
        return self.split.execution

    def _has_entries(self) -> bool:
        return any(not order.reduce_only for order in self.core.kernel.orders.open_orders())

    def go_on(self, count: int = AFTER) -> None:
        for _ in range(count):
            self.split.take(next(self._events))

    @staticmethod
    def held(engine: Engine) -> dict[tuple[str, str], int]:
        return {key: position.lots for key, position in engine.kernel.ledger.positions.items() if position.lots}

    @staticmethod
    def filled(journal: Any) -> list[OrderFilled]:
        return [output for output in journal.outputs if isinstance(output, OrderFilled)]

    def killed(self, half: Engine) -> set[str]:
        return {KILL, KILL_ELSEWHERE} & set(half.kernel.trading.causes)

    def check_flat_and_killed(self) -> None:
        """Everything that a kill with flatten promises."""
        split = self.split
        for name, half in (("core", self.core), ("execution", self.execution)):
            kernel = half.kernel
            assert self.held(half) == {}, name
            assert [order.client_id for order in kernel.orders.open_orders()] == [], name
            assert kernel.trading.state is TradingState.HALTED and self.killed(half), name
            assert self.latches[name].engaged, name
        core, execution = self.core.kernel.ledger, self.execution.kernel.ledger
        assert core.cash == execution.cash and core.net_lots == execution.net_lots
        assert {f.fill_id for f in self.filled(split.journal)} == {
            f.fill_id for f in self.filled(split.execution_journal)
        }
        closed: dict[tuple[str, str], int] = dict.fromkeys(self.before, 0)
        for fill in self.filled(split.execution_journal)[self.fills :]:
            order = self.execution.kernel.orders.orders[fill.client_id]
            key = (order.owner, order.symbol)
            closed[key] = closed.get(key, 0) + fill.side * fill.lots
            assert abs(self.before.get(key, 0) + closed[key]) <= abs(self.before.get(key, 0)), "it was reversed"
        assert closed == {key: -lots for key, lots in self.before.items()}, "each is closed, once"


@pytest.fixture
def world(events: list[Input], tmp_path: Path) -> World:
    return World(events, tmp_path)


def kills_of(journal: Any) -> list[KillSwitchChanged]:
    return [output for output in journal.outputs if isinstance(output, KillSwitchChanged)]


def test_a_kill_at_the_core_closes_at_the_service_and_kills_both(world: World) -> None:
    told = world.split.give(world.core, KILLED)
    assert told.startswith("Killed. Cancel sent for ") and told.endswith("The execution service closes the positions.")
    world.go_on()
    world.check_flat_and_killed()
    assert (world.killed(world.core), world.killed(world.execution)) == ({KILL}, {KILL_ELSEWHERE})
    assert world.execution.kernel.trading.reason == "Killed with the strategy core: enough"
    assert len(kills_of(world.split.journal)) == 1


def test_a_kill_at_the_service_closes_there_and_kills_both(world: World) -> None:
    told = world.split.give(world.execution, KILLED)
    assert "Flatten sent for" in told
    world.go_on()
    world.check_flat_and_killed()
    assert (world.killed(world.core), world.killed(world.execution)) == ({KILL_ELSEWHERE}, {KILL})
    assert world.core.kernel.trading.reason == "Killed with the execution service: enough"


@pytest.mark.parametrize("core_first", [True, False])
def test_a_kill_of_both_that_crosses_on_its_way_closes_each_position_once(world: World, core_first: bool) -> None:
    split = world.split
    split.is_cut = True
    halves = [world.core, world.execution] if core_first else [world.execution, world.core]
    for half in halves:
        split.give(half, KILLED)
    split.is_cut = False
    split.give(world.core, KILLED)  # And once more, as the account's risk state does beside the ops API.
    split.give(world.execution, KILLED)
    world.go_on()
    world.check_flat_and_killed()
    assert world.killed(world.core) == world.killed(world.execution) == {KILL, KILL_ELSEWHERE}
    assert len(kills_of(split.journal)) == 1 and len(kills_of(split.execution_journal)) == 1, "it acted once in each"


def test_a_kill_that_the_service_hears_late_is_carried_out_then(world: World) -> None:
    """NATS is away when the core is killed: a kill does not expire."""
    split = world.split
    split.is_cut = True
    split.give(world.core, KILLED)
    world.go_on(2_000)
    assert world.held(world.execution), "the service has not heard of it"
    split.is_cut = False
    world.go_on()
    for half in (world.core, world.execution):
        assert world.held(half) == {} and half.kernel.trading.state is TradingState.HALTED
    assert world.core.kernel.ledger.cash == world.execution.kernel.ledger.cash


def test_a_resume_where_it_was_killed_lifts_both(world: World) -> None:
    split = world.split
    for half in (world.core, world.execution):
        split.give(half, Kill(reason="enough"))
        assert world.killed(world.core) and world.killed(world.execution)
        assert split.give(half, Resume(reason="fine")) == "Resumed: trading is ACTIVE."
        assert not world.killed(world.core) and not world.killed(world.execution)
        assert not any(latch.engaged for latch in world.latches.values())
        assert world.core.kernel.trading.state is world.execution.kernel.trading.state is TradingState.ACTIVE


def test_a_resume_elsewhere_does_not_lift_it_and_says_where_to(world: World) -> None:
    split = world.split
    split.give(world.execution, Kill(reason="enough"))
    world.latches["core"].release()  # As `workstation resume` does.
    assert split.give(world.core, Resume()) == (
        "Resumed here. Trading goes on when the execution service is resumed too: Killed with the execution service: "
        "enough"
    )
    assert world.latches["core"].engaged and world.killed(world.core) == {KILL_ELSEWHERE}
    split.give(world.execution, Resume())
    assert not world.latches["core"].engaged and not world.killed(world.core)


def test_a_kill_and_a_resume_that_cross_leave_the_kill(world: World) -> None:
    split = world.split
    split.give(world.core, Kill(reason="enough"))
    split.is_cut = True
    split.give(world.execution, Kill(reason="too much"))
    split.give(world.core, Resume())
    split.is_cut = False
    world.go_on(5)
    assert (world.killed(world.core), world.killed(world.execution)) == ({KILL_ELSEWHERE}, {KILL})


def core_again(sent: list[RequestBody]) -> Engine:
    """A core that is started anew and has heard of nothing yet."""
    settings = replace(SETTINGS, execution=replace(SETTINGS.execution, place="service"))
    return engine(settings, MemoryJournal(), lambda clock, *_: (ServiceVenue(clock, INSTRUMENTS, sent.append), None))


@pytest.mark.parametrize("by_records", [True, False])
def test_a_core_that_ended_before_the_service_heard_of_its_kill_tells_it_at_its_start(
    world: World, by_records: bool
) -> None:
    split = world.split
    opening, known = world.core.snapshot(), len(split.journal.outputs)
    split.is_cut = True
    split.give(world.core, KILLED)
    sent: list[RequestBody] = []
    again = core_again(sent)
    if by_records:
        again.restore(opening)
        again.apply_records(split.journal.outputs[known:])
    else:
        again.restore(world.core.snapshot())
    again.start(world.core.kernel.clock.time_ns)
    told = [body for body in sent if isinstance(body, KillBody)]
    assert [(body.engaged, body.reason, body.flatten) for body in told] == [(True, "enough", True)]


@pytest.mark.parametrize("by_records", [True, False])
def test_what_is_followed_survives_a_restart_of_the_core(world: World, by_records: bool) -> None:
    split = world.split
    opening, known = world.core.snapshot(), len(split.journal.outputs)
    split.give(world.execution, Kill(reason="enough"))
    again = core_again([])
    if by_records:
        again.restore(opening)
        again.apply_records(split.journal.outputs[known:])
    else:
        again.restore(world.core.snapshot())
    trading = again.kernel.trading
    assert trading.state is TradingState.HALTED and set(trading.causes) == {KILL_ELSEWHERE}
    assert trading.reason == "Killed with the execution service: enough"


def test_a_core_that_is_new_hears_that_the_service_is_killed(world: World) -> None:
    """It reads what comes next, and tells at its start how its own kill switch stands."""
    split = world.split
    split.give(world.execution, Kill(reason="enough"))
    sent: list[RequestBody] = []
    core_again(sent).start(world.core.kernel.clock.time_ns)
    before = len(kills_of(split.execution_journal))
    for body in sent:
        split.give(world.execution, forwarded(body, "", INSTRUMENTS, "core"))
    told = kills_of(split.execution_journal)[before:]
    assert [(kill.engaged, kill.reason) for kill in told] == [(True, "enough")]
    assert world.killed(world.execution) == {KILL}


def test_a_flatten_at_the_core_passes_the_halt_of_both(world: World) -> None:
    split = world.split
    split.give(world.execution, Kill(reason="enough"))
    assert split.give(world.core, Flatten()) == f"Flatten sent for {len(world.before)} positions."
    world.go_on()
    world.check_flat_and_killed()
    closing = [o for o in split.execution_journal.outputs if isinstance(o, OrderSubmitted)][-len(world.before) :]
    assert all(
        o.role is OrderRole.EXIT and o.type is OrderType.MARKET and o.client_id.startswith("w1-") for o in closing
    )


def test_flattens_of_both_halves_never_close_more_than_is_held(world: World) -> None:
    split = world.split
    for name in ("market_maker", "grid"):
        if name in world.core.kernel.host.slots:
            split.give(world.core, StopStrategy(strategy=name))
    split.is_cut = True
    split.give(world.core, Flatten())
    split.give(world.execution, Flatten())
    split.is_cut = False
    split.give(world.core, CancelAll())
    split.give(world.core, Kill(reason="end of the test"))
    world.go_on()
    world.check_flat_and_killed()
