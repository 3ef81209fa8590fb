"""``workstation doctor``: what works on this machine, line by line."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from workstation import __version__
from workstation.commands.places import configuration_file, data_folder, settings
from workstation.core.errors import WorkstationError
from workstation.core.own_program import is_frozen, own_command, own_environment
from workstation.market.history import sample_candles
from workstation.messaging.server_program import server_program
from workstation.storage.kill_latch import KillLatch
from workstation.storage.lock import read_holder

Check = Callable[[argparse.Namespace], str]


REPAIR = "install the application again" if is_frozen() else "run `make setup`"


class Problem(Exception):
    """What does not work, and what to do."""


def doctor(arguments: argparse.Namespace) -> int:
    """0 when everything that trading needs works; what is optional only warns."""
    failed = 0
    for name, check, needed in CHECKS:
        try:
            print(f"ok    {name:<16}{check(arguments)}")
        except (Problem, WorkstationError) as problem:
            failed += needed
            print(f"{'FAIL' if needed else 'note'}  {name:<16}{problem}")
    print("Everything that trading needs works." if not failed else f"{failed} of the needed checks failed.")
    return 1 if failed else 0


def qt_check(_: argparse.Namespace) -> int:
    """In a process of its own, for where its libraries are missing Qt aborts: print the version of a Qt that starts."""
    from widgets.app import qt_version

    print(qt_version())
    return 0


def _python(_: argparse.Namespace) -> str:
    return f"Python {platform.python_version()}, workstation {__version__}, {platform.platform()}"


def _packages(_: argparse.Namespace) -> str:
    found = []
    for module in ("numpy", "pandas", "talib", "msgspec", "zstandard", "peewee", "pyarrow", "yaml", "ccxt", "nats"):
        try:
            version = getattr(importlib.import_module(module), "__version__", "")
        except ImportError as error:
            raise Problem(f"{module} cannot be imported ({error}): {REPAIR}.") from None
        found.append(f"{module} {version}".strip())
    return ", ".join(found)


def _qt(_: argparse.Namespace) -> str:
    environment = {**own_environment(), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(own_command("qt-check"), capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        lines = (done.stderr or "it ended without a word").strip().splitlines()
        raise Problem(f"Qt does not start ({lines[-1]}): {REPAIR}, or use --no-gui.")
    return f"Qt {done.stdout.strip()} opens a window offscreen"


def _display(_: argparse.Namespace) -> str:
    named = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")
    if sys.platform == "linux" and not named:
        raise Problem("There is no display here; the workstation runs headless.")
    return named or sys.platform


def _configuration(arguments: argparse.Namespace) -> str:
    loaded = settings(arguments)
    return f"{configuration_file(arguments)}, {len(loaded.lines)} settings"


def _data(arguments: argparse.Namespace) -> str:
    folder = data_folder(arguments)
    folder.create()
    free = shutil.disk_usage(folder.path).free
    if free < 200_000_000:
        raise Problem(f"{folder.path} has only {free / 1e6:,.0f} MB free: make room.")
    holder = read_holder(folder.lock)
    used = f", in use by process {holder.pid}" if holder else ""
    return f"{folder.path}, {free / 1e9:,.1f} GB free{used}"


def _disk(arguments: argparse.Namespace) -> str:
    with tempfile.TemporaryDirectory(dir=data_folder(arguments).path) as temporary:
        database = sqlite3.connect(Path(temporary) / "probe.sqlite3", isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE probe (x)")
        times = []
        for number in range(50):
            started = time.perf_counter()
            database.execute("INSERT INTO probe VALUES (?)", (number,))
            times.append(time.perf_counter() - started)
        database.close()
    median = sorted(times)[len(times) // 2] * 1000
    return f"a journal commit takes {median:.2f} ms (SQLite {sqlite3.sqlite_version})"


def _kill_switch(arguments: argparse.Namespace) -> str:
    record = KillLatch(data_folder(arguments).path).read()
    if record is not None:
        raise Problem(f"engaged ({record.reason}): `workstation resume` releases it.")
    return "released"


def _sample(_: argparse.Namespace) -> str:
    candles = sample_candles()
    return f"{len(candles):,} candles of {candles.symbol} for backtests offline"


def _nats(_: argparse.Namespace) -> str:
    path = server_program()
    if path is None:
        raise Problem("There is no nats-server on PATH; only engine: process and messaging.use: embedded need it.")
    return path


def _keyring(_: argparse.Namespace) -> str:
    from workstation.storage.key_ring import KeyRing

    ring = KeyRing()
    return f"{ring.title}, keys: {len(ring.names())}"


def _keys_file(_: argparse.Namespace) -> str:
    from workstation.storage.key_file import KEYS_FILE, keys_file, read_keys

    file = keys_file()
    return f"{KEYS_FILE} names none" if file is None else f"{file}, only yours to read, keys: {len(read_keys(file))}"


CHECKS: tuple[tuple[str, Check, bool], ...] = (
    ("Python", _python, True),
    ("Packages", _packages, True),
    ("Qt", _qt, False),
    ("Display", _display, False),
    ("Configuration", _configuration, True),
    ("Data folder", _data, True),
    ("Journal", _disk, True),
    ("Kill switch", _kill_switch, False),
    ("Sample data", _sample, True),
    ("Keyring", _keyring, False),
    ("Keys file", _keys_file, False),
    ("NATS server", _nats, False),
)
