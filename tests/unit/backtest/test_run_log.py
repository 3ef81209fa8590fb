"""What a run logged, and that it is kept with it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.unit.backtest.test_history import RESULT, keep
from tests.unit.backtest.test_job import job_in
from workstation.backtest import run_log as module
from workstation.backtest.history import RunHistory
from workstation.backtest.job import run_job
from workstation.backtest.run_log import run_log
from workstation.core.messages import BookGap, LogLine, OrderDenied, OrderRejected, Output, ProtectionTriggered
from workstation.core.types import Severity, Side


def test_what_happened_in_words() -> None:
    line = LogLine(ts_ns=1, severity=Severity.INFO, source="ema_cross", text="No entry.")
    outputs: list[Output] = [
        line,
        BookGap(ts_ns=2, symbol="BTCUSDT", expected=5, got=7, count=1),
        OrderDenied(
            ts_ns=3,
            owner="ema_cross",
            symbol="BTCUSDT",
            side=Side.BUY,
            lots=1,
            price=1,
            code="STALE_DATA",
            text="The feed is old.",
            value="8 s",
            limit="5 s",
        ),
        OrderRejected(ts_ns=4, client_id="w1-1", code="-1013", reason="too small"),
        ProtectionTriggered(ts_ns=5, protection="cooldown", owner="", until_ns=6, detail="a loss"),
    ]
    found = run_log(outputs)
    assert found[0] is line
    assert [(each.ts_ns, each.severity) for each in found[1:]] == [(at, Severity.WARNING) for at in (3, 4, 5)]
    assert found[1].text == "Denied STALE_DATA, BTCUSDT buy: The feed is old. 8 s; limit 5 s."
    assert found[2].text == "Rejected w1-1: too small"


def test_the_newest_lines_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_LINES", 3)
    lines = [LogLine(ts_ns=at, severity=Severity.INFO, source="x", text=str(at)) for at in range(10)]
    found = run_log(lines)
    assert [each.text for each in found[1:]] == ["7", "8", "9"]
    assert found[0].text.startswith("7 earlier lines are left out") and found[0].ts_ns == 7


def test_a_run_keeps_its_log_and_an_earlier_one_has_none(tmp_path: Path) -> None:
    folder = RunHistory(tmp_path).begin()
    line = LogLine(ts_ns=1, severity=Severity.ERROR, source="ema_cross", text="The stop is missing.")
    keep(folder, msgspec.structs.replace(RESULT, log=(line,)))
    assert folder.load().result.log == (line,)
    (folder.path / "log.json").unlink()
    assert folder.load().result.log == ()


def test_a_finished_job_tells_how_its_strategy_began(tmp_path: Path) -> None:
    folder = job_in(tmp_path)
    run_job(folder, lambda event: None)
    log = folder.load().result.log
    assert log and log[0].source == "ema_cross" and log[0].text.startswith(("Warming", "Running", "Started"))
    assert [line.ts_ns for line in log] == sorted(line.ts_ns for line in log)
