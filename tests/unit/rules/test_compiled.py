"""The same source at two speeds: numba compiles every rule unchanged, and it says the same.

Each rule's modules are executed once more in a namespace of their own, where each function is compiled and calls the
compiled forms of the others. The ranges are those that the rules state for 64 bits.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import workstation.rules

numba = pytest.importorskip("numba")

ROOM = Path(workstation.rules.__file__).parent
PREFIX = "workstation.rules."
MODULES = ("rounding", "value", "position", "limits", "fees", "margin", "matching", "trailing", "sizing")

SIGN = st.sampled_from((-1, 1))
FLAG = st.integers(0, 1)
TICKS = st.integers(1, 10**7)
LOTS = st.integers(-(10**6), 10**6)
MANY = st.integers(0, 10**6)
MONEY = st.integers(-(10**13), 10**13)
RICHES = st.integers(1, 9 * 10**14)
RATE = st.integers(0, 10**8)
SMALL_RATE = st.integers(-(10**6), 10**7)
UNIT = st.integers(1, 1_000)

RANGES: dict[str, st.SearchStrategy[int]] = {
    "inverse": FLAG,
    "numerator": UNIT,
    "denominator": UNIT,
    "side": SIGN,
    "direction": SIGN,
    "entry_side": st.integers(-1, 1),
    "ticks": TICKS,
    "price": TICKS,
    "stop_price": TICKS,
    "entry": TICKS,
    "stop": TICKS,
    "reference": TICKS,
    "first": TICKS,
    "second": TICKS,
    "open_": TICKS,
    "close": TICKS,
    "told": TICKS,
    "trail": TICKS,
    "limit": st.integers(0, 10**7),
    "bound": st.integers(0, 10**7),
    "lots": LOTS,
    "fill_lots": LOTS.filter(bool),
    "position": LOTS,
    "net": LOTS,
    "exposure": LOTS,
    "longs": MANY,
    "shorts": MANY,
    "pending_buys": MANY,
    "pending_sells": MANY,
    "cost": MONEY,
    "fill_value": MONEY,
    "margin": MONEY,
    "equity": MONEY,
    "fee": MONEY,
    "worth": MONEY,
    "now": MONEY,
    "loss": st.integers(0, 10**13),
    "start": RICHES,
    "unit_price": st.integers(1, 9 * 10**14),
    "leverage": st.integers(1, 200),
    "rate": SMALL_RATE,
    "collar": RATE,
    "risk_rate": RATE,
    "value_rate": RATE,
    "smallest": RATE,
    "taken": MANY,
    "shown": MANY,
    "shown_before": MANY,
    "traded": MANY,
    "ahead": MANY,
    "pending": MANY,
    "remaining": MANY,
    "slices": st.integers(0, 10),
    "most": st.integers(1, 10),
    "proportional": FLAG,
    "maker": FLAG,
    "amount": MONEY,
    "part": st.integers(0, 10**6),
    "whole": st.integers(1, 10**6),
}
OWN_RANGES: dict[tuple[str, str], st.SearchStrategy[int]] = {
    ("divide_half_even", "numerator"): st.integers(-(10**18), 10**18),
    ("divide_half_even", "denominator"): st.integers(1, 10**18),
    ("divide_up", "numerator"): st.integers(-(10**18), 10**18),
    ("divide_up", "denominator"): st.integers(1, 10**18),
    ("slice_to_fill", "lots"): st.integers(1, 10**6),
    ("bar_share", "rate"): RATE,
    ("slippage_reference", "stop_price"): st.integers(0, 10**7),
    ("slippage_reference", "reference"): st.integers(0, 10**7),
    ("bar_share", "lots"): MANY,
    ("queue_after_trade", "lots"): MANY,
    ("is_liquidated", "rate"): st.integers(0, 10**7),
    ("liquidation_price", "rate"): st.integers(0, 10**7),
    ("initial_margin", "worth"): st.integers(0, 10**13),
    ("maintenance_margin", "worth"): st.integers(0, 10**13),
    ("stop_for_loss", "lots"): LOTS.filter(bool),
    ("lots_for_risk", "equity"): st.integers(0, 10**13),
    ("lots_for_value", "equity"): st.integers(0, 10**13),
    ("fee_in_asset", "fee"): st.integers(-(9 * 10**10), 9 * 10**10),
}
INVERSE_SIZING: dict[str, st.SearchStrategy[int]] = {
    "equity": st.integers(0, 10**8),
    "entry": st.integers(1, 10**4),
    "stop": st.integers(1, 10**4),
    "price": st.integers(1, 10**4),
    "loss": st.integers(0, 10**8),
    "denominator": st.integers(1, 100),
}
"""Sizes of inverse contracts go with the square of the price, which 64 bits must hold."""


class CompiledRules:
    """Every module of the rules, executed with compiled functions in place of plain ones."""

    def __init__(self) -> None:
        self._namespaces: dict[str, dict[str, Any]] = {}

    def module(self, name: str) -> dict[str, Any]:
        found = self._namespaces.get(name)
        if found is None:
            plain = sys.modules[PREFIX + name]
            found = dict(vars(plain))
            source = compile((ROOM / f"{name}.py").read_text(encoding="utf-8"), plain.__file__ or name, "exec")
            exec(source, found)
            for key, value in list(found.items()):
                if inspect.isfunction(value) and value.__module__.startswith(PREFIX):
                    owner = value.__module__.removeprefix(PREFIX)
                    found[key] = numba.njit(value) if owner == name else self.module(owner)[key]
            self._namespaces[name] = found
        return found

    def function(self, module: str, name: str) -> Callable[..., Any]:
        compiled: Callable[..., Any] = self.module(module)[name]
        assert numba.extending.is_jitted(compiled)
        return compiled


RULES = CompiledRules()


def public_functions() -> Iterator[tuple[str, str]]:
    for module in MODULES:
        __import__(PREFIX + module)
        for name, value in vars(sys.modules[PREFIX + module]).items():
            if inspect.isfunction(value) and value.__module__ == PREFIX + module and not name.startswith("_"):
                yield module, name


@pytest.fixture(scope="module", autouse=True)
def quick_compilation() -> Iterator[None]:
    """What is compiled is compared, not raced: without optimisation it takes a fraction of the time."""
    patch = pytest.MonkeyPatch()
    patch.setenv("NUMBA_OPT", "0")
    numba.config.reload_config()
    yield
    patch.undo()
    numba.config.reload_config()


def plain(value: Any) -> Any:
    return tuple(plain(part) for part in value) if isinstance(value, tuple) else int(value)


def test_every_module_of_the_rules_is_compared() -> None:
    assert {path.stem for path in ROOM.glob("*.py")} == {*MODULES, "__init__"}


@pytest.mark.parametrize(("module", "name"), list(public_functions()))
@given(data=st.data())
def test_the_compiled_rule_says_what_the_interpreted_one_says(module: str, name: str, data: st.DataObject) -> None:
    interpreted = getattr(sys.modules[PREFIX + module], name)
    names = list(inspect.signature(interpreted).parameters)
    inverse = data.draw(FLAG, "inverse") if "inverse" in names else 0
    ranges = RANGES | {argument: found for (of, argument), found in OWN_RANGES.items() if of == name}
    if inverse and module == "sizing":
        ranges |= INVERSE_SIZING
    arguments = [inverse if argument == "inverse" else data.draw(ranges[argument], argument) for argument in names]
    expected = plain(interpreted(*arguments))
    assert plain(RULES.function(module, name)(*arguments)) == expected
