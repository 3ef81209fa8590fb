"""Backtests that wait and the one that runs, each in a child process: live trading goes on undisturbed."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QElapsedTimer, QObject, QProcess, Signal

from workstation.backtest.history import RunHistory
from workstation.backtest.job import (
    BacktestJob,
    Failed,
    Finished,
    JobEvent,
    Loading,
    Running,
    decode_event,
    job_command,
    write_job,
)
from workstation.core.own_program import own_environment

log = logging.getLogger("widgets.research.run_queue")

LAST_WORDS = 2_000


@dataclass
class QueuedRun:
    """A run on its way. ``done`` of ``total`` bars, or recorded inputs, are run; 0 of 0 before it reads its market."""

    number: int
    title: str
    job: BacktestJob
    running: bool = False
    loading: bool = False
    done: int = 0
    total: int = 0
    left_s: float | None = None
    """Until its end, as far as that can be told."""


class RunQueue(QObject):
    """One child at a time. Nothing here waits for it, but ``close``."""

    changed = Signal()
    finished = Signal(int)  # the number of a run whose result is on the disk
    failed = Signal(str)  # what became of one that has none, in a sentence

    def __init__(self, history: RunHistory, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.runs: list[QueuedRun] = []
        self._history = history
        self._process: QProcess | None = None
        self._unread = b""
        self._last: JobEvent | None = None
        self._begun = QElapsedTimer()
        self._first = 0
        self._closing = False

    def add(self, job: BacktestJob, title: str) -> None:
        """Write the job down and run it when its turn comes. Raises ``StorageError``."""
        write_job(self._history.folder(job.number), job)
        self.runs.append(QueuedRun(job.number, title, job))
        self.changed.emit()
        self._start_next()

    def cancel(self, number: int) -> None:
        """Take a run out; the child that runs it is ended and nothing of it is kept."""
        run = next((each for each in self.runs if each.number == number), None)
        if run is None:
            return
        self.runs.remove(run)
        if run.running and self._process is not None:
            self._let_go(self._process)
        self._history.delete([number])
        self.changed.emit()
        self._start_next()

    def close(self) -> None:
        """End the child and forget what waits."""
        self._closing = True
        left, self.runs = self.runs, []
        if self._process is not None:
            self._let_go(self._process)
        self._history.delete(run.number for run in left)

    @property
    def ended(self) -> bool:
        """Whether no child is left; one that was killed is gone within some milliseconds."""
        return all(process.state() is QProcess.ProcessState.NotRunning for process in self.findChildren(QProcess))

    def _start_next(self) -> None:
        if self._process is not None or self._closing or not self.runs:
            return
        run = self.runs[0]
        run.running = True
        process = self._process = QProcess(self)
        process.setEnvironment([f"{name}={value}" for name, value in own_environment().items()])
        process.readyReadStandardOutput.connect(self._read)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        self._unread, self._last = b"", None
        program, *arguments = job_command(self._history.folder(run.number).path)
        self._begun.start()
        process.start(program, arguments)
        self.changed.emit()

    def _read(self) -> None:
        if self._process is None:
            return
        *lines, self._unread = (self._unread + self._process.readAllStandardOutput().data()).split(b"\n")
        for line in lines:
            event = decode_event(line)
            if event is not None:
                self._take(event)
        if lines:
            self.changed.emit()

    def _take(self, event: JobEvent) -> None:
        self._last = event
        run = self.runs[0]
        run.loading = isinstance(event, Loading)
        if isinstance(event, Loading):
            self._begun.start()
        if isinstance(event, Running):
            if not run.done:
                # What reading took says nothing of the pace.
                self._begun.start()
                self._first = event.done
            run.done, run.total = event.done, event.total
            ran = event.done - self._first
            seconds = self._begun.elapsed() / 1000
            run.left_s = seconds / ran * (event.total - event.done) if ran else None

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            self._end("The backtest could not be started: its program was not found. Install the workstation again.")

    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read()
        if isinstance(self._last, Finished):
            self._end("")
        elif isinstance(self._last, Failed):
            self._end(self._last.sentence)
        else:
            words = bytes(self._process.readAllStandardError().data())[-LAST_WORDS:] if self._process else b""
            if words:
                log.info("The last words of a backtest: %s", words.decode(errors="replace"))
            how = "was killed" if status is QProcess.ExitStatus.CrashExit else f"ended with status {code}"
            self._end(f"The process {how} before it was done; nothing of it was kept. Run it again.")

    def _end(self, sentence: str) -> None:
        run = self.runs.pop(0)
        if self._process is not None:
            self._process.deleteLater()
            self._process = None
        if sentence:
            self._history.delete([run.number])
            self.failed.emit(f"Backtest {run.number}, {run.title}: {sentence}")
        else:
            self.finished.emit(run.number)
        self.changed.emit()
        self._start_next()

    def _let_go(self, process: QProcess) -> None:
        self._process = None
        process.finished.disconnect(self._on_finished)
        process.errorOccurred.disconnect(self._on_error)
        process.readyReadStandardOutput.disconnect(self._read)
        process.finished.connect(process.deleteLater)
        process.kill()


def running_run(runs: Iterable[QueuedRun]) -> QueuedRun | None:
    return next((run for run in runs if run.running), None)
