"""How routes describe what they answer: the schemas of the engine's views, and of the API's own objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from workstation.services.ops import problems
from workstation.services.ops.readable import VIEWS, view_schemas

DESCRIPTION = (
    "What the workstation's engine shows and what it can be told. Amounts are decimals as text, times RFC 3339 in UTC. "
    "Every route but /health needs the token of a role: a viewer reads, a trader also trades and stops, an admin also "
    "lifts what protects and changes the configuration. Errors are problem objects of RFC 9457 whose `detail` is one "
    'sentence. `GET /api/v1/events` is a websocket: its first message is {"token": "…"}.'
)


def of(schema: dict[str, Any], description: str = "As it is now.") -> dict[int | str, dict[str, Any]]:
    """``responses`` of a route that answers 200 with this schema."""
    return {200: {"description": description, "content": {"application/json": {"schema": schema}}}}


def view(name: str) -> dict[str, Any]:
    assert name in VIEWS
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": schema}


def object_of(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": sorted(properties)}


TEXT: dict[str, Any] = {"type": "string"}
DECIMAL: dict[str, Any] = {"type": "string", "format": "decimal"}
TIME: dict[str, Any] = {"type": "string", "format": "date-time"}
OBJECT: dict[str, Any] = {"type": "object"}
BOOLEAN: dict[str, Any] = {"type": "boolean"}
NUMBER: dict[str, Any] = {"type": "number"}


def nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


CONTROL = object_of(holder=TEXT, who=TEXT, yours=BOOLEAN, given_up_in_s=nullable(NUMBER), text=TEXT)


def openapi_of(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """The OpenAPI document, made once."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes)
            parts = document.setdefault("components", {}).setdefault("schemas", {})
            parts.update(view_schemas())
            parts["Problem"] = problems.SCHEMA
            app.openapi_schema = document
        return app.openapi_schema

    return openapi
