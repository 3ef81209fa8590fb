"""The news of the engine: what is told, counted and seen, and where a piece of news leads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Workstation, as_loaded, small_settings
from widgets.news.connection_news import Look, changes, followed_offset
from widgets.news.news_desk import NewsDesk
from widgets.news.news_item import NewsKind
from widgets.news.news_panel import NOT_BEFORE, NewsPanel
from widgets.news.news_words import session_start
from workstation.core.messages import BookGap, LogLine, PlaceOrder, StrategyChanged, TradingStateChanged
from workstation.core.orders import Intent
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import OrderType, Severity, Side, StrategyState, TradingState
from workstation.core.views import ConnectionView, LimitView
from workstation.session import Session

VIEW = ConnectionView(title="binance linear", account="connected")


def panel_of(station: Workstation) -> NewsPanel:
    station.area.show_panel("news")
    station.frame()
    panel: NewsPanel = station.area.news
    return panel


def tell(station: Workstation, *events: Any) -> None:
    for event in events:
        station.kernel.bus.publish(event)
    station.frame()


def gap(ts_ns: int, got: int = 9) -> BookGap:
    return BookGap(ts_ns=ts_ns, symbol="ETHUSDT", expected=5, got=got, count=1)


def shown(panel: NewsPanel) -> list[tuple[str, str, int]]:
    return [(row["kind"], row["where"], row["times"]) for row in panel.table.shown_rows()]


def test_news_come_newest_first_are_counted_filtered_and_lead_to_their_panel(
    station: Workstation, qtbot: QtBot
) -> None:
    count = station.area.panel("news").count
    now = station.clock.now
    tell(station, gap(now), gap(now + SECOND_NS), gap(now + 90 * SECOND_NS))
    assert (station.area.panel("news").count or 0) - (count or 0) == 2, "two within a minute are one"
    status = station.window.status
    status._tick(0)
    station.frame()
    assert any("unseen warning" in text for text, _ in status.right)
    qtbot.mouseClick(status, Qt.MouseButton.LeftButton, pos=status._news_area.center())
    panel = panel_of(station)
    assert panel.isVisible() and station.area.panel("news").count is None, "a shown panel has seen them"
    status._tick(0)
    assert not any("unseen" in text for text, _ in status.right)
    assert shown(panel)[:2] == [("Book", "ETHUSDT", 1), ("Book", "ETHUSDT", 2)]
    first = panel.table.shown_rows()[-1]
    assert first["text"] == "Session 1 began with an empty journal", "from before the window opened"
    halted = TradingStateChanged(ts_ns=now + 91 * SECOND_NS, state=TradingState.HALTED, reason="by hand")
    failed = StrategyChanged(
        ts_ns=now + 92 * SECOND_NS, strategy="grid", state=StrategyState.FAILED, detail="division by zero"
    )
    told = LogLine(ts_ns=now + 93 * SECOND_NS, severity=Severity.INFO, source="desk", text="Order placed")
    tell(station, halted, failed, told)
    assert shown(panel)[:2] == [("Strategy", "grid", 1), ("Trading", "", 1)], "what people asked for is no news"
    qtbot.keyClicks(panel.search, "by hand")
    assert [row["text"] for row in panel.table.shown_rows()] == ["Trading is halted: by hand"]
    panel.search.clear()
    station.click(panel.warnings)
    assert first["text"] not in [row["text"] for row in panel.table.shown_rows()]
    station.trigger(panel.kinds_menu(), "Book")
    assert not {"Book"} & {kind for kind, _, _ in shown(panel)} and panel.kinds.text() == "8 of 9 kinds"
    station.trigger(panel.kinds_menu(), "All kinds")
    row = next(row for row in panel.table.shown_rows() if row["where"] == "ETHUSDT")
    panel.table.select_key(row["number"])
    panel.table.setFocus()
    qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    assert station.model.symbol == "ETHUSDT" and station.area.connections.isVisible()


def test_a_session_after_one_that_was_cut_off_says_what_came_back(tmp_path: Path) -> None:
    def opened() -> Session:
        session = Session(as_loaded(small_settings()), tmp_path, seed=5)
        session.open()
        return session

    session = opened()
    source = session.source
    assert source is not None
    for event in source.due(session.clock.now_ns()):
        session.dispatch(event)
    intent = Intent(symbol="BTCUSDT", side=Side.BUY, lots=1000, type=OrderType.LIMIT, price=4_100_000)
    session.command(PlaceOrder(intent=intent))
    session.journal.end_session = lambda summary: None  # type: ignore[method-assign]
    session.finish()
    session = opened()
    news = session_start(session.started)
    session.finish()
    held = "1 open order and 0 positions"
    assert news.text == f"Session 2 began after session 1 was cut off; the journal brought back {held}"
    assert news.severity is Severity.WARNING
    in_order = msgspec.structs.replace(session.started, in_order=True)
    assert session_start(in_order).text == f"Session 2 began where session 1 ended, with {held}"


def test_silence_of_a_symbol_and_what_cannot_be_had_are_told(station: Workstation, qtbot: QtBot) -> None:
    panel = panel_of(station)
    station.clock.now += 60 * SECOND_NS
    for _ in range(30):
        station.model.tick()
    station.feed(1)
    for _ in range(30):
        station.model.tick()
    station.frame()
    about = [(row["where"], row["text"][:14]) for row in panel.table.shown_rows() if row["kind"] == "Feed"]
    assert about.count(("BTCUSDT", "No market data")) == 1 and about.count(("BTCUSDT", "Market data ag")) == 1
    elsewhere(station, qtbot)


def elsewhere(station: Workstation, qtbot: QtBot) -> None:
    """A window over an engine elsewhere says what cannot be had."""
    station.engine.past_events = lambda limit: None  # type: ignore[method-assign]
    panel = NewsPanel(station.model, NewsDesk(station.model, station.model))
    qtbot.addWidget(panel)
    panel.show()
    assert panel.note.isVisible() and panel.note.text() == NOT_BEFORE and panel.table.shown_rows() == []


def look(view: ConnectionView | None = VIEW, **changed: Any) -> Look:
    return Look(**{"connection": view, "silent_ns": {}, "clock_offset_ms": 0.0, **changed})


def connection(**changed: Any) -> ConnectionView:
    return msgspec.structs.replace(VIEW, **changed)


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (look(), look(connection(reconnects=2)), "2 streams connected again"),
        (look(), look(connection(resyncs=1)), "1 book fetched whole again"),
        (look(), look(connection(trades_lost=3)), "3 trades lost: the exchange did not hand them out again"),
        (look(), look(connection(account="the stream was closed")), "Account stream: the stream was closed"),
        (
            look(),
            look(connection(blocked_until_ns=5, blocked_reason="too many requests")),
            "The exchange takes no requests for a time: too many requests",
        ),
        (
            look(connection(limits=(LimitView("weight", "1", "10", 0.1),))),
            look(connection(limits=(LimitView("weight", "9", "10", 0.9),))),
            "90 % of the weight is used up; questions wait so that orders pass",
        ),
        (
            look(),
            look(clock_offset_ms=80.0),
            "The clock of the exchange is corrected for anew: from 0\u2009ms to +80\u2009ms against this computer's",
        ),
        (look(messaging="connected"), look(messaging="lost: refused"), "NATS: lost: refused"),
        (look(None, engine_silent_s=4.0), look(None), "The engine speaks again"),
    ],
)
def test_what_changed_in_the_connection_is_told_once(before: Look, now: Look, words: str) -> None:
    assert [news.text for news in changes(before, now)] == [words]
    assert list(changes(now, now)) == []


def test_small_corrections_of_the_clock_are_no_news() -> None:
    assert followed_offset(10.0, 55.0) == 10.0 and followed_offset(10.0, 61.0) == 61.0
    assert NewsKind.CLOCK.value == "Clock"
