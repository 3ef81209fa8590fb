"""From YAML nodes to the typed settings, with one sentence for everything that does not fit."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from workstation.config import settings as s
from workstation.config.ranges import RANGES, Range
from workstation.config.yaml_document import NumberText, join, place, plain_value
from workstation.core.errors import ConfigurationError
from workstation.core.instrument import Instrument, canonical_symbol

# A new strategy entry is stopped and has its strategy's own parameters until it says otherwise.
OPTIONAL: dict[type[Struct], frozenset[str]] = {s.StrategyEntry: frozenset({"start", "parameters"})}
_NAMED_BY_KEY: dict[type[Struct], str] = {Instrument: "symbol"}
_SYMBOLS = {
    (s.Market, "symbols"),
    (s.Record, "symbols"),
    (s.Risk, "permitted"),
    (s.StrategyEntry, "symbol"),
    (s.Chart, "symbol"),
    (s.Risk, "order_quantity"),
    (s.Settings, "instruments"),
}
_EVERY_OTHER = "default"


@cache
def _hints(struct: type[Struct]) -> dict[str, Any]:
    return get_type_hints(struct, include_extras=True)


class TypedReader:
    """Reads one document; ``lines`` tells afterwards in which file and line each key path stands."""

    def __init__(self) -> None:
        self.lines: dict[str, str] = {}

    def read_settings(self, node: MappingNode) -> s.Settings:
        settings = self._struct(s.Settings, node, "", str(node.start_mark.name))
        assert isinstance(settings, s.Settings)
        return settings

    def _struct(self, struct: type[Struct], node: Node, path: str, where: str, name: str = "") -> Struct:
        if not isinstance(node, MappingNode):
            raise ConfigurationError(f"{where}: {path} must hold keys and values on lines of their own.")
        hints = _hints(struct)
        named_by = _NAMED_BY_KEY.get(struct, "")
        known = [field for field in hints if field != named_by]
        values: dict[str, Any] = {named_by: name} if named_by else {}
        for key, value in node.value:
            full = join(path, key.value)
            if key.value not in known:
                raise ConfigurationError(
                    f"{place(key.start_mark)}: {full} is not a setting; {_closest(key.value, known)}."
                )
            self.lines[full] = place(key.start_mark)
            values[key.value] = self._value(hints[key.value], value, full, (struct, key.value))
        for field in known:
            if field not in values and field not in OPTIONAL.get(struct, ()):
                allowed = _allowed(hints[field], RANGES.get(struct, {}).get(field))
                there = f"under {path}" if path else "at the left edge"
                raise ConfigurationError(
                    f"{where}: {join(path, field)} is missing; add “{field}:” {there} with {allowed}."
                )
        return struct(**values)

    def _value(self, hint: Any, node: Node, path: str, owner: tuple[type[Struct], str]) -> Any:
        where = self.lines[path]
        origin = get_origin(hint)
        if isinstance(hint, type) and issubclass(hint, Struct):
            return self._struct(hint, node, path, where, path.rpartition(".")[2])
        if origin is dict:
            return self._table(get_args(hint)[1], node, path, owner)
        if origin is tuple:
            return self._list(get_args(hint)[0], node, path, owner)
        if hint is Any:
            return self._free(node, path)
        limit = RANGES.get(owner[0], {}).get(owner[1])
        if not isinstance(node, ScalarNode):
            raise ConfigurationError(f"{where}: {path} must be {_allowed(hint, limit)}, a single value.")
        value = _scalar(hint, node)
        if isinstance(value, str) and "${" in value:
            raise ConfigurationError(_environment(where, path))
        if value is None or (limit is not None and not limit.holds(value)):
            given = node.value if node.style is None else f"“{node.value}” in quotes"
            if node.style is None and node.value == "":
                raise ConfigurationError(f"{where}: {path} is empty; it must be {_allowed(hint, limit)}.")
            raise ConfigurationError(f"{where}: {path} is {given}; it must be {_allowed(hint, limit)}.")
        return canonical_symbol(value) if owner in _SYMBOLS and isinstance(value, str) else value

    def _table(self, hint: Any, node: Node, path: str, owner: tuple[type[Struct], str]) -> dict[str, Any]:
        where = self.lines[path]
        if not isinstance(node, MappingNode):
            raise ConfigurationError(f"{where}: {path} must hold names with values, or {{}} for none.")
        table: dict[str, Any] = {}
        for key, value in node.value:
            name = key.value
            if owner in _SYMBOLS and name != _EVERY_OTHER:
                name = canonical_symbol(name)
            full = join(path, name)
            if not name or name in table:
                raise ConfigurationError(f"{place(key.start_mark)}: {full} is there twice; keep one.")
            self.lines[full] = place(key.start_mark)
            table[name] = self._value(hint, value, full, owner)
        return table

    def _list(self, hint: Any, node: Node, path: str, owner: tuple[type[Struct], str]) -> tuple[Any, ...]:
        if not isinstance(node, SequenceNode):
            raise ConfigurationError(
                f"{self.lines[path]}: {path} must be a list, as in [first, second], or [] for none."
            )
        items = []
        for index, item in enumerate(node.value):
            full = f"{path}[{index}]"
            self.lines[full] = place(item.start_mark)
            items.append(self._value(hint, item, full, owner))
        return tuple(items)

    def _free(self, node: Node, path: str) -> Any:
        """A strategy's parameter, whose type the strategy knows: text, bool, int, or an exact decimal."""
        if not isinstance(node, ScalarNode):
            raise ConfigurationError(f"{self.lines[path]}: {path} must be a single value.")
        value = plain_value(node)
        if value is None:
            raise ConfigurationError(f"{self.lines[path]}: {path} is empty; give it a value or remove the line.")
        if isinstance(value, NumberText):
            return Decimal(str(value))
        if isinstance(value, str) and "${" in value:
            raise ConfigurationError(_environment(self.lines[path], path))
        return value


