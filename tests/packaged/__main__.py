"""Starts the built program as its users will: ``python -m tests.packaged``, or ``make package-test``.

Without Python or a checkout in reach, on a screen of its own: the window, trading on paper, a backtest in its child, a
second start, the kill switch, kill -9 and what comes after it, and a session without a window. ``--pictures DIR`` keeps
what was on the screen.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.end_to_end.program import BUSY_PROFILE, journal, wait_until
from tests.packaged.display import Display, display
from tests.packaged.installed import ROOT, Installed, installed
from workstation import __version__
from workstation.core.messages import KillSwitchChanged, OrderFilled, Output
from workstation.storage.kill_latch import KillLatch
from workstation.storage.layout import DataFolder

PATIENCE_S = 60.0
TITLE = "Trading Workstation"
RUN_BUTTON = "#a598ff"
"""The colour of what a panel is for, in the dark theme that the program begins with."""


class Scene(NamedTuple):
    app: Installed
    screen: Display
    pictures: Path

    def open(self, title: str, *arguments: str) -> subprocess.Popen[str]:
        """Start the program and wait for its window."""
        process, began = self.app.start(*arguments), time.monotonic()
        while not self.screen.windows(title):
            if process.poll() is not None or time.monotonic() - began > PATIENCE_S:
                process.kill()
                raise AssertionError(f"no window called {title!r} came; it said:\n{process.communicate()[0]}")
            time.sleep(0.01)
        print(f"  the window is there after {time.monotonic() - began:.2f} s", flush=True)
        return process

    def see(self, name: str) -> None:
        self.screen.picture(self.pictures / f"{name}.png")


def nothing_else_is_in_reach(scene: Scene) -> None:
    assert scene.app.may_read(scene.app.program)
    for file in (ROOT / "pyproject.toml", Path(sys.prefix) / "pyvenv.cfg"):
        assert not scene.app.may_read(file.resolve()), f"{file} can be read"


def it_tells_that_all_is_there(scene: Scene) -> None:
    assert scene.app.run("--version").stdout == f"workstation {__version__}\n"
    told = scene.app.run("doctor")
    assert told.returncode == 0, told.stdout
    assert "Qt 6" in told.stdout and str(scene.app.configuration / "strategy.yaml") in told.stdout, told.stdout
    names = {path.name for path in scene.app.configuration.rglob("*.yaml")}
    assert names == {path.name for path in (ROOT / "config").rglob("*.yaml")}
    listed = scene.app.run("strategies").stdout
    assert "confluence" in listed and "market_maker" in listed, listed


def a_backtest_runs_on_the_command_line(scene: Scene) -> None:
    done = scene.app.run("backtest", "--symbol", "BTCUSDT", "--start", "2023-01-01", "--end", "2023-03-01")
    assert done.returncode == 0 and "Order hash" in done.stdout, done.stdout
    assert list(DataFolder(scene.app.data).reports.glob("backtest_*.html"))


def a_session_runs_without_a_window(scene: Scene) -> None:
    done = scene.app.run("--no-gui", "--for", "3")
    assert done.returncode == 0 and "Stopped in order" in done.stdout, done.stdout


def the_window_trades_and_runs_a_backtest(scene: Scene) -> None:
    """Once in one start: trade, test in a child, be started again, be killed, and be killed for good."""
    app = scene.app
    app.write(app.configuration / "profiles" / "busy.yaml", BUSY_PROFILE)
    window = scene.open(f"PAPER.*{TITLE}", "--profile", "busy")
    try:
        wait_until(app.data, trades(5), 120)
        scene.see("1 trading")
        run_a_backtest(scene)
        begin_again(scene)
        told = app.run("--no-gui", "--for", "1")
        assert told.returncode == 3 and len(told.stdout.splitlines()) == 1, told.stdout
        assert str(app.data) in told.stdout and "in use" in told.stdout, told.stdout
        kill_and_resume(scene)
        assert window.poll() is None
    finally:
        window.kill()
        window.wait()


def run_a_backtest(scene: Scene) -> None:
    """By hand: the workspace by its key, the button by a click."""
    screen = scene.screen
    screen.focus(screen.windows(TITLE)[0])
    screen.press("ctrl+3")
    ends = time.monotonic() + PATIENCE_S
    while (button := screen.find_button(screen.picture(scene.pictures / "2 research.png"), RUN_BUTTON)) is None:
        assert time.monotonic() < ends, "there is no button that runs a backtest"
        time.sleep(0.5)
    screen.click(*button)
    runs = DataFolder(scene.app.data).backtests
    until(lambda: any(runs.glob("*/summary.json")), "the backtest's child has left no result", 90)
    time.sleep(2)
    scene.see("3 backtest")


def begin_again(scene: Scene) -> None:
    """A second double click, while the window is open."""
    again = scene.app.run("--profile", "busy", timeout=30)
    assert again.returncode == 0 and "brought to the front" in again.stdout, again.stdout
    assert len(scene.screen.windows(TITLE)) == 1


def kill_and_resume(scene: Scene) -> None:
    latch = KillLatch(scene.app.data)
    done = scene.app.run("kill", "--reason", "package test")
    assert done.returncode == 0 and latch.engaged, done.stdout
    wait_until(scene.app.data, lambda records: any(isinstance(each, KillSwitchChanged) for each in records), 30)
    time.sleep(1)
    scene.see("4 killed")
    done = scene.app.run("resume", "--reason", "package test")
    assert done.returncode == 0 and not latch.engaged, done.stdout


def after_a_kill_it_goes_on(scene: Scene) -> None:
    """The window before was ended by kill -9: its lock and its socket are still there."""
    app, screen = scene.app, scene.screen
    before = len(fills(journal(app.data)[1]))
    window = scene.open(f"PAPER.*{TITLE}", "--profile", "busy")
    try:
        wait_until(app.data, trades(before + 2), 120)
        scene.see("5 after kill -9")
        screen.focus(screen.windows(TITLE)[0])
        screen.press("ctrl+q")
        output, _ = window.communicate(timeout=60)
        assert window.returncode == 0 and "Traceback" not in output, output
    finally:
        window.kill()
    sessions, _ = journal(app.data)
    assert sessions[-1].summary is not None and sessions[-1].summary.reason == "window closed"
    proved = app.run("verify")
    assert proved.returncode == 0 and f"Proved: {len(sessions)} sessions" in proved.stdout, proved.stdout


def a_wrong_configuration_is_told_in_a_window(scene: Scene) -> None:
    """Nobody who double-clicks has a terminal to read in."""
    app, file = scene.app, scene.app.configuration / "strategy.yaml"
    text = file.read_text(encoding="utf-8")
    app.write(file, text.replace("mode: paper", "mode: sideways", 1))
    window = scene.open(TITLE)
    try:
        time.sleep(1)
        scene.see("6 wrong configuration")
        window.send_signal(signal.SIGTERM)
    finally:
        window.wait(timeout=30)
        app.write(file, text)


def nats_is_asked_for_only_where_it_is_wanted(scene: Scene) -> None:
    scene.app.write(scene.app.configuration / "profiles" / "own_nats.yaml", "messaging:\n  use: embedded\n")
    done = scene.app.run("--profile", "own_nats", "--no-gui", "--for", "4")
    assert done.stdout.count("there is no nats-server on the PATH") == 1, done.stdout
    assert "Traceback" not in done.stdout and "Stopped in order" in done.stdout, done.stdout


def the_desktop_knows_it(scene: Scene) -> None:
    """install.sh puts it into the user's menu, and uninstall.sh takes it out."""
    app = scene.app
    scripts, local = app.program.parent / "_internal" / "desktop", app.home / ".local"
    tools = {**app.environment(), "PATH": "/usr/bin:/bin"}
    subprocess.run(app.command("/bin/sh", str(scripts / "install.sh")), env=tools, check=True)
    entry = local / "share" / "applications" / "trading-workstation.desktop"
    assert f'Exec="{app.program}"\n' in entry.read_text(encoding="utf-8")
    assert (local / "bin" / "workstation").resolve() == app.program.resolve()
    assert (local / "share" / "icons" / "hicolor" / "256x256" / "apps" / "trading-workstation.png").is_file()
    subprocess.run(app.command("/bin/sh", str(scripts / "uninstall.sh")), env=tools, check=True)
    assert not entry.exists() and app.configuration.is_dir()


