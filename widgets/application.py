"""One run of the desktop: a window at once, then an engine in it, on one event loop, and the end of both in order."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import logging
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QApplication

from widgets.look.tokens import Tone
from widgets.start_options import StartOptions
from widgets.window.main_window import MainWindow
from widgets.window.pictures import save_picture
from widgets.window.start_page import PROGRAM
from workstation.config.loader import Loaded
from workstation.core.clock import WallClock
from workstation.core.errors import WorkstationError
from workstation.core.own_program import stop_signals
from workstation.core.types import TradingState
from workstation.storage.layout import DataFolder

if TYPE_CHECKING:
    from widgets.engine.engine_model import EngineModel
    from widgets.engine.protocol import Engine
    from widgets.window.session_start import AttachStart, OwnStart, SessionStart
    from workstation.services.attaching import Attached
    from workstation.services.own_engine import OwnEngine
    from workstation.session import Session

UNSEEN_PLATFORMS = ("offscreen", "minimal")
FROZEN_THRESHOLDS = (20_000, 20, 50)
LOADED_LATER = (
    "workstation.session",
    "workstation.backtest.job",
    "widgets.engine.engine_model",
    "widgets.chart.chart_panel",
    "widgets.docks.catalogue",
    "widgets.docks.workspaces",
    "widgets.window.outside",
)
"""What the first picture of the window can do without, in the order in which it is loaded behind it."""
CHILDREN_END_S = 2.0
KILL_SIGNAL = getattr(signal, "SIGUSR1", None)
log = logging.getLogger("widgets.application")


class Application:
    """One run of the desktop."""

    def __init__(self, application: QApplication, loaded: Loaded, options: StartOptions) -> None:
        self._loaded = loaded
        self._options = options
        self.attended = application.platformName() not in UNSEEN_PLATFORMS and options.stops_after is None
        """Whether somebody sees the window and can type."""
        self._start: SessionStart | AttachStart | OwnStart | None = None
        self._session: Session | None = None
        self._model: EngineModel | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.on_stop: Callable[[], None] = lambda: None
        self._stop_reason = ""
        self._stopped = asyncio.Event()
        remembered = DataFolder(options.data).window if options.screenshot is None else None
        self.window = MainWindow(loaded.settings, remembered)
        if options.size is not None:
            self.window.resize(*options.size)
        elif application.platformName() not in UNSEEN_PLATFORMS:
            self.window.stand()
        self.window.bar.picture_wanted.connect(self._save_picture_of_window)
        self.window.close_wanted.connect(lambda: self.stop("window closed"))

    def stop(self, reason: str) -> None:
        """Stop in order; from the window or a signal."""
        self._stop_reason = self._stop_reason or reason
        self.on_stop()
        if self._session is not None:
            self._session.request_stop(reason)
        if self._start is not None:
            self._start.cancel()
        self._stopped.set()

    async def main(self) -> int:
        """From the first picture of the window to the end of the session."""
        self._loop = asyncio.get_running_loop()
        numbers = (*stop_signals(), *(() if KILL_SIGNAL is None else (KILL_SIGNAL,)))
        handlers = {number: signal.signal(number, self._on_signal) for number in numbers}
        hook, sys.excepthook = sys.excepthook, self._on_slot_error
        try:
            self.window.show()
            if self._options.attach is not None:
                return await self._attach_and_follow(self._options.attach)
            beside = self._loaded.settings.engine == "process"
            return await (self._run_beside() if beside else self._open_and_run())
        finally:
            sys.excepthook = hook
            for number, handler in handlers.items():
                signal.signal(number, handler)
            self.window.allow_close()
            await self._let_children_end()
            self.window.close()
            self.window.deleteLater()

    async def _open_and_run(self) -> int:
        await self._load_later()
        await self._tell("Reading the strategies and the market …")
        from widgets.window.session_start import SessionStart
        from workstation.commands.run import put_on_nats
        from workstation.session import Session

        if self._stop_reason:
            return 0
        self._start = SessionStart(
            self.window,
            lambda: Session(self._loaded, self._options.data, self._options.seed),
            self._tell,
            attended=self.attended,
        )
        try:
            session = await self._start.run()
        except WorkstationError as error:
            return error.exit_code
        if session is None:
            return 0
        self._session = session
        messaging = put_on_nats(session)
        try:
            await self._tell("Arranging the window …")
            self._open_panels(session)
            return await self._run(session)
        finally:
            if self._model is not None:
                self._model.stop()
            if messaging is not None:
                await messaging.stop()
            await session.close()
            if self.window.configuration is not None:
                self.window.configuration.close()

    async def _let_children_end(self) -> None:
        """Those of backtests, which were killed."""
        research = self.window.stage.research
        if research is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CHILDREN_END_S):
                    while not research.queue.ended:
                        await asyncio.sleep(0.01)

    async def _load_later(self) -> None:
        """In parts, so that the window can be closed meanwhile."""
        await self._tell("Loading the panels …")
        for module in LOADED_LATER:
            if self._stop_reason:
                return
            importlib.import_module(module)
            await asyncio.sleep(0)

    async def _attach_and_follow(self, place: str) -> int:
        """The window over an engine elsewhere, until it is closed; the engine goes on."""
        await self._load_later()
        from widgets.window.session_start import AttachStart
        from workstation.messaging.opening import attach_address
        from workstation.services.attaching import Attached

        messaging = self._loaded.settings.messaging
        start = self._start = AttachStart(
            self.window,
            lambda: Attached(messaging, attach_address(messaging, self._options.data, place)),
            self._tell,
            attended=self.attended,
        )
        return await self._follow_each(start)

    async def _run_beside(self) -> int:
        """The window over an engine in a process of its own, which ends with it."""
        await self._load_later()
        from widgets.window.session_start import OwnStart
        from workstation.services.own_engine import OwnEngine

        own = OwnEngine(self._loaded, DataFolder(self._options.data), self._options.seed)
        start = self._start = OwnStart(self.window, lambda: own, self._tell, attended=self.attended)
        try:
            return await self._follow_each(start, own)
        finally:
            if self.window.leaves_engine:
                own.release()
            else:
                await own.close()
            if self.window.configuration is not None:
                self.window.configuration.close()

    async def _follow_each(self, start: AttachStart | OwnStart, own: OwnEngine | None = None) -> int:
        """One engine after the other: one that was started again with other settings gets panels of its own."""
        from widgets.engine.attached_engine import AttachedEngine

        news = ""
        while True:
            try:
                attached = await start.run()
            except WorkstationError as error:
                sys.stderr.write(f"{error}\n")
                return error.exit_code
            if attached is None:
                return 0
            try:
                remote = attached.remote
                if own is not None:
                    self._open_configuration()
                self._open_model(AttachedEngine(remote, own), remote.mirror.about.flatten_on_kill)
                if news:
                    self.window.banner.set_message(f"{news} The panels were built anew.", Tone.WARNING)
                code = await self._follow(attached)
                news = remote.changed
                if not news or self._stop_reason:
                    return code
                # Nothing may be left that holds the engine that was: its panels, and the control that it gave.
                self.window.close_engine()
                self._model = None
            finally:
                if self._model is not None:
                    self._model.stop()
                await attached.close()

    async def _follow(self, attached: Attached) -> int:
        following = asyncio.ensure_future(attached.remote.run())
        stopped = asyncio.ensure_future(self._stopped.wait())
        code = 0
        try:
            await asyncio.wait(
                (following, stopped), timeout=self._options.stops_after, return_when=asyncio.FIRST_COMPLETED
            )
            if following.done() and attached.remote.changed:
                return 0
            if following.done() and not self._stopped.is_set():
                error = following.exception()
                log.critical("The engine could not be followed any more.", exc_info=error)
                await self._stay_halted(f"The engine is not followed any more ({error}); the log tells more.")
                code = 1
            if self._options.screenshot is not None:
                code = self._take_picture(self._options.screenshot) or code
            self.window.keep()
        finally:
            for task in (following, stopped):
                task.cancel()
            await asyncio.gather(following, stopped, return_exceptions=True)
        return code

    def _open_panels(self, session: Session) -> None:
        from widgets.engine.session_engine import SessionEngine

        self._open_configuration()
        self._open_model(SessionEngine(session), self._loaded.settings.risk.flatten_on_kill)

    def _open_configuration(self) -> None:
        """The file and the folder that the engine here was started with."""
        from workstation.services.configuration_editor import ConfigurationEditor

        if self.window.configuration is None:
            folder = DataFolder(self._options.data).configuration
            self.window.configuration = ConfigurationEditor(self._loaded, folder, WallClock().now_ns)
        profile = ("--profile", self._loaded.profile) if self._loaded.profile else ()
        self.window.data_places = ("--config", str(self._loaded.file), "--data", str(self._options.data), *profile)

    def _open_model(self, engine: Engine, flatten_on_kill: bool) -> None:
        from widgets.engine.engine_model import EngineModel
        from widgets.research.research import Research

        if self.window.stage.research is None:
            self.window.stage.adopt(Research(self._loaded, self._options.data))
        self._model = EngineModel(engine)
        self.window.open_engine(self._model, flatten_on_kill=flatten_on_kill)
        if self.attended:
            self.window.outside.attend(self.window.registry)
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        gc.set_threshold(*FROZEN_THRESHOLDS)

    async def _run(self, session: Session) -> int:
        """The session until it is asked to stop; an engine that fails is halted and says so."""
        if self._stop_reason:
            session.request_stop(self._stop_reason)
        code = 0
        try:
            await session.run(self._options.stops_after)
        except WorkstationError as error:
            code = error.exit_code
            await self._stay_halted(str(error))
        except Exception as error:
            log.critical("The engine failed.", exc_info=error)
            code = 1
            await self._stay_halted(f"The engine failed ({error}); the log tells more.")
        if self._options.screenshot is not None:
            code = self._take_picture(self._options.screenshot) or code
        self.window.keep()
        return code

    async def _stay_halted(self, sentence: str) -> None:
        """The session runs no more: nothing new leaves, and the window says so until it is closed."""
        self.halt(f"the session ended: {sentence}")
        sys.stderr.write(f"{sentence}\n")
        halted = "Trading is halted. " if self._session is not None else ""
        self.window.banner.set_message(f"{sentence} {halted}Close the window and start again.", Tone.BAD)
        if self.attended:
            await self._stopped.wait()

    async def _tell(self, text: str) -> None:
        """Say what is being done, and give the window the time to show it."""
        self.window.start_page.tell(f"Starting {PROGRAM}", text)
        await asyncio.sleep(0.02)

    # --- What goes wrong --------------------------------------------------------------------------------------------

    def halt(self, reason: str) -> None:
        """No new order leaves until a person resumes."""
        if self._session is not None:
            from workstation.core.messages import SetTradingState

            self._session.command(SetTradingState(state=TradingState.HALTED, reason=reason, who="desktop"))

    def on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """An exception that nobody awaited: whatever it was, trading stands still until a person has looked."""
        error = context.get("exception")
        log.error("%s", context.get("message", "A task failed."), exc_info=error)
        self.halt(f"a task of the desktop failed: {error or context.get('message')}")

    def _on_slot_error(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """A panel raised: the others go on, and so do the engine and the panic buttons."""
        log.error("A part of the window failed.", exc_info=(kind, error, trace))
        self.window.banner.set_message(f"A part of the window failed ({error}). Trading and the panic buttons work.")

    def _on_signal(self, number: int, _: object) -> None:
        name = signal.Signals(number).name
        if number != KILL_SIGNAL:
            self.stop(name)
        elif self._session is not None:
            self._session.request_kill(f"signal {name}")
        elif self.window.panic is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self.window.panic.kill)

    # --- Pictures ---------------------------------------------------------------------------------------------------

    def _take_picture(self, path: Path) -> int:
        """Exit status: 0, or 2 when the file cannot be written."""
        if self._model is not None:
            self._model.tick()
        if self.window.grab().save(str(path)):
            return 0
        sys.stderr.write(f"The picture cannot be written to {path}; choose another file.\n")
        return 2

    def _save_picture_of_window(self) -> None:
        text, good = save_picture(self.window, DataFolder(self._options.data).reports, WallClock().now_ns())
        self.window.banner.set_message(text, Tone.NORMAL if good else Tone.WARNING)
