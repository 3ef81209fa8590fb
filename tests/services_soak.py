"""Every service killed while trading: ``python -m tests.services_soak --kills 30 --seed 1``.

Feed handler, execution service, strategy core, risk state, reporter, ops API and NATS server are processes of their
own. They trade live at a sandbox exchange and are killed with kill -9, in turn and together, at moments that the seed
decides. At the end the exchange's record, the execution service's journal, the stream of executions, the
reporter's bookings and the core's books must be the same. It prints what it did.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.end_to_end.services_run import run


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.services_soak", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="decides who is killed when (default: 1)")
    parser.add_argument("--kills", type=int, default=30, help="at least so many (default: 30)")
    parser.add_argument("--folder", type=Path, help="keep everything here (default: a temporary folder)")
    given = parser.parse_args(arguments)
    began = time.monotonic()

    def tell(text: str) -> None:
        print(f"{time.monotonic() - began:7.1f} s  {text}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        try:
            met = asyncio.run(run(given.folder or Path(folder), given.seed, given.kills, tell))
        except Exception as error:
            print(f"Failed: {type(error).__name__}: {error}")
            print(f"To see it again: python -m tests.services_soak --seed {given.seed} --kills {given.kills}")
            return 1
    tell(
        f"Passed: {met['kills']} kills, {met['orders of the core']:,} orders of the core, "
        f"{met['OrderSubmitted']:,} taken by the execution service, {met['executions at the exchange']:,} executions "
        f"at the exchange, {met['messages in the stream of executions']:,} messages in the stream; all books agree."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
