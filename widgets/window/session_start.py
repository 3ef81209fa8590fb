"""From an empty window to an open session: connected, armed by a person where it is live, or what is in the way.

No dialog is run: pages stand in the window's start area, and what a person does there is awaited.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Coroutine
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from widgets.window.arming_page import ArmingPage
from widgets.window.main_window import MainWindow
from widgets.window.start_page import PROGRAM
from workstation.config.settings import Exchange, Live
from workstation.core.errors import CredentialsError, WorkstationError
from workstation.core.timeframe import HOUR_NS
from workstation.core.types import Mode
from workstation.session import Session
from workstation.trading.arming import duration_words

if TYPE_CHECKING:
    from workstation.services.attaching import Attached
    from workstation.services.own_engine import OwnEngine

Made = TypeVar("Made")
AGAIN_S = 1.0


class Wish(Enum):
    """What a person asks for on the arming page."""

    ARM = "arm"
    CHECK = "check"
    CANCEL = "cancel"


def stake_of(exchange: Exchange) -> str:
    """Whose money it is, in a sentence."""
    if exchange.address:
        return "Orders go to the sandbox exchange there, whose money is for practice."
    if exchange.testnet:
        return "Orders go to the exchange's test network, where nothing is real."
    return "Orders will use real money."


def end_of(live: Live) -> str:
    """How long it stays armed, in a sentence."""
    if not live.disarm_after_hours:
        return "The engine never disarms itself."
    return f"The engine disarms itself after {duration_words(int(live.disarm_after_hours * HOUR_NS))}."


class Start(Generic[Made]):
    """What every start has: the window that shows it, what it makes, and a way to end it. ``attended`` says that
    somebody sees the window and can type; ``tell`` shows what is being done.
    """

    def __init__(
        self,
        window: MainWindow,
        make: Callable[[], Made],
        tell: Callable[[str], Awaitable[None]],
        *,
        attended: bool,
    ) -> None:
        self._window = window
        self._make = make
        self._tell = tell
        self._attended = attended
        self._cancelled = asyncio.Event()

    def cancel(self) -> None:
        """End it, wherever it stands; from the window or a signal."""
        self._cancelled.set()

    async def _is_tried_again(self, error: WorkstationError) -> bool:
        """Leave the sentence in the window until it is closed, or a person has mended it."""
        page, again = self._window.start_page, asyncio.Event()
        page.tell(f"{PROGRAM} did not start", str(error), keys=isinstance(error, CredentialsError), again=True)
        connection = page.again_wanted.connect(again.set)
        try:
            return await self._unless_cancelled(again.wait())
        finally:
            page.again_wanted.disconnect(connection)

    async def _unless_cancelled(self, work: Coroutine[Any, Any, object]) -> bool:
        """Do the work, but let go of it when all of it is cancelled; False then, or when the work says so."""
        task = asyncio.ensure_future(work)
        ends = asyncio.ensure_future(self._cancelled.wait())
        await asyncio.wait((task, ends), return_when=asyncio.FIRST_COMPLETED)
        ends.cancel()
        if not self._cancelled.is_set():
            return task.result() is not False
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return False


class SessionStart(Start[Session]):
    """Of an engine in this process. ``run`` is awaited once."""

    async def run(self) -> Session | None:
        """The open session, None when it was cancelled. Raises ``WorkstationError`` when nobody mends what is wrong."""
        while True:
            try:
                return await self._open()
            except WorkstationError as error:
                sys.stderr.write(f"{error}\n")
                if not (self._attended and await self._is_tried_again(error)):
                    raise

    async def _open(self) -> Session | None:
        session = self._make()
        try:
            if await self._is_connected(session) and await self._is_armed(session):
                await self._tell(f"Opening {session.folder.path} and bringing back the last state …")
                session.open()
                return session
        except BaseException:
            await session.disconnect()
            raise
        await session.disconnect()
        return None

    async def _is_connected(self, session: Session) -> bool:
        settings = session.settings
        if settings.market.source == "exchange":
            exchange = settings.exchange
            what = "its markets and the account" if session.mode is Mode.LIVE else "its markets"
            await self._tell(f"Connecting to {exchange.address or exchange.name} and reading {what} …")
        return await self._unless_cancelled(session.connect())

    async def _is_armed(self, session: Session) -> bool:
        """Whether it may trade: a person says so, or the configuration where nobody is there."""
        if session.mode is not Mode.LIVE:
            return True
        if not self._attended:
            session.arm_unattended()
            return True
        settings = session.settings
        stake = f"{stake_of(settings.exchange)} {end_of(settings.live)}"
        page = ArmingPage(settings.account.name, session.market_title, stake)
        page.show_checks(session.checks, session.notes)
        page.keys_wanted.connect(self._window.open_keys)
        self._window.column.show_instead(page)
        page.name.setFocus()
        try:
            return await self._unless_cancelled(self._follow(page, session))
        finally:
            self._window.column.show_instead(None)

    async def _follow(self, page: ArmingPage, session: Session) -> bool:
        """Do what is asked for on the page until it is armed or given up."""
        wishes: asyncio.Queue[Wish] = asyncio.Queue()
        page.arm_wanted.connect(lambda _: wishes.put_nowait(Wish.ARM))
        page.check_wanted.connect(lambda: wishes.put_nowait(Wish.CHECK))
        page.cancelled.connect(lambda: wishes.put_nowait(Wish.CANCEL))
        while (wish := await wishes.get()) is not Wish.CANCEL:
            try:
                if wish is Wish.ARM:
                    session.arm(page.name.text())
                    return True
                page.set_busy(True)
                await session.check()
                page.show_checks(session.checks, session.notes)
            except WorkstationError as error:
                page.set_busy(False)
                page.tell(str(error))
        return False


class AttachStart(Start["Attached"]):
    """The same for an engine that runs elsewhere: it is waited for until it answers. ``run`` may be awaited again, when
    another engine has taken its place."""

    async def run(self) -> Attached | None:
        """The engine, None when it was cancelled. Raises ``WorkstationError`` when nobody can mend what is wrong."""
        told = ""
        while True:
            try:
                attached = self._make()
                if not told:
                    await self._tell(f"Asking the engine at {attached.place} …")
                return attached if await self._unless_cancelled(attached.open()) else None
            except WorkstationError as error:
                if not self._attended:
                    raise
                if str(error) != told:
                    sys.stderr.write(f"{error}\n")
                told = str(error)
                self._window.start_page.tell(f"{PROGRAM} waits for its engine", f"{error} It is tried again.")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_S):
                    await self._cancelled.wait()
            if self._cancelled.is_set():
                return None


class OwnStart(Start["OwnEngine"]):
    """The same for an engine of this window's own, in a process beside it, which is made once and started here."""

    async def run(self) -> Attached | None:
        """The engine, None when it was cancelled. Raises ``WorkstationError`` when nobody mends what is wrong."""
        while True:
            own: OwnEngine = self._make()
            try:
                await self._tell("Starting the engine in a process of its own …")
                return own.attached if await self._unless_cancelled(own.open()) else None
            except WorkstationError as error:
                if not (self._attended and await self._is_tried_again(error)):
                    raise
