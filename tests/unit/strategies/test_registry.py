"""Shipped strategies and files of a folder, and how a broken one is refused."""

from __future__ import annotations

from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from workstation.core.errors import StrategyError
from workstation.trading.registry import StrategyRegistry

HEAD = """from workstation.core.messages import Bar
from workstation.trading.parameters import Integer
from workstation.trading.strategy import Strategy


"""
GOOD = (
    HEAD
    + '''class Mine(Strategy):
    """Does nothing, slowly.

    More of that.
    """

    bars_back = Integer(20, minimum=2, maximum=500)
'''
)
SHIPPED = ["bollinger", "confluence", "donchian_turtle", "ema_cross", "grid", "market_maker", "rsi_reversion"]


def registry_of(tmp_path: Path, **files: str) -> StrategyRegistry:
    for name, source in files.items():
        (tmp_path / f"{name}.py").write_text(source)
    return StrategyRegistry(tmp_path)


def reason(tmp_path: Path, source: str) -> str:
    registry = registry_of(tmp_path, mine=source, other=GOOD)
    assert registry.names() == sorted([*SHIPPED, "other"]), "the others load"
    assert list(registry.failures) == ["mine"]
    with pytest.raises(StrategyError) as caught:
        registry.create("mine", "one", "BTCUSDT", "1h", {})
    assert str(caught.value) == registry.failures["mine"]
    return registry.failures["mine"]


def test_the_shipped_strategies_are_there():
    registry = StrategyRegistry(None)
    assert registry.names() == SHIPPED
    assert registry.failures == {}
    for name in SHIPPED:
        title, parameters = registry.describe(name)
        assert title and len(registry.source_hash(name)) == 64
        for parameter in parameters.values():
            assert parameter.help, f"{name}.{parameter.name}"
            assert parameter.parse(parameter.default) == parameter.default
        assert registry.create(name, "one", "BTCUSDT", "1h", {}).name == "one"


def test_a_file_is_loaded_by_its_name(tmp_path):
    registry = registry_of(tmp_path, my_scalper=GOOD, _draft="this is not Python")
    assert "my_scalper" in registry.names() and registry.failures == {}
    title, parameters = registry.describe("my_scalper")
    assert title == "Does nothing, slowly." and list(parameters) == ["bars_back"]
    assert registry.source_hash("my_scalper") == sha256(GOOD.encode()).hexdigest()
    strategy = registry.create("my_scalper", "one", "BTCUSDT", "5m", {"bars_back": "30"})
    assert strategy.parameter_values() == {"bars_back": 30}
    assert not (tmp_path / "__pycache__").exists()


def test_a_title_may_be_missing(tmp_path):
    registry = registry_of(tmp_path, plain=HEAD + "class Plain(Strategy):\n    pass\n")
    assert registry.describe("plain") == ("plain", {})


def test_a_strategy_may_build_on_another_of_its_file(tmp_path):
    registry = registry_of(tmp_path, two=GOOD + "\n\nclass Final(Mine):\n    title = 'Final'\n")
    assert registry.describe("two")[0] == "Final"


def test_a_missing_folder_is_an_empty_one(tmp_path):
    assert StrategyRegistry(tmp_path / "nowhere").names() == SHIPPED


def test_a_syntax_error_names_its_line(tmp_path):
    text = reason(tmp_path, GOOD + "\n    def on_bar(self, bar:\n")
    assert text.startswith("mine.py did not load. Line 14: ")


def test_an_error_names_its_line_and_kind(tmp_path):
    text = reason(tmp_path, GOOD + "\nx = undefined_name\n")
    assert text == "mine.py did not load. Line 14: NameError: name 'undefined_name' is not defined."


def test_a_missing_import_names_its_line(tmp_path):
    text = reason(tmp_path, "import a_module_that_is_not_there\n")
    assert text == ("mine.py did not load. Line 1: ModuleNotFoundError: No module named 'a_module_that_is_not_there'.")


def test_a_file_that_ends_the_process_is_refused(tmp_path):
    assert "SystemExit" in reason(tmp_path, "raise SystemExit(1)\n")


def test_a_parameter_without_default_is_refused_with_its_line(tmp_path):
    text = reason(tmp_path, GOOD + "    far = Integer(minimum=3)\n")
    assert text == ("mine.py did not load. Line 13: parameter far has no default; give it one as the first argument.")


def test_a_parameter_that_is_only_annotated_is_refused_with_its_line(tmp_path):
    text = reason(tmp_path, GOOD + "    far: Integer\n")
    assert text.startswith("mine.py did not load. Line 13: Parameter far has no default")


def test_a_default_that_is_out_of_bounds_is_refused_with_its_line(tmp_path):
    text = reason(tmp_path, GOOD + "    far = Integer(1, minimum=3)\n")
    assert text.startswith("mine.py did not load. Line 13: The default of parameter far is not allowed")


def test_a_file_without_a_strategy_or_with_two_is_refused(tmp_path):
    assert reason(tmp_path, HEAD) == "mine.py did not load: it has no class that derives from Strategy."
    two = GOOD + "\n\nclass Other(Strategy):\n    pass\n"
    assert "it has 2 strategies (Mine, Other)" in reason(tmp_path, two)


def test_a_file_may_not_take_the_name_of_a_shipped_strategy(tmp_path):
    registry = registry_of(tmp_path, ema_cross=GOOD)
    assert registry.failures == {"ema_cross": "ema_cross.py has the name of a shipped strategy; rename the file."}
    assert registry.describe("ema_cross")[0] == "EMA cross"


def test_an_unknown_name_lists_close_ones():
    registry = StrategyRegistry(None)
    with pytest.raises(StrategyError, match=r"There is no strategy ema_cros\. Did you mean ema_cross\?"):
        registry.describe("ema_cros")
    with pytest.raises(StrategyError, match="There are bollinger, confluence"):
        registry.source_hash("zzz")


def test_bad_timeframes_parameters_and_values_are_refused():
    registry = StrategyRegistry(None)
    with pytest.raises(StrategyError, match="there is no timeframe 7m"):
        registry.create("grid", "one", "BTCUSDT", "7m", {})
    with pytest.raises(StrategyError, match="has no parameter colour"):
        registry.create("grid", "one", "BTCUSDT", "1h", {"colour": 1})
    with pytest.raises(StrategyError, match="the most it may be is"):
        registry.create("grid", "one", "BTCUSDT", "1h", {"spacing_percent": Decimal(50)})


def test_a_strategy_that_cannot_be_created_is_refused_with_its_line(tmp_path):
    source = GOOD + "\n    def check_parameters(self):\n        raise ValueError('no')\n"
    registry = registry_of(tmp_path, mine=source)
    with pytest.raises(StrategyError, match=r"mine\.py could not be created\. Line 15: ValueError: no\."):
        registry.create("mine", "one", "BTCUSDT", "1h", {})
