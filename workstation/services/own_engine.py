"""The engine of a window in a process of its own: started, found again, watched and stopped by that window.

A data folder has one such window and one engine. A window that is closed stops its engine in order. One that crashes
leaves it running, with its stops and strategies, and the next window finds it. An engine that ends is not started again
unasked.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import time

import msgspec

from workstation.config.loader import Loaded, settings_json
from workstation.core.clock import WallClock
from workstation.core.errors import MessagingError, StorageError
from workstation.core.messages import Kill
from workstation.core.own_program import own_command, own_environment
from workstation.messaging.opening import FOLDER
from workstation.messaging.server import end_orphan, kept_address
from workstation.messaging.server_program import server_program
from workstation.services.attaching import Attached
from workstation.storage.kill_latch import KillLatch
from workstation.storage.layout import DataFolder
from workstation.storage.lock import FolderLock, is_held, read_holder

FOR_WINDOW = "--for-window"
PLACE = "its own process"
LOOK_S = 0.1
TRIES = 50
ANSWER_S = 90.0
"""How long an engine may take from its start to its first answer: an exchange is connected and checked meanwhile."""
STOP_S = 20.0
"""How long an orderly stop may take; the engine is ended by force then."""
FORCE_S = 2.0

log = logging.getLogger("workstation.services")


def for_window(loaded: Loaded) -> Loaded:
    """The settings of an engine that a window starts: on a server of its own, where the file wants none."""
    settings = loaded.settings
    settings = msgspec.structs.replace(settings, messaging=msgspec.structs.replace(settings.messaging, use="embedded"))
    return msgspec.structs.replace(loaded, settings=settings, json=settings_json(settings))


class OwnEngine:
    """``claim`` once, ``open`` before each ``attached``, ``close`` at the end."""

    def __init__(self, loaded: Loaded, folder: DataFolder, seed: int | None) -> None:
        self._loaded = for_window(loaded)
        self._folder = folder
        self._seed = seed
        self._clock = WallClock()
        self.window_lock: FolderLock | None = None
        """Held from ``claim`` to ``close``."""
        self._process: subprocess.Popen[bytes] | None = None
        self._found = 0
        self._looked_s = 0.0
        self._was_here = self._answered = False
        self._again: asyncio.Task[None] | None = None
        self._failure = ""
        self.attached: Attached
        """Open after ``open``."""

    def claim(self) -> None:
        """Be the one window of the data folder. Raises ``StorageError`` that names the other one's process."""
        self._folder.create()
        if self.window_lock is None:
            self.window_lock = FolderLock(self._folder.own_engine_lock, self._clock.now_ns())

    async def open(self) -> None:
        """Find the engine that an earlier window left, or start one; wait until it answers, and take control of it.

        Raises ``WorkstationError``, in the engine's own words where it did not start.
        """
        self.claim()
        if not self.is_running:
            self._start()
        attached = await self._answering()
        self._answered = True
        attached.remote.latch = self.latch
        self.attached = attached
        for _ in range(TRIES):
            try:
                await attached.remote.control.take_now()
                return
            except MessagingError as error:
                log.debug("%s", error)
                await asyncio.sleep(LOOK_S)

    async def _answering(self) -> Attached:
        loop = asyncio.get_running_loop()
        ends_s, told = loop.time() + ANSWER_S, "it does not answer."
        while self.is_running:
            kept = kept_address(self._folder.path / FOLDER)
            if kept is not None:
                attached = Attached(self._loaded.settings.messaging, kept.address, PLACE)
                try:
                    await attached.open()
                    return attached
                except MessagingError as error:
                    told = str(error)
            if loop.time() > ends_s:
                raise MessagingError(f"The engine's process runs, but this window cannot reach it: {told}")
            await asyncio.sleep(LOOK_S)
        raise MessagingError(self._last_words())

    @property
    def is_running(self) -> bool:
        if self._process is not None:
            return self._process.poll() is None
        now_s = time.monotonic()
        if self._found and now_s - self._looked_s > LOOK_S:
            self._looked_s = now_s
            if not is_held(self._folder.lock):
                self._found = 0
        return bool(self._found)

    @property
    def trouble(self) -> str:
        """Why there is no engine, in a sentence; empty while there is one."""
        if self._again is not None:
            return "The engine is being started again …"
        if self._failure:
            return self._failure
        if self.is_running:
            return ""
        return f"The engine has ended: no strategy runs, orders at the venue rest. Its process {self._how()}."

    @property
    def ended(self) -> bool:
        """Whether it can be started again."""
        return self._again is None and not self.is_running

    def start_again(self) -> None:
        """Start an engine that has ended; ``trouble`` tells how that goes. The mirror finds it by itself."""
        if self.ended:
            self._again = asyncio.ensure_future(self._start_again())

    async def _start_again(self) -> None:
        self._failure = ""
        try:
            self._start()
            run = self.attached.remote.mirror.session
            while self.is_running and self.attached.remote.mirror.session == run and not self.attached.remote.changed:
                await asyncio.sleep(LOOK_S)
            self._answered = self.is_running
            if not self._answered:
                self._failure = self._last_words()
        except (MessagingError, StorageError) as error:
            self._failure = str(error)
        finally:
            self._again = None

    def _start(self) -> None:
        folder = self._folder
        if is_held(folder.lock):
            self._find()
            return
        if server_program() is None:
            raise MessagingError(
                "engine is process, but there is no nats-server on the PATH, over which window and engine talk: "
                "install it from nats.io/download, or set engine to in_process."
            )
        loaded = self._loaded
        arguments = ["--no-gui", FOR_WINDOW, "--config", str(loaded.file), "--data", str(folder.path)]
        arguments += ["--profile", loaded.profile] if loaded.profile else []
        arguments += ["--seed", str(self._seed)] if self._seed is not None else []
        self._was_here, self._answered = True, False
        # A file and not a pipe: the engine may go on when this window has crashed.
        with folder.engine_output.open("wb") as output:
            self._process = subprocess.Popen(
                own_command(*arguments),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=own_environment(),
                # Ctrl-C and the end of a terminal are for the window, which stops its engine in order.
                start_new_session=True,
            )

    def _find(self) -> None:
        """The engine that holds the folder, if a window started it. Raises ``MessagingError``."""
        holder = read_holder(self._folder.lock)
        process_id = holder.pid if holder is not None else 0
        try:
            of_window = int(self._folder.engine_process.read_text())
        except (OSError, ValueError):
            of_window = 0
        if not process_id or process_id != of_window:
            raise MessagingError(
                f"The data folder {self._folder.path} is in use by the engine of process {process_id}, which no window "
                "started: stop it first, or open the window on it with --attach."
            )
        self._process, self._found, self._was_here = None, process_id, True

    def latch(self, kill: Kill) -> str:
        """Latch a kill that the engine did not hear; what that means, in a sentence."""
        try:
            KillLatch(self._folder.path).engage(kill.reason, kill.who or "desktop", self._clock.now_ns(), kill.flatten)
        except StorageError as error:
            return str(error)
        return "The kill is latched in the data folder: the engine obeys it when it looks, and starts killed"

    def _how(self) -> str:
        code = self._process.returncode if self._process is not None else None
        if code is None:
            return "is gone"
        return f"was killed by signal {-code}" if code < 0 else f"ended with status {code}"

    def _last_words(self) -> str:
        try:
            lines = self._folder.engine_output.read_text(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        words = lines[-1].removeprefix("workstation: ") if lines else "it said nothing."
        return f"The engine did not start: {words}"

    def release(self) -> None:
        """Let the engine go on without this window; the next one finds it."""
        if self.window_lock is not None:
            self.window_lock.release()
            self.window_lock = None

    async def close(self) -> None:
        """Stop the engine in order, wherever it stands, and leave no process behind."""
        if self._again is not None:
            self._again.cancel()
            await asyncio.gather(self._again, return_exceptions=True)
        process_id = self._process.pid if self._process is not None else self._found
        if self._answered and self.is_running:
            with contextlib.suppress(OSError):
                self._folder.engine_stop.touch()
            await self._ended_within(STOP_S)
        else:
            # Before it has answered it looks for no wish.
            await self._end(process_id, signal.SIGTERM, STOP_S)
        if self.is_running:
            log.error("The engine of process %s did not stop within %s s; it is killed.", process_id, STOP_S)
            await self._end(process_id, getattr(signal, "SIGKILL", signal.SIGTERM), FORCE_S)
        kept = kept_address(self._folder.path / FOLDER)
        if self._was_here and kept is not None:
            await end_orphan(self._folder.path / FOLDER, kept.port)
        self.release()

    async def _end(self, process_id: int, number: signal.Signals, patience_s: float) -> None:
        if self.is_running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process_id, number)
        await self._ended_within(patience_s)

    async def _ended_within(self, patience_s: float) -> None:
        ends_s = asyncio.get_running_loop().time() + patience_s
        while self.is_running and asyncio.get_running_loop().time() < ends_s:
            await asyncio.sleep(LOOK_S)
