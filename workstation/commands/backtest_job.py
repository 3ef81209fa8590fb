"""``workstation backtest-job FOLDER``: the child process in which the window runs a backtest; see ``backtest.job``."""

from __future__ import annotations

import argparse
import logging
import sys

from workstation.backtest.history import RunFolder
from workstation.backtest.job import Failed, JobEvent, encode_event, lower_priority, run_job
from workstation.core.errors import WorkstationError
from workstation.core.redaction import scrub

log = logging.getLogger("workstation.backtest")


def backtest_job(arguments: argparse.Namespace) -> int:
    """Exit status 0 with a result in the folder, 1 with the reason told as the last event."""
    lower_priority()
    try:
        run_job(RunFolder(arguments.folder), _tell)
    except WorkstationError as error:
        _tell(Failed(scrub(str(error))))
        return 1
    except MemoryError:
        _tell(Failed("There is not enough memory for this backtest: choose a shorter period or larger bars."))
        return 1
    except Exception as error:
        log.exception("A backtest failed.")
        _tell(Failed(f"The backtest failed ({type(error).__name__}: {scrub(str(error))}); nothing of it was kept."))
        return 1
    return 0


def _tell(event: JobEvent) -> None:
    sys.stdout.buffer.write(encode_event(event) + b"\n")
    sys.stdout.buffer.flush()