CHECKS: tuple[Callable[[Scene], None], ...] = (
    nothing_else_is_in_reach,
    it_tells_that_all_is_there,
    a_backtest_runs_on_the_command_line,
    a_session_runs_without_a_window,
    the_window_trades_and_runs_a_backtest,
    after_a_kill_it_goes_on,
    a_wrong_configuration_is_told_in_a_window,
    nats_is_asked_for_only_where_it_is_wanted,
    the_desktop_knows_it,
)


def fills(records: list[Output]) -> list[OrderFilled]:
    return [record for record in records if isinstance(record, OrderFilled)]


def trades(count: int) -> Callable[[list[Output]], bool]:
    return lambda records: len(fills(records)) >= count


def until(condition: Callable[[], bool], otherwise: str, seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, otherwise
        time.sleep(0.1)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.packaged", description=__doc__)
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="keep pictures of the screen there")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, display() as screen, installed(screen.name) as app:
        pictures = given.pictures or Path(folder)
        pictures.mkdir(parents=True, exist_ok=True)
        checks = CHECKS if os.geteuid() == 0 else CHECKS[1:]
        if checks is not CHECKS:
            print("Only root can make a user who reads no checkout: the program runs as you, with a home of its own.")
        for check in checks:
            print(check.__name__.replace("_", " "), flush=True)
            try:
                check(Scene(app, screen, pictures))
            except AssertionError as error:
                Scene(app, screen, pictures).see("failed")
                print(f"package-test: {error}", file=sys.stderr)
                return 1
    print("package-test: the built program opens, trades, tests, obeys and comes back.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
