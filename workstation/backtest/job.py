"""One backtest as a job of its own process: what it is asked, what it tells on the way, and what it leaves behind.

The asking process writes the job into a folder of the run history and starts ``workstation backtest-job FOLDER``. The
child tells how far it is on standard output, one JSON object a line, and writes its result into the folder; the line
``Finished`` comes after the result is whole. Nothing is inherited, so it works from a checkout and in a frozen program.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from workstation.backtest.engine import BacktestRequest
from workstation.backtest.history import RunFolder, RunMarket
from workstation.backtest.recorded import load_recorded, run_recorded_backtest
from workstation.backtest.report import report_html
from workstation.backtest.result import BacktestResult
from workstation.backtest.round_trips import PriceBars
from workstation.backtest.runner import load_data, run_backtest
from workstation.config.loader import settings_from_json
from workstation.config.settings import Settings
from workstation.core.errors import DataError
from workstation.core.instrument import Instrument
from workstation.core.own_program import own_command
from workstation.market.recordings import read_recordings
from workstation.storage.candles import CandleDatabase
from workstation.storage.database import open_database
from workstation.trading.registry import StrategyRegistry

VERSION = 1
COMMAND = "backtest-job"
MOST_EVENTS = 200
"""How often at most a run tells how far it is."""


class BacktestJob(msgspec.Struct, frozen=True, kw_only=True):
    """What to run. ``configuration`` is the settings as JSON, ``strategies`` the folder of the user's own."""

    number: int
    created_ns: int
    request: BacktestRequest
    configuration: str
    candles: str
    """Path of the database with the candles."""
    strategies: str = ""
    recordings: tuple[str, ...] = ()
    """Files to run over, whole, instead of candles."""
    version: int = VERSION

    def settings(self) -> Settings:
        """Raises ``ConfigurationError`` when they were written by another version of the program."""
        return settings_from_json(self.configuration)

    def registry(self) -> StrategyRegistry:
        return StrategyRegistry(Path(self.strategies) if self.strategies else None)


class Loading(msgspec.Struct, frozen=True, tag=True):
    """The market is being read."""


class Running(msgspec.Struct, frozen=True, tag=True):
    """So many bars, or recorded inputs, of all have been run."""

    done: int
    total: int


class Finished(msgspec.Struct, frozen=True, tag=True):
    """The result is in the folder."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """Why there is no result, in a sentence."""

    sentence: str


JobEvent = Loading | Running | Finished | Failed
Tell = Callable[[JobEvent], None]

_ENCODER = msgspec.json.Encoder()
_EVENTS: msgspec.json.Decoder[JobEvent] = msgspec.json.Decoder(JobEvent)
_JOBS = msgspec.json.Decoder(BacktestJob)


class Outcome(NamedTuple):
    """What was run, the bars it traded on, and everything that a replay needs of the market."""

    result: BacktestResult
    prices: PriceBars
    instrument: Instrument
    market: RunMarket | None


def encode_event(event: JobEvent) -> bytes:
    return _ENCODER.encode(event)


def decode_event(line: bytes) -> JobEvent | None:
    """``None`` for a line that is no event, such as what a strategy prints."""
    try:
        return _EVENTS.decode(line)
    except msgspec.MsgspecError:
        return None


def write_job(folder: RunFolder, job: BacktestJob) -> None:
    """Raises ``StorageError``."""
    folder.write("job.json", _ENCODER.encode(job))


def read_job(folder: RunFolder) -> BacktestJob:
    """Raises ``StorageError``, and ``DataError`` for a job of a newer version."""
    content = folder.read("job.json")
    try:
        job = _JOBS.decode(content)
    except msgspec.MsgspecError as error:
        raise DataError(
            f"The run in {folder.path} was written by another version of the workstation: {error}."
        ) from None
    if job.version > VERSION:
        raise DataError(f"The run in {folder.path} was written by a newer version of the workstation: update it.")
    return job


def job_command(folder: Path) -> list[str]:
    """The command that runs the job: this program again, from a checkout or frozen."""
    return own_command(COMMAND, str(folder))


def run_job(folder: RunFolder, tell: Tell) -> None:
    """Run what the folder asks for and write everything that is kept of it. Raises ``WorkstationError``."""
    job = read_job(folder)
    tell(Loading())
    outcome = _over_recordings(job, tell) if job.recordings else _over_candles(job, tell)
    report = report_html(outcome.result, outcome.prices, outcome.instrument)
    source = job.registry().source_hash(job.request.strategy)
    folder.keep(job.number, job.created_ns, outcome.result, outcome.market, report, source)
    tell(Finished())


def lower_priority() -> None:
    """Let everything else on the machine go first: a session that trades beside it is not to notice."""
    if sys.platform == "win32":
        import ctypes

        below_normal = 0x4000
        ctypes.windll.kernel32.SetPriorityClass(ctypes.windll.kernel32.GetCurrentProcess(), below_normal)
    else:
        os.nice(15)


def _over_candles(job: BacktestJob, tell: Tell) -> Outcome:
    request, settings = job.request, job.settings()
    instrument = settings.instruments[request.symbol]
    database = open_database(Path(job.candles))
    try:
        data = load_data(request, instrument, CandleDatabase(database), settings.backtest.warm_up_bars)
    finally:
        database.close()
    result = run_backtest(settings, request, data, job.registry(), _sparing(tell))
    return Outcome(result, data.prices, instrument, RunMarket.of(data.bars, data.warm_up))


def _over_recordings(job: BacktestJob, tell: Tell) -> Outcome:
    request, settings = job.request, job.settings()
    recordings = read_recordings(job.recordings)
    database = open_database(Path(job.candles))
    try:
        data = load_recorded(
            request, recordings, settings.instruments, CandleDatabase(database), settings.backtest.warm_up_bars
        )
    finally:
        database.close()
    result, prices = run_recorded_backtest(settings, request, data, job.registry(), _sparing(tell))
    return Outcome(result, prices, data.instrument, RunMarket.of_prices(prices, data.warm_up))


def _sparing(tell: Tell) -> Callable[[int, int], None]:
    """Progress that is told some hundred times a run, however long it is."""
    told = -1

    def progress(done: int, total: int) -> None:
        nonlocal told
        part = done * MOST_EVENTS // max(1, total)
        if part != told:
            told = part
            tell(Running(done, total))

    return progress
