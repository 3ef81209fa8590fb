"""A replay shows at a time what the session showed then, whatever way it came there, and nothing that came later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtWidgets import QApplication

from tests.replay.paper_session import START_NS, PaperSession, busy_configuration
from widgets.engine.engine_model import EngineModel
from widgets.engine.protocol import Engine
from widgets.engine.replay_engine import ReplayEngine
from widgets.engine.session_engine import SessionEngine
from workstation.core.timeframe import MINUTE_NS, SECOND_NS, TIMEFRAMES
from workstation.replay import kept_moments
from workstation.replay.files import can_be_replayed, source_of
from workstation.replay.session import SessionSource, recorded_sessions
from workstation.storage.layout import DataFolder

SECONDS = 120
STEP_S = 3
IN_THE_FUTURE = ("until_ns", "expires_ns")
"""Fields of a view that name a time to come: when a pause ends."""


def shown(engine: Engine, model: EngineModel) -> dict[str, Any]:
    """Everything that panels read, as plain values."""
    model.tick()
    seen: dict[str, Any] = {
        "account": engine.account(),
        "orders": list(engine.orders()),
        "positions": list(engine.positions()),
        "risk": engine.risk(),
        "strategies": list(engine.strategies()),
        "fills": list(model.heard.fills),
        "equity": [list(point) for point in model.heard.equity],
        "every order": list(model.heard.orders.values()),
        "signals": list(model.heard.signals),
        "log": list(model.heard.log),
    }
    for symbol in engine.symbols:
        market = engine.market(symbol)
        trades, count = model.heard.trades_since(symbol, 0)
        seen[symbol] = [
            market.last_price,
            market.last_ns,
            market.connected,
            market.synchronised,
            [list(side) for side in market.top(20)],
            [list(trade) for trade in trades],
            count,
        ]
        for interval_ns in TIMEFRAMES.values():
            series = market.series(interval_ns)
            if series is not None and len(series):
                columns = (series.open_ns, series.open, series.high, series.low, series.close, series.volume)
                seen[f"{symbol} {interval_ns}"] = [
                    series.total,
                    [column[-20:].tolist() for column in columns],
                    market.forming(interval_ns),
                ]
    plain: dict[str, Any] = msgspec.to_builtins(seen)
    return plain


class Recorded(NamedTuple):
    moments: dict[int, dict[str, Any]]
    """What the window showed, by its time."""
    source: SessionSource


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    application = QApplication.instance() or QApplication([])
    data = tmp_path_factory.mktemp("recorded") / "data"
    paper = PaperSession(data, busy_configuration())
    # The window reads the past from the history, which follows the journal.
    assert paper.session.projection.wait_for(paper.session.journal.last_seq, 10)
    engine = SessionEngine(paper.session)
    model = EngineModel(engine)
    moments: dict[int, dict[str, Any]] = {}
    for _ in range(SECONDS // STEP_S):
        paper.let_pass(STEP_S)
        moments[paper.clock.ns] = shown(engine, model)
    model.stop()
    paper.close()
    assert moments[max(moments)]["fills"], "a session without a fill proves little"
    yield Recorded(moments, SessionSource(DataFolder(data), 1, None))
    assert application is not None


class Replayed:
    """A replay and its window's model, moved as the transport moves them."""

    def __init__(self, source: SessionSource) -> None:
        self.engine = ReplayEngine(source)
        self.model = EngineModel(self.engine)

    def go(self, time_ns: int) -> dict[str, Any]:
        player = self.engine.player
        if time_ns < player.time_ns:
            player.rewind()
            self.model.forget()
        while not player.advance(time_ns, 500):
            pass
        return shown(self.engine, self.model)


