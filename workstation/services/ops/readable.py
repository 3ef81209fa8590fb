"""Views of an engine as the API tells them: times as RFC 3339, sides as words, and the schemas that say so."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import msgspec

from workstation.core import views
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import Side
from workstation.messaging.moments import moment

_INTERNAL = ("price_ticks", "lots")
"""Fields that repeat others in the engine's units."""

_EXPONENT = re.compile(r"-?[0-9](\.[0-9]+)?E[+-][0-9]{1,2}")
"""A decimal as Python writes a small one."""

VIEWS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        views.AccountView,
        views.AlgorithmView,
        views.ConnectionView,
        views.FillView,
        views.HealthView,
        views.LogView,
        views.OrderView,
        views.PositionView,
        views.ReconciliationView,
        views.RiskView,
        views.StrategyView,
        views.VerdictView,
    )
}


def readable(value: Any) -> Any:
    """What a view's JSON is to the API's readers."""
    if isinstance(value, list):
        return [readable(each) for each in value]
    if isinstance(value, str) and _EXPONENT.fullmatch(value):
        return f"{Decimal(value):f}"
    if not isinstance(value, dict):
        return value
    told: dict[str, Any] = {}
    for name, part in value.items():
        if name in _INTERNAL:
            continue
        if name == "protections":
            told[name] = [
                {"protection": protection, "owner": owner, "until": time_of(until_ns)}
                for protection, owner, until_ns in part
            ]
        elif name == "side":
            told[name] = side_word(part)
        elif name == "stale_ns":
            # A span of time, not a moment.
            told["stale_s"] = part / SECOND_NS
        elif name.endswith("_ns"):
            told[time_name(name)] = time_of(part)
        else:
            told[name] = readable(part)
    return told


def time_name(name: str) -> str:
    """``created_ns`` is told as ``created``, ``ts_ns`` as ``time``."""
    return "time" if name == "ts_ns" else name.removesuffix("_ns")


def time_of(ts_ns: int) -> str | None:
    return moment(ts_ns) if ts_ns else None


def side_word(side: int) -> str:
    return Side(side).word


def view_schemas() -> dict[str, Any]:
    """JSON Schemas of what ``readable`` makes of each view, by name."""
    _, parts = msgspec.json.schema_components(VIEWS.values(), ref_template="#/components/schemas/{name}")
    parts.pop("Side", None)
    for part in parts.values():
        part.pop("title", None)
        if part.get("type") == "object":
            _make_readable(part)
    return parts


_SIDE = {"enum": ["buy", "sell"]}
_TIME = {"type": ["string", "null"], "format": "date-time", "description": "RFC 3339 in UTC; null: none"}
_PROTECTION = {
    "type": "object",
    "properties": {"protection": {"type": "string"}, "owner": {"type": "string"}, "until": _TIME},
    "required": ["protection", "owner", "until"],
}


def _make_readable(part: dict[str, Any]) -> None:
    properties: dict[str, Any] = {}
    for name, schema in part["properties"].items():
        if name in _INTERNAL:
            continue
        if name == "protections":
            properties[name] = {"type": "array", "items": _PROTECTION}
        elif name == "side":
            properties[name] = _SIDE
        elif name.endswith("_ns"):
            properties[time_name(name)] = _TIME
        else:
            properties[name] = {key: value for key, value in schema.items() if key != "default"}
    part["properties"] = properties
    part["required"] = sorted(properties)
