"""Seeded runs one after the other: ``python -m tests.soak --seconds 600 --seed 1000``.

Worlds of the simulation, or with ``--live spot`` and ``--live linear`` whole sessions that trade live at the sandbox
exchange. The last line says how many passed; the first that fails is named, with what did not hold.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.live.chaos_run import run as run_live
from tests.simulation.world import run


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="how long to run (default: 600)")
    parser.add_argument("--seed", type=int, default=1_000, help="the first seed (default: 1000)")
    parser.add_argument("--steps", type=int, default=1_500, help="market events of a simulated run (default: 1500)")
    parser.add_argument("--live", choices=("spot", "linear"), help="trade live at a sandbox exchange of this kind")
    given = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    ends = time.monotonic() + given.seconds
    passed, met = 0, Counter[str]()
    while time.monotonic() < ends:
        seed = given.seed + passed
        try:
            met += _live(given.live, seed) if given.live else _simulated(seed, given.steps)
        except Exception as error:
            how = f"--live {given.live}" if given.live else f"--steps {given.steps}"
            print(f"Seed {seed} failed after {passed} runs: {type(error).__name__}: {error}")
            print(f"To see it again: python -m tests.soak --seed {seed} {how} --seconds 1")
            return 1
        passed += 1
        if sys.stdout.isatty():
            print(f"\r{passed} runs", end="", flush=True)
    print(
        f"\r{passed} seeded runs passed, from seed {given.seed}: {met['OrderSubmitted']:,} orders, "
        f"{met['OrderFilled']:,} fills, {met['crashes']:,} crashes."
    )
    return 0


def _simulated(seed: int, steps: int) -> Counter[str]:
    return run(seed, steps).counts


def _live(market: str, seed: int) -> Counter[str]:
    with tempfile.TemporaryDirectory() as folder:
        met = asyncio.run(run_live(Path(folder), market, seed))
    met["crashes"] = met["kills"]
    return met


if __name__ == "__main__":
    sys.exit(main())
