"""The desktop's start: what runs before there is an event loop, and begins it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QApplication

from widgets.application import Application
from widgets.look.style import install
from widgets.single_window import SingleWindow
from widgets.start_options import StartOptions
from widgets.window.start_page import PROGRAM, StartPage
from workstation.config.loader import Loaded
from workstation.core.clock import WallClock
from workstation.core.errors import WorkstationError
from workstation.storage.layout import DataFolder

DESKTOP_FILE = "trading-workstation"
"""The name of the desktop entry, by which Wayland finds the window's icon."""
PROBLEM_SIZE = QSize(760, 300)


def run(loaded: Loaded, options: StartOptions) -> int:
    """Open the workstation and stay until it is closed; the exit status.

    Where a window is open over the same data folder already, that one is brought to the front instead.

    One that stops by itself arms live trading by ``live.confirm_account`` alone.
    """
    if options.screenshot is not None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QApplication.instance() or QApplication([PROGRAM])
    assert isinstance(application, QApplication)
    application.setApplicationName(PROGRAM)
    application.setDesktopFileName(DESKTOP_FILE)
    application.setQuitOnLastWindowClosed(False)
    single = SingleWindow(DataFolder(options.data), WallClock().now_ns())
    if options.screenshot is None and options.attach is None and not single.claim():
        sys.stdout.write(f"The window that is open on {options.data} was brought to the front.\n")
        return 0
    try:
        install(application, None if loaded.settings.desktop.font == "inter" else "")
        desktop = Application(application, loaded, options)
        single.called.connect(desktop.window.come_forward)
        desktop.on_stop = single.fall_silent
        desktop.window.show()
        application.processEvents()
        # The window is seen by now; all else is loaded behind it.
        import qasync

        from widgets.look.application_icon import application_icon

        application.setWindowIcon(application_icon())
        single.listen()
        loop = qasync.QEventLoop(application)
        asyncio.set_event_loop(loop)
        with loop:
            loop.set_exception_handler(desktop.on_loop_error)
            code: int = loop.run_until_complete(desktop.main())
    finally:
        single.release()
    return code


def ask_to_mend(sentence: str, lacking: str = "", add: Callable[[], None] | None = None) -> bool:
    """Show why the workstation cannot start, for who has no terminal to read it in; whether to try again.

    ``lacking`` tells what ``add`` would write into the configuration to mend it.
    """
    application = QApplication.instance() or QApplication([PROGRAM])
    assert isinstance(application, QApplication)
    install(application, None)
    page, wishes = StartPage(), list[bool]()
    page.setWindowTitle(PROGRAM)
    page.resize(PROBLEM_SIZE)
    title = f"{PROGRAM} did not start"
    page.tell(title, f"{sentence}\n\n{lacking}" if lacking else sentence, again=True, add=add is not None)
    page.again_wanted.connect(lambda: wishes.append(page.close()))

    def write() -> None:
        try:
            if add is not None:
                add()
        except WorkstationError as error:
            page.tell(title, str(error), again=True)
            return
        wishes.append(page.close())

    page.add_wanted.connect(write)
    # Whatever other windows there are: this loop ends when the page is closed. Nothing runs yet that it could hold up.
    page.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    page.destroyed.connect(application.quit)
    page.show()
    application.exec()
    return bool(wishes)


def qt_version() -> str:
    """Of a Qt that can open a window here; it ends the process where it cannot."""
    from PySide6 import __version__

    QApplication([PROGRAM])
    return __version__
