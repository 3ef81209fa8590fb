"""Decimal texts of an exchange as whole ticks or lots: exact, and fast enough for every level of every book change."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from fractions import Fraction

from workstation.core.instrument import Instrument

KEPT = 100_000
"""So many texts are remembered at most: prices and removals come again and again."""
LONGEST = 18
"""Digits that the fast way takes."""


class NotWhole(Exception):
    """A number of the exchange that is no whole number of steps, or is negative; the message is a sentence."""


class ExactSteps(dict[object, int]):
    """``steps[number]`` for a number as it was written: text, a ``Decimal``, or a float that ccxt made.

    The shortest text of a float has the digits that the exchange wrote, up to 15. What is left of a whole step is
    refused with ``NotWhole``, or cut off where the unit says so.
    """

    def __init__(self, step: Decimal, what: str, *, cut: bool) -> None:
        super().__init__()
        self._step = step
        self._what = what
        self._cut = cut
        self._ratios: list[tuple[int, int]] = [
            (1 / (Fraction(step) * 10**places)).as_integer_ratio() for places in range(LONGEST + 1)
        ]
        """Steps in the last digit, by the number of decimals."""

    def __missing__(self, written: object) -> int:
        text = str(written)
        whole, _, decimals = text.partition(".")
        digits = whole + decimals
        if digits.isdecimal() and len(decimals) <= LONGEST:
            multiply, divide = self._ratios[len(decimals)]
            steps, rest = divmod(int(digits) * multiply, divide)
        else:
            steps, rest = self._slowly(text)
        if rest and not self._cut:
            raise NotWhole(f"The {self._what}, {text}, is not a multiple of its step {self._step}.")
        if len(self) >= KEPT:
            self.clear()
        self[written] = steps
        return steps

    def _slowly(self, text: str) -> tuple[int, int]:
        """An exponent, a sign, or what is no number."""
        try:
            amount = Fraction(Decimal(text))
        except (InvalidOperation, ValueError, OverflowError):
            raise NotWhole(f"The {self._what}, {text}, is no number.") from None
        if amount < 0:
            raise NotWhole(f"The {self._what}, {text}, is below 0.")
        steps = amount / Fraction(self._step)
        return divmod(steps.numerator, steps.denominator)


def tick_steps(instrument: Instrument) -> ExactSteps:
    return ExactSteps(instrument.tick, f"price of {instrument.symbol}", cut=False)


def lot_steps(instrument: Instrument) -> ExactSteps:
    """Orders from before an exchange made its step coarser still rest: what of them is less than a lot is cut off."""
    return ExactSteps(instrument.lot, f"quantity of {instrument.symbol}", cut=True)
