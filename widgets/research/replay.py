"""Moves a replay: plays at a pace, steps, goes back, jumps; in slices, so that the loop and the live session go on."""

from __future__ import annotations

from typing import Any, NamedTuple

from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Signal

from widgets.engine.engine_model import EngineModel
from widgets.engine.replay_engine import ReplayEngine
from workstation.core.errors import WorkstationError
from workstation.core.views import FillView
from workstation.replay.source import ReplaySource

SPEEDS = (1, 4, 16, 64, 256, 0)
"""Times the source's own pace; 0 is as fast as it goes."""
SLICE_MS = 4.0
"""At most so long at once, of every ``INTERVAL_MS``: the rest belongs to the live session and the screen."""
INTERVAL_MS = 12
TRAVEL_INTERVAL_MS = 1
"""A journey is to be over soon; between two slices the loop still has its turn."""
CHUNK = 16
"""Inputs between two looks at the time."""
KEPT_MARKS = 4_000


class Mark(NamedTuple):
    """An execution on the track. ``result`` is 0 for an entry."""

    ts_ns: int
    result: int
    seen_ns: int
    """When it was heard of: with candles at the close of its bar."""


class _Memory(NamedTuple):
    heard: dict[str, Any]
    marks: list[Mark]


class Replay(QObject):
    """The window's model of a replay with its transport. ``close`` ends it."""

    moved = Signal()
    changed = Signal()  # playing, speed, or a journey that begins or ends
    told = Signal(str)

    def __init__(self, source: ReplaySource, parent: QObject | None = None) -> None:
        """Raises ``WorkstationError`` when the source cannot be opened."""
        super().__init__(parent)
        self.source = source
        self.engine = ReplayEngine(source)
        self.model = EngineModel(self.engine, self, keeps_every_trade=True)
        self.marks: list[Mark] = []
        self.engine.subscribe(FillView, self._on_fill)
        self.playing = False
        self.speed = 16
        self.engine.player.remember = self._remember
        self.engine.player.recall = self._recall
        self._wanted_ns: float = source.start_ns
        self._travels = False
        self._until_fill = False
        self._filled = False
        self._since = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self._go_on)
        self.model.start()

    @property
    def time_ns(self) -> int:
        return self.engine.player.time_ns

    @property
    def share(self) -> float:
        """How far it is, 0 to 1."""
        source = self.source
        return (self.time_ns - source.start_ns) / max(1, source.end_ns - source.start_ns)

    @property
    def travelling(self) -> bool:
        """Whether it is on its way to another moment and nothing on the screen is to be believed."""
        return self._travels

    def close(self) -> None:
        self._timer.stop()
        self.model.stop()
        self.engine.player.close()

    # --- What a person does -----------------------------------------------------------------------------------------

    def play(self, on: bool = True) -> None:
        if on and self.engine.player.ended:
            self.told.emit("The replay is at its end. Go back to play it again.")
            return
        self.playing = on
        self._wanted_ns = self.time_ns
        self._since.start()
        self._run()
        self.changed.emit()

    def set_speed(self, speed: int) -> None:
        """One of ``SPEEDS``."""
        self.speed = speed
        self._wanted_ns = self.time_ns
        self.changed.emit()

    def step(self, steps: int = 1) -> None:
        """Forward, or back when negative, by so many bars of a candle run or seconds of anything else."""
        self._pause()
        pace = self.source.pace_ns
        edge = (self.time_ns - self.source.start_ns) // pace * pace + self.source.start_ns
        if steps < 0 and edge < self.time_ns:
            steps += 1
        self.go_to(edge + steps * pace)

    def go_to(self, time_ns: int) -> None:
        """To any moment; before or after the replay to its edge."""
        source = self.source
        time_ns = min(max(time_ns, source.start_ns), source.end_ns)
        self._until_fill = False
        self._travel(time_ns)

    def go_to_next_trade(self) -> None:
        """To the next own execution, or to the end when there is none."""
        self._pause()
        self._until_fill, self._filled = True, False
        self._travel(self.source.end_ns)

    def go_to_previous_trade(self) -> None:
        """Back to the last own execution before now, or to the beginning when there is none."""
        self._pause()
        earlier = [mark.seen_ns for mark in self.marks if mark.seen_ns < self.time_ns]
        self.go_to(max(earlier, default=self.source.start_ns))

    def _pause(self) -> None:
        if self.playing:
            self.playing = False
            self.changed.emit()

    def _travel(self, time_ns: int) -> None:
        self._wanted_ns = time_ns
        self._travels = True
        self.model.blockSignals(True)
        if not self._until_fill:
            try:
                self.engine.player.approach(time_ns)
            except WorkstationError as error:
                self._stop(str(error))
                return
        self._run()
        self.changed.emit()
        # What is near is reached at once.
        self._go_on()

    # --- Slices -----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        wanted = self.playing or self._travels
        self._timer.setInterval(TRAVEL_INTERVAL_MS if self._travels else INTERVAL_MS)
        if wanted and not self._timer.isActive():
            self._timer.start()
        elif not wanted:
            self._timer.stop()

    def _go_on(self) -> None:
        player, source = self.engine.player, self.source
        if self.playing and not self._travels:
            seconds = self._since.restart() / 1000
            step = source.pace_ns * self.speed * seconds if self.speed else source.end_ns
            self._wanted_ns = min(self._wanted_ns + step, source.end_ns)
        slice_ = QElapsedTimer()
        slice_.start()
        reached = False
        try:
            while not reached and slice_.nsecsElapsed() < SLICE_MS * 1e6:
                reached = self._advance(int(self._wanted_ns))
        except WorkstationError as error:
            self._stop(f"The replay ends here: {error}")
            return
        if reached and self._travels:
            self._arrive()
        elif not self._travels:
            # A pace that cannot be kept is not made up for.
            self._wanted_ns = self._wanted_ns if reached else player.time_ns
        if player.ended:
            self._pause()
        self._run()
        self.moved.emit()

    def _advance(self, to_ns: int) -> bool:
        player = self.engine.player
        if not self._until_fill:
            reached = player.advance(to_ns, CHUNK)
        else:
            reached = any(not player.step() or self._filled for _ in range(CHUNK))
        self.model.way.went_on.emit()
        return reached

    def _arrive(self) -> None:
        self._travels = self._until_fill = False
        self._wanted_ns = self.time_ns
        self._since.start()
        self.model.tick()
        self.model.blockSignals(False)
        self.model.refresh()
        self.model.reloaded.emit()
        self.changed.emit()

    def _remember(self) -> _Memory:
        return _Memory(self.model.heard.memory(), self.marks.copy())

    def _recall(self, memory: object) -> None:
        if isinstance(memory, _Memory):
            self.model.recall(memory.heard)
            self.marks = memory.marks.copy()
        else:
            self.model.forget()
            self.marks = []

    def _stop(self, sentence: str) -> None:
        self.playing = False
        self._arrive()
        self._run()
        self.told.emit(sentence)
        self.moved.emit()

    def _on_fill(self, fill: FillView) -> None:
        self._filled = True
        result = (fill.realised > 0) - (fill.realised < 0)
        if len(self.marks) < KEPT_MARKS:
            self.marks.append(Mark(fill.ts_ns, result, self.time_ns))
