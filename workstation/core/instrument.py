"""What is traded: tick, lot, minimum notional, contract size, and the exact conversions at the edge."""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, InvalidOperation
from fractions import Fraction
from functools import cached_property

import msgspec

from workstation.core.errors import ConfigurationError
from workstation.core.money import MONEY_SCALE
from workstation.core.types import InstrumentKind
from workstation.rules.value import Valuation


class Instrument(msgspec.Struct, frozen=True, dict=True):
    """A tradable symbol.

    ``tick`` is the price step in quote; ``lot`` the quantity step, in base for spot and linear and in contracts for
    inverse; ``minimum_notional`` in the settlement asset; ``contract_size`` in base a unit for linear, in quote a
    contract for inverse. ``maintenance_margin`` is a fraction of the notional.
    """

    symbol: str
    base: str
    quote: str
    kind: InstrumentKind
    tick: Decimal
    lot: Decimal
    minimum_notional: Decimal
    contract_size: Decimal = Decimal(1)
    maximum_quantity: Decimal = Decimal(1_000_000)
    maximum_leverage: int = 1
    maintenance_margin: Decimal = Decimal("0.005")

    @cached_property
    def settle(self) -> str:
        return self.base if self.kind is InstrumentKind.INVERSE else self.quote

    @cached_property
    def is_derivative(self) -> bool:
        return self.kind is not InstrumentKind.SPOT

    @cached_property
    def valuation(self) -> Valuation:
        """Numerator and denominator that turn ticks and lots into 1e-8 of the settlement asset."""
        if self.kind is InstrumentKind.INVERSE:
            unit = Fraction(self.lot) * Fraction(self.contract_size) / Fraction(self.tick) * MONEY_SCALE
        else:
            unit = Fraction(self.tick) * Fraction(self.lot) * Fraction(self.contract_size) * MONEY_SCALE
        return Valuation(int(self.kind is InstrumentKind.INVERSE), unit.numerator, unit.denominator)

    @cached_property
    def price_decimals(self) -> int:
        return max(0, -int(self.tick.normalize().as_tuple().exponent))

    @cached_property
    def quantity_decimals(self) -> int:
        return max(0, -int(self.lot.normalize().as_tuple().exponent))

    @cached_property
    def tick_lossy(self) -> float:
        return float(self.tick)

    @cached_property
    def lot_lossy(self) -> float:
        return float(self.lot)

    def ticks(self, price: Decimal | int | str) -> int:
        """Exact ticks of a price. Raises ``ValueError`` when the price is not a multiple of the tick."""
        return _exact_steps(price, self.tick, f"price of {self.symbol}", "tick")

    def lots(self, quantity: Decimal | int | str) -> int:
        """Exact lots of a quantity. Raises ``ValueError`` when it is not a multiple of the lot."""
        return _exact_steps(quantity, self.lot, f"quantity of {self.symbol}", "lot")

    def ticks_rounded(self, price: Decimal | float, rounding: str = ROUND_HALF_EVEN) -> int:
        return int((Decimal(str(price)) / self.tick).to_integral_value(rounding))

    def lots_rounded(self, quantity: Decimal | float, rounding: str = ROUND_FLOOR) -> int:
        return int((Decimal(str(quantity)) / self.lot).to_integral_value(rounding))

    def price(self, ticks: int) -> Decimal:
        """Price with exactly the tick's decimals."""
        return (self.tick * ticks).quantize(Decimal(1).scaleb(-self.price_decimals))

    def quantity(self, lots: int) -> Decimal:
        """Quantity with exactly the lot's decimals."""
        return (self.lot * lots).quantize(Decimal(1).scaleb(-self.quantity_decimals))

    def price_lossy(self, ticks: int) -> float:
        return round(ticks * self.tick_lossy, self.price_decimals)

    def check(self) -> None:
        """Raise ``ConfigurationError`` when a step is not positive or 64 bits cannot hold the largest position."""
        for name, step in (("tick", self.tick), ("lot", self.lot), ("contract_size", self.contract_size)):
            if step <= 0:
                raise ConfigurationError(f"Instrument {self.symbol}: {name} must be above 0, not {step}.")
        if self.valuation.numerator.bit_length() > 40 or self.valuation.denominator.bit_length() > 40:
            raise ConfigurationError(
                f"Instrument {self.symbol}: tick {self.tick} and lot {self.lot} are too fine for exact 64-bit money; "
                "choose steps of at most 10 decimals together."
            )


def _exact_steps(given: Decimal | int | str, step: Decimal, what: str, step_name: str) -> int:
    try:
        amount = Decimal(given)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise ValueError(f"The {what} must be a number, not {given}.")
    steps = Fraction(amount) / Fraction(step)
    if steps.denominator != 1:
        raise ValueError(f"The {what}, {amount}, is not a multiple of its {step_name} {step}.")
    return steps.numerator


def canonical_symbol(text: str) -> str:
    """The venue's spelling of a symbol that a person typed: ``BTC/USDT`` and ``BTC/USDT:USDT`` become ``BTCUSDT``."""
    return text.partition(":")[0].replace("/", "").replace("-", "").strip().upper()
