"""What a file or folder is, and one sentence where it is nothing that can be replayed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.backtest.test_job import LOADED, job_in
from tests.unit.backtest.test_recorded import INVENTED, recorded
from tests.unit.market.recordings.markets import market
from workstation.backtest.job import run_job
from workstation.core.errors import DataError, WorkstationError
from workstation.replay.backtest import BacktestSource, RecordingSource
from workstation.replay.files import can_be_replayed, source_of
from workstation.replay.source import ReplaySource


def opened(*paths: Path) -> ReplaySource:
    return source_of(paths, LOADED.settings, None)


def test_a_run_is_its_folder_or_a_file_of_it(tmp_path: Path) -> None:
    folder = job_in(tmp_path)
    with pytest.raises(WorkstationError, match=re.escape("summary.json cannot be read")):
        opened(folder.path)
    run_job(folder, lambda event: None)
    for path in (folder.path, folder.path / "summary.json", folder.path / "report.html"):
        assert can_be_replayed(path)
        source = opened(path)
        assert isinstance(source, BacktestSource) and source.title.endswith("ema_cross")


def test_recordings_are_replayed_together(tmp_path: Path) -> None:
    recordings = recorded(tmp_path, market(count=200), INVENTED)
    files = [file.path for file in recordings.files]
    assert all(map(can_be_replayed, files))
    assert isinstance(opened(*files), RecordingSource)


@pytest.mark.parametrize(
    ("name", "files", "sentence"),
    [
        ("pictures", ("holiday.png",), "pictures is no recorded session and no finished run"),
        ("session-000003", (), "session-000003 is no recorded session"),
        ("session-000003", ("000001.inputs.zst",), "the journal that belongs to them is not in"),
    ],
)
def test_another_folder_is_one_sentence(tmp_path: Path, name: str, files: tuple[str, ...], sentence: str) -> None:
    folder = tmp_path / "inputs" / name
    folder.mkdir(parents=True)
    for file in files:
        (folder / file).write_bytes(b"x")
    with pytest.raises(DataError, match=sentence) as told:
        opened(folder)
    assert "\n" not in str(told.value)


def test_only_one_at_a_time(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="One session or run is replayed at a time"):
        opened(tmp_path, tmp_path / "a.recording")


def test_a_file_that_is_no_recording_says_so(tmp_path: Path) -> None:
    file = tmp_path / "BTCUSDT.recording"
    file.write_bytes(b"open,high,low\n")
    with pytest.raises(DataError, match="is not a recording of the workstation"):
        opened(file)
    assert not can_be_replayed(tmp_path / "candles.csv.gz")
    assert not can_be_replayed(tmp_path / "workspace.json")
