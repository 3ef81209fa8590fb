"""Starts the real program in processes of its own, and reads what it left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workstation.core.messages import (
    FundingPaid,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    Output,
)
from workstation.storage.disk_journal import JournalReader
from workstation.storage.journal import SessionEntry
from workstation.storage.layout import DataFolder

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 90
BUSY_PROFILE = """
market:
  symbols: [BTCUSDT, ETHUSDT, XRPUSDT, SOLUSDT, BNBUSDT]
  built_in:
    messages_per_second: 200
    volatility: 8
    crashes_per_day: 500
    history_days: 2
risk:
  protections:
    bar: 1m
    cooldown_bars: 0
strategies:
  ema_cross:
    parameters:
      fast: 2
      slow: 3
  grid:
    start: true
    parameters:
      spacing_percent: 0.2
  market_maker:
    symbol: BTCUSDT
    start: true
    parameters:
      requote_bps: 1
      least_life_s: 1
"""


def environment(**changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("QT_", "DISPLAY", "WAYLAND"))}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "PYTHONHASHSEED": "0"} | changes


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "workstation", *map(str, arguments)]


def run(*arguments: str | Path, timeout: float = TIMEOUT_S, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run to the end."""
    options.setdefault("env", environment())
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=timeout, check=False, cwd=ROOT, **options
    )


class Running:
    """A headless session in its own process."""

    def __init__(self, *arguments: str | Path, **options: Any) -> None:
        options.setdefault("env", environment())
        self.process = subprocess.Popen(
            command("--no-gui", *arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            **options,
        )
        self.lines: list[str] = []

    @property
    def pid(self) -> int:
        return self.process.pid

    def wait_for(self, text: str) -> str:
        """The next line with this text. Fails when the process ends before it."""
        assert self.process.stdout is not None
        line: str
        for line in self.process.stdout:
            self.lines.append(line)
            if text in line:
                return line
        raise AssertionError(f"it ended without saying {text!r}:\n{''.join(self.lines)}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.end()

    def end(self) -> int:
        output, _ = self.process.communicate(timeout=TIMEOUT_S)
        self.lines.append(output)
        return int(self.process.returncode)

    @property
    def output(self) -> str:
        return "".join(self.lines)


@contextmanager
def running(*arguments: str | Path, **options: Any) -> Iterator[Running]:
    """A session that does not outlive the test."""
    session = Running(*arguments, **options)
    try:
        session.wait_for("Ctrl-C stops it")
        yield session
    finally:
        if session.process.poll() is None:
            session.process.kill()
        session.process.wait()
        if session.process.stdout is not None:
            session.process.stdout.close()


def configuration(folder: Path, profile: str = "", edit: Callable[[str], str] = lambda text: text) -> Path:
    """A copy of the shipped configuration, edited, with a profile ``test`` beside it."""
    file = folder / "config" / "strategy.yaml"
    (file.parent / "profiles").mkdir(parents=True, exist_ok=True)
    file.write_text(edit((ROOT / "config" / "strategy.yaml").read_text()))
    if profile:
        (file.parent / "profiles" / "test.yaml").write_text(profile)
    return file


def journal(data: Path) -> tuple[list[SessionEntry], list[Output]]:
    """Sessions and every record, also of a session that is running."""
    reader = JournalReader(DataFolder(data).journal)
    try:
        sessions = reader.sessions()
        return sessions, [record for entry in sessions for record in reader.records(entry.header.number)]
    finally:
        reader.close()


def wait_until(data: Path, condition: Callable[[list[Output]], bool], timeout: float = 30.0) -> list[Output]:
    """The records of the journal once they fulfil a condition."""
    ends = time.monotonic() + timeout
    while True:
        records = journal(data)[1]
        if condition(records):
            return records
        assert time.monotonic() < ends, f"not within {timeout} s; the last records: {records[-10:]}"
        time.sleep(0.1)


def positions(records: list[Output]) -> Counter[tuple[str, str]]:
    """Lots by owner and symbol, from the fills alone."""
    owners = {r.client_id: r.owner for r in records if isinstance(r, OrderSubmitted)}
    lots: Counter[tuple[str, str]] = Counter()
    for record in records:
        if isinstance(record, OrderFilled):
            lots[(owners[record.client_id], record.symbol)] += int(record.side) * record.lots
    return Counter({key: held for key, held in lots.items() if held})


def fees_and_funding(records: list[Output]) -> tuple[int, int]:
    fees = sum(record.fee for record in records if isinstance(record, OrderFilled))
    return fees, sum(record.amount for record in records if isinstance(record, FundingPaid))


def open_orders(records: list[Output]) -> set[str]:
    """Client ids of what is open, from the records alone."""
    sizes: dict[str, int] = {}
    filled: Counter[str] = Counter()
    for record in records:
        if isinstance(record, OrderSubmitted):
            sizes[record.client_id] = record.lots
        elif isinstance(record, OrderFilled):
            filled[record.client_id] += record.lots
        elif type(record).__name__ == "OrderAmended":
            sizes[record.client_id] = record.lots  # type: ignore[union-attr]
        elif isinstance(record, OrderCancelled | OrderExpired | OrderRejected):
            sizes.pop(record.client_id, None)
    return {client_id for client_id, lots in sizes.items() if filled[client_id] < lots}


def is_one_sentence(done: subprocess.CompletedProcess[str]) -> bool:
    """What a person is told of an error: one line, no traceback, a status that is not 0."""
    lines = done.stderr.strip().splitlines()
    return (
        done.returncode not in (0, None)
        and len(lines) == 1
        and re.match(r"workstation(: | \w+: error: )", lines[0]) is not None
        and "Traceback" not in done.stdout + done.stderr
    )
