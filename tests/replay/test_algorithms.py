"""Execution algorithms in a paper session that is killed: they go on, are proved, and a backtest does the same."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from tests.replay.paper_session import PaperSession, busy_configuration
from tests.replay.test_parity import backtest, decisions, session_of
from workstation.config.loader import settings_from_json
from workstation.core.algorithms import AlgorithmState, Iceberg, ParentOrder, Scaled, Twap
from workstation.core.messages import AlgorithmChanged, AlgorithmStarted, OrderFilled, OrderSubmitted, StartAlgorithm
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import Side
from workstation.storage.layout import DataFolder
from workstation.trading.algorithms.parent import Parent, read_tag
from workstation.verification import verify

pytestmark = pytest.mark.allow_log_warnings

HALF = 50_000_000


def begin(paper: PaperSession) -> None:
    """One of each kind, in a symbol that no strategy trades."""
    last = paper.session.kernel.markets["XRPUSDT"].last_price
    unit = max(10, last // 5_000)
    for plan in (
        Twap(duration_ns=120 * SECOND_NS, slices=6, randomness=HALF),
        Iceberg(price=last + 3 * unit, visible=2_000, refill=HALF, randomness=HALF),
        Scaled(first_price=last, last_price=last - 20 * unit, count=5, ratio=4 * HALF),
    ):
        order = ParentOrder(symbol="XRPUSDT", side=Side.BUY, lots=12_000, plan=plan)
        paper.command(StartAlgorithm(order=order))


def parents(paper: PaperSession) -> list[Parent]:
    return list(paper.session.kernel.algorithms.parents.values())


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three algorithms, a kill in the middle of them, and a second session that goes on."""
    data = tmp_path_factory.mktemp("algorithms")
    settings = busy_configuration()
    replaced = msgspec.structs.replace(settings.settings, strategies={})
    loaded = msgspec.structs.replace(settings, settings=replaced, json=msgspec.json.encode(replaced).decode())
    first = PaperSession(data, loaded)
    first.let_pass(10)
    begin(first)
    first.let_pass(45)
    before = {parent.algorithm_id: parent.filled_lots for parent in parents(first)}
    first.kill()
    second = PaperSession(data, loaded, start_ns=first.clock.ns + 600 * SECOND_NS)
    assert {parent.algorithm_id: parent.filled_lots for parent in parents(second)} == before
    second.let_pass(200)
    assert parents(second)[0].state is AlgorithmState.DONE
    assert parents(second)[0].filled_lots == 12_000
    second.close()
    return data


def test_what_they_did_before_and_after_the_kill_is_proved(worked: Path) -> None:
    proof = verify(DataFolder(worked), None)
    assert (proof.sessions, [s for s in proof.skipped if "not run again" in s]) == (2, [])
    assert proof.fills > 10


def test_each_executed_no_more_than_its_quantity_over_both_sessions(worked: Path) -> None:
    records = [record for number in (1, 2) for record in session_of(worked, number)[1]]
    tags = {record.client_id: record.tag for record in records if isinstance(record, OrderSubmitted)}
    executed: Counter[str] = Counter()
    for record in records:
        if isinstance(record, OrderFilled):
            executed[read_tag(tags[record.client_id])[0]] += record.lots
    started = [record for record in records if isinstance(record, AlgorithmStarted)]
    assert len(started) == 3
    for record in started:
        assert 0 < executed[record.algorithm_id] <= record.order.lots
    assert any(isinstance(record, AlgorithmChanged) and record.state == "done" for record in records)


@pytest.mark.parametrize("number", [1, 2])
def test_a_backtest_of_the_same_events_decides_the_same(worked: Path, number: int) -> None:
    entry, records = session_of(worked, number)
    paper = decisions(records)
    tested = decisions(backtest(worked, entry, settings_from_json(entry.header.configuration)))
    assert paper == tested[: len(paper)]
    assert sum(isinstance(record, OrderSubmitted) for record in paper) >= 3
