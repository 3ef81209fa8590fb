"""Proposes an engine in a process of its own, once, when the loop that it shares with the window stays late."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from widgets.engine.engine_model import EngineModel
from widgets.engine.protocol import Health
from widgets.look.tokens import Tone
from widgets.window.banner import Banner
from workstation.core.timeframe import MINUTE_NS
from workstation.messaging.server_program import server_program

if TYPE_CHECKING:
    from workstation.services.configuration_editor import ConfigurationEditor, Written

LATE_FOR_NS = MINUTE_NS
POLL_MS = 50
ACTION = "Use a process of its own"


class LagNotice(QObject):
    """Of an engine in this process. ``editor`` writes the file that it was started with, every comment in its place."""

    def __init__(
        self, model: EngineModel, banner: Banner, editor: ConfigurationEditor, bound_ms: float, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._model = model
        self._banner = banner
        self._editor = editor
        self._bound_ms = bound_ms
        self._late_since_ns = 0
        self._written: Future[Written] | None = None
        self._poll = QTimer(self)
        self._poll.setInterval(POLL_MS)
        self._poll.timeout.connect(self._look)
        model.health_changed.connect(self._follow)

    def _follow(self, health: Health) -> None:
        now_ns = self._model.engine.now_ns()
        if health.loop_lag_ms <= self._bound_ms:
            self._late_since_ns = 0
        elif not self._late_since_ns:
            self._late_since_ns = now_ns
        elif now_ns - self._late_since_ns >= LATE_FOR_NS:
            self._model.health_changed.disconnect(self._follow)
            self._propose(health.loop_lag_ms)

    def _propose(self, lag_ms: float) -> None:
        words = f"The loop of engine and window is {lag_ms:.0f} ms late, for a minute now."
        if server_program() is None:
            words += (
                " An engine in a process of its own would not wait for it, but needs nats-server: nats.io/download."
            )
            self._banner.set_message(words, Tone.WARNING)
        else:
            self._banner.set_message(words, Tone.WARNING, action=ACTION, act=self._write)

    def _write(self) -> None:
        if self._written is None:
            self._written = self._editor.write({"engine": "process"})
            self._poll.start()

    def _look(self) -> None:
        if self._written is None or not self._written.done():
            return
        self._poll.stop()
        written, self._written = self._written.result(), None
        if written.problem:
            self._banner.set_message(f"Nothing was written: {written.problem}", Tone.WARNING)
        else:
            file = self._editor.file.name
            self._banner.set_message(f"engine: process is written to {file}. It takes effect at the next start.")
