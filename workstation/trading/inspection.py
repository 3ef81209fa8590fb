"""What a strategy holds beside its parameters, in words: for people who want to see why it does what it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec

from workstation.core.timeframe import utc_text
from workstation.trading.strategy import Strategy

MOST_VALUES = 60
MOST_ENTRIES = 6
TIME_FROM_NS = 1_000_000_000_000_000_000
"""Larger numbers whose name ends with ns are moments, smaller ones durations."""
PLAIN = (bool, int, float, str, Decimal, Enum, type(None))
OWN = frozenset({"name", "symbol", "timeframe", "interval_ns", "state", "_context"})


def inner_values(strategy: Strategy) -> tuple[tuple[str, str], ...]:
    """Names and values, those of its ``state`` first. What a strategy's own objects refuse to tell is left out."""
    parameters = strategy.parameters()
    held = {name: value for name, value in vars(strategy).items() if name not in OWN and name not in parameters}
    found: list[tuple[str, str]] = []
    for name, value in _flat({**strategy.state, **held}):
        found.append((name.removesuffix("_ns").replace("_", " ").strip(), value))
        if len(found) == MOST_VALUES:
            break
    return tuple(found)


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        name = f"{before}{str(key).strip('_')}"
        if isinstance(value, PLAIN):
            yield name, _words(name, value)
            continue
        parts = {} if before else _parts(value)
        if parts:
            yield from _flat(parts, f"{name}: ")
        elif isinstance(value, Mapping | list | tuple | set | frozenset):
            yield name, _entries(value)


def _parts(value: Any) -> dict[str, Any]:
    """The fields of a record; empty for anything else."""
    if isinstance(value, msgspec.Struct):
        return {name: getattr(value, name) for name in value.__struct_fields__}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name, None) for field in fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        named: dict[str, Any] = value._asdict()
        return named
    return {}


def _entries(value: Any) -> str:
    if not value:
        return "none"
    if len(value) > MOST_ENTRIES:
        return f"{len(value)} entries"
    if isinstance(value, Mapping):
        return ", ".join(f"{_word(key)}: {_word(each)}" for key, each in value.items())
    return ", ".join(_word(each) for each in value)


def _word(value: Any) -> str:
    return _words("", value) if isinstance(value, PLAIN) else type(value).__name__


def _words(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value == "":
        return "none"
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, int) and name.endswith("_ns"):
        return utc_text(value)[:19] if value >= TIME_FROM_NS else f"{value / 1e9:g} s"
    return str(value)
