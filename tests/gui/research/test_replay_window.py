"""A replay in the window: the transport, nothing of the future, the live session untouched beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Open, Workstation
from tests.gui.research.conftest import Bench
from widgets.footprint.footprint_panel import FootprintPanel
from widgets.heatmap.heatmap_panel import HeatmapPanel
from widgets.ladder.ladder_panel import LadderPanel
from widgets.look.tokens import Mode
from widgets.news.news_desk import NewsDesk
from widgets.panels.journal_panel import JournalPanel
from widgets.panels.live_panel import LivePanel
from widgets.panels.results_panel import ResultsPanel
from widgets.research.recorded_panel import RecordedPanel
from widgets.research.replay_room import ReplayRoom
from workstation.core.messages import KillSwitchChanged
from workstation.core.timeframe import HOUR_NS, MINUTE_NS, SECOND_NS, parse_utc
from workstation.core.types import TradingState


def arrived(bench: Bench) -> ReplayRoom:
    room = bench.window.stage.room
    assert room is not None
    bench.until(lambda: not room.replay.travelling)
    room.replay.model.tick()
    return room


@pytest.fixture
def replaying(bench: Bench, made_runs: Path) -> Bench:
    """In the replay of a run over March 2023."""
    number = bench.adopt(made_runs, 1)
    table = bench.panel("runs").table  # type: ignore[attr-defined]
    table.select_key(number)
    bench.station.trigger(table.make_menu(), "Replay")
    bench.until(lambda: bench.window.stage.room is not None)
    arrived(bench)
    return bench


def assert_no_future(room: ReplayRoom) -> None:
    now = room.replay.time_ns
    series = room.chart.view.model.series
    assert len(series) == 0 or series.open_ns[-1] <= now
    assert room.chart.view.model.ends
    assert all(fill.time_ns <= now for fill in room.chart.view.model.fills)
    assert all(mark.ts_ns <= now for mark in room.replay.marks)
    assert all(mark.exit_ns <= now for mark in room.trades._marks)
    assert all(fill.ts_ns <= now for fill in room.replay.model.heard.fills)
    shown = room.result.now
    if shown is not None:
        assert shown.result.run.end_ns <= now
        assert not len(shown.result.equity_times_ns) or shown.result.equity_times_ns[-1] <= now
        assert all(trade.entry_ns <= now for trade in shown.result.trades)


def test_the_banner_says_whose_time_it_is_and_who_runs_on(replaying: Bench) -> None:
    window, station = replaying.window, replaying.station
    assert window.banner.mode is Mode.REPLAY
    assert window.windowTitle().startswith("REPLAY – Run 1 · ema_cross – PAPER paper-01 runs on")
    assert window.banner._session is not None and window.banner._session[:2] == (Mode.PAPER, "paper-01 runs on")
    labels = [cell.label for cell in window.banner.shown_cells()]
    assert labels[:2] == ["Replay time, UTC", "Equity then"]
    card = window.open_help()
    assert card is not None and "Ctrl" in card.text and card.title == "Replay"
    card.close()
    offered = {action.name for action in window.registry.all()}
    assert {"replay.play", "replay.previous_trade", "replay.date", "replay.leave"} <= offered
    window.registry.run("replay.step")
    assert arrived(replaying).replay.time_ns == arrived(replaying).source.start_ns + HOUR_NS
    assert not station.area.isVisible()
    live = [each.widget() for each in station.area.panels()]
    assert not [panel for panel in live if isinstance(panel, LivePanel) and panel.listening]


def test_steps_forward_and_back_show_one_bar_more_and_less(replaying: Bench, qtbot: QtBot) -> None:
    room = arrived(replaying)
    start = room.source.start_ns
    for _ in range(3):
        qtbot.keyClick(room.bar, Qt.Key.Key_Right)
        arrived(replaying)
    assert room.replay.time_ns == start + 3 * HOUR_NS
    bars = len(room.chart.view.model.series)
    assert_no_future(room)
    qtbot.mouseClick(room.bar.back, Qt.MouseButton.LeftButton)
    arrived(replaying)
    assert room.replay.time_ns == start + 2 * HOUR_NS
    assert len(room.chart.view.model.series) == bars - 1
    qtbot.keyClick(room.bar, Qt.Key.Key_Home)
    arrived(replaying)
    assert room.replay.time_ns == start
    qtbot.keyClick(room.bar, Qt.Key.Key_Left)
    arrived(replaying)
    assert room.replay.time_ns == start


def test_jumps_to_a_date_and_to_the_next_trade(replaying: Bench, qtbot: QtBot) -> None:
    room = arrived(replaying)
    stored = replaying.research.shown.now
    assert stored is not None
    fills = sorted({trade.entry_ns for trade in stored.result.trades} | {t.exit_ns for t in stored.result.trades})
    room.bar.date.setFocus()
    qtbot.keyClicks(room.bar.date, "2023-03-10 12:00")
    qtbot.keyClick(room.bar.date, Qt.Key.Key_Return)
    arrived(replaying)
    moment = parse_utc("2023-03-10 12:00")
    assert room.replay.time_ns == moment
    assert_no_future(room)
    assert room.bar.date.placeholderText() == "2023-03-01 00:00"
    for key, at in ((Qt.Key.Key_Right, moment + HOUR_NS), (Qt.Key.Key_Left, moment)):
        focused = replaying.window.focusWidget()
        assert focused is not None
        qtbot.keyClick(focused, key)
        arrived(replaying)
        assert room.replay.time_ns == at
    replaying.station.click(room.bar.next_trade)
    arrived(replaying)
    following = next(at for at in fills if at > moment)
    assert 0 <= room.replay.time_ns - following < HOUR_NS, "the bar that brought the fill"
    assert room.replay.model.heard.fills[-1].ts_ns == following
    assert_no_future(room)
    replaying.station.click(room.bar.next_trade)
    arrived(replaying)
    second = room.replay.model.heard.fills[-1].ts_ns
    assert second > following
    room.chart.view.setFocus()
    qtbot.keyClick(room, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    arrived(replaying)
    assert room.replay.model.heard.fills[-1].ts_ns == following
    assert 0 <= room.replay.time_ns - following < HOUR_NS
    assert_no_future(room)
    qtbot.keyClick(room.bar, Qt.Key.Key_Up)
    assert room.replay.speed == 64 and room.bar.speeds.text == "64×"
    for _ in range(9):
        qtbot.keyClick(room.bar, Qt.Key.Key_Down)
    assert room.replay.speed == 1
    room.bar.date.setText("2030-01-01")
    replaying.station.click(room.bar.jump_button)
    assert "The replay runs from 2023-03-01" in replaying.window.banner.accessibleDescription()
    assert room.bar.date.in_error


def test_it_plays_to_its_end_and_ends_as_the_run_did(replaying: Bench, qtbot: QtBot) -> None:
    room = arrived(replaying)
    room.replay.set_speed(0)
    qtbot.keyClick(room.bar, Qt.Key.Key_Space)
    assert room.replay.playing and room.bar.play.text() == "Pause"
    replaying.until(lambda: not room.replay.playing)
    assert room.replay.time_ns == room.source.end_ns
    stored, found = replaying.research.shown.now, room.result.now
    assert stored is not None and found is not None
    assert found.result.trades == stored.result.trades
    assert len(room.trades._marks) == len(found.result.trades)
    journal = room.area.panel("journal").widget()
    assert isinstance(journal, JournalPanel)
    room.area.show_panel("journal")
    # It takes in a part of the fills in its frames.
    replaying.until(lambda: len(journal.trips) == found.result.figures.trade_count)
    room.area.show_panel("orders")
    replaying.station.frame()
    replaying.station.click(room.bar.play)
    assert "at its end" in replaying.window.banner.accessibleDescription()
    qtbot.keyClick(room.bar, Qt.Key.Key_Home)
    arrived(replaying)
    assert_no_future(room)
    assert not room.replay.model.heard.fills
    room.area.show_panel("journal")
    assert not journal.trips, "what it knew while it was hidden was of a later moment"


def test_the_track_is_clicked(replaying: Bench, qtbot: QtBot) -> None:
    room = arrived(replaying)
    track = room.bar.track
    qtbot.mouseClick(track, Qt.MouseButton.LeftButton, pos=QPoint(track.width() // 2, 12))
    arrived(replaying)
    assert room.replay.share == pytest.approx(0.5, abs=0.01)
    room.grab()
    assert_no_future(room)


def test_the_panic_buttons_act_on_the_running_session(replaying: Bench) -> None:
    station = replaying.station
    told: list[KillSwitchChanged] = []
    station.kernel.bus.subscribe(KillSwitchChanged, told.append)
    station.click(replaying.window.banner.panic.kill)
    assert station.kernel.trading.state is TradingState.HALTED
    room = arrived(replaying)
    assert room.replay.engine.account().trading_state is not TradingState.HALTED
    assert len(told) == 1


def test_nothing_is_traded_in_a_replay(replaying: Bench) -> None:
    room = arrived(replaying)
    model = room.replay.model
    assert model.blocked.startswith("This is a replay")
    before = room.replay.engine.player.dispatched
    replaying.station.frame()
    room.chart.view.position_close_requested.emit()
    assert room.replay.engine.player.dispatched == before
    assert "This is a replay" in replaying.window.banner.accessibleDescription()


def test_the_session_goes_on_and_leaving_brings_the_live_panels_back(replaying: Bench) -> None:
    station, window = replaying.station, replaying.window
    room = arrived(replaying)
    before = station.kernel.clock.time_ns
    # So slow that on a busy machine, too, it does not come to its own first trade meanwhile.
    room.replay.set_speed(1)
    room.replay.play()
    station.pass_time(5)
    station.buy()
    station.pass_time(2)
    assert station.kernel.clock.time_ns > before
    assert not room.replay.model.heard.fills
    station.click(room.bar.leave)
    station.frame()
    assert window.stage.room is None and station.area.isVisible()
    assert window.banner.mode is Mode.PAPER
    assert window.windowTitle() == "PAPER – paper-01 – Trading Workstation"
    assert next(cell.label for cell in window.banner.shown_cells()) == "Equity"
    assert station.model.heard.fills[-1].symbol == "BTCUSDT"


def test_space_presses_no_panic_button_after_a_replay_was_left(replaying: Bench, qtbot: QtBot) -> None:
    station, window = replaying.station, replaying.window
    room = arrived(replaying)
    station.click(room.bar.leave)
    station.frame()
    focused = window.focusWidget()
    assert not window.banner.isAncestorOf(focused)
    said = window.banner.accessibleDescription()
    qtbot.keyClick(focused, Qt.Key.Key_Space)
    station.frame()
    assert window.banner.accessibleDescription() == said and station.area.panel("chart").isHidden()


def test_a_recorded_session_replays_with_ladder_and_tape(open_workstation: Open, qtbot: QtBot) -> None:
    first = open_workstation()
    first.pass_time(5)
    first.buy()
    first.pass_time(5)
    last, ended = first.last("BTCUSDT"), first.clock.now
    station: Workstation = open_workstation(start_ns=ended + MINUTE_NS)
    bench = Bench(station, qtbot)
    station.area.show_panel("recorded")
    panel = bench.panel("recorded")
    assert isinstance(panel, RecordedPanel)
    bench.until(panel.table.shown_rows)
    panel.table.select_key(1)
    station.click(panel.replay)
    bench.until(lambda: bench.window.stage.room is not None)
    room = arrived(bench)
    assert room.source.has_depth
    # Its first picture is that of its first moment, to which Home comes back.
    assert room.replay.time_ns == room.source.start_ns
    dispatched = room.replay.engine.player.dispatched
    assert dispatched > 0
    room.replay.step()
    arrived(bench)
    qtbot.keyClick(room.bar, Qt.Key.Key_Home)
    arrived(bench)
    assert room.replay.engine.player.dispatched == dispatched
    heatmap, footprint = room.area.panel("heatmap").widget(), room.area.panel("footprint").widget()
    assert isinstance(heatmap, HeatmapPanel) and isinstance(footprint, FootprintPanel)
    for name in ("footprint", "heatmap"):
        room.area.show_panel(name)
        station.frame()
    room.replay.go_to(ended)
    arrived(bench)
    station.frame()
    market = room.replay.engine.market("BTCUSDT")
    assert market.last_price == last and market.best_bid
    assert room.replay.model.heard.trades_since("BTCUSDT", 0)[1] > 0
    assert [fill.symbol for fill in room.replay.model.heard.fills] == ["BTCUSDT"]
    # The way there is recorded as if it had been watched.
    seconds = heatmap._record.depth[SECOND_NS]
    assert seconds.last == ended // SECOND_NS and seconds.last - seconds.first >= 5
    volume = sum(trade.lots for trade in room.replay.model.heard.trades_since("BTCUSDT", 0)[0])
    assert sum(bar.total.volume for bar in footprint.footprint.bars) == volume
    known = market.perpetual.open_interest.rows()
    assert known == first.kernel.markets["BTCUSDT"].perpetual.open_interest.rows()
    ladder, results = room.area.panel("ladder").widget(), room.area.panel("results").widget()
    assert isinstance(ladder, LadderPanel) and isinstance(results, ResultsPanel)
    for name in ("results", "balances", "journal", "log"):
        room.area.show_panel(name)
        station.frame()
    later = set(ladder._traded)
    room.area.show_panel("results")
    assert [row["fills"] for row in results.table.shown_rows()] == [1]
    (news,) = room.replay.model.findChildren(NewsDesk)
    told = len(news.items)
    room.replay.go_to(room.source.start_ns + SECOND_NS)
    arrived(bench)
    assert not room.replay.model.heard.fills and not results.table.shown_rows()
    assert all(item.last_ns <= room.replay.time_ns for item in news.items) and len(news.items) <= told
    traded = {trade.ticks for trade in room.replay.model.heard.trades_since("BTCUSDT", 0)[0]}
    assert set(ladder._traded) == traded < later, "no volume of what traded later"
    oldest = seconds.first
    assert seconds.last <= room.replay.time_ns // SECOND_NS and oldest <= room.source.start_ns // SECOND_NS + 1
    assert heatmap._record.depth[SECOND_NS] is seconds
    volume = sum(trade.lots for trade in room.replay.model.heard.trades_since("BTCUSDT", 0)[0])
    assert sum(bar.total.volume for bar in footprint.footprint.bars) == volume
    # Back there: the past of the market is known, what came later is not.
    past = room.replay.engine.market("BTCUSDT").perpetual.open_interest.rows()
    assert past[-1][0] <= room.replay.time_ns and past == known[: len(past)] and 0 < len(past) < len(known)
    assert room.replay.time_ns == room.source.start_ns + SECOND_NS


def test_the_running_session_is_replayed_as_far_as_it_has_come(station: Workstation, qtbot: QtBot) -> None:
    bench = Bench(station, qtbot)
    station.pass_time(5)
    station.buy()
    # The equity is sampled each minute: what is journalled by then is what can be replayed.
    station.pass_time(62)
    bench.research.replay_session(station.session.number)
    bench.until(lambda: bench.window.stage.room is not None)
    room = arrived(bench)
    assert room.source.start_ns < room.source.end_ns <= station.clock.now
    room.replay.go_to(room.source.end_ns)
    arrived(bench)
    assert [fill.symbol for fill in room.replay.model.heard.fills] == ["BTCUSDT"]
    station.click(room.bar.leave)
    assert bench.window.stage.room is None
