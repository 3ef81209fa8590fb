"""How long requests and answers travel."""

from __future__ import annotations

from decimal import Decimal
from math import log, sqrt
from random import Random

_P95 = 1.6448536269514722
_MICROSECOND_NS = 1_000


class LatencyModel:
    """Log-normal time from a request to its answer, half of it each way.

    Fitted to the mean and the 95th percentile (``p95 = exp(m + 1.645 s)``, ``mean = exp(m + s^2 / 2)``); a percentile
    beyond 3.87 times the mean, which no log-normal has, counts as that. Drawn in whole microseconds, so that the last
    digit of a platform's ``exp`` does not tell.
    """

    __slots__ = ("_constant", "_mu", "_random", "_sigma")

    def __init__(self, mean_ms: Decimal, p95_ms: Decimal, random: Random) -> None:
        self._random = random
        one_way_us = float(mean_ms) * 500
        self._constant = round(one_way_us) * _MICROSECOND_NS if p95_ms <= mean_ms or mean_ms == 0 else -1
        if self._constant < 0:
            spread = min(log(float(p95_ms) / float(mean_ms)), _P95 * _P95 / 2)
            self._sigma = _P95 - sqrt(_P95 * _P95 - 2 * spread)
            self._mu = log(one_way_us) - self._sigma**2 / 2

    def one_way_ns(self) -> int:
        """Nanoseconds of one way; 0 when there is no latency."""
        if self._constant >= 0:
            return self._constant
        return int(self._random.lognormvariate(self._mu, self._sigma)) * _MICROSECOND_NS
