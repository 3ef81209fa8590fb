"""Declared parameters of a strategy: type, default, bounds, step, unit and help.

Forms and searches are generated from the declarations; a value that does not fit is refused with a sentence.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar, overload

from workstation.core.errors import StrategyError

T = TypeVar("T")


class Parameter(Generic[T]):
    """A class attribute of a strategy; reading it on an instance gives that instance's value.

    It defines no ``__set__``, so an instance's value is an ordinary attribute, as fast to read as any other;
    ``Strategy.set_parameters`` is what checks values.
    """

    kind = ""

    def __init__(
        self,
        default: T,
        *,
        minimum: T | None = None,
        maximum: T | None = None,
        step: T | None = None,
        unit: str = "",
        help: str = "",
        choices: tuple[str, ...] = (),
    ) -> None:
        self.name = ""
        self.default = default
        self.minimum = minimum
        self.maximum = maximum
        self.step = step
        self.unit = unit
        self.help = help
        self.choices = choices

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Parameter[T]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object | None, owner: type) -> Parameter[T] | T:
        if instance is None:
            return self
        value: T = instance.__dict__.get(self.name, self.default)
        return value

    def parse(self, value: Any) -> T:
        """The value as this parameter's type. Raises ``StrategyError`` when it does not fit."""
        parsed = self._convert(value)
        if self.minimum is not None and parsed < self.minimum:  # type: ignore[operator]
            raise StrategyError(f"Parameter {self.name} is {parsed}; the least it may be is {self.minimum}.")
        if self.maximum is not None and parsed > self.maximum:  # type: ignore[operator]
            raise StrategyError(f"Parameter {self.name} is {parsed}; the most it may be is {self.maximum}.")
        return parsed

    def _convert(self, value: Any) -> T:
        raise NotImplementedError


class Integer(Parameter[int]):
    kind = "int"

    def _convert(self, value: Any) -> int:
        try:
            if isinstance(value, bool):
                raise ValueError
            if isinstance(value, str):
                return int(value)
            if int(value) != value:
                raise ValueError
            return int(value)
        except (TypeError, ValueError, OverflowError):
            raise StrategyError(f"Parameter {self.name} must be a whole number, not {value!r}.") from None


class Number(Parameter[float]):
    """A real number, for indicators and thresholds."""

    kind = "float"

    def _convert(self, value: Any) -> float:
        try:
            if isinstance(value, bool):
                raise ValueError
            number = float(value)
            if number != number or number in (float("inf"), float("-inf")):
                raise ValueError
            return number
        except (TypeError, ValueError, OverflowError):
            raise StrategyError(f"Parameter {self.name} must be a number, not {value!r}.") from None


class Amount(Parameter[Decimal]):
    """An exact decimal: a quantity, a price distance, a percentage of equity."""

    kind = "decimal"

    def _convert(self, value: Any) -> Decimal:
        try:
            if isinstance(value, bool):
                raise ValueError
            amount = Decimal(str(value))
            if not amount.is_finite():
                raise ValueError
            return amount
        except (InvalidOperation, ValueError):
            raise StrategyError(f"Parameter {self.name} must be a decimal number, not {value!r}.") from None


class Flag(Parameter[bool]):
    kind = "bool"

    def _convert(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "yes", "on", "1"):
            return True
        if isinstance(value, str) and value.lower() in ("false", "no", "off", "0"):
            return False
        raise StrategyError(f"Parameter {self.name} must be true or false, not {value!r}.")


class Choice(Parameter[str]):
    kind = "choice"

    def _convert(self, value: Any) -> str:
        if value not in self.choices:
            raise StrategyError(f"Parameter {self.name} must be one of {', '.join(self.choices)}, not {value!r}.")
        return str(value)


def declared_parameters(strategy_class: type) -> dict[str, Parameter[Any]]:
    """Every parameter of a strategy class by name, base classes first, in order of declaration."""
    found: dict[str, Parameter[Any]] = {}
    for klass in reversed(strategy_class.__mro__):
        for name, attribute in vars(klass).items():
            if isinstance(attribute, Parameter):
                found[name] = attribute
    return found