def assert_nothing_later(value: Any, now_ns: int, path: str = "") -> None:
    """No field that is a time is after ``now_ns``."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in IN_THE_FUTURE:
                assert_nothing_later(inner, now_ns, f"{path}.{name}")
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            assert_nothing_later(inner, now_ns, f"{path}[{place}]")
    elif isinstance(value, int) and START_NS - 400 * 86_400 * SECOND_NS < value < START_NS * 2:
        assert value <= now_ns, f"{path} is {(value - now_ns) / 1e9:.1f} s after the moment that is shown"


def test_it_shows_what_the_session_showed_and_nothing_later(recorded: Recorded) -> None:
    replayed = Replayed(recorded.source)
    times = sorted(recorded.moments)

    @settings(max_examples=18)
    @given(st.sampled_from(times))
    def at(time_ns: int) -> None:
        found = replayed.go(time_ns)
        was = recorded.moments[time_ns]
        for name, value in was.items():
            assert found[name] == value, name
        assert_nothing_later(found, time_ns)

    at()


def test_every_moment_between_hides_what_comes(recorded: Recorded) -> None:
    replayed = Replayed(recorded.source)
    last = max(recorded.moments)

    @settings(max_examples=12)
    @given(st.integers(START_NS, last))
    def at(time_ns: int) -> None:
        found = replayed.go(time_ns)
        assert replayed.engine.now_ns() == time_ns
        assert_nothing_later(found, time_ns)

    at()


class Travelled(Replayed):
    """Goes back as the transport does: from moments that were kept, with what the window had heard by then."""

    def __init__(self, source: SessionSource) -> None:
        self.engine = ReplayEngine(source)
        self.model = EngineModel(self.engine)
        player = self.engine.player
        player.remember = self.model.heard.memory
        player.recall = lambda memory: self.model.recall(memory) if isinstance(memory, dict) else self.model.forget()

    def go(self, time_ns: int) -> dict[str, Any]:
        player = self.engine.player
        player.approach(time_ns)
        begins = player.dispatched
        while not player.advance(time_ns, 500):
            pass
        self.came = player.dispatched - begins
        return shown(self.engine, self.model)


def test_any_way_leads_to_what_the_session_showed(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_moments, "LEAST_INPUTS", 300)
    monkeypatch.setattr(kept_moments, "BYTES_AN_INPUT", 1 << 40)
    monkeypatch.setattr(kept_moments.KeptMoments.__init__, "__defaults__", (12, 1 << 40))
    travelled = Travelled(recorded.source)
    player = travelled.engine.player
    times = sorted(recorded.moments)
    between = st.integers(START_NS, times[-1])

    @settings(max_examples=8)
    @given(st.lists(st.tuples(between, st.integers(0, 30)), min_size=1, max_size=2), st.sampled_from(times))
    def at(moves: list[tuple[int, int]], time_ns: int) -> None:
        for moment_ns, steps in moves:
            travelled.go(moment_ns)
            for _ in range(steps):
                player.step()
            assert_nothing_later(shown(travelled.engine, travelled.model), player.time_ns)
        goes_back = time_ns < player.time_ns
        found = travelled.go(time_ns)
        for name, value in recorded.moments[time_ns].items():
            assert found[name] == value, name
        assert_nothing_later(found, time_ns)
        assert not goes_back or travelled.came <= 1_000, "it played from too far"

    at()
    assert 2 < len(player.moments) <= 12


def test_steps_reach_the_same_end(recorded: Recorded) -> None:
    replayed = Replayed(recorded.source)
    player = replayed.engine.player
    player.advance(START_NS + MINUTE_NS, 1 << 40)
    before = player.time_ns
    assert player.step()
    assert player.time_ns > before
    while player.step():
        assert player.time_ns <= recorded.source.end_ns
    assert player.ended
    found, was = shown(replayed.engine, replayed.model), recorded.moments[max(recorded.moments)]
    assert found["fills"] == was["fills"]


def test_the_list_of_sessions_tells_what_can_be_replayed(recorded: Recorded, tmp_path: Path) -> None:
    folder = recorded.source._folder
    (session,) = recorded_sessions(folder, None)
    assert (session.number, session.obstacle) == (1, "")
    assert session.ended_ns > session.started_ns
    assert recorded_sessions(DataFolder(tmp_path), None) == []


def test_a_session_is_its_folder_a_file_of_it_or_its_data_folder(recorded: Recorded) -> None:
    folder, settings = recorded.source._folder, recorded.source._settings
    inputs = folder.session_inputs(1)
    for path in (inputs, next(inputs.iterdir()), folder.path):
        assert can_be_replayed(path)
        source = source_of([path], settings, None)
        assert isinstance(source, SessionSource) and source.title == recorded.source.title
