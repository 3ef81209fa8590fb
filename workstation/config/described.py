"""Every setting of a configuration file with its comment, kind, range and unit: what a form of them is made from."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from workstation.config import settings as s
from workstation.config.ranges import RANGES, Range
from workstation.config.yaml_document import NumberText, join, parse_document, plain_value

UNITS = {
    "_ms": "ms",
    "_s": "s",
    "_hours": "h",
    "_days": "days",
    "_bars": "bars",
    "_megabytes": "MB",
    "_kilobytes": "kB",
    "_percent": "%",
    "_bps": "bps",
}
"""By how a setting's name ends."""


class Kind(StrEnum):
    SWITCH = "switch"
    CHOICE = "choice"
    WHOLE = "whole number"
    NUMBER = "number"
    TEXT = "text"
    LIST = "list"


class Setting(Struct, frozen=True, kw_only=True):
    """One value of the file. ``text`` is how it stands there, ``about`` its comment in one line."""

    path: str
    about: str
    text: str
    kind: Kind
    choices: tuple[str, ...] = ()
    limit: Range | None = None
    unit: str = ""
    line: int = 0

    @property
    def section(self) -> str:
        return self.path.partition(".")[0]


def describe(text: str, name: str) -> tuple[Setting, ...]:
    """The settings of a valid text in its order. Raises ``ConfigurationError`` when it is not YAML."""
    return tuple(_Reader(text).struct(s.Settings, parse_document(text, name), ""))


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = text.splitlines()
        self._told: dict[str, str] = {}
        """Comments by a key's last names: a table tells them once, at its first entry."""

    def struct(self, struct: type[Struct], node: Node, path: str) -> list[Setting]:
        hints = get_type_hints(struct, include_extras=True)
        found: list[Setting] = []
        for key, value in node.value if isinstance(node, MappingNode) else ():
            if key.value in hints:
                limit = RANGES.get(struct, {}).get(key.value)
                group = f"{struct.__name__}.{key.value}"
                found += self._value(hints[key.value], key, value, join(path, key.value), limit, group)
        return found

    def _value(self, hint: Any, key: Node, node: Node, path: str, limit: Range | None, group: str) -> list[Setting]:
        about = self._comment(key.start_mark.line, group)
        if isinstance(hint, type) and issubclass(hint, Struct):
            return self.struct(hint, node, path)
        if get_origin(hint) is dict and isinstance(node, MappingNode):
            of, found = get_args(hint)[1], []
            for each, value in node.value:
                own = group if of is not Any else f"{group}.{each.value}"
                found += self._value(of, each, value, join(path, each.value), limit, own)
            return found
        if isinstance(node, SequenceNode) and not all(isinstance(item, ScalarNode) for item in node.value):
            of = get_args(hint)[0]
            return [each for at, item in enumerate(node.value) for each in self.struct(of, item, f"{path}[{at}]")]
        kind, choices, unit = _kind(hint, node, path)
        shown = self._text[node.start_mark.index : node.end_mark.index].strip()
        line = key.start_mark.line + 1
        return [
            Setting(path=path, about=about, text=shown, kind=kind, choices=choices, limit=limit, unit=unit, line=line)
        ]

    def _comment(self, line: int, group: str) -> str:
        """The lines of comment just above, or what stood above the first of its kind."""
        words: list[str] = []
        while line > 0 and self._lines[line - 1].lstrip().startswith("#"):
            line -= 1
            words.insert(0, self._lines[line].strip().lstrip("# "))
        if words:
            self._told[group] = " ".join(words)
        return self._told.get(group, "")


def _kind(hint: Any, node: Node, path: str) -> tuple[Kind, tuple[str, ...], str]:
    unit = next((unit for end, unit in UNITS.items() if path.endswith(end)), "")
    if get_origin(hint) is Annotated:
        meta = next((each for each in get_args(hint)[1:] if isinstance(each, Meta)), None)
        unit = unit or (meta.description or "" if meta is not None else "")
        hint = get_args(hint)[0]
    if get_origin(hint) is Literal:
        return Kind.CHOICE, tuple(str(each) for each in get_args(hint)), unit
    if isinstance(node, SequenceNode):
        return Kind.LIST, (), unit
    if hint is Any and isinstance(node, ScalarNode):
        value = plain_value(node)
        hint = bool if isinstance(value, bool) else int if isinstance(value, int) else type(value)
    if hint is bool:
        return Kind.SWITCH, ("true", "false"), unit
    if hint is int:
        return Kind.WHOLE, (), unit
    if hint is str:
        return Kind.TEXT, (), unit
    if isinstance(hint, type) and issubclass(hint, Enum):
        return Kind.CHOICE, tuple(str(each.value) for each in hint), unit
    return (Kind.NUMBER if hint is NumberText or node.tag.endswith(("int", "float")) else Kind.TEXT), (), unit
