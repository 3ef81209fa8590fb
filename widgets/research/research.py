"""What the research panels share: settings, strategies, the history of runs, their queue, and the result that is shown.

It works on this computer's data folder with this program's strategies, also where the window is attached to an engine
elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal

from widgets.research.background import Background
from widgets.research.run_queue import RunQueue
from widgets.research.shown_result import ShownResult, shown_run
from workstation.assembly import strategy_folder
from workstation.backtest.engine import BacktestRequest
from workstation.backtest.history import RunHistory, RunSummary, StoredRun
from workstation.backtest.job import BacktestJob, read_job
from workstation.config.loader import Loaded
from workstation.core.clock import WallClock
from workstation.core.errors import WorkstationError
from workstation.core.timeframe import TIMEFRAME_NAMES
from workstation.market.history import candle_ranges
from workstation.market.recordings import read_header
from workstation.market.recordings.file_format import RecordingHeader, recording_files
from workstation.replay.backtest import BacktestSource, RecordingSource
from workstation.replay.files import source_of
from workstation.replay.session import RecordedSession, SessionSource, recorded_sessions
from workstation.replay.source import ReplaySource
from workstation.storage.candles import CandleDatabase
from workstation.storage.database import open_database
from workstation.storage.layout import DataFolder
from workstation.trading.registry import StrategyRegistry

MOST_COMPARED = 6


class CandleRange(NamedTuple):
    """Candles that there are: under which name, in which bars, from when to when in UTC nanoseconds."""

    series: str
    timeframe: str
    first_ns: int
    end_ns: int


class Markets(NamedTuple):
    """What a backtest can be run on."""

    candles: list[CandleRange]
    recordings: list[Path]


class Recorded(NamedTuple):
    """What can be replayed beside the runs."""

    sessions: Sequence[RecordedSession]
    recordings: Sequence[tuple[Path, RecordingHeader | str]]
    """Each with what it says of itself, or why it cannot be read."""


class Research(QObject):
    """``told`` carries sentences for the banner, and whether they are good news."""

    runs_changed = Signal()
    markets_changed = Signal()
    told = Signal(str, bool)
    replay_ready = Signal(object)  # ReplaySource
    panel_wanted = Signal(str)  # the name of a panel that is to come to the front
    settings_wanted = Signal(object)  # BacktestJob, whose settings the form is to show

    def __init__(self, loaded: Loaded, data: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.settings = loaded.settings
        self.folder = DataFolder(data)
        self.strategies = strategy_folder(loaded.settings, loaded.file)
        self.history = RunHistory(self.folder.backtests)
        self.queue = RunQueue(self.history, self)
        self.queue.finished.connect(self._on_finished)
        self.queue.failed.connect(lambda sentence: self.told.emit(sentence, False))
        self.shown = ShownResult(self)
        self.runs: list[RunSummary] = []
        self._configuration = loaded.json
        self._background = Background(self)
        self._registry: StrategyRegistry | None = None
        self._clock = WallClock()
        self._read = False

    @property
    def registry(self) -> StrategyRegistry:
        """Loaded when it is first asked for."""
        if self._registry is None:
            self._registry = StrategyRegistry(self.strategies)
        return self._registry

    def close(self) -> None:
        """End the run on its way, and wait for what is being read."""
        self.queue.close()
        self._background.close()

    # --- Runs -------------------------------------------------------------------------------------------------------

    def run(self, request: BacktestRequest, recordings: Sequence[Path] = ()) -> int:
        """Queue a backtest; its number. Raises ``WorkstationError`` where it cannot even begin."""
        self.registry.create(
            request.strategy, request.strategy, request.symbol, request.timeframe, dict(request.parameters)
        )
        self.folder.create()
        folder = self.history.begin()
        job = BacktestJob(
            number=folder.number,
            created_ns=self._clock.now_ns(),
            request=request,
            configuration=self._configuration,
            candles=str(self.folder.history),
            strategies=str(self.strategies or ""),
            recordings=tuple(map(str, recordings)),
        )
        self.queue.add(job, f"{request.strategy} {request.symbol} {request.timeframe}")
        return folder.number

    def read_runs(self) -> None:
        """Read the list of runs again."""
        self._read = True
        self._background.run(self.history.summaries, self._take_runs, self._tell_problem)

    def ensure_read(self) -> None:
        if not self._read:
            self.read_runs()

    def _take_runs(self, found: tuple[list[RunSummary], list[str]]) -> None:
        self.runs, problems = found
        self.runs_changed.emit()
        if problems:
            more = f" {len(problems) - 1} more cannot be read." if len(problems) > 1 else ""
            self._tell_problem(problems[0] + more)

    def open_run(self, number: int) -> None:
        """Show a run in the result panels."""
        self._background.run(self.history.folder(number).load, self._show, self._tell_problem)

    def reuse(self, number: int) -> None:
        """Bring what a run was made with back into the form."""

        def show(job: BacktestJob) -> None:
            self.panel_wanted.emit("backtest")
            self.settings_wanted.emit(job)

        self._background.run(lambda: read_job(self.history.folder(number)), show, self._tell_problem)

    def compare(self, numbers: Sequence[int]) -> None:
        """Hold runs against each other; the first ones of too many."""
        chosen = list(numbers)[:MOST_COMPARED]
        load = lambda: [self.history.folder(number).load() for number in chosen]  # noqa: E731
        self._background.run(load, self.shown.compare, self._tell_problem)

    def delete(self, numbers: Sequence[int]) -> None:
        """Remove runs from the disk."""
        gone = set(numbers)
        self._background.run(lambda: self.history.delete(gone), lambda _: self.read_runs(), self._tell_problem)
        if self.shown.now is not None and self.shown.now.number in gone:
            self.shown.show(None)
        if any(run.summary.number in gone for run in self.shown.compared):
            self.shown.compare([run for run in self.shown.compared if run.summary.number not in gone])

    def _show(self, stored: StoredRun) -> None:
        instrument = self.settings.instruments.get(stored.result.run.symbol)
        if instrument is None:
            symbol = stored.result.run.symbol
            self._tell_problem(f"Run {stored.summary.number} traded {symbol}, which is no longer under `instruments`.")
            return
        self.shown.show(shown_run(stored, instrument))

    def _on_finished(self, number: int) -> None:
        def tidy() -> tuple[list[RunSummary], list[str]]:
            self.history.prune(self.settings.backtest.kept_runs, self._clock.now_ns())
            return self.history.summaries()

        self._read = True
        self._background.run(tidy, self._take_runs, self._tell_problem)
        self.open_run(number)
        self.told.emit(f"Backtest {number} is done.", True)

    def _tell_problem(self, sentence: str) -> None:
        self.told.emit(sentence, False)

    # --- What there is ----------------------------------------------------------------------------------------------

    def read_markets(self, then: Callable[[Markets], None]) -> None:
        """Hand over what a backtest can be run on."""
        work = lambda: Markets(self._candles(), recording_files(self.folder.recordings))  # noqa: E731
        self._background.run(work, then, self._tell_problem)

    def _candles(self) -> list[CandleRange]:
        # The shipped sample is there without a database.
        if not self.folder.history.exists():
            return _ranges(candle_ranges(None))
        database = open_database(self.folder.history)
        try:
            return _ranges(candle_ranges(CandleDatabase(database)))
        finally:
            database.close()

    def read_recorded(self, then: Callable[[Recorded], None]) -> None:
        """Hand over which sessions and recordings can be replayed."""

        def read() -> Recorded:
            files = recording_files(self.folder.recordings)
            return Recorded(recorded_sessions(self.folder, self.strategies), [(path, _header(path)) for path in files])

        self._background.run(read, then, self._tell_problem)

    # --- Replay -----------------------------------------------------------------------------------------------------

    def replay_run(self, number: int) -> None:
        self._prepare(lambda: BacktestSource(self.history.folder(number)))

    def replay_session(self, number: int) -> None:
        self._prepare(lambda: SessionSource(self.folder, number, self.strategies))

    def replay_recordings(self, files: Sequence[Path]) -> None:
        self._prepare(lambda: RecordingSource(files, self.settings))

    def replay_files(self, paths: Sequence[Path]) -> None:
        """What somebody dropped or chose: ``workstation.replay.files`` says what it may be."""
        self._prepare(lambda: source_of(paths, self.settings, self.strategies))

    def _prepare(self, make: Callable[[], ReplaySource]) -> None:
        self.told.emit("Reading what is to be replayed …", True)
        self._background.run(make, self.replay_ready.emit, self._tell_problem)


def _header(path: Path) -> RecordingHeader | str:
    try:
        return read_header(path)
    except WorkstationError as error:
        return str(error)


def _ranges(rows: Sequence[tuple[str, int, int, int, int]]) -> list[CandleRange]:
    return [
        CandleRange(series, TIMEFRAME_NAMES[interval_ns], first_ns, last_ns + interval_ns)
        for series, interval_ns, first_ns, last_ns, _ in rows
        if interval_ns in TIMEFRAME_NAMES
    ]
