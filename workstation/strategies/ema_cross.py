"""The cross of two exponential moving averages, as every engine's benchmark has it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from workstation.core.errors import StrategyError
from workstation.core.messages import Bar, OrderFilled
from workstation.core.orders import Order
from workstation.core.types import OrderRole, OrderState
from workstation.trading.parameters import Amount, Integer
from workstation.trading.strategy import Strategy

_UNFILLED_ENDS = frozenset({OrderState.REJECTED, OrderState.EXPIRED, OrderState.CANCELLED})


class EmaCross(Strategy):
    """Long only: buys at the market when the fast EMA of the close crosses above the slow one, sells all on the
    cross down. Both EMAs are seeded with the first close. Places no stop of its own.
    """

    title = "EMA cross"
    reads_bars = False

    fast = Integer(12, minimum=2, maximum=500, step=1, unit="bars", help="Period of the fast EMA.")
    slow = Integer(26, minimum=3, maximum=1000, step=1, unit="bars", help="Period of the slow EMA.")
    quantity = Amount(Decimal(0), minimum=Decimal(0), unit="base", help="Bought each time; 0 uses equity_percent.")
    equity_percent = Amount(
        Decimal(25), minimum=Decimal("0.1"), maximum=Decimal(100), step=Decimal(1), unit="%", help="Of equity."
    )

    _fast = 0.0
    _slow = 0.0
    _above: bool | None = None
    """None until the first bar of the session has been compared."""

    def check_parameters(self) -> None:
        if self.fast >= self.slow:
            raise StrategyError(f"Strategy {self.name}: fast is {self.fast}; it must be below slow, {self.slow}.")

    def set_parameters(self, values: dict[str, Any]) -> None:
        super().set_parameters(values)
        self._fast_weight = 2.0 / (self.fast + 1)
        self._slow_weight = 2.0 / (self.slow + 1)

    def on_start(self) -> None:
        self._above = None

    def on_history(self, bar: Bar) -> None:
        self._average(bar.close)

    def on_bar(self, bar: Bar) -> None:
        above = self._above
        if above is None:
            self._first_bar(bar.close)
            return
        close = bar.close
        fast = self._fast
        slow = self._slow
        self._fast = fast = fast + self._fast_weight * (close - fast)
        self._slow = slow = slow + self._slow_weight * (close - slow)
        if (fast > slow) is not above:
            self._cross(not above)

    def on_fill(self, fill: OrderFilled, order: Order) -> None:
        if order.role is OrderRole.ENTRY and self._above is False:
            self._sell()

    def on_order(self, order: Order) -> None:
        if order.role is OrderRole.EXIT and order.state in _UNFILLED_ENDS:
            self._try_again()

    def _average(self, close: int) -> None:
        if self._fast == 0.0:
            self._fast = self._slow = float(close)
            return
        self._fast += self._fast_weight * (close - self._fast)
        self._slow += self._slow_weight * (close - self._slow)

    def _first_bar(self, close: int) -> None:
        """A position kept over a restart counts as bought above, so that a cross missed meanwhile sells it."""
        before = self._fast > self._slow or self.position.lots > 0
        self._average(close)
        self._above = above = self._fast > self._slow
        if above is not before:
            self._cross(above)

    def _cross(self, above: bool) -> None:
        self._above = above
        if not above:
            self.cancel_entries("cross down")
            self._sell()
        elif self.position.lots == 0 and not self.open_orders():
            self._buy()

    def _buy(self) -> None:
        lots = self.lots(self.quantity) if self.quantity else self.lots_for_percent(self.equity_percent)
        lots = int(lots * self.context.size_factor())
        least = max(1, self.context.minimum_lots(self.last_price))
        if lots < least:
            quantity = self.instrument.quantity
            self.log(f"No entry: {quantity(lots)} is below the least order, {quantity(least)} {self.symbol}.")
            return
        self.buy(lots, reason="cross up")

    def _sell(self) -> None:
        if self.position.lots > 0 and not self._exit_in_flight() and not self.close("cross down"):
            self._try_again()

    def _try_again(self) -> None:
        """The position could not be sold: the next bar compares as if the cross down were still to come."""
        if self.position.lots > 0:
            self._above = True

    def _exit_in_flight(self) -> bool:
        return any(order.role is OrderRole.EXIT for order in self.open_orders())
