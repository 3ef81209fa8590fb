"""The entries of the confluence strategy: when a signal becomes a trade, and how the ladder is climbed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from decimal import Decimal

from workstation.core.messages import Bar
from workstation.core.money import to_rate
from workstation.rules import sizing
from workstation.rules.rounding import scale_down
from workstation.strategies.confluence.confidence import Confidence, size_for
from workstation.strategies.confluence.exits import planned_reward
from workstation.strategies.confluence.ladder import confirmed, has_momentum
from workstation.strategies.confluence.parameters import ConfluenceParameters
from workstation.strategies.confluence.reading import Reading
from workstation.strategies.confluence.trade import DROPPED, SENT, WAITING, Trade


class ConfluenceEntries(ConfluenceParameters, ABC):
    """Plans and sends entries; what becomes of the position is the strategy's own."""

    _trade: Trade | None = None

    @abstractmethod
    def _keep(self) -> None:
        """Write the plan to the state."""

    def _hard_loss(self, price: int) -> int:
        return scale_down(self.settled_equity(price), to_rate(self.hard_stop_percent / 100), sizing.RATE_UNIT)

    def _open(self, bar: Bar, reading: Reading, direction: int, found: Confidence, names: str) -> None:
        """Plan a trade on a signal and send its first entry, or say why not."""
        factor = size_for(
            found.value,
            self.full_confidence,
            self.reduced_confidence,
            self.reduced_factor,
            self._account_threshold(),
        )
        if factor <= 0:
            return
        if direction < 0 and not (self.allow_short and self.may_short()):
            return
        risk = max(1, self.ticks(self.stop_atr * reading.atr))
        reward = planned_reward(
            direction, float(reading.close[-1]), reading.high, reading.low, self.target_bars, self.breakout_channel
        )
        if reward < self.least_reward * self.stop_atr * reading.atr:
            ratio = reward / (self.stop_atr * reading.atr)
            self.log(f"No trade on {names}: the planned reward is {ratio:.1f} R, least {self.least_reward:g} R.")
            return
        if bar.close - direction * risk <= 0:
            return
        trade = Trade(
            side=direction,
            regime=reading.regime,
            confidence=found.value,
            factor=str(factor),
            risk=risk,
            hard_loss=self._hard_loss(bar.close),
            stop=bar.close - direction * risk,
            best=bar.close,
            signal_ns=bar.ts_ns,
            signal_close=bar.close,
            progress_ns=bar.ts_ns,
            rungs=[WAITING, WAITING, WAITING],
        )
        self._trade = trade
        if not self._enter(trade, 0, bar.close, f"{names}, confidence {found.value:.0f}"):
            self._trade = None

    def _account_threshold(self) -> float:
        """Least confidence that the account asks for, which is 0 outside crisis mode."""
        return float(self.context.crisis_threshold()) if self.context.crisis() else 0.0

    def _enter(self, trade: Trade, rung: int, price: int, reason: str) -> bool:
        """Send one entry of the ladder; False when it is too small or denied."""
        share = (self.first_percent, self.second_percent, self.third_percent)[rung]
        percent = self.risk_percent * share / 100 * Decimal(trade.factor) * self.context.size_factor()
        distance = max(trade.risk, (price - trade.stop) * trade.side)
        lots = min(
            self.lots_at_risk(percent, price, price - trade.side * distance),
            self.lots_worth(self.order_value_percent, price),
            self.lots_worth(self.position_value_percent, price) - abs(self.position.lots),
        )
        trade.rungs[rung] = SENT
        self._keep()
        if not self.big_enough(lots, price, f"entry {rung + 1} of 3"):
            trade.rungs[rung] = DROPPED
            return False
        place = self.buy if trade.side > 0 else self.sell
        if not place(lots, reason=reason, tag=f"entry {rung + 1}"):
            trade.rungs[rung] = DROPPED
            return False
        return True

    def _climb(self, trade: Trade, bar: Bar, reading: Reading) -> None:
        """Send the second or third entry when it is due and its condition holds."""
        elapsed = (bar.ts_ns - trade.signal_ns) // self.interval_ns
        for rung, due in ((1, self.confirmation_bars), (2, self.momentum_bars)):
            if trade.rungs[rung] != WAITING or elapsed < due:
                continue
            if rung == 1:
                holds = confirmed(trade.side, bar.close, trade.signal_close)
            else:
                bars = self.momentum_bars - self.confirmation_bars
                holds = has_momentum(trade.side, reading.close, bars, reading.rsi, self.momentum_rsi)
            if elapsed == due and holds:
                self._enter(trade, rung, bar.close, "confirmation" if rung == 1 else "momentum")
            else:
                trade.rungs[rung] = DROPPED
