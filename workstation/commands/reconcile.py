"""``workstation reconcile``: where the books of a running live session and its exchange's account differ."""

from __future__ import annotations

import argparse
import getpass
import time

from workstation.commands.places import data_folder
from workstation.core.errors import StorageError
from workstation.core.timeframe import utc_text
from workstation.session.shared_files import ReconciliationFiles, ReconciliationState, ReconciliationWish
from workstation.storage.lock import read_holder

PATIENCE_S = 30.0
"""How long the session is given to answer: it must see a difference three times before it believes it."""


def reconcile(arguments: argparse.Namespace) -> int:
    """Exit status 0 when they agree, 1 while they differ."""
    folder = data_folder(arguments)
    holder = read_holder(folder.lock)
    if holder is None:
        raise StorageError(f"No session is running in {folder.path}: start it, it reconciles by itself.")
    files = ReconciliationFiles(folder.path)
    state = files.read()
    if state is None:
        raise StorageError(
            f"The session of process {holder.pid} has nothing to reconcile: its account is simulated, or not read yet."
        )
    if arguments.accept:
        _ask(files, ReconciliationWish(accept=True, reason=arguments.reason, who=getpass.getuser()))
        state = _wait_for_agreement(files)
    _show(state)
    return 1 if state.differences else 0


def _ask(files: ReconciliationFiles, wish: ReconciliationWish) -> None:
    try:
        files.wish(wish)
    except OSError as error:
        raise StorageError(f"The session could not be asked ({error.strerror}): check the data folder.") from error


def _wait_for_agreement(files: ReconciliationFiles) -> ReconciliationState:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        state = files.read()
        if state is None:
            raise StorageError("The session has ended; start it again, it reconciles by itself.")
        if not state.differences or time.monotonic() > deadline:
            return state
        time.sleep(0.1)


def _show(state: ReconciliationState) -> None:
    if not state.differences:
        if state.agreed_ns:
            print(f"Our books and the exchange's account agree, as of {utc_text(state.agreed_ns)} UTC.")
        else:
            print("The account is being compared for the first time.")
        return
    print(f"{'What':<26}{'Ours':>18}{'The exchange':>18}  Proposed")
    for line in state.differences:
        print(f"{line.what:<26}{line.ours:>18}{line.theirs:>18}  {line.proposed}")
    print("Trading is halted. `workstation reconcile --accept --reason TEXT` takes over the exchange's account.")
