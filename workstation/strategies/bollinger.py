"""Buys below the lower Bollinger band and sells at the middle."""

from __future__ import annotations

from workstation.core.messages import Bar
from workstation.market.ta_lib import talib
from workstation.strategies.reversion import ReversionStrategy
from workstation.trading.parameters import Integer, Number


class Bollinger(ReversionStrategy):
    """Enters when the close comes back inside a band that the close before was outside of, leaves at the middle."""

    title = "Bollinger reversion"

    period = Integer(20, minimum=3, maximum=500, step=1, unit="bars", help="Period of the middle band.")
    deviations = Number(2.0, minimum=0.5, maximum=5.0, step=0.1, unit="σ", help="Distance of the outer bands.")
    least_width = Number(
        0.5, minimum=0.0, maximum=50.0, step=0.1, unit="%", help="No entry while the bands are closer than this."
    )

    def decide(self, bar: Bar) -> tuple[int, int]:
        close = self.bars().close[-self.period - 1 :]
        if len(close) <= self.period:
            return 0, 0
        upper, middle, lower = talib.BBANDS(
            close, timeperiod=self.period, nbdevup=self.deviations, nbdevdn=self.deviations
        )
        ended = 1 if close[-1] >= middle[-1] else -1
        wide = (upper[-1] - lower[-1]) / middle[-1] * 100.0 >= self.least_width
        entry = 0
        if wide and close[-2] < lower[-2] and close[-1] >= lower[-1]:
            entry = 1
        elif wide and close[-2] > upper[-2] and close[-1] <= upper[-1]:
            entry = -1
        return entry, ended
