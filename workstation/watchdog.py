"""Frees the engine from a strategy that does not return.

A thread watches the beats of the engine's loop. When none came for too long, it raises a signal in the main thread,
whose handler stops the strategy that is being executed. The engine's own code is never interrupted.
"""

from __future__ import annotations

import _thread
import signal
import threading
import time
from collections.abc import Callable

LIMIT_S = 2.0
_SIGNAL = signal.SIGUSR2 if hasattr(signal, "SIGUSR2") else signal.SIGABRT


class Watchdog:
    """``interrupt`` is called in the main thread and raises into a strategy's code, or returns False."""

    def __init__(self, interrupt: Callable[[], bool], limit_s: float = LIMIT_S) -> None:
        self._interrupt = interrupt
        self._limit_s = limit_s
        self._last_beat = time.monotonic()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self.alarms = 0

    def beat(self) -> None:
        """The loop is alive."""
        self._last_beat = time.monotonic()

    def start(self) -> None:
        """Watch from now on; only on the main thread, where Python runs signal handlers."""
        if threading.current_thread() is not threading.main_thread() or self._thread is not None:
            return
        signal.signal(_SIGNAL, lambda *_: self._on_signal())
        self._ended.clear()
        self.beat()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _watch(self) -> None:
        while not self._ended.wait(self._limit_s / 4):
            if time.monotonic() - self._last_beat > self._limit_s:
                _thread.interrupt_main(_SIGNAL)

    def _on_signal(self) -> None:
        self.alarms += 1
        self.beat()
        self._interrupt()
