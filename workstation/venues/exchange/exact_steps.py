"""Decimal texts of an exchange as whole ticks or lots: exact, and fast enough for every level of every book change."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from workstation.core.instrument import Instrument

KEPT = 100_000
"""So many texts are remembered at most: prices and removals come again and again."""
LONGEST = 18
"""Digits that the fast way takes."""


class NotWhole(Exception):
    """A number of the exchange that is no whole number of steps, or is negative; the message is a sentence."""


class ExactSteps(dict[object, int]):
    """``steps[number]`` for a number as it was written: text, a ``Decimal``, or a float that ccxt made.

    The shortest text of a float has the digits that the exchange wrote, up to 15. Raises ``NotWhole``.
    """

    __slots__ = ("_denominator", "_numerators", "_slow")

    def __init__(self, step: Decimal, slow: Callable[[str], int]) -> None:
        super().__init__()
        numerator, self._denominator = step.as_integer_ratio()
        self._numerators: list[int] = [numerator * 10**places for places in range(LONGEST + 1)]
        self._slow = slow

    def __missing__(self, written: object) -> int:
        text = str(written)
        whole, _, decimals = text.partition(".")
        steps, rest = 0, 1
        if whole.isdecimal() and (decimals.isdecimal() or not decimals) and len(decimals) <= LONGEST:
            steps, rest = divmod(int(whole + decimals) * self._denominator, self._numerators[len(decimals)])
        if rest:
            # An exponent, a sign, or what is not whole or no number.
            try:
                steps = self._slow(text)
            except ValueError as error:
                raise NotWhole(str(error)) from None
            if steps < 0:
                raise NotWhole(f"{text} is below 0.")
        if len(self) >= KEPT:
            self.clear()
        self[written] = steps
        return steps


def tick_steps(instrument: Instrument) -> ExactSteps:
    return ExactSteps(instrument.tick, instrument.ticks)


def lot_steps(instrument: Instrument) -> ExactSteps:
    return ExactSteps(instrument.lot, instrument.lots)
