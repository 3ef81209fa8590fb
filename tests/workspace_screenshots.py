"""``python -m tests.workspace_screenshots``: pictures of every workspace, the palette and the settings, offscreen."""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from pathlib import Path

import qasync
from PySide6.QtWidgets import QApplication

from widgets.app import Application
from widgets.look.style import install
from widgets.window.main_window import MainWindow
from workstation.config.loader import load_settings

SIZES = ((1600, 900), (1280, 720))
SETTLE_S = 1.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("config/strategy.yaml"))
    parser.add_argument("--folder", type=Path, default=Path("docs/images"))
    parser.add_argument("--seconds", type=float, default=25.0, help="how long the session trades before the first")
    arguments = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QApplication([])
    application.setQuitOnLastWindowClosed(False)
    install(application, None)
    loop = qasync.QEventLoop(application)
    asyncio.set_event_loop(loop)
    with tempfile.TemporaryDirectory() as data, loop:
        desktop = Application(
            application,
            load_settings(arguments.config),
            Path(data),
            seed=7,
            seconds=None,
            screenshot=None,
            size=SIZES[0],
        )
        loop.run_until_complete(_run(desktop, arguments.folder, arguments.seconds))


async def _run(desktop: Application, folder: Path, seconds: float) -> None:
    running = asyncio.ensure_future(desktop.main())
    await asyncio.sleep(seconds)
    for theme in ("dark", "light"):
        desktop.window.choose("theme", theme)
        for width, height in SIZES:
            desktop.window.resize(width, height)
            await _picture_all(desktop.window, folder, f"{theme}_{width}x{height}")
    desktop.stop("the pictures are taken")
    await running


async def _picture_all(window: MainWindow, folder: Path, end: str) -> None:
    assert window.workspaces is not None
    for name in window.workspaces.names[1:]:
        window.show_workspace(name)
        await asyncio.sleep(SETTLE_S)
        _save(window, folder / f"{name.lower().replace(' ', '_')}_{end}.png")
    window.show_workspace(window.workspaces.names[0])
    window.command_palette.open()
    window.command_palette.field.setText("flat")
    await asyncio.sleep(SETTLE_S)
    _save(window, folder / f"palette_{end}.png")
    window.command_palette.hide()
    window.open_setting("risk.day_loss_percent")
    await asyncio.sleep(SETTLE_S)
    _save(window, folder / f"settings_{end}.png")
    window.registry.run("panel.settings.close")


def _save(window: MainWindow, file: Path) -> None:
    window.grab().save(str(file))
    print(file)


if __name__ == "__main__":
    main()
