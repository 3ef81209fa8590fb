"""A configuration file of an earlier version brought up to this one: what it lacks is written in as it is shipped.

No value comes in unseen: whoever asks is told each setting, and the file is theirs to change. What stands in the file
stays as it is, line by line.
"""

from __future__ import annotations

from typing import Any, get_args, get_origin, get_type_hints

from msgspec import Struct
from yaml.nodes import MappingNode, Node, SequenceNode

from workstation.config import settings as s
from workstation.config.described import Setting, describe
from workstation.config.typed_reader import OPTIONAL
from workstation.config.yaml_document import join, parse_document, read_text
from workstation.core.resources import resource_path

SHIPPED = "shipped_strategy.yaml"


class Upgraded(Struct, frozen=True):
    """The text with what it lacked, and those settings with the values that they are shipped with."""

    text: str
    added: tuple[Setting, ...]


class _Insertion(Struct, frozen=True):
    """Lines that go before line ``at`` of the text."""

    at: int
    lines: tuple[str, ...]


def upgraded(text: str, name: str) -> Upgraded:
    """Add every setting of this version that a text lacks; ``name`` is how messages call its file.

    Other mistakes stay, so that the text may not be valid yet. Raises ``ConfigurationError`` where it is not YAML.
    """
    shipped = read_text(resource_path(SHIPPED))
    search = _Search(text, shipped)
    search.struct(s.Settings, parse_document(text, name), parse_document(shipped, SHIPPED), "")
    if not search.found:
        return Upgraded(text, ())
    lines = text.splitlines()
    # From the bottom up, so that the places above stay; of one place the last first.
    for insertion in sorted(reversed(search.found), key=lambda each: each.at, reverse=True):
        lines[insertion.at : insertion.at] = insertion.lines
    after = "\n".join(lines) + "\n"
    before = {setting.path for setting in describe(text, name)}
    return Upgraded(after, tuple(each for each in describe(after, name) if each.path not in before))


class _Search:
    """Walks a text and the shipped one side by side, by the classes of the settings."""

    def __init__(self, text: str, shipped: str) -> None:
        self._lines, self._shipped = text.splitlines(), shipped.splitlines()
        self.found: list[_Insertion] = []

    def struct(self, struct: type[Struct], mine: Node, shipped: Node, path: str) -> None:
        if not _is_block(mine) or not _is_block(shipped):
            return  # A mapping on one line has no lines to put others between: the reader says what is missing.
        hints, there = get_type_hints(struct, include_extras=True), {key.value: value for key, value in mine.value}
        first = mine.value[0][0]
        at, indent = self._start(self._lines, first), first.start_mark.column
        for key, value in shipped.value:
            if key.value in there:
                at = _last_line(there[key.value]) + 1
                self._value(hints.get(key.value), there[key.value], value, join(path, key.value))
            elif key.value in hints and key.value not in OPTIONAL.get(struct, ()):
                lines = self._shipped[self._start(self._shipped, key) : _last_line(value) + 1]
                shift = key.start_mark.column
                self.found.append(_Insertion(at, tuple(_indented(line, shift, indent) for line in lines)))

    def _value(self, hint: Any, mine: Node, shipped: Node, path: str) -> None:
        if isinstance(hint, type) and issubclass(hint, Struct):
            self.struct(hint, mine, shipped, path)
        elif get_origin(hint) is dict and isinstance(mine, MappingNode) and isinstance(shipped, MappingNode):
            of, like = get_args(hint)[1], {key.value: value for key, value in shipped.value}
            if isinstance(of, type) and issubclass(of, Struct) and like:
                for key, value in mine.value:
                    self.struct(of, value, like.get(key.value, shipped.value[0][1]), join(path, key.value))

    @staticmethod
    def _start(lines: list[str], key: Node) -> int:
        """The first line of a key with the comment above it, and with the blank line above a section's."""
        line: int = key.start_mark.line
        indent = key.start_mark.column
        while line > 0 and lines[line - 1].startswith(" " * indent + "#"):
            line -= 1
        return line - 1 if indent == 0 and line > 0 and not lines[line - 1].strip() else line


def _is_block(node: Node) -> bool:
    return isinstance(node, MappingNode) and bool(node.value) and not node.flow_style


def _last_line(node: Node) -> int:
    """The line that a value ends on; comments and blank lines after it are not part of it."""
    if isinstance(node, MappingNode) and _is_block(node):
        return _last_line(node.value[-1][1])
    if isinstance(node, SequenceNode) and node.value and not node.flow_style:
        return _last_line(node.value[-1])
    start, end = node.start_mark, node.end_mark
    last: int = end.line
    return last - 1 if end.column == 0 and last > start.line else last


def _indented(line: str, before: int, after: int) -> str:
    return " " * after + line[before:] if line.strip() else ""
