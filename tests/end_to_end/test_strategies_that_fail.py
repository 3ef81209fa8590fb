"""A person's own strategy may hang, raise or leave: it is stopped, the others go on, and the kill switch works."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.end_to_end.program import BUSY_PROFILE, configuration, journal, run, running, wait_until
from workstation.core.messages import KillSwitchChanged, OrderSubmitted, StrategyChanged
from workstation.core.types import StrategyState

HEAD = "from workstation.trading.strategy import Strategy\n\n\nclass Mine(Strategy):\n    title = 'Mine'\n\n"
PROFILE = (
    BUSY_PROFILE
    + """
  mine:
    strategy: mine
    symbol: ETHUSDT
    timeframe: 1m
    start: true
    parameters: {}
strategy_folder: strategies
"""
)
KILL_WITHIN_S = 8.0


def arguments(tmp_path: Path, body: str, source: str = HEAD) -> list[str]:
    file = configuration(tmp_path, PROFILE)
    folder = file.parent / "strategies"
    folder.mkdir()
    (folder / "mine.py").write_text(source + "".join(f"    {line}\n" for line in body.splitlines()))
    return ["--config", str(file), "--profile", "test", "--data", str(tmp_path / "data")]


def failed(records) -> list[StrategyChanged]:
    return [r for r in records if isinstance(r, StrategyChanged) and r.state is StrategyState.FAILED]


HANGS = {
    "on_trade": "def on_trade(self, trade):\n    while True:\n        pass",
    "swallowing": (
        "def on_trade(self, trade):\n    while True:\n        try:\n            while True:\n                pass\n"
        "        except Exception:\n            pass"
    ),
    "on_start": "def on_start(self):\n    while True:\n        pass",
    "on_history": "def on_history(self, bar):\n    while True:\n        pass",
}


@pytest.mark.parametrize("where", HANGS)
def test_lesson_27_the_kill_switch_works_while_a_strategy_hangs(tmp_path: Path, where: str):
    with running(*arguments(tmp_path, HANGS[where])) as session:
        data = tmp_path / "data"
        assert run("kill", "--data", data, "--reason", "it hangs").returncode == 0
        asked = time.monotonic()
        records = wait_until(data, lambda records: any(isinstance(r, KillSwitchChanged) for r in records))
        assert time.monotonic() - asked < KILL_WITHIN_S
        records = wait_until(data, lambda records: bool(failed(records)))
        (stopped,) = failed(records)
        assert stopped.strategy == "mine" and "did not return in time" in stopped.detail
        assert session.stop() == 0
        assert "Traceback" not in session.output
    assert journal(data)[0][-1].summary is not None


RAISES = {
    "an error": "def on_trade(self, trade):\n    raise RuntimeError('out of ideas')",
    "an exit": "def on_trade(self, trade):\n    raise SystemExit(3)",
    "a bad state": "def on_trade(self, trade):\n    self.state['x'] = object()",
    "a wrong order": "def on_trade(self, trade):\n    self.buy('many')",
}


@pytest.mark.parametrize("what", RAISES)
def test_one_that_raises_is_stopped_and_the_others_go_on(tmp_path: Path, what: str):
    with running(*arguments(tmp_path, RAISES[what])) as session:
        data = tmp_path / "data"

        def others_ordered(records) -> bool:
            return any(isinstance(r, OrderSubmitted) and r.owner != "mine" for r in records)

        wait_until(data, others_ordered)
        if what != "a wrong order":
            records = wait_until(data, lambda records: bool(failed(records)))
            assert {stopped.strategy for stopped in failed(records)} == {"mine"}
        assert session.process.poll() is None
        assert session.stop() == 0
        assert "Traceback" not in session.output
    assert "Proved: 1 sessions" in run("verify", *arguments_again(tmp_path)).stdout


def arguments_again(tmp_path: Path) -> list[str]:
    file = tmp_path / "config" / "strategy.yaml"
    return ["--config", str(file), "--profile", "test", "--data", str(tmp_path / "data")]


@pytest.mark.parametrize("source", ["def broken(:\n", "import nowhere_to_be_found\n", "x = 1 / 0\n", ""])
def test_a_file_that_does_not_load_is_told_and_the_others_run(tmp_path: Path, source: str):
    with running(*arguments(tmp_path, "", source)) as session:
        assert any("mine is not running" in line for line in session.lines), session.output
        wait_until(tmp_path / "data", lambda records: any(isinstance(r, OrderSubmitted) for r in records))
        assert session.stop() == 0
        assert "Traceback" not in session.output
