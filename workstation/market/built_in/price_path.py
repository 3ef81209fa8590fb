"""The prices behind the built-in market: trends, ranges, bursts and crashes with volatility that clusters."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from workstation.market.built_in.assets import Asset

Floats = NDArray[np.float64]
Regimes = tuple[float | None, ...]

GRID_NS = 100_000_000
"""The live path is drawn at ten points a second and is straight between them."""

YEAR_S = 365.25 * 86_400
DAY_S = 86_400.0
VOLATILITY_LEVELS = ((90.0, 0.22), (900.0, 0.28), (7_200.0, 0.28), (57_600.0, 0.25))
"""Mean life in seconds and spread of each factor of the volatility (a Markov-switching multifractal)."""
TRENDS = ((1_500.0, 1.2), (72_000.0, 0.9))
"""Mean life in seconds and strength, in standard deviations over that life, of drifts."""
RANGE_S = 1_200.0
RANGE_RETURN = 0.85
"""In a range this part of every move is taken back within ``RANGE_S``."""
BURST_EVERY_S, BURST_S, BURST = 420.0, 28.0, 2.2
CALIBRATION = 0.72
"""Brings the realised daily volatility to the asset's, measured over 30 seeds without crashes."""
ACTIVITY_LEVELS = ((200.0, 0.4), (3_000.0, 0.45), (40_000.0, 0.35))
"""Mean life in seconds and spread of each factor of how much is traded."""
BUSIEST_HOUR = 15.0
"""Of the day in UTC, when Europe and America trade together."""
MEAN_CRASH, MEAN_RECOVERY = 0.035, 0.45
MARKET_VOLATILITY = 0.44
"""Annual, of the factor that all assets share."""
FARTHEST = 5.0
"""Logarithm of the farthest that a price goes from where it started; there it turns round."""


def generator(seed: int, *names: str) -> np.random.Generator:
    """An independent stream of random numbers for each list of names."""
    words = [int.from_bytes(name.encode()[-16:], "big") for name in names]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed & (2**64 - 1), *words])))


