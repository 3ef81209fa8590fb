"""The whole desktop in this process, live at a sandbox exchange on the same event loop, and a person at its window."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import qasync
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from tests.end_to_end.sandbox_server import Sandbox
from widgets.application import Application
from widgets.controls.dialogs import FormDialog
from widgets.controls.table import Table
from widgets.docks.workspace import Workspace
from widgets.look.style import install
from widgets.start_options import StartOptions
from widgets.window.arming_page import ArmingPage
from workstation.config.loader import Loaded, load_settings, settings_json

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 30.0


def live_configuration(sandbox: Sandbox, theme: str = "dark", confirmed: str = "practice") -> Loaded:
    """The shipped profile of the practice account at this sandbox, its strategies left out.

    ``confirmed`` is the account that the configuration arms where nobody can type.
    """
    file = ROOT / "config" / "strategy.yaml"
    settings = load_settings(file, "sandbox").settings
    replace = msgspec.structs.replace
    settings = replace(
        settings,
        exchange=replace(settings.exchange, address=sandbox.address),
        desktop=replace(settings.desktop, theme=theme),
        live=replace(settings.live, confirm_account=confirmed),
        strategies={},
    )
    return Loaded(settings, settings_json(settings), {}, file, "sandbox")


class Person:
    """Types, clicks, and waits until the window shows something."""

    def __init__(self, desktop: Application, main: asyncio.Task[int]) -> None:
        self.desktop = desktop
        self.main = main
        """The whole run; its result is the exit status."""
        self.window = desktop.window

    async def until(self, condition: Callable[[], object], what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not condition():
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"the window does not show {what}") from None

    async def find(self, kind: type[Any], what: str = "") -> Any:
        """A widget of the kind that is on the screen, waited for."""

        def shown() -> list[Any]:
            return [each for each in self.window.findChildren(kind) if each.isVisible()]

        await self.until(shown, what or kind.__name__)
        return shown()[0]

    def click(self, widget: QWidget) -> None:
        assert widget.isVisible() and widget.isEnabled(), f"{widget.accessibleName()} cannot be pressed"
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton)

    def type(self, widget: QWidget, text: str) -> None:
        QTest.keyClicks(widget, text)

    async def arm(self, name: str = "practice") -> None:
        page = await self.find(ArmingPage, "the arming page")
        self.type(page.name, name)
        self.click(page.arm)
        await self.until(lambda: self.window.area is not None, "the panels")

    @property
    def area(self) -> Workspace:
        assert self.window.area is not None
        return self.window.area

    def rows(self, table: Table) -> list[dict[str, Any]]:
        table.flush()
        return table.shown_rows()

    def choose(self, table: Table, key: Any, text: str) -> None:
        """Right-click a row and choose from its menu."""
        table.select_key(key)
        menu = table.make_menu()
        action = next(each for each in menu.actions() if each.text() == text)
        assert action.isEnabled(), f"{text} is disabled"
        action.trigger()
        menu.deleteLater()

    async def give_reason(self, reason: str) -> None:
        dialog = await self.find(FormDialog)
        self.type(dialog.reason, reason)
        self.click(dialog.action_button)


@asynccontextmanager
async def running_desktop(
    application: QApplication,
    loaded: Loaded,
    data: Path,
    *,
    attended: bool = True,
    seconds: float | None = None,
    size: tuple[int, int] = (1600, 900),
) -> AsyncIterator[Person]:
    """A person at the window of a session that starts. It is stopped in order at the end."""
    desktop = Application(application, loaded, StartOptions(data=data, seed=1, seconds=seconds, size=size))
    desktop.attended = attended
    main = asyncio.ensure_future(desktop.main())
    try:
        yield Person(desktop, main)
    finally:
        desktop.stop("the test is over")
        await main


def run_with_window(application: QApplication, scenario: Callable[[], Awaitable[None]]) -> None:
    """Run a coroutine on the event loop that the desktop uses."""
    install(application)
    application.setQuitOnLastWindowClosed(False)
    thresholds = gc.get_threshold()
    loop = qasync.QEventLoop(application)
    try:
        with loop:
            loop.run_until_complete(scenario())
    finally:
        asyncio.set_event_loop(None)
        application.setQuitOnLastWindowClosed(True)
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        gc.unfreeze()
        gc.set_threshold(*thresholds)
