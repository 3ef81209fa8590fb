"""A session from outside: starts, stops, signals, kill -9, restarts, the kill switch, the lock."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from random import Random

import pytest

from tests.end_to_end.program import (
    BUSY_PROFILE,
    configuration,
    environment,
    fees_and_funding,
    is_one_sentence,
    journal,
    open_orders,
    positions,
    run,
    running,
    wait_until,
)
from workstation.core.messages import (
    CancelRequested,
    KillSwitchChanged,
    OrderFilled,
    OrderSubmitted,
    StrategyStateSaved,
)
from workstation.core.types import OrderRole
from workstation.storage.kill_latch import KillLatch


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def busy(tmp_path: Path, data: Path) -> list[str]:
    return ["--config", str(configuration(tmp_path, BUSY_PROFILE)), "--profile", "test", "--data", str(data)]


def test_it_runs_for_a_while_and_stops_in_order(data: Path):
    done = run("--no-gui", "--for", "3", "--data", data, "--seed", "7")
    assert done.returncode == 0, done.stderr
    assert "PAPER session 1" in done.stdout and "seed 7" in done.stdout
    assert "Stopped in order" in done.stdout and not done.stderr
    sessions, records = journal(data)
    (session,) = sessions
    assert session.summary is not None and session.summary.reason == "time is over"
    assert session.header.seed == 7
    assert session.summary.inputs > 100 and records
    assert "Proved: 1 sessions" in run("verify", "--data", data).stdout.splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_stop_it_in_order(data: Path, busy: list[str], number: int):
    with running(*busy) as session:
        wait_until(data, lambda records: any(isinstance(record, OrderSubmitted) for record in records))
        assert session.stop(number) == 0
        assert "Stopped in order" in session.output and "Traceback" not in session.output
    sessions, records = journal(data)
    summary = sessions[0].summary
    assert summary is not None and summary.reason == signal.Signals(number).name
    roles = {r.client_id: (r.role, r.reduce_only) for r in records if isinstance(r, OrderSubmitted)}
    left = {roles[client_id] for client_id in open_orders(records)}
    assert (OrderRole.ENTRY, False) not in left, "an entry was left behind"


def test_kill_9_at_any_moment_loses_nothing(data: Path, busy: list[str]):
    random = Random(11)
    for _ in range(4):
        with running(*busy) as session:
            time.sleep(random.uniform(0.5, 4.0))
            session.process.kill()
            session.process.wait()
        sessions, records = journal(data)
        assert sessions[-1].summary is None
        done = run("--no-gui", *busy, "--for", "0.5")
        assert done.returncode == 0, done.stdout + done.stderr
        opened = journal(data)[0][-1].header.opening
        held = {(row["owner"], row["symbol"]): row["lots"] for row in opened["ledger"]["positions"] if row["lots"]}
        assert held == dict(positions(records))
        assert {order["client_id"] for order in opened["orders"]} == open_orders(records)
        assert (opened["ledger"]["fees"], opened["ledger"]["funding"]) == fees_and_funding(records)
        assert sum(row["fills"] for row in opened["ledger"]["positions"]) == sum(
            isinstance(record, OrderFilled) for record in records
        )
        saved = {r.strategy: r.state for r in records if isinstance(r, StrategyStateSaved)}
        kept = {name: strategy["saved"] for name, strategy in opened["strategies"].items() if strategy["saved"]}
        assert kept == {name: state for name, state in saved.items() if state}
    done = run("verify", *busy)
    assert done.returncode == 0, done.stderr
    orders = sum(isinstance(record, OrderSubmitted) for record in journal(data)[1])
    assert f"Proved: 8 sessions, {orders} orders" in done.stdout
    assert orders > 20


def test_the_kill_switch_from_another_process(data: Path, busy: list[str]):
    with running(*busy) as session:
        wait_until(data, lambda records: sum(isinstance(record, OrderSubmitted) for record in records) >= 3)
        done = run("kill", "--data", data, "--reason", "a test")
        assert done.returncode == 0 and str(session.pid) in done.stdout
        records = wait_until(data, lambda records: any(isinstance(record, KillSwitchChanged) for record in records))
        killed = next(i for i, record in enumerate(records) if isinstance(record, KillSwitchChanged))
        assert records[killed].engaged and records[killed].reason == "a test"  # type: ignore[union-attr]
        time.sleep(2.0)
        records = journal(data)[1]
        assert not [record for record in records[killed:] if isinstance(record, OrderSubmitted)]
        entries = {r.client_id for r in records if isinstance(r, OrderSubmitted) and not r.reduce_only}
        assert not open_orders(records) & entries
        assert any(isinstance(record, CancelRequested) for record in records)
        assert session.stop() == 0
    done = run("--no-gui", *busy, "--for", "2")
    assert done.returncode == 0
    after = journal(data)[1][len(records) :]
    assert not any(isinstance(record, OrderSubmitted) for record in after), "it traded although it was killed"
    with running(*busy) as session:
        assert run("resume", "--data", data).returncode == 0
        records = wait_until(data, lambda records: any(_released(record) for record in records))
        assert session.stop() == 0
    assert not KillLatch(data).engaged
    with running(*busy) as session:
        wait_until(data, lambda now: any(isinstance(record, OrderSubmitted) for record in now[len(records) :]))
        assert session.stop() == 0


def _released(record: object) -> bool:
    return isinstance(record, KillSwitchChanged) and not record.engaged


def test_a_kill_while_nothing_runs_holds_at_the_next_start(data: Path, busy: list[str]):
    assert run("kill", "--data", data).returncode == 0
    assert run("--no-gui", *busy, "--for", "3").returncode == 0
    records = journal(data)[1]
    assert any(isinstance(record, KillSwitchChanged) and record.engaged for record in records)
    assert not any(isinstance(record, OrderSubmitted) for record in records)
    done = run("resume", "--data", data)
    assert done.returncode == 0 and "may trade again" in done.stdout
    assert run("--no-gui", *busy, "--for", "6").returncode == 0
    assert any(isinstance(record, OrderSubmitted) for record in journal(data)[1])


def test_sigusr1_kills(data: Path, busy: list[str]):
    with running(*busy) as session:
        session.process.send_signal(signal.SIGUSR1)
        wait_until(data, lambda records: any(isinstance(record, KillSwitchChanged) for record in records))
        assert session.stop() == 0
    assert KillLatch(data).engaged


def test_a_second_start_names_the_first(data: Path, busy: list[str]):
    with running(*busy) as session:
        done = run("--no-gui", *busy, "--for", "1")
        assert is_one_sentence(done), done.stderr
        assert f"process id {session.pid}" in done.stderr
        assert session.process.poll() is None
        assert session.stop() == 0


def test_without_a_display_it_says_so_and_runs_headless(data: Path):
    done = run("--data", data, "--for", "2", env=environment())
    assert done.returncode == 0, done.stderr
    first = done.stdout.splitlines()[0]
    assert "no display" in first and "headless" in first
    assert "Stopped in order" in done.stdout
