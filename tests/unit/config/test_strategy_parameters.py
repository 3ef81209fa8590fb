"""The configuration lists every parameter of every shipped strategy, with the value that the strategy declares."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from workstation.config.loader import load_settings, profile_names
from workstation.trading.registry import StrategyRegistry

SHIPPED = Path(__file__).parents[3] / "config" / "strategy.yaml"
REGISTRY = StrategyRegistry(None)


def exact(value: Any) -> Any:
    return Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value


def test_every_shipped_strategy_is_configured() -> None:
    entries = load_settings(SHIPPED).settings.strategies.values()
    assert sorted(entry.strategy for entry in entries) == REGISTRY.names()


@pytest.mark.parametrize("name", REGISTRY.names())
def test_every_parameter_stands_there_as_declared(name: str) -> None:
    settings = load_settings(SHIPPED).settings
    (values,) = [entry.parameters for entry in settings.strategies.values() if entry.strategy == name]
    declared = {key: exact(parameter.default) for key, parameter in REGISTRY.describe(name)[1].items()}
    assert {key: exact(value) for key, value in values.items()} == declared


@pytest.mark.parametrize("profile", ["", *profile_names(SHIPPED)])
def test_every_entry_makes_a_strategy(profile: str) -> None:
    for name, entry in load_settings(SHIPPED, profile).settings.strategies.items():
        made = REGISTRY.create(entry.strategy, name, entry.symbol, entry.timeframe, dict(entry.parameters))
        assert made.parameter_values().keys() >= entry.parameters.keys()
