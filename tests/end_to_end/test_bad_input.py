"""Wrong input of every kind: one clear sentence, a status that is not 0, and nothing is lost."""

from __future__ import annotations

import gzip
import re
import resource
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.end_to_end.program import (
    BUSY_PROFILE,
    configuration,
    is_one_sentence,
    journal,
    run,
    running,
    wait_until,
)
from workstation.core.messages import OrderSubmitted, Output, TradingStateChanged
from workstation.core.types import TradingState
from workstation.storage.candles import CandleDatabase
from workstation.storage.database import open_database
from workstation.storage.layout import DataFolder

YEAR = ("--start", "2023-01-01", "--end", "2024-01-01")


def swapped(old: str, new: str) -> Callable[[str], str]:
    def edit(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return edit


CONFIGURATIONS = {
    "an unknown key": (swapped("  leverage: 1\n", "  leverage: 1\n  laverage: 1\n"), r"line \d+.*laverage"),
    "a wrong type": (swapped("  leverage: 1\n", "  leverage: much\n"), r"line \d+.*leverage"),
    "a missing limit": (swapped("  day_loss_percent: 3\n", ""), r"day_loss_percent"),
    "a limit out of bounds": (swapped("  day_loss_percent: 3\n", "  day_loss_percent: -3\n"), r"line \d+.*day_loss"),
    "an empty limit": (swapped("  day_loss_percent: 3\n", "  day_loss_percent:\n"), r"line \d+.*day_loss"),
    "no YAML": (swapped("  leverage: 1\n", "  leverage: [1\n"), r"line \d+"),
    "a tab": (swapped("  leverage: 1\n", "\tleverage: 1\n"), r"line \d+"),
    "a key twice": (swapped("  leverage: 1\n", "  leverage: 1\n  leverage: 2\n"), r"line \d+.*leverage"),
    "a symbol without instrument": (swapped("symbols: [BTCUSDT,", "symbols: [NOPE,"), r"line \d+.*NOPE"),
    "an unknown strategy's symbol": (swapped("    symbol: ETHUSDT\n", "    symbol: NOPE\n"), r"line \d+.*NOPE"),
    "nothing": (lambda text: "", r"strategy\.yaml"),
    "a list": (lambda text: "- 1\n- 2\n", r"strategy\.yaml"),
}


@pytest.mark.parametrize("what", CONFIGURATIONS)
def test_a_wrong_configuration(tmp_path: Path, what: str):
    edit, said = CONFIGURATIONS[what]
    file = configuration(tmp_path, edit=edit)
    done = run("--no-gui", "--config", file, "--data", tmp_path / "data", "--for", "1")
    assert is_one_sentence(done), done.stdout + done.stderr
    assert re.search(said, done.stderr), done.stderr
    assert not (tmp_path / "data").exists()


def test_a_configuration_that_is_not_there(tmp_path: Path):
    done = run("--no-gui", "--config", tmp_path / "nope.yaml")
    assert is_one_sentence(done) and "nope.yaml" in done.stderr
    done = run("--no-gui", "--profile", "nope", "--data", tmp_path / "data")
    assert is_one_sentence(done) and "nope" in done.stderr and "demo" in done.stderr


BACKTESTS = {
    "dates reversed": (("--start", "2024-01-01", "--end", "2023-01-01"), "later than the start"),
    "dates outside": (("--start", "2019-01-01", "--end", "2019-02-01"), "2019-01-01"),
    "an empty period": (("--start", "2023-01-01", "--end", "2023-01-01"), "later than the start"),
    "an unknown strategy": ((*YEAR, "--strategy", "nope"), "no strategy nope"),
    "an unknown parameter": ((*YEAR, "--strategy", "ema_cross", "--set", "nope=1"), "no parameter nope"),
    "a parameter out of bounds": ((*YEAR, "--strategy", "ema_cross", "--set", "fast=0"), "fast"),
    "a parameter of another type": ((*YEAR, "--strategy", "ema_cross", "--set", "fast=word"), "fast"),
    "parameters that do not fit": ((*YEAR, "--strategy", "ema_cross", "--set", "fast=50"), "fast"),
    "an unknown symbol": ((*YEAR, "--symbol", "NOPE"), "NOPE"),
    "no data of a symbol": ((*YEAR, "--symbol", "SOLUSDT"), "SOLUSDT"),
    "no data of a timeframe": ((*YEAR, "--timeframe", "1m"), "1m"),
}


@pytest.mark.parametrize("what", BACKTESTS)
def test_a_wrong_backtest(tmp_path: Path, what: str):
    arguments, said = BACKTESTS[what]
    done = run("backtest", "--data", tmp_path / "data", *arguments)
    assert is_one_sentence(done), done.stdout + done.stderr
    assert said in done.stderr


USAGES = {
    "a word for a date": ("backtest", "--start", "soon", "--end", "2024-01-01"),
    "no number": ("backtest", *YEAR, "--cash", "lots"),
    "a negative cash": ("backtest", *YEAR, "--cash", "-5"),
    "an unknown option": ("--nope",),
    "an unknown command": ("nope",),
    "no assignment": ("backtest", *YEAR, "--set", "fast"),
    "no seconds": ("--for", "-1"),
    "a seed in words": ("--seed", "seven"),
}


@pytest.mark.parametrize("what", USAGES)
def test_a_wrong_command_line(what: str):
    done = run(*USAGES[what])
    assert done.returncode == 2 and is_one_sentence(done), done.stdout + done.stderr
    assert "--help` tells the options" in done.stderr


HEADER = "open_time,open,high,low,close,volume\n"
ROWS = [f"2023-01-01 {hour:02}:00:00,100,110,90,105,{hour}" for hour in range(6)]


def table(*rows: str) -> str:
    return HEADER + "\n".join(rows) + "\n"


FILES = {
    "disorder": table(ROWS[0], ROWS[2], ROWS[1]),
    "duplicates that differ": table(ROWS[0], ROWS[1], ROWS[1].replace("105", "106")),
    "not a number": table(ROWS[0], ROWS[1].replace("105", "nan")),
    "a word": table(ROWS[0], ROWS[1].replace("105", "much")),
    "a negative price": table(ROWS[0], ROWS[1].replace("90", "-90")),
    "a price of 0": table(ROWS[0], ROWS[1].replace("90", "0")),
    "infinity": table(ROWS[0], ROWS[1].replace("110", "inf")),
    "a high below the low": table(ROWS[0], ROWS[1].replace("110", "80")),
    "a negative volume": table(ROWS[0], ROWS[1][:-1] + "-1"),
    "a row too short": table(ROWS[0], "2023-01-01 01:00:00,100"),
    "no columns": "a,b\n1,2\n",
    "nothing": "",
    "a header alone": HEADER,
}


def kept_symbols(data: Path) -> set[str]:
    database = open_database(DataFolder(data).history)
    try:
        return {symbol for symbol, *_ in CandleDatabase(database).ranges()}
    finally:
        database.close()


@pytest.mark.parametrize("what", FILES)
def test_a_wrong_file_of_candles(tmp_path: Path, what: str):
    file = tmp_path / "TESTUSDT_1h.csv"
    file.write_text(FILES[what])
    data = tmp_path / "data"
    done = run("data", "import", file, "--timeframe", "1h", "--data", data)
    assert is_one_sentence(done), done.stdout + done.stderr
    assert file.name in done.stderr
    assert not kept_symbols(data)


@pytest.mark.parametrize("name", ["TESTUSDT.csv.gz", "TESTUSDT.parquet", "TESTUSDT.txt", "nowhere/TESTUSDT.csv"])
def test_a_file_that_is_not_what_its_name_says(tmp_path: Path, name: str):
    file = tmp_path / name
    if file.parent.is_dir():
        file.write_bytes(b"\x00\x01 neither this nor that")
    done = run("data", "import", file, "--timeframe", "1h", "--data", tmp_path / "data")
    assert is_one_sentence(done), done.stdout + done.stderr
    assert "TESTUSDT" in done.stderr


def test_a_torn_gzip(tmp_path: Path):
    file = tmp_path / "TESTUSDT.csv.gz"
    file.write_bytes(gzip.compress(table(*ROWS).encode())[:-12])
    done = run("data", "import", file, "--timeframe", "1h", "--data", tmp_path / "data")
    assert is_one_sentence(done), done.stdout + done.stderr


def test_a_good_file_goes_round(tmp_path: Path):
    file, data = tmp_path / "TESTUSDT_1h.csv", tmp_path / "data"
    file.write_text(table(ROWS[0], ROWS[1], ROWS[4], ROWS[5]))
    done = run("data", "import", file, "--timeframe", "1h", "--data", data)
    assert done.returncode == 0, done.stderr
    assert "Imported 4 candles" in done.stdout and "Gaps: 1, 2 candles are missing" in done.stdout
    assert "TESTUSDT" in run("data", "list", "--data", data).stdout
    assert kept_symbols(data) == {"TESTUSDT"}
    first = tmp_path / "first.csv"
    run("data", "export", first, "--symbol", "TESTUSDT", "--timeframe", "1h", "--data", data)
    for name in ("out.csv", "out.csv.gz", "out.parquet"):
        out = tmp_path / name
        done = run("data", "export", out, "--symbol", "TESTUSDT", "--timeframe", "1h", "--data", data)
        assert done.returncode == 0, done.stderr
        again = tmp_path / f"again-{name}"
        assert run("data", "import", out, "--symbol", "OTHERUSDT", "--data", again).returncode == 0
        back = tmp_path / f"back-{name}.csv"
        run("data", "export", back, "--symbol", "OTHERUSDT", "--timeframe", "1h", "--data", again)
        assert back.read_text() == first.read_text()


@pytest.mark.parametrize("name", ["journal", "history"])
def test_a_database_of_a_newer_version(tmp_path: Path, name: str):
    data = tmp_path / "data"
    assert run("--no-gui", "--for", "1", "--data", data).returncode == 0
    file: Path = getattr(DataFolder(data), name)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        if name == "journal":
            connection.execute("PRAGMA user_version = 9999")
        else:
            connection.execute("UPDATE schema_version SET version = 9999")
    before = file.read_bytes()
    done = run("--no-gui", "--for", "1", "--data", data)
    assert is_one_sentence(done), done.stdout + done.stderr
    assert "newer version" in done.stderr and file.name in done.stderr
    assert file.read_bytes() == before


@pytest.mark.parametrize("name", ["journal", "history"])
def test_a_database_that_is_none(tmp_path: Path, name: str):
    data = DataFolder(tmp_path / "data")
    data.create()
    file: Path = getattr(data, name)
    file.write_bytes(b"this is no database at all" * 100)
    done = run("--no-gui", "--for", "1", "--data", data.path)
    assert is_one_sentence(done), done.stdout + done.stderr
    assert file.name in done.stderr
    assert file.read_bytes() == b"this is no database at all" * 100


def test_a_data_folder_that_cannot_be(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    done = run("--no-gui", "--for", "1", "--data", tmp_path / "file")
    assert is_one_sentence(done) and "choose another" in done.stderr


def limited(most_bytes: int) -> Callable[[], None]:
    """No file may grow beyond this: what a full disk looks like from inside."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))


def test_a_disk_that_is_full_at_the_start(tmp_path: Path):
    data = tmp_path / "data"
    done = run("--no-gui", "--for", "2", "--data", data, preexec_fn=limited(2_000))
    assert is_one_sentence(done), done.stdout + done.stderr


@pytest.fixture
def busy(tmp_path: Path) -> list[str]:
    file = configuration(tmp_path, BUSY_PROFILE)
    return ["--config", str(file), "--profile", "test", "--data", str(tmp_path / "data")]


def test_a_disk_that_is_full_at_a_restart_costs_nothing(tmp_path: Path, busy: list[str]):
    data = tmp_path / "data"
    assert run("--no-gui", *busy, "--for", "3").returncode == 0
    before = journal(data)[1]
    done = run("--no-gui", *busy, "--for", "3", preexec_fn=limited(4_000))
    assert done.returncode != 0 and "Traceback" not in done.stdout + done.stderr
    assert is_one_sentence(done) and "check the disk and its free space" in done.stderr
    assert run("--no-gui", *busy, "--for", "2").returncode == 0
    assert journal(data)[1][: len(before)] == before
    done = run("verify", *busy)
    assert done.returncode == 0, done.stderr


def _active_again(record: Output) -> bool:
    return isinstance(record, TradingStateChanged) and record.state is TradingState.ACTIVE


def test_a_disk_that_fills_up_while_it_runs_halts_and_goes_on_when_there_is_room(tmp_path: Path, busy: list[str]):
    data = tmp_path / "data"

    def orders(records: list[Output]) -> int:
        return sum(isinstance(record, OrderSubmitted) for record in records)

    with running(*busy) as session:
        wait_until(data, lambda records: orders(records) >= 3)
        resource.prlimit(session.pid, resource.RLIMIT_FSIZE, (1_000, resource.RLIM_INFINITY))
        time.sleep(3)
        full = journal(data)[1]
        time.sleep(3)
        assert session.process.poll() is None, session.end()
        assert journal(data)[1] == full, "it is not full"
        resource.prlimit(session.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        wait_until(data, lambda records: any(_active_again(record) for record in records[len(full) :]))
        assert session.stop() == 0
        assert "Traceback" not in session.output
    states = [record for record in journal(data)[1] if isinstance(record, TradingStateChanged)]
    assert [state.state for state in states] == [TradingState.HALTED, TradingState.ACTIVE]
    assert states[0].reason.startswith("The journal cannot be written.")
    done = run("verify", *busy)
    assert done.returncode == 0, done.stderr
