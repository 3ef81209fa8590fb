"""The connection: streams, what was repaired, limits, the account's stream, and its word in the status bar."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Workstation
from widgets.controls.table import RowState
from widgets.engine.connection_words import blocked_words, connection_words, offset_words
from widgets.look.tokens import Tone
from widgets.panels.connections_panel import BUILT_IN, ConnectionsPanel
from workstation.core.timeframe import SECOND_NS
from workstation.core.views import ConnectionView, LatencyView, LimitView, StreamView

VIEW = ConnectionView(
    title="binance linear",
    streams=(StreamView("BTCUSDT", "book", 10.0, 0.1), StreamView("BTCUSDT", "trades", 3.5, 42.0)),
    gaps=2,
    resyncs=1,
    reconnects=3,
    trades_filled=7,
    trades_lost=1,
    clock_offset_ms=12.4,
    account="connected",
    limits=(LimitView("request weight in 60 s", "1800", "2400", 0.75),),
    blocked_until_ns=0,
    blocked_reason="",
    dead_man="The dead-man timer cancels in 60 s.",
    latency=LatencyView(p50_ms=42.4, max_ms=310.0, count=12),
)
STALE_NS = 5 * SECOND_NS


def view(**changes: Any) -> ConnectionView:
    return msgspec.structs.replace(VIEW, **changes)


@pytest.fixture
def panel(station: Workstation, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> ConnectionsPanel:
    monkeypatch.setattr(station.session, "connection", lambda: VIEW)
    monkeypatch.setattr(type(station.session), "notes", ("Brackets are held here.", VIEW.dead_man))
    made = ConnectionsPanel(station.model)
    qtbot.addWidget(made)
    made.resize(700, 240)
    made.show()
    return made


def test_the_built_in_market_is_one_sentence(station: Workstation) -> None:
    station.area.show_panel("connections")
    station.frame()
    panel = station.area.connections
    assert panel.title.text() == BUILT_IN and panel.title.isVisible()
    assert not panel.table.isVisible() and not panel.limits.isVisible() and not panel.facts.isVisible()
    assert not any("Connect" in text for text, _ in station.window.status.left)


def test_streams_counts_limits_and_notes_are_shown(panel: ConnectionsPanel) -> None:
    rows = panel.table.shown_rows()
    assert [(row["kind"], row["rate"], row["row_state"]) for row in rows] == [
        ("book", 10.0, RowState.NORMAL),
        ("trades", 3.5, RowState.STALE),
    ]
    facts = {fact.label: (fact.value, fact.tone) for fact in panel.facts.facts}
    assert facts["Gaps of books"][0] == "2" and facts["Reconnects"][0] == "3"
    assert facts["Trades lost"] == ("1", Tone.BAD)
    assert facts["Clock of the exchange"][0] == "+12\u2009ms"
    assert [limit.value for limit in panel.limits.shown()] == ["1800"]
    assert panel.account.text() == "Account stream: connected"
    assert panel.dead_man.text() == VIEW.dead_man and panel.notes.text() == "Brackets are held here."
    assert panel.blocked.isHidden()


def test_the_worst_is_said_in_a_word() -> None:
    now_ns = 100 * SECOND_NS
    assert connection_words(VIEW, now_ns, STALE_NS) == ("Connected", Tone.LABEL)
    silent = view(streams=tuple(msgspec.structs.replace(stream, age_s=9.0) for stream in VIEW.streams))
    assert connection_words(silent, now_ns, STALE_NS) == ("BTCUSDT silent", Tone.WARNING)
    assert connection_words(view(streams=()), now_ns, STALE_NS)[0] == "Connecting"
    assert connection_words(view(account="the stream was closed"), now_ns, STALE_NS)[0] == "Account down"
    blocked = view(blocked_until_ns=now_ns + 30 * SECOND_NS, blocked_reason="too many requests")
    assert connection_words(blocked, now_ns, STALE_NS)[0] == "Blocked for 30s"
    assert blocked_words(blocked, now_ns) == "Blocked for 30s: too many requests"
    assert blocked_words(blocked, now_ns + 31 * SECOND_NS) == ""
    assert offset_words(-1500.0) == "\u22121.5\u2009s"


def test_the_status_bar_has_the_connection_and_the_clock(panel: ConnectionsPanel, station: Workstation) -> None:
    station.frame()
    assert ("Connected", Tone.LABEL) in station.window.status.left
    assert any(text.startswith("Clock +12") for text, _ in station.window.status.left)


def test_the_last_minutes_are_kept_once_a_second_and_plotted(panel: ConnectionsPanel, station: Workstation) -> None:
    for _ in range(5):
        station.clock.now += SECOND_NS // 2
        station.model.tick()
    station.click(panel.choice)
    panel.choice._choose(1)
    now = {trend.name: panel.trends.now(trend) for trend in panel.trends.trends}
    assert now["Requests: median, slowest of a minute"] == "42\u2009ms"
    assert now["Used of request weight in 60 s"] == "75\u2009%" and now["Clock of the exchange"] == "12\u2009ms"
    assert now["Messages"] == "14\u2009/s" and now["Reconnects"] == "3"
    requests = panel.trends.trends[0]
    assert len(requests.values) == 3 and requests.highest is not None and set(requests.highest) == {310.0}
    assert "Order to acknowledgement" not in now, "nothing was sent yet"
    panel.resize(400, 400)
    assert panel.side.maximumWidth() > 400, "below the streams where the panel is narrow"


def test_without_an_exchange_the_engines_own_figures_are_plotted(station: Workstation) -> None:
    station.area.show_panel("connections")
    station.pass_time(2)
    panel = station.area.connections
    panel.choice._choose(1)
    panel.choice.chosen.emit(1)
    assert [trend.name for trend in panel.trends.trends] == ["Messages", "Oldest stream", "Loop lag"]
