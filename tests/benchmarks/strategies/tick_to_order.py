"""Orders on a tick, again and again: for the measure of how long that takes."""

from workstation.core.messages import Trade
from workstation.core.types import Side
from workstation.trading.strategy import Strategy


class TickToOrder(Strategy):
    """Rests a small post-only buy below the market on every 8th trade and cancels the one before."""

    title = "Tick to order"

    seen = 0
    resting = ""

    def on_trade(self, trade: Trade) -> None:
        self.seen += 1
        if self.seen % 8:
            return
        if self.resting:
            self.cancel(self.resting)
        lots = self.context.minimum_lots(trade.price) * 2 + self.seen % 7
        self.resting = self.order(Side.BUY, lots, price=trade.price - trade.price // 100, post_only=True)
