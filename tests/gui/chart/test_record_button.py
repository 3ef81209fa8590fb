"""The button that records what the chart shows."""

from __future__ import annotations

import pytest

from tests.gui.conftest import Workstation
from widgets.chart.record_button import RecordButton, size_words
from workstation.core.errors import DataError
from workstation.core.messages import LogLine
from workstation.core.types import Severity


def button(station: Workstation) -> RecordButton:
    return station.area.charts[0].record


def test_a_click_records_the_shown_symbol_and_another_stops(station: Workstation) -> None:
    record = button(station)
    assert not record.isChecked() and record.toolTip() == "Record books and trades of BTCUSDT"
    station.click(record)
    station.pass_time(3)
    (running,) = station.session.recordings.recording()
    assert running.symbol == "BTCUSDT" and record.isChecked()
    record.show_symbol("BTCUSDT")
    assert running.name in record.toolTip() and size_words(running.size) in record.toolTip()
    station.model.choose_symbol("ETHUSDT")
    station.frame()
    assert not record.isChecked(), "another symbol is not recorded"
    station.model.choose_symbol("BTCUSDT")
    station.frame()
    station.click(record)
    assert station.session.recordings.recording() == [] and not record.isChecked()
    files = list(station.session.folder.recordings.rglob("*BTCUSDT*"))
    assert files


def test_what_is_in_the_way_is_a_sentence_in_the_banner(station: Workstation, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(symbol: str) -> None:
        raise DataError(f"{symbol} cannot be recorded: it is not a symbol of this session.")

    monkeypatch.setattr(station.session.recordings, "start", refuse)
    station.click(button(station))
    assert "cannot be recorded" in station.window.banner.accessibleDescription()
    assert not button(station).isChecked()


@pytest.mark.allow_log_warnings("The recording of")
def test_a_disk_that_refuses_is_told_in_the_banner(station: Workstation) -> None:
    text = "The recording of BTCUSDT stopped, trading goes on: the disk is full."
    line = LogLine(ts_ns=station.clock.now, severity=Severity.ERROR, source="recorder", text=text)
    station.kernel.bus.publish(line)
    assert station.window.banner.accessibleDescription() == text


def test_sizes_are_said_in_words() -> None:
    assert size_words(640) == "640 bytes"
    assert size_words(1_234_567) == "1.2\u2009MB"