def _scalar(hint: Any, node: ScalarNode) -> Any:
    """The scalar as the hinted type, or None when it is of another."""
    kind = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    value = plain_value(node)
    if get_origin(kind) is Literal:
        return value if not isinstance(value, bool) and value in get_args(kind) else None
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value) if value in [member.value for member in kind] else None
    if kind is str:
        return str(value) if isinstance(value, str) and not isinstance(value, NumberText) else None
    if kind is bool:
        return value if isinstance(value, bool) else None
    if isinstance(value, bool) or node.style is not None or not isinstance(value, int | NumberText):
        return None
    if kind is int:
        return value if isinstance(value, int) else None
    try:
        return Decimal(node.value)
    except InvalidOperation:
        return None


def _allowed(hint: Any, limit: Range | None) -> str:
    """What a setting may be, as the end of a sentence that begins with “it must be”."""
    unit = ""
    kind = hint
    if get_origin(hint) is Annotated:
        kind = get_args(hint)[0]
        metas = [meta for meta in get_args(hint)[1:] if isinstance(meta, Meta)]
        unit = "".join(f" {meta.description}" for meta in metas if meta.description)
    if get_origin(kind) is Literal:
        return _one_of([str(choice) for choice in get_args(kind)])
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _one_of([str(member.value) for member in kind])
    if kind is str:
        return "text (numbers and true or false in quotes)"
    if kind is bool:
        return "true or false"
    if kind in (int, Decimal):
        noun = "a whole number" if kind is int else "a number"
        return f"{noun}{' ' + limit.text() if limit else ''}{unit}, without quotes"
    if get_origin(kind) is tuple:
        return "a list"
    return "its own keys below it"


def _one_of(choices: list[str]) -> str:
    return choices[0] if len(choices) == 1 else f"{', '.join(choices[:-1])} or {choices[-1]}"


def _closest(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, 1, 0.6)
    return f"the closest is {near[0]}" if near else f"allowed here: {', '.join(known)}"


def _environment(where: str, path: str) -> str:
    return f"{where}: {path} uses ${{…}}, which is for secrets only; write the value itself."
