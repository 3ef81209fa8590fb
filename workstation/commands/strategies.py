"""``workstation strategies``: what there is to run."""

from __future__ import annotations

import argparse
import json
from typing import Any

from workstation.assembly import strategy_registry
from workstation.commands.places import settings
from workstation.trading.parameters import Parameter


def strategies(arguments: argparse.Namespace) -> int:
    loaded = settings(arguments)
    registry = strategy_registry(loaded.settings, loaded.file)
    names = [arguments.name] if arguments.name else registry.names()
    described = {name: registry.describe(name) for name in names}
    if arguments.json:
        print(
            json.dumps(
                [
                    {
                        "name": name,
                        "title": title,
                        "source_sha256": registry.source_hash(name),
                        "parameters": [_plain(parameter) for parameter in parameters.values()],
                    }
                    for name, (title, parameters) in described.items()
                ]
            )
        )
        return 0
    for name, (title, parameters) in described.items():
        print(f"{name:<20}{title}, {len(parameters)} parameters")
        if arguments.name:
            for parameter in parameters.values():
                print(f"  {parameter.name:<26}{_value(parameter):<16}{_bounds(parameter):<18}{parameter.help}")
    for name, reason in registry.failures.items():
        print(f"{name:<20}not loaded: {reason}")
    return 0


def _plain(parameter: Parameter[Any]) -> dict[str, Any]:
    def text(value: Any) -> Any:
        return value if isinstance(value, bool | int | float | str | None) else str(value)

    return {
        "name": parameter.name,
        "type": parameter.kind,
        "default": text(parameter.default),
        "minimum": text(parameter.minimum),
        "maximum": text(parameter.maximum),
        "step": text(parameter.step),
        "unit": parameter.unit,
        "choices": list(parameter.choices),
        "help": parameter.help,
    }


def _value(parameter: Parameter[Any]) -> str:
    return f"{parameter.default} {parameter.unit}".strip()


def _bounds(parameter: Parameter[Any]) -> str:
    if parameter.choices:
        return "|".join(parameter.choices)
    if parameter.minimum is None and parameter.maximum is None:
        return ""
    least = "" if parameter.minimum is None else str(parameter.minimum)
    most = "" if parameter.maximum is None else str(parameter.maximum)
    return f"{least} to {most}"
