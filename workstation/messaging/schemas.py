"""JSON Schemas of every message, made from the classes: ``python -m workstation.messaging.schemas FOLDER``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from workstation.messaging.bodies import TYPES
from workstation.messaging.envelope import VERSION, Envelope

SUFFIX = ".schema.json"
DECIMAL = r"^-?\d+(\.\d+)?$"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(type_: str) -> dict[str, Any]:
    """The schema of whole messages of a type, its envelope included."""
    (_, body), parts = msgspec.json.schema_components((Envelope, TYPES[type_]), ref_template="#/$defs/{name}")
    envelope = parts.pop(Envelope.__name__)
    envelope["properties"]["v"] = {"const": VERSION}
    envelope["properties"]["type"] = {"const": type_}
    envelope["properties"]["body"] = body
    _tell_decimals(envelope)
    _tell_decimals(parts)
    return {"$schema": _DRAFT, "title": type_, **{k: v for k, v in envelope.items() if k != "title"}, "$defs": parts}


def _tell_decimals(part: Any) -> None:
    """A pattern that every validator checks, instead of a format that none knows."""
    if isinstance(part, list):
        for inner in part:
            _tell_decimals(inner)
    elif isinstance(part, dict):
        if part.get("format") == "decimal":
            del part["format"]
            part["pattern"] = DECIMAL
        for inner in part.values():
            _tell_decimals(inner)


def schema_files() -> dict[str, str]:
    """The text of each file by its name."""
    return {f"{type_}{SUFFIX}": json.dumps(schema_of(type_), indent=2) + "\n" for type_ in TYPES}


def write_schemas(folder: Path) -> None:
    """Write every schema into a folder, and remove those of messages that are no more."""
    folder.mkdir(parents=True, exist_ok=True)
    files = schema_files()
    for path in folder.glob(f"*{SUFFIX}"):
        if path.name not in files:
            path.unlink()
    for name, text in files.items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]))
