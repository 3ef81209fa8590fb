"""Confidence from 0 to 100, and the parts that it is made of."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple


class Weights(NamedTuple):
    """Points of each part before the sum is normalised."""

    regime: float
    setup: float
    signal: float
    volatility: float
    volume: float
    conflict: float
    most_penalty: float


class Conditions(NamedTuple):
    """What was found: directions are 1, −1 or 0."""

    regime: int
    setup: int
    signal: int
    volatile: bool
    thin: bool


class Confidence(NamedTuple):
    """``value`` is 0 to 100; ``parts`` add up to it (but for the floor at 0)."""

    value: float
    parts: dict[str, float]


def confidence(direction: int, found: Conditions, weights: Weights) -> Confidence:
    """Regime + setup + signal − penalties for a trade in ``direction``, normalised so that all three give 100.

    Penalties: high volatility, thin volume, and timeframes in conflict (one of the three against another); together
    at most ``most_penalty``, each shown in proportion when that bound is reached.
    """
    reachable = weights.regime + weights.setup + weights.signal
    conflict = {1, -1} <= {found.regime, found.setup, found.signal}
    penalties = {
        "volatility": weights.volatility if found.volatile else 0.0,
        "volume": weights.volume if found.thin else 0.0,
        "conflict": weights.conflict if conflict else 0.0,
    }
    total = sum(penalties.values())
    bounded = min(1.0, weights.most_penalty / total) if total else 1.0
    parts = {
        "regime": weights.regime if found.regime == direction else 0.0,
        "setup": weights.setup if found.setup == direction else 0.0,
        "signal": weights.signal if found.signal == direction else 0.0,
    }
    for name, points in penalties.items():
        parts[name] = -points * bounded if points else 0.0
    points = sum(parts.values())
    shown = {name: part * 100.0 / reachable for name, part in parts.items()}
    return Confidence(min(100.0, max(0.0, points * 100.0 / reachable)), shown)


def size_for(value: float, full: float, reduced: float, reduced_factor: Decimal, threshold: float) -> Decimal:
    """Part of the full size that this confidence earns: 1, the reduced factor, or 0 for no trade.

    ``threshold`` is the account's own least confidence, which crisis mode raises.
    """
    if value < threshold or value < reduced:
        return Decimal(0)
    return Decimal(1) if value >= full else reduced_factor
