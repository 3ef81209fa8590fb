"""Buys once, a hundred trades after its start, and leaves the position to the account's hard stop."""

from __future__ import annotations

from workstation.core.messages import Trade
from workstation.trading.strategy import Strategy


class Buyer(Strategy):
    _heard = 0

    def on_trade(self, trade: Trade) -> None:
        self._heard += 1
        if self._heard == 100:
            self.buy(2_000)
