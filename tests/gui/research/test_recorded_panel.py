"""The list of what can be replayed tells of each when it began, how long it is, and why it cannot be."""

from __future__ import annotations

from tests.gui.research.conftest import Bench
from tests.unit.backtest.test_recorded import INVENTED, recorded
from tests.unit.market.recordings.markets import market
from widgets.research.recorded_panel import RecordedPanel
from workstation.core.timeframe import parse_utc


def test_a_recording_tells_when_it_began_and_a_damaged_one_why_it_cannot_be_replayed(bench: Bench) -> None:
    folder = bench.research.folder.recordings
    (file,) = recorded(folder, market(count=500), INVENTED).files
    (folder / "ETHUSDT-20260102T030405.recording").write_bytes(b"something else")
    bench.station.area.show_panel("recorded")
    panel = bench.panel("recorded")
    assert isinstance(panel, RecordedPanel)
    bench.until(lambda: len(panel.table.shown_rows()) > 2)
    rows = {row["name"]: row for row in panel.table.shown_rows()}
    whole, damaged = rows[file.path.name], rows["ETHUSDT-20260102T030405.recording"]
    assert whole["started_ns"] == file.header.first_ns and whole["length"] > 0 and not whole["obstacle"]
    assert whole["detail"] == "BTCUSDT, Built-in market, seed 3"
    assert damaged["started_ns"] is None and "is not a recording of the workstation" in damaged["obstacle"]
    (when,) = [column.text for column in panel.table.columns if column.key == "started_ns"]
    assert when is not None
    assert when({"started_ns": parse_utc("2026-11-28T07:43"), "of_another_year": False}) == "28 Nov 07:43"
    assert when({"started_ns": parse_utc("2025-11-28T07:43"), "of_another_year": True}) == "28 Nov 2025 07:43"
