"""``workstation kill``: the latch on disk, which a running session follows at once."""

from __future__ import annotations

import argparse
import getpass

from workstation.commands.places import data_folder
from workstation.core.clock import WallClock
from workstation.storage.kill_latch import KillLatch
from workstation.storage.lock import read_holder


def kill(arguments: argparse.Namespace) -> int:
    """Works with no session running, and while one hangs: the latch is a file."""
    folder = data_folder(arguments)
    folder.create()
    latch = KillLatch(folder.path)
    reason = arguments.reason or "killed from the command line"
    latch.engage(reason, getpass.getuser(), WallClock().now_ns(), arguments.flatten)
    holder = read_holder(folder.lock)
    running = f"The session of process {holder.pid} follows." if holder else "No session is running there."
    print(f"Killed: nothing trades in {folder.path} until `workstation resume`. {running}")
    return 0
