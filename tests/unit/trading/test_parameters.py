from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.core.errors import StrategyError
from workstation.trading.parameters import Amount, Choice, Flag, Integer, Number, Parameter, declared_parameters


class Declared:
    period = Integer(20, minimum=2, maximum=500, step=1, unit="bars", help="How far back.")
    threshold = Number(1.5, minimum=0.0, maximum=10.0)
    percent = Amount(Decimal("0.6"), minimum=Decimal("0.1"), maximum=Decimal(100))
    reinvest = Flag(True)
    side = Choice("both", choices=("long", "short", "both"))


class Derived(Declared):
    period = Integer(30, minimum=2, maximum=50)
    extra = Flag(False)


def test_a_parameter_reads_as_its_declaration_on_the_class_and_as_a_value_on_an_instance() -> None:
    assert isinstance(Declared.period, Parameter)
    assert (Declared.period.name, Declared.period.unit, Declared.period.kind) == ("period", "bars", "int")
    one, other = Declared(), Declared()
    one.period = 30
    assert (one.period, other.period, Declared().period) == (30, 20, 20)


def test_declarations_are_inherited_in_order_and_overridden_in_place() -> None:
    declared = declared_parameters(Derived)
    assert list(declared) == ["period", "threshold", "percent", "reinvest", "side", "extra"]
    assert (declared["period"].default, declared["period"].maximum) == (30, 50)


@pytest.mark.parametrize(
    ("name", "given_", "value"),
    [
        ("period", 2, 2),
        ("period", 500, 500),
        ("period", "21", 21),
        ("period", 21.0, 21),
        ("period", Decimal(21), 21),
        ("threshold", "2.5", 2.5),
        ("threshold", 0, 0.0),
        ("threshold", 10, 10.0),
        ("percent", "0.1", Decimal("0.1")),
        ("percent", 0.3, Decimal("0.3")),
        ("percent", 7, Decimal(7)),
        ("reinvest", "no", False),
        ("reinvest", "ON", True),
        ("reinvest", "1", True),
        ("reinvest", False, False),
        ("side", "long", "long"),
    ],
)
def test_a_value_is_taken_as_the_type_of_its_parameter(name: str, given_: Any, value: Any) -> None:
    parsed = declared_parameters(Declared)[name].parse(given_)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("name", "given_", "part"),
    [
        ("period", 1, "the least it may be is 2"),
        ("period", 501, "the most it may be is 500"),
        ("period", 2.5, "whole number"),
        ("period", "2.5", "whole number"),
        ("period", True, "whole number"),
        ("period", None, "whole number"),
        ("period", float("nan"), "whole number"),
        ("period", float("inf"), "whole number"),
        ("threshold", -0.1, "the least it may be is 0.0"),
        ("threshold", 10.1, "the most it may be is 10.0"),
        ("threshold", "a", "must be a number"),
        ("threshold", float("nan"), "must be a number"),
        ("threshold", "inf", "must be a number"),
        ("threshold", False, "must be a number"),
        ("threshold", 10**400, "must be a number"),
        ("percent", "0.09", "the least it may be is 0.1"),
        ("percent", "NaN", "decimal number"),
        ("percent", "Infinity", "decimal number"),
        ("percent", "much", "decimal number"),
        ("percent", True, "decimal number"),
        ("reinvest", "maybe", "true or false"),
        ("reinvest", 1, "true or false"),
        ("side", "up", "one of long, short, both"),
        ("side", None, "one of long, short, both"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_a_sentence_that_names_it(name: str, given_: Any, part: str) -> None:
    with pytest.raises(StrategyError) as refused:
        declared_parameters(Declared)[name].parse(given_)
    assert str(refused.value).startswith(f"Parameter {name} ")
    assert part in str(refused.value)
    assert str(refused.value).endswith(".")


@given(st.one_of(st.integers(), st.floats(), st.text(max_size=5), st.none(), st.booleans()))
def test_no_value_ever_passes_the_bounds(value: Any) -> None:
    for name, parameter in declared_parameters(Declared).items():
        try:
            parsed = parameter.parse(value)
        except StrategyError:
            continue
        if parameter.minimum is not None:
            assert parameter.minimum <= parsed <= parameter.maximum, name