class Hold:
    """A value that is drawn anew after exponentially distributed times. ``take`` goes on where it left off.

    It begins with ``first``, or with one that is drawn and then told as ``first``.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        mean_steps: float,
        draw: Callable[[np.random.Generator, int], Floats],
        first: float | None = None,
    ) -> None:
        self.first = first
        self._begun = False
        self._rng = rng
        self._mean_steps = max(1.0, mean_steps)
        self._draw = draw
        self._lives = np.empty(0, dtype=np.int64)
        self._values: Floats = np.empty(0)

    def take(self, count: int) -> Floats:
        while (left := int(self._lives.sum())) < count:
            number = int((count - left) / self._mean_steps) + 2
            lives = np.maximum(1, self._rng.exponential(self._mean_steps, number)).astype(np.int64)
            self._lives = np.concatenate((self._lives, lives))
            self._values = np.concatenate((self._values, self._draw(self._rng, number)))
            if not self._begun:
                self._begun = True
                self._values[0] = self.first = self._values[0] if self.first is None else self.first
        ends = np.cumsum(self._lives)
        last = int(np.searchsorted(ends, count))
        lives = self._lives[: last + 1].copy()
        lives[-1] -= ends[last] - count
        taken = np.repeat(self._values[: last + 1], lives)
        self._lives, self._values = self._lives[last:], self._values[last:]
        self._lives[0] = ends[last] - count
        return taken


class Activity:
    """How much is traded in relation to the mean, by regimes, hour of the day and stress.

    It begins with the regimes of ``start``, if any.
    """

    def __init__(self, rng: np.random.Generator, step_s: float, start: Regimes = ()) -> None:
        self._levels = _holds(rng, step_s, ACTIVITY_LEVELS, start)

    @property
    def start(self) -> Regimes:
        """What it began with, once some was taken."""
        return tuple(hold.first for hold in self._levels)

    def take(self, times_ns: NDArray[np.int64], stress: Floats) -> Floats:
        level = np.exp(sum((hold.take(len(times_ns)) for hold in self._levels), np.zeros(len(times_ns))))
        hour = times_ns % (24 * 3_600_000_000_000) / 3.6e12
        season = 1.0 + 0.4 * np.cos((hour - BUSIEST_HOUR) * (2.0 * np.pi / 24.0))
        return level * season * (1.0 + 0.6 * stress)


class Factor:
    """One source of returns on an even grid of ``step_s`` seconds, with its own regimes.

    With an ``end`` its volatility has these regimes at the end of what is taken, which is taken at once.
    """

    def __init__(
        self, rng: np.random.Generator, step_s: float, volatility: float, crashes_per_day: float, end: Regimes
    ) -> None:
        self._rng = rng
        self._backwards = bool(end)
        self._step_s = step_s
        self._sigma = volatility * CALIBRATION / YEAR_S**0.5
        self._levels = _holds(rng, step_s, VOLATILITY_LEVELS, end)
        self._trends = [(Hold(rng, life / step_s, _trend), power / life**0.5) for life, power in TRENDS]
        share = BURST_S / (BURST_S + BURST_EVERY_S)
        self._burst = Hold(rng, BURST_S / step_s, _burst(share))
        self._range_steps = max(2, round(RANGE_S / step_s))
        self._past: Floats = np.zeros(self._range_steps + 1)
        self._crashes_per_step = crashes_per_day * step_s / DAY_S
        self._crash_scale = min(3.0, volatility / MARKET_VOLATILITY)
        self._crash_returns: Floats = np.zeros(0)
        self._crash_stress: Floats = np.zeros(0)

    @property
    def start(self) -> Regimes:
        """The regimes of volatility that it began with, once some was taken."""
        return tuple(hold.first for hold in self._levels)

    def take(self, count: int) -> tuple[Floats, Floats]:
        """The next log returns, and the stress of the market at each (0 calm, above 3 violent)."""
        crash, crash_stress = self._crashes(count)
        level = np.exp(sum((hold.take(count) for hold in self._levels), np.zeros(count)))
        level = level[::-1] if self._backwards else level
        level *= (1.0 + BURST * self._burst.take(count)) * (1.0 + crash_stress)
        raw = self._rng.standard_normal(count) * level * (self._sigma * self._step_s**0.5)
        before = np.concatenate((self._past, raw))
        self._past = before[-self._range_steps - 1 :]
        travelled = np.cumsum(before)
        moved = travelled[self._range_steps : -1] - travelled[: -self._range_steps - 1]
        (short, short_power), (long, long_power) = self._trends
        trend = short.take(count)
        returns = raw - np.where(trend == 0.0, RANGE_RETURN / self._range_steps, 0.0) * moved
        drift = trend * short_power + long.take(count) * long_power
        returns += drift * np.minimum(level, 2.0) * (self._sigma * self._step_s)
        return returns + crash, np.clip(level - 1.4, 0.0, 6.0)

    def _crashes(self, count: int) -> tuple[Floats, Floats]:
        """Falls within minutes that are partly made up in the hours after; their mean is spread over all time."""
        rng = self._rng
        for _ in range(int(rng.poisson(self._crashes_per_step * count))):
            start = int(rng.integers(0, count))
            depth = MEAN_CRASH * self._crash_scale * rng.uniform(0.5, 1.5)
            fall = max(2, int(rng.uniform(90.0, 420.0) / self._step_s))
            recovery = max(2, int(rng.uniform(1_500.0, 6_000.0) / self._step_s))
            falling = np.arange(1, fall + 1) / fall
            bump = falling * (1.05 - falling)
            rising = np.exp(-4.0 * np.arange(recovery) / recovery)
            regained = depth * MEAN_RECOVERY * rng.uniform(0.4, 1.6)
            path = np.concatenate((-depth * bump / bump.sum(), regained * rising / rising.sum()))
            stress = np.concatenate((2.0 + 6.0 * bump, 2.5 * rising))
            longest = max(len(self._crash_returns), start + len(path))
            self._crash_returns = _padded(self._crash_returns, longest)
            self._crash_stress = _padded(self._crash_stress, longest)
            self._crash_returns[start : start + len(path)] += path
            self._crash_stress[start : start + len(path)] += stress
        length = max(count, len(self._crash_returns))
        returns, stress = _padded(self._crash_returns, length), _padded(self._crash_stress, length)
        self._crash_returns, self._crash_stress = returns[count:], stress[count:]
        lost = MEAN_CRASH * self._crash_scale * (1.0 - MEAN_RECOVERY)
        return returns[:count] + self._crashes_per_step * lost, stress[:count]


class AssetFactors:
    """The returns of correlated assets: the market's factor by ``beta``, and one of each asset's own.

    ``end`` are the regimes at the end, by symbol and under "" the market's, as ``start`` tells those of another.
    """

    def __init__(
        self,
        seed: int,
        part: str,
        assets: Mapping[str, Asset],
        step_s: float,
        volatility: float,
        crashes_per_day: float,
        end: Mapping[str, Regimes] | None = None,
    ) -> None:
        scale, ends = volatility * MARKET_VOLATILITY, end or {}
        self._market = Factor(generator(seed, part), step_s, scale, crashes_per_day, ends.get("", ()))
        self._own: dict[str, tuple[float, Factor]] = {}
        for symbol, asset in assets.items():
            shared = asset.beta * MARKET_VOLATILITY
            own = max(asset.volatility**2 - shared**2, 0.2 * asset.volatility**2) ** 0.5
            rng = generator(seed, part, symbol)
            self._own[symbol] = (asset.beta, Factor(rng, step_s, volatility * own, 0.0, ends.get(symbol, ())))

    @property
    def start(self) -> dict[str, Regimes]:
        """The regimes that each began with, once some was taken."""
        return {"": self._market.start} | {symbol: factor.start for symbol, (_, factor) in self._own.items()}

    def take(self, count: int) -> dict[str, tuple[Floats, Floats]]:
        """Log returns and stress of each symbol for the next steps."""
        market, market_stress = self._market.take(count)
        paths = {}
        for symbol, (beta, factor) in self._own.items():
            returns, stress = factor.take(count)
            paths[symbol] = (beta * market + returns, np.maximum(market_stress, 0.6 * stress))
        return paths


class PricePath:
    """Fair prices of all symbols from ``start_ns`` on, drawn a minute at a time as they are asked for."""

    CHUNK = 600

    def __init__(self, factors: AssetFactors, start_ticks: Mapping[str, int], start_ns: int) -> None:
        self._factors = factors
        self._start_ns = start_ns
        self._first = 0
        self._start_ticks = dict(start_ticks)
        self._logs = {symbol: np.zeros(1) for symbol in start_ticks}
        self._stress = {symbol: np.zeros(1) for symbol in start_ticks}
        self._length = 1

    def at(self, symbol: str, times_ns: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Fair price in ticks, unrounded, and stress at ascending times that ``forget_before`` has not dropped."""
        position = (times_ns - self._start_ns) / GRID_NS - self._first
        index = position.astype(np.int64)
        while self._length < int(index[-1]) + 2:
            self._extend()
        logs, part = self._logs[symbol], position - index
        log_price = folded(logs[index] + (logs[index + 1] - logs[index]) * part)
        return self._start_ticks[symbol] * np.exp(log_price), self._stress[symbol][index]

    def forget_before(self, time_ns: int) -> None:
        """Drop what lies before ``time_ns``."""
        drop = (time_ns - self._start_ns) // GRID_NS - self._first
        if drop <= 0:
            return
        drop = min(drop, self._length - 1)
        self._logs = {symbol: logs[drop:] for symbol, logs in self._logs.items()}
        self._stress = {symbol: stress[drop:] for symbol, stress in self._stress.items()}
        self._first += drop
        self._length -= drop

    def _extend(self) -> None:
        for symbol, (returns, stress) in self._factors.take(self.CHUNK).items():
            logs = self._logs[symbol]
            self._logs[symbol] = np.concatenate((logs, logs[-1] + np.cumsum(returns)))
            self._stress[symbol] = np.concatenate((self._stress[symbol], stress))
        self._length += self.CHUNK


