"""How this program starts itself again, from a checkout and as an installed application, and what tells it to stop."""

from __future__ import annotations

import os
import signal
import sys

from workstation.core.resources import bundle_folder


def is_frozen() -> bool:
    """Whether this is the built application, which has no Python beside it."""
    return bool(getattr(sys, "frozen", False))


def own_command(*arguments: str) -> list[str]:
    """The command that runs the program with these arguments, as ``workstation`` would on a command line."""
    return [sys.executable, *arguments] if is_frozen() else [sys.executable, "-m", "workstation", *arguments]


def own_environment() -> dict[str, str]:
    """The environment for ``own_command``: a checkout is found wherever the program was started."""
    environment = dict(os.environ)
    if not is_frozen():
        known = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = os.pathsep.join((str(bundle_folder()), *((known,) if known else ())))
    return environment


def stop_signals() -> tuple[signal.Signals, ...]:
    """What asks the program to stop in order: SIGINT, SIGTERM, and the SIGHUP of a terminal that is closed, unless it
    was started to outlive that (``nohup``)."""
    hangup = getattr(signal, "SIGHUP", None)
    outlives = hangup is None or signal.getsignal(hangup) is signal.SIG_IGN
    return (signal.SIGINT, signal.SIGTERM, *(() if outlives else (hangup,)))
