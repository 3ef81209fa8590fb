"""Single values of a YAML text replaced where they stand; every comment and every other line stays."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from workstation.config.yaml_document import parse_document
from workstation.core.errors import ConfigurationError

_STEPS = re.compile(r"\[\d+\]|[^.\[\]]+")
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./ -]*(?<! )")
_WORDS = frozenset({"true", "false", "null"})


def with_values(text: str, section: str, values: Mapping[str, str], name: str) -> str:
    """The text with new values of keys of a section. Raises ``ConfigurationError`` for a key that is not there."""
    document = parse_document(text, name)
    block = _child(document, section)
    if not isinstance(block, MappingNode):
        raise ConfigurationError(f"{name} has no section {section}: add it in the file.")
    replaced: list[tuple[Node, str]] = []
    for key, value in values.items():
        node = _child(block, key)
        if not isinstance(node, ScalarNode):
            known = ", ".join(each.value for each, _ in block.value)
            raise ConfigurationError(f"{section}.{key} is not a single value of the file; there is {known}.")
        replaced.append((node, value))
    return _replace(text, replaced)


def with_changes(text: str, changes: Mapping[str, str], name: str) -> str:
    """The text with other values by their paths, as ``risk.order_quantity.BTCUSDT`` or ``desktop.charts[0].symbol``.

    A value is YAML as it is to stand there. Raises ``ConfigurationError`` for a path that leads to no value.
    """
    document = parse_document(text, name)
    return _replace(text, [(_value_at(document, path, name), value) for path, value in changes.items()])


def as_text(value: str) -> str:
    """A text as a YAML value: in quotes where it would be read as something else."""
    return value if _PLAIN.fullmatch(value) and value.lower() not in _WORDS else json.dumps(value, ensure_ascii=False)


def _value_at(document: MappingNode, path: str, name: str) -> Node:
    node: Node | None = document
    for step in _STEPS.findall(path):
        if step.startswith("["):
            at = int(step[1:-1])
            node = node.value[at] if isinstance(node, SequenceNode) and at < len(node.value) else None
        else:
            node = _child(node, step) if isinstance(node, MappingNode) else None
    if not isinstance(node, ScalarNode | SequenceNode):
        raise ConfigurationError(f"{name} has no value {path}: add it in the file.")
    return node


def _replace(text: str, replaced: list[tuple[Node, str]]) -> str:
    places = sorted(((node.start_mark.index, node.end_mark.index, value) for node, value in replaced), reverse=True)
    for start, end, value in places:
        text = text[:start] + value + text[end:]
    return text


def _child(node: MappingNode, key: str) -> Node | None:
    return next((value for each, value in node.value if each.value == key), None)
