"""The turtles' channel breakout: units by volatility, pyramiding, a stop two ATRs behind the last unit."""

from __future__ import annotations

from decimal import Decimal

from workstation.core.errors import StrategyError
from workstation.core.messages import Bar, OrderFilled
from workstation.core.orders import Order
from workstation.core.types import OrderRole, OrderState
from workstation.market.ta_lib import talib
from workstation.strategies.protected import ProtectedStrategy
from workstation.trading.parameters import Amount, Flag, Integer, Number

PYRAMID_KEY = "pyramid"


class DonchianTurtle(ProtectedStrategy):
    """Enters a close beyond the entry channel, adds units as the price goes on, leaves beyond the exit channel.

    N is ATR at the entry and stays the trade's. A unit loses ``unit_risk_percent`` of equity over one N. All units
    share one stop at the venue, ``stop_n`` N behind the newest unit. One unit a bar, at the close.
    """

    title = "Donchian turtle"

    entry_channel = Integer(20, minimum=2, maximum=500, step=1, unit="bars", help="Channel whose break enters.")
    exit_channel = Integer(10, minimum=2, maximum=500, step=1, unit="bars", help="Channel whose break leaves.")
    atr = Integer(20, minimum=2, maximum=200, step=1, unit="bars", help="Period of N.")
    unit_risk_percent = Amount(
        Decimal("0.25"),
        minimum=Decimal("0.01"),
        maximum=Decimal(5),
        step=Decimal("0.05"),
        unit="%",
        help="Of equity that one unit loses over one N.",
    )
    unit_value_percent = Amount(
        Decimal(20),
        minimum=Decimal(1),
        maximum=Decimal(100),
        step=Decimal(1),
        unit="%",
        help="Most of equity in a unit.",
    )
    most_units = Integer(4, minimum=1, maximum=10, step=1, unit="units", help="Units at most.")
    add_n = Number(0.5, minimum=0.1, maximum=10.0, step=0.1, unit="N", help="A unit is added each time it goes so far.")
    stop_n = Number(2.0, minimum=0.2, maximum=20.0, step=0.1, unit="N", help="The stop behind the newest unit.")
    allow_short = Flag(True, help="Sell short where the instrument allows it.")

    def check_parameters(self) -> None:
        if self.exit_channel > self.entry_channel:
            raise StrategyError(
                f"Strategy {self.name}: exit_channel is {self.exit_channel}; it may not be above "
                f"entry_channel, {self.entry_channel}."
            )

    def on_bar(self, bar: Bar) -> None:
        super().on_bar(bar)
        bars = self.bars()
        if self.leaving or len(bars) <= max(self.entry_channel, self.atr):
            return
        held = self.position.lots
        if held == 0:
            if not self.entry_open():
                self.state.pop(PYRAMID_KEY, None)
                side = self._broken(bar, self.entry_channel)
                if side > 0 or (side < 0 and self.allow_short and self.may_short()):
                    self._add(side, bar, self._n(), 0)
            return
        side = 1 if held > 0 else -1
        pyramid = self.state.get(PYRAMID_KEY)
        if pyramid is None or pyramid["side"] != side:
            pyramid = self.state[PYRAMID_KEY] = {
                "side": side,
                "n": self._n(),
                "units": self.most_units,
                "newest": self.entry_ticks(),
            }
            self.guard()
        if self._broken(bar, self.exit_channel) == -side:
            self.leave(f"close beyond the {self.exit_channel}-bar channel")
        elif (
            pyramid["units"] < self.most_units
            and (bar.close - pyramid["newest"]) * side >= self.add_n * pyramid["n"]
            and not self.entry_open()
        ):
            self._add(side, bar, pyramid["n"], pyramid["units"])

    def on_fill(self, fill: OrderFilled, order: Order) -> None:
        pyramid = self.state.get(PYRAMID_KEY)
        if pyramid is not None and order.role is OrderRole.ENTRY:
            pyramid["newest"] = fill.price
        super().on_fill(fill, order)

    def on_order(self, order: Order) -> None:
        """A unit that the venue did not take is not counted."""
        pyramid = self.state.get(PYRAMID_KEY)
        refused = order.state in (OrderState.REJECTED, OrderState.EXPIRED, OrderState.CANCELLED)
        if pyramid is not None and order.role is OrderRole.ENTRY and refused and order.filled_lots == 0:
            pyramid["units"] -= 1
        super().on_order(order)

    def protective_price(self, lots: int) -> int:
        pyramid = self.state.get(PYRAMID_KEY)
        newest, n = (pyramid["newest"], pyramid["n"]) if pyramid else (self.entry_ticks(), self._n())
        if newest <= 0 or n <= 0:
            return 0
        distance = round(self.stop_n * n)
        return max(1, newest - distance if lots > 0 else newest + distance)

    def _add(self, side: int, bar: Bar, n: int, units: int) -> None:
        if n <= 0 or bar.close - n <= 0:
            return
        lots = min(
            self.lots_at_risk(self.unit_risk_percent, bar.close, bar.close - side * n),
            self.lots_worth(self.unit_value_percent, bar.close),
        )
        lots = int(lots * self.context.size_factor())
        if not self.big_enough(lots, bar.close, f"unit {units + 1}"):
            return
        before = self.state.get(PYRAMID_KEY)
        newest = before["newest"] if before else bar.close
        self.state[PYRAMID_KEY] = {"side": side, "n": n, "units": units + 1, "newest": newest}
        place = self.buy if side > 0 else self.sell
        if not place(lots, reason=f"unit {units + 1} of {self.most_units}", tag=f"unit {units + 1}"):
            if before:
                self.state[PYRAMID_KEY] = before
            else:
                del self.state[PYRAMID_KEY]

    def _broken(self, bar: Bar, channel: int) -> int:
        """1 when the close is above the highs of the bars before, −1 when below their lows, else 0."""
        bars = self.bars()
        before = slice(-channel - 1, -1)
        if bars.close[-1] > bars.high[before].max():
            return 1
        if bars.close[-1] < bars.low[before].min():
            return -1
        return 0

    def _n(self) -> int:
        """ATR in ticks; 0 until it is ready."""
        bars = self.bars()
        window = slice(-10 * self.atr, None)
        high, low, close = bars.high[window], bars.low[window], bars.close[window]
        if len(close) <= self.atr:
            return 0
        return max(1, self.ticks(talib.ATR(high, low, close, timeperiod=self.atr)[-1]))
