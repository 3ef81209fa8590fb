"""Single values of a YAML text replaced where they stand; every comment and every other line stays."""

from __future__ import annotations

from collections.abc import Mapping

from yaml.nodes import MappingNode, Node, ScalarNode

from workstation.config.yaml_document import parse_document
from workstation.core.errors import ConfigurationError


def with_values(text: str, section: str, values: Mapping[str, str], name: str) -> str:
    """The text with new values of keys of a section. Raises ``ConfigurationError`` for a key that is not there."""
    document = parse_document(text, name)
    block = _child(document, section)
    if not isinstance(block, MappingNode):
        raise ConfigurationError(f"{name} has no section {section}: add it in the file.")
    replaced: list[tuple[int, int, str]] = []
    for key, value in values.items():
        node = _child(block, key)
        if not isinstance(node, ScalarNode):
            known = ", ".join(each.value for each, _ in block.value)
            raise ConfigurationError(f"{section}.{key} is not a single value of the file; there is {known}.")
        replaced.append((node.start_mark.index, node.end_mark.index, value))
    for start, end, value in sorted(replaced, reverse=True):
        text = text[:start] + value + text[end:]
    return text


def _child(node: MappingNode, key: str) -> Node | None:
    return next((value for each, value in node.value if each.value == key), None)
