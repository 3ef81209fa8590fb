"""Recordings as a person and a program use them: recorded by a session, imported, listed, backtested on."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from tests.end_to_end.program import ROOT, configuration, is_one_sentence, run, running
from workstation.core.messages import BookSnapshot, Trade
from workstation.market.recordings import read_recording
from workstation.market.recordings.file_format import recording_files
from workstation.storage.layout import DataFolder

STREAMS = ROOT / "resources" / "data" / "BTCUSDT_spot_streams_20240808.gz"
RECORDS = "record:\n  symbols: [BTCUSDT, ETHUSDT]\nmarket:\n  built_in:\n    history_days: 1\n"


def test_shipped_streams_are_imported_listed_and_traded_on(tmp_path: Path):
    data = tmp_path / "data"
    imported = run("data", "import", STREAMS, "--data", data)
    assert imported.returncode == 0, imported.stderr
    assert "Imported 588 book changes and 1,371 trades of BTCUSDT, Binance spot, 2024-08-08 23:54:14" in imported.stdout
    assert "Gaps: 0 in the book, 0 trades are missing." in imported.stdout
    (file,) = recording_files(DataFolder(data).recordings)
    torn = file.with_name("BTCUSDT-20250101T000000.recording")
    torn.write_bytes(file.read_bytes()[:20])
    (row, bad) = [row for row in json.loads(run("data", "list", "--json", "--data", data).stdout) if "recording" in row]
    assert (row["symbol"], row["kind"], row["source"], row["inputs"]) == ("BTCUSDT", "spot", "Binance spot", 1_960)
    assert bad == {
        "recording": str(torn),
        "error": f"{torn} ends within its head, so it holds no market data: leave it out.",
    }
    arguments = ("backtest", "--recording", file, "--strategy", "market_maker", "--set", "spread_bps=1", "--data", data)
    first, second = (json.loads(run(*arguments, "--json").stdout) for _ in range(2))
    assert first == second and first["fills"] > 0 and len(first["order_hash"]) == 64
    assert (first["matching"], first["kind"], first["symbol"]) == ("book", "spot", "BTCUSDT")
    told = run(*arguments)
    assert told.returncode == 0 and "On the recorded book" in told.stdout, told.stderr
    report = Path(told.stdout.strip().splitlines()[-1].removeprefix("Report").strip())
    assert "traded on the recorded terms: spot" in report.read_text()


def test_what_a_session_records_is_there_after_a_kill(tmp_path: Path):
    data = tmp_path / "data"
    file = configuration(tmp_path, profile=RECORDS)
    with running("--config", file, "--profile", "test", "--data", data) as session:
        deadline = time.monotonic() + 60
        while sum(path.stat().st_size for path in recording_files(DataFolder(data).recordings)) < 20_000:
            assert time.monotonic() < deadline, session.output
            time.sleep(0.1)
        session.stop(signal.SIGKILL)
    btc, eth = recording_files(DataFolder(data).recordings)
    assert (btc.name[:8], eth.name[:8]) == ("BTCUSDT-", "ETHUSDT-")
    inputs = list(read_recording(btc))
    assert isinstance(inputs[0], BookSnapshot) and any(isinstance(message, Trade) for message in inputs)
    done = run("backtest", "--recording", btc, "--strategy", "grid", "--json", "--config", file, "--data", data)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["market"].startswith("Built-in market, seed 1, ")


WRONG = {
    "no dates and no recording": (("backtest",), "needs --start and --end; over a recording give --recording FILE"),
    "dates of a recording": (("backtest", "--recording", "x", "--start", "2024-01-01"), "leave --start and --end out"),
    "no file": (("backtest", "--recording", "missing.recording"), "There is no file missing.recording."),
    "candles": (("backtest", "--recording", "pyproject.toml"), "is not a recording of the workstation"),
    "streams unread": (("backtest", "--recording", STREAMS), "`workstation data import` takes candles and recorded"),
    "streams and candles": (("data", "import", STREAMS, "pyproject.toml"), "pyproject.toml is not a recorded stream"),
    "another symbol": (("data", "import", STREAMS, "--symbol", "ETHUSDT"), "line 1: it is of BTCUSDT"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_recordings_are_one_sentence(tmp_path: Path, what: str):
    arguments, said = WRONG[what]
    done = run(*arguments, "--data", tmp_path / "data")
    assert is_one_sentence(done), done.stdout + done.stderr
    assert said in done.stderr
    assert not list((tmp_path / "data").glob("recordings/*"))
