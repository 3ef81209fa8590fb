"""The command line of a backtest, as a person and as a program uses it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.end_to_end.program import run

MISSION = ("backtest", "--symbol", "BTCUSDT", "--start", "2023-01-01", "--end", "2024-01-01")


def test_the_backtest_of_the_mission(tmp_path: Path):
    done = run(*MISSION, "--data", tmp_path / "data")
    assert done.returncode == 0, done.stderr
    for word in ("Return", "Buy and hold", "CAGR", "Sharpe", "Sortino", "Calmar", "drawdown", "Win rate", "Fees"):
        assert word.lower() in done.stdout.lower(), f"the summary lacks {word}"
    report = Path(done.stdout.strip().splitlines()[-1].removeprefix("Report").strip())
    html = report.read_text()
    assert report.parent == tmp_path / "data" / "reports" and html.startswith("<!DOCTYPE html>") and "<svg" in html
    assert "http://" not in html.replace("http://www.w3.org", "") and "<script src" not in html


@pytest.mark.parametrize("strategy", ["confluence", "ema_cross", "donchian_turtle"])
def test_two_runs_give_the_same_numbers(tmp_path: Path, strategy: str):
    arguments = (*MISSION, "--strategy", strategy, "--json", "--data", tmp_path / "data")
    first, second = (json.loads(run(*arguments).stdout) for _ in range(2))
    assert first == second
    for name in ("final_equity", "total_return", "sharpe", "max_drawdown", "fills", "trades", "order_hash"):
        assert name in first
    assert len(first["order_hash"]) == 64
    if strategy != "confluence":
        assert first["fills"] and first["trades"]
    for trade in first["trades"]:
        for name in ("quantity", "entry_price", "exit_price", "fees", "pnl"):
            assert isinstance(trade[name], str) and Decimal(trade[name]).is_finite()
    assert not list((tmp_path / "data" / "reports").iterdir())


def test_options_reach_the_run(tmp_path: Path):
    def result(*options: str) -> dict[str, object]:
        done = run(*MISSION, "--strategy", "ema_cross", "--json", "--data", tmp_path / "data", *options)
        assert done.returncode == 0, done.stderr
        found: dict[str, object] = json.loads(done.stdout)
        return found

    plain = result()
    assert result("--set", "fast=5")["order_hash"] != plain["order_hash"]
    free = result("--fee-bps", "0", "--slippage-bps", "0", "--limits", "none")
    assert Decimal(str(free["final_equity"])) != Decimal(str(plain["final_equity"]))
    richer = result("--cash", "20000")
    assert Decimal(str(richer["final_equity"])) > Decimal(str(plain["final_equity"]))
    assert result("--symbol", "BTC/USDT")["order_hash"] == plain["order_hash"]


def test_a_report_goes_where_it_is_told(tmp_path: Path):
    done = run(
        *MISSION, "--strategy", "ema_cross", "--json", "--report", tmp_path / "here", "--data", tmp_path / "data"
    )
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)
    assert [path.suffix for path in (tmp_path / "here").iterdir()] == [".html"]


def test_other_commands_answer(tmp_path: Path):
    data = tmp_path / "data"
    assert "workstation" in run("--version").stdout
    assert "ema_cross" in run("strategies").stdout
    described = json.loads(run("strategies", "ema_cross", "--json").stdout)
    assert described[0]["name"] == "ema_cross" and described[0]["parameters"]
    doctor = run("doctor", "--data", data)
    assert doctor.returncode == 0 and "Everything that trading needs works." in doctor.stdout
    assert json.loads(run("data", "list", "--json", "--data", data).stdout)
