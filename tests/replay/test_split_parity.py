"""Whole or split, the same recorded input leads to the same decisions.

The split engine is two: a strategy core, and the execution service that is its venue. Everything between them goes
through the messages as they travel; time is kept in step, as a replay over NATS keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.replay.paper_session import START_NS
from tests.replay.split_engine import SETTINGS, Split, engine, recorded, start_strategies
from workstation.core.messages import Input, OrderFilled
from workstation.storage.journal import ORDER_KINDS, MemoryJournal, order_hash


def whole(events: Sequence[Input]) -> MemoryJournal:
    journal = MemoryJournal()
    one = engine(SETTINGS, journal)
    one.start(START_NS)
    start_strategies(one)
    for event in events:
        one.kernel.dispatch(event)
    return journal


def decisions(journal: MemoryJournal) -> list[Any]:
    return [output for output in journal.outputs if isinstance(output, ORDER_KINDS)]


@pytest.fixture(scope="module")
def events() -> list[Input]:
    return recorded()


def test_whole_and_split_decide_the_same_on_the_same_input(events: list[Input]) -> None:
    one = decisions(whole(events))
    split = Split()
    for event in events:
        split.take(event)
    two = decisions(split.journal)
    assert sum(isinstance(output, OrderFilled) for output in one) > 30
    for number, (left, right) in enumerate(zip(one, two)):
        assert left == right, f"decision {number}"
    assert order_hash(one) == order_hash(two)
    core, execution = split.core.kernel.ledger, split.execution.kernel.ledger
    assert core.cash == execution.cash and core.net_lots == execution.net_lots
    assert {k: p.lots for k, p in core.positions.items()} == {k: p.lots for k, p in execution.positions.items()}
