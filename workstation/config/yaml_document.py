"""A YAML file as nodes that know their file and line. Nothing is converted here, so no digit can be lost."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.events import AliasEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.resolver import Resolver

from workstation.core.errors import ConfigurationError

_WHOLE = re.compile(r"[-+]?[0-9]{1,30}\Z")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULLS = ("", "~", "null", "Null", "NULL")


class _Strict(Composer):
    """Composes nodes; anchors, aliases and tags are refused, so that a value is what its line says."""

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        event: Any = self.peek_event()  # type: ignore[attr-defined]
        refused = ""
        if isinstance(event, AliasEvent):
            refused = "an alias (*)"
        elif getattr(event, "anchor", None):
            refused = "an anchor (&)"
        elif getattr(event, "tag", None):
            refused = "a tag (!)"
        if refused:
            where = place(event.start_mark)
            raise ConfigurationError(f"{where}: {refused} is not supported; write the value itself.")
        return super().compose_node(parent, index)


class _Loader(_Strict, yaml.SafeLoader):
    """PyYAML's own reader, which says best what is wrong."""

    def __init__(self, text: str, name: str) -> None:
        super().__init__(text)
        self.name = name


class _NamedText(io.StringIO):
    def __init__(self, text: str, name: str) -> None:
        super().__init__(text)
        self.name = name


if yaml.__with_libyaml__:
    from yaml._yaml import CParser

    class _FastLoader(_Strict, CParser, Resolver):
        """libyaml's reader, which makes the same nodes."""

        def __init__(self, text: str, name: str) -> None:
            CParser.__init__(self, _NamedText(text, name))
            Composer.__init__(self)
            Resolver.__init__(self)

        def compose_scalar_node(self, anchor: Any) -> ScalarNode:
            node = super().compose_scalar_node(anchor)
            node.style = node.style or None
            return node


def place(mark: Any) -> str:
    """``config/strategy.yaml, line 12``."""
    return f"{mark.name}, line {mark.line + 1}"


def read_document(file: Path) -> MappingNode:
    """The file's top mapping. Raises ``ConfigurationError`` when it cannot be read or is not YAML."""
    return parse_document(read_text(file), str(file))


def read_text(file: Path) -> str:
    """The file's text. Raises ``ConfigurationError``."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigurationError(f"The configuration file {file} does not exist; name one with --config.") from None
    except OSError as error:
        raise ConfigurationError(f"The configuration file {file} cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"The configuration file {file} is not UTF-8 text (byte {error.start}); save it as UTF-8."
        ) from None


def parse_document(text: str, name: str) -> MappingNode:
    """The top mapping of a YAML text; ``name`` is how messages call the file."""
    try:
        node = _compose(text, name)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{place(mark)}, column {mark.column + 1}" if mark else name
        raise ConfigurationError(
            f"{where}: this is not YAML ({error.problem or error.context}); check colons, quotes and indentation."
        ) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigurationError(
            f"{name}, line {line}: the text holds a control character, {error.character!r}; remove it."
        ) from None
    except RecursionError:
        raise ConfigurationError(f"{name}: its values are nested too deeply; four levels are enough.") from None
    if node is None:
        mark = yaml.Mark(name, 0, 0, 0, None, 0)
        return MappingNode("tag:yaml.org,2002:map", [], mark, mark)
    if not isinstance(node, MappingNode):
        where = place(node.start_mark)
        raise ConfigurationError(f"{where}: the file must hold keys and values, as in “mode: paper”.")
    refuse_duplicates(node, "")
    return node


def _compose(text: str, name: str) -> Node | None:
    """By libyaml, seven times faster, where PyYAML was built with it and nothing is wrong with the text."""
    if yaml.__with_libyaml__:
        with contextlib.suppress(yaml.YAMLError):
            fast: Node | None = _FastLoader(text, name).get_single_node()
            return fast
    slow: Node | None = _Loader(text, name).get_single_node()
    return slow


def refuse_duplicates(node: Node, path: str) -> None:
    """Raise ``ConfigurationError`` when a mapping at any depth holds a key twice or one that is no word."""
    if isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            refuse_duplicates(item, f"{path}[{index}]")
    if not isinstance(node, MappingNode):
        return
    lines: dict[str, int] = {}
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            owner = path or "the file"
            raise ConfigurationError(f"{place(key.start_mark)}: a key of {owner} is not a word; write “key: value”.")
        full = join(path, key.value)
        if key.value in lines:
            raise ConfigurationError(
                f"{place(key.start_mark)}: {full} is there twice, first on line {lines[key.value]}; keep one."
            )
        lines[key.value] = key.start_mark.line + 1
        refuse_duplicates(value, full)


def overlay(base: MappingNode, over: MappingNode) -> MappingNode:
    """``base`` with the keys of ``over``: mappings merge, all else is replaced. Nodes keep their places."""
    merged: dict[str, tuple[ScalarNode, Node]] = {key.value: (key, value) for key, value in base.value}
    for key, value in over.value:
        before = merged.get(key.value)
        if before and isinstance(before[1], MappingNode) and isinstance(value, MappingNode):
            merged[key.value] = (before[0], overlay(before[1], value))
        else:
            merged[key.value] = (key, value)
    return MappingNode(base.tag, list(merged.values()), base.start_mark, base.end_mark)


def join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def plain_value(node: ScalarNode) -> Any:
    """A scalar by the core schema of YAML 1.2: ``yes``, ``no``, ``on`` and ``off`` are text.

    Returns None, bool, int or text; a number that is not whole comes as ``NumberText``, digits as written.
    """
    text: str = node.value
    if node.style is not None:
        return text
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _WHOLE.match(text):
        return int(text)
    if _NUMBER.match(text):
        return NumberText(text)
    return text


class NumberText(str):
    """The digits of a number that is not whole."""

    __slots__ = ()
