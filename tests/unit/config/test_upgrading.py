"""A file of an earlier version gets what it lacks, as it is shipped, and keeps every line that it has."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yaml.nodes import MappingNode

from workstation.config.loader import load_text
from workstation.config.upgrading import SHIPPED, _last_line, upgraded
from workstation.config.yaml_document import join, parse_document, read_text
from workstation.core.errors import ConfigurationError
from workstation.core.resources import resource_path

TEXT = read_text(resource_path(SHIPPED))
FILE = Path("config/strategy.yaml")
TABLES = ("strategies", "instruments", "risk.order_quantity", "risk.permitted")


def keys(node: MappingNode, path: str = "") -> list[tuple[str, int, int]]:
    """Path, first and last line of every key whose absence is told, sections among them."""
    found = []
    for key, value in node.value:
        here = join(path, key.value)
        found.append((here, key.start_mark.line, _last_line(value)))
        if isinstance(value, MappingNode) and here not in TABLES and value.value and not value.flow_style:
            found += keys(value, here)
    return found


KEYS = [each for each in keys(parse_document(TEXT, SHIPPED)) if each[0] != "strategies"]


def without(chosen: list[tuple[str, int, int]]) -> str:
    """The shipped text as a version wrote it that knew none of these, nor their comments."""
    lines = TEXT.splitlines()
    gone: set[int] = set()
    for _, first, last in chosen:
        gone.update(range(first, last + 1))
        while first > 0 and lines[first - 1].strip().startswith("#"):
            first -= 1
            gone.add(first)
    return "\n".join(line for number, line in enumerate(lines) if number not in gone) + "\n"


def test_the_shipped_file_lacks_nothing() -> None:
    assert upgraded(TEXT, SHIPPED).text == TEXT
    assert not upgraded(TEXT, SHIPPED).added


@settings(max_examples=25)
@given(st.lists(st.sampled_from(KEYS), min_size=1, max_size=12, unique=True))
def test_what_is_missing_is_added_as_shipped_and_nothing_else_changes(chosen: list[tuple[str, int, int]]) -> None:
    text = without(chosen)
    try:
        found = upgraded(text, SHIPPED)
        loaded = load_text(found.text, FILE)
    except ConfigurationError as error:
        assert "must hold keys and values" in str(error) or "is empty" in str(error)
        return
    assert loaded.json == load_text(TEXT, FILE).json
    rest = iter(found.text.splitlines())
    assert all(line in rest for line in text.splitlines()), "each line that was there is there, in its order"
    paths = {path for path, _, _ in chosen}
    for setting in found.added:
        assert any(setting.path == path or setting.path.startswith((f"{path}.", f"{path}[")) for path in paths)


def test_a_new_setting_stands_where_it_is_shipped_with_its_comment_and_in_the_files_indentation() -> None:
    text = without([each for each in KEYS if each[0] == "paper.maker_bps"])
    wide = "\n".join("  " + line if line.startswith("  ") else line for line in text.splitlines())
    found = upgraded(wide, SHIPPED)
    assert [(each.path, each.text) for each in found.added] == [("paper.maker_bps", shipped_value("paper.maker_bps"))]
    lines = found.text.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("    maker_bps:"))
    assert lines[at - 1].startswith("    #")
    assert "taker_bps:" in lines[at - 2] or "taker_bps:" in lines[at - 3]


def test_a_persons_own_strategies_get_what_every_strategy_needs() -> None:
    own = TEXT.replace("\n  confluence:\n", "\n  mine:\n").replace("\n    timeframe: 1h\n", "\n", 1)
    with pytest.raises(ConfigurationError, match=r"strategies\.mine\.timeframe is missing"):
        load_text(own, FILE)
    found = upgraded(own, SHIPPED)
    assert [(each.path, each.text) for each in found.added] == [("strategies.mine.timeframe", "1h")]
    load_text(found.text, FILE)


def test_another_mistake_stays_one() -> None:
    text = without([each for each in KEYS if each[0] == "paper.maker_bps"]).replace("mode: paper", "mode: sideways", 1)
    with pytest.raises(ConfigurationError, match="sideways"):
        load_text(upgraded(text, SHIPPED).text, FILE)


def shipped_value(path: str) -> str:
    line = next(first for name, first, _ in KEYS if name == path)
    return TEXT.splitlines()[line].partition(":")[2].strip()