def folded(logs: Floats) -> Floats:
    """Log prices in relation to the first, turned round at ``FARTHEST`` on either side."""
    turned: Floats = np.abs((logs - FARTHEST) % (4 * FARTHEST) - 2 * FARTHEST) - FARTHEST
    return turned


def _volatility(spread: float) -> Callable[[np.random.Generator, int], Floats]:
    return lambda rng, count: rng.normal(-spread * spread, spread, count)


def _holds(
    rng: np.random.Generator, step_s: float, levels: tuple[tuple[float, float], ...], first: Regimes
) -> list[Hold]:
    firsts = first or (None,) * len(levels)
    return [
        Hold(rng, life / step_s, _volatility(spread), value)
        for (life, spread), value in zip(levels, firsts, strict=True)
    ]


def _burst(share: float) -> Callable[[np.random.Generator, int], Floats]:
    return lambda rng, count: (rng.random(count) < share) * rng.uniform(0.5, 1.5, count)


def _trend(rng: np.random.Generator, count: int) -> Floats:
    """0 is a range."""
    return rng.integers(-1, 2, count) * (rng.random(count) < 0.75) * rng.uniform(0.6, 1.4, count)


def _padded(values: Floats, length: int) -> Floats:
    return np.concatenate((values, np.zeros(length - len(values))))
