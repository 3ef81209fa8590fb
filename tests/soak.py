"""Runs seeded worlds of the simulation one after the other: ``python -m tests.soak --seconds 600 --seed 1000``.

The last line says how many passed; the first that fails is named, with what did not hold.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulation.world import run


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="how long to run (default: 600)")
    parser.add_argument("--seed", type=int, default=1_000, help="the first seed (default: 1000)")
    parser.add_argument("--steps", type=int, default=1_500, help="market events of a run (default: 1500)")
    given = parser.parse_args(arguments)
    ends = time.monotonic() + given.seconds
    passed = crashes = fills = 0
    while time.monotonic() < ends:
        seed = given.seed + passed
        try:
            counts = run(seed, given.steps).counts
        except Exception as error:
            print(f"Seed {seed} failed after {passed} runs: {type(error).__name__}: {error}")
            print(f"To see it again: python -m tests.soak --seed {seed} --steps {given.steps} --seconds 1")
            return 1
        passed += 1
        crashes += counts["crashes"]
        fills += counts["OrderFilled"]
        if sys.stdout.isatty():
            print(f"\r{passed} runs", end="", flush=True)
    print(f"\r{passed} seeded runs passed, from seed {given.seed}: {fills:,} fills, {crashes:,} crashes.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
