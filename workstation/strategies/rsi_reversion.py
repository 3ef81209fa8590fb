"""Buys weakness and sells strength by RSI."""

from __future__ import annotations

from workstation.core.errors import StrategyError
from workstation.core.messages import Bar
from workstation.market.ta_lib import talib
from workstation.strategies.reversion import ReversionStrategy
from workstation.trading.parameters import Integer, Number


class RsiReversion(ReversionStrategy):
    """Enters when RSI comes back through its extreme level, leaves when it reaches the middle."""

    title = "RSI reversion"

    rsi = Integer(14, minimum=2, maximum=200, step=1, unit="bars", help="Period of RSI.")
    oversold = Number(30.0, minimum=1.0, maximum=49.0, step=1.0, help="Buys when RSI rises through this.")
    overbought = Number(70.0, minimum=51.0, maximum=99.0, step=1.0, help="Sells short when RSI falls through this.")
    middle = Number(55.0, minimum=2.0, maximum=98.0, step=1.0, help="A long ends here, a short at 100 less this.")

    def check_parameters(self) -> None:
        if not self.oversold < self.middle < self.overbought or not self.oversold < 100.0 - self.middle:
            raise StrategyError(
                f"Strategy {self.name}: middle is {self.middle:g}; it and 100 less it must lie between "
                f"oversold, {self.oversold:g}, and overbought, {self.overbought:g}."
            )

    def decide(self, bar: Bar) -> tuple[int, int]:
        close = self.bars().close[-10 * self.rsi :]
        if len(close) < self.rsi + 2:
            return 0, 0
        before, now = talib.RSI(close, timeperiod=self.rsi)[-2:]
        entry = 1 if before < self.oversold <= now else -1 if before > self.overbought >= now else 0
        ended = 1 if now >= self.middle else -1 if now <= 100.0 - self.middle else 0
        return entry, ended
