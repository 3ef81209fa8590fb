"""What the strategies that trade back to a mean have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from decimal import Decimal

from workstation.core.messages import Bar
from workstation.core.types import Side
from workstation.market.ta_lib import talib
from workstation.strategies.protected import ProtectedStrategy
from workstation.trading.parameters import Amount, Flag, Integer, Number

ENTRY_KEY = "entry"


class ReversionStrategy(ProtectedStrategy, ABC):
    """One position at a time, entered and left at the market, with an ATR stop at the venue and a time limit."""

    equity_percent = Amount(
        Decimal(20), minimum=Decimal("0.1"), maximum=Decimal(100), step=Decimal(1), unit="%", help="Of equity."
    )
    atr = Integer(14, minimum=2, maximum=200, step=1, unit="bars", help="Period of the stop's ATR.")
    stop_atr = Number(3.0, minimum=0.2, maximum=20.0, step=0.1, unit="ATR", help="Stop at the venue from the entry.")
    most_bars = Integer(48, minimum=1, maximum=5000, step=1, unit="bars", help="The position ends after this.")
    allow_short = Flag(False, help="Sell short where the instrument allows it.")

    @abstractmethod
    def decide(self, bar: Bar) -> tuple[int, int]:
        """Side to enter (1, −1, 0 none), and whose position ends here (1 long, −1 short, 0 none)."""

    def on_bar(self, bar: Bar) -> None:
        super().on_bar(bar)
        entry, ended = self.decide(bar)
        held = self.position.lots
        if held == 0:
            if not self.leaving and not self.entry_open():
                self.state.pop(ENTRY_KEY, None)
                if entry > 0 or (entry < 0 and self.allow_short and self.may_short()):
                    self._enter(entry, bar)
            return
        since_ns = self.state.setdefault(ENTRY_KEY, [bar.ts_ns, self._stop_distance()])[0]
        if held * ended > 0:
            self.leave("back at the mean")
        elif bar.ts_ns - since_ns >= self.most_bars * self.interval_ns:
            self.leave(f"held for {self.most_bars} bars")

    def protective_price(self, lots: int) -> int:
        entry = self.entry_ticks()
        stored = self.state.get(ENTRY_KEY)
        distance = stored[1] if stored else self._stop_distance()
        if entry == 0 or distance <= 0:
            return 0
        return max(1, entry - distance if lots > 0 else entry + distance)

    def _enter(self, entry: int, bar: Bar) -> None:
        distance = self._stop_distance()
        lots = int(self.lots_worth(self.equity_percent, bar.close) * self.context.size_factor())
        if distance <= 0 or not self.big_enough(lots, bar.close, "entry"):
            return
        self.state[ENTRY_KEY] = [bar.ts_ns, distance]
        side = Side.BUY if entry > 0 else Side.SELL
        place = self.buy if side is Side.BUY else self.sell
        if not place(lots, reason=f"{self.title}, {side.word}"):
            del self.state[ENTRY_KEY]

    def _stop_distance(self) -> int:
        """Ticks; 0 until ATR is ready."""
        bars = self.bars()
        window = slice(-10 * self.atr, None)
        high, low, close = bars.high[window], bars.low[window], bars.close[window]
        if len(close) <= self.atr:
            return 0
        return max(1, self.ticks(self.stop_atr * talib.ATR(high, low, close, timeperiod=self.atr)[-1]))
