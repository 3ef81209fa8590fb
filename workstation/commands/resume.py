"""``workstation resume``: releases the kill switch, and arms a live session again that disarmed itself."""

from __future__ import annotations

import argparse
import getpass
import time

from workstation.commands.places import data_folder
from workstation.core.errors import StorageError
from workstation.core.timeframe import utc_text
from workstation.session.shared_files import ArmingFiles, ArmingWish
from workstation.storage.kill_latch import KillLatch
from workstation.storage.lock import read_holder

PATIENCE_S = 20.0
"""How long a session is given to answer: it asks its exchange first."""


def resume(arguments: argparse.Namespace) -> int:
    """Exit status 1 when live trading was asked for and is not armed."""
    folder = data_folder(arguments)
    latch = KillLatch(folder.path)
    killed = latch.engaged
    if killed:
        latch.release()
        print(f"Resumed: {folder.path} may trade again.")
    files = ArmingFiles(folder.path)
    holder, shown = read_holder(folder.lock), files.read()
    if holder is not None and shown is not None and (shown.soon or not shown.armed):
        return _arm(files)
    if not killed:
        print(f"The kill switch in {folder.path} is not engaged; nothing was changed.")
    return 0


def _arm(files: ArmingFiles) -> int:
    try:
        files.wish(ArmingWish(getpass.getuser()))
    except OSError as error:
        raise StorageError(f"The session could not be asked ({error.strerror}): check the data folder.") from error
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        shown = files.read()
        if shown is not None and shown.armed and not shown.soon:
            end = f"until {utc_text(shown.until_ns)} UTC" if shown.until_ns else "and never disarms itself"
            print(f"Live trading is armed {end}.")
            return 0
        time.sleep(0.1)
    print(
        "Live trading is not armed: type the account's name in the window, or write it under live.confirm_account. "
        "Where the exchange's checks have not passed, the session's log says which."
    )
    return 1
