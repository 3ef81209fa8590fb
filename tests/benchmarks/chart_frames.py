"""What every measured chart is given and how it is measured; numpy alone, so that a peer's environment has it too."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import numpy as np

SIZE = (1600, 900)
FRAMES = 200
MINUTE_NS = 60_000_000_000


def random_walk(count: int) -> tuple[np.ndarray, ...]:
    """Times in UTC nanoseconds, then open, high, low, close and volume, the same at every call."""
    random = np.random.default_rng(7)
    close = 42_000 * np.exp(np.cumsum(random.normal(0, 2e-4, count)))
    open_ = np.concatenate([close[:1], close[:-1]])
    reach = np.abs(random.normal(0, 4, (2, count)))
    high, low = np.maximum(open_, close) + reach[0], np.minimum(open_, close) - reach[1]
    times = 1_600_000_000_000_000_000 + np.arange(count, dtype=np.int64) * MINUTE_NS
    return times, open_, high, low, close, random.exponential(5, count)


def average(close: np.ndarray, period: int) -> np.ndarray:
    """An exponential moving average, for charts that compute none themselves."""
    found, weight, value = np.empty_like(close), 2.0 / (period + 1), close[0]
    for place, price in enumerate(close.tolist()):
        value += weight * (price - value)
        found[place] = value
    return found


def measure(
    acts: dict[str, Callable[[int], None]], paint: Callable[[], None], frames: int = FRAMES
) -> dict[str, float]:
    """Milliseconds of each act with the painting that it causes, as ``pan_p50`` and ``pan_p99``."""
    found: dict[str, float] = {}
    for name, act in acts.items():
        times = []
        for frame in range(frames + 5):
            started = time.perf_counter()
            act(frame)
            paint()
            times.append((time.perf_counter() - started) * 1000)
        ordered = sorted(times[5:])
        found[f"{name}_p50"], found[f"{name}_p99"] = ordered[frames // 2], ordered[frames * 99 // 100]
    return found


def run(chart: Callable[[int], dict[str, float]]) -> None:
    """The body of a program that measures one chart with ``--bars`` candles and prints its figures as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bars", type=int, required=True)
    print(json.dumps(chart(parser.parse_args().bars)))
