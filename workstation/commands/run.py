"""Run a session: in the desktop, or headless."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

from workstation.commands.places import data_folder, settings
from workstation.config.loader import Loaded
from workstation.core.errors import ConfigurationError
from workstation.core.money import from_money
from workstation.core.own_program import is_frozen, stop_signals
from workstation.core.types import Mode

if TYPE_CHECKING:
    from workstation.services.session_messaging import SessionMessaging
    from workstation.session import Session


WISH_S = 0.2


def run(arguments: argparse.Namespace) -> int:
    """The exit status: 0 after an orderly stop."""
    headless = arguments.no_gui
    if arguments.attach is not None and (headless or not (arguments.screenshot or _has_display())):
        raise ConfigurationError("--attach opens a window: leave --no-gui away, and start it where there is a display.")
    if not headless and arguments.screenshot is None and not _has_display():
        print("There is no display here: the session runs headless, as with --no-gui. Ctrl-C stops it.", flush=True)
        headless = True
    loaded = _settings(arguments, in_window=is_frozen() and not headless and arguments.screenshot is None)
    folder = data_folder(arguments)
    if arguments.attach:
        from workstation.messaging.opening import attach_address

        # What is wrong with an address is not mended by waiting for the engine.
        attach_address(loaded.settings.messaging, folder.path, arguments.attach)
    if not headless:
        from widgets.app import run as run_desktop
        from widgets.start_options import StartOptions

        options = StartOptions(
            data=folder.path,
            seed=arguments.seed,
            seconds=arguments.seconds,
            screenshot=arguments.screenshot,
            size=arguments.size,
            attach=arguments.attach,
        )
        return run_desktop(loaded, options)
    from workstation.session import Session

    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    if arguments.for_window:
        from workstation.services.own_engine import for_window

        loaded = for_window(loaded)
    session = Session(loaded, folder.path, arguments.seed)
    return asyncio.run(_headless(session, arguments.seconds, for_window=arguments.for_window))


def _settings(arguments: argparse.Namespace, in_window: bool) -> Loaded:
    """Of the configuration; what is wrong with it can be mended and tried again where ``in_window`` shows it."""
    while True:
        try:
            return settings(arguments)
        except ConfigurationError as error:
            if not in_window:
                raise
            from widgets.app import ask_to_mend
            from workstation.commands.config_upgrade import find_upgrade

            upgrade = find_upgrade(arguments)
            if not ask_to_mend(str(error), *((upgrade.words, upgrade.write) if upgrade is not None else ())):
                raise


def follow_signals(session: Session) -> None:
    """SIGINT, SIGTERM and a closed terminal stop in order; SIGUSR1 engages the kill switch."""
    for number in stop_signals():
        signal.signal(number, lambda got, _: session.request_stop(signal.Signals(got).name))
    if hasattr(signal, "SIGUSR1"):
        signal.signal(signal.SIGUSR1, lambda *_: session.request_kill("signal SIGUSR1"))


def put_on_nats(session: Session) -> SessionMessaging | None:
    """Begin to serve an open session over NATS, where the settings want that; to be stopped before it is closed."""
    if session.settings.messaging.use == "none":
        return None
    from workstation.services.session_messaging import SessionMessaging

    messaging = SessionMessaging(session)
    messaging.start()
    return messaging


async def _headless(session: Session, seconds: float | None, *, for_window: bool) -> int:
    started = time.monotonic()
    try:
        await session.connect()
        if session.mode is Mode.LIVE:
            _arm(session)
        session.open()
    except BaseException:
        await session.disconnect()
        raise
    if for_window:
        # Whoever finds the folder held by this process knows that a window may stop it.
        session.folder.engine_process.write_text(str(os.getpid()))
        session.folder.engine_stop.unlink(missing_ok=True)
    follow_signals(session)
    for strategy, reason in session.failures.items():
        print(f"Strategy {strategy} is not running: {reason}", flush=True)
    print(_headline(session), flush=True)
    for note in session.notes:
        print(note, flush=True)
    beside = [asyncio.create_task(_report_status(session))]
    if for_window:
        beside.append(asyncio.create_task(_follow_window(session)))
    messaging = put_on_nats(session)
    try:
        await session.run(seconds)
    finally:
        for task in beside:
            task.cancel()
        if messaging is not None:
            await messaging.stop()
        await session.close()
    print(f"Stopped in order after {time.monotonic() - started:.0f} s: {session.stop_reason}.", flush=True)
    return 0


def _arm(session: Session) -> None:
    """Without a window the configuration confirms what a person would type."""
    for check in session.checks:
        print(f"{'ok ' if check.passed else 'NOT'}  {check.name}: {check.text}", flush=True)
    session.arm_unattended()


async def _follow_window(session: Session) -> None:
    """Stop in order when the window that this engine was started by, or the next one, wants that."""
    wish = session.folder.engine_stop
    while not wish.exists():
        await asyncio.sleep(WISH_S)
    session.request_stop("window closed")


async def _report_status(session: Session) -> None:
    while True:
        await asyncio.sleep(60)
        account = session.views.account()
        print(
            f"Equity {account.equity:,.2f} {account.currency}, today {account.day_result:+,.2f}, "
            f"{account.open_positions} positions, {account.working_orders} orders, {account.trading_state}.",
            flush=True,
        )


def _headline(session: Session) -> str:
    equity = from_money(session.kernel.ledger.equity())
    return (
        f"{session.mode} session {session.number} of {session.settings.account.name} on {session.market_title}, "
        f"equity {equity:,.2f} {session.settings.account.currency}. "
        f"Process {os.getpid()}; Ctrl-C stops it."
    )


def _has_display() -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    named = os.environ.get("QT_QPA_PLATFORM", "")
    return bool(named or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
