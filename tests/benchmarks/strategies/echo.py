"""An order that says which trade it answers: for the measure of how long the way from one to the other is."""

from workstation.core.messages import Trade
from workstation.core.types import Side, TimeInForce
from workstation.trading.strategy import Strategy


class Echo(Strategy):
    """Sends a buy far below the market, which the venue accepts and ends at once, on every second trade."""

    title = "Echo"

    seen = 0

    def on_trade(self, trade: Trade) -> None:
        self.seen += 1
        if self.seen % 2:
            return
        lots = self.context.minimum_lots(trade.price) * 2 + self.seen % 7
        price = trade.price - trade.price // 100
        self.order(Side.BUY, lots, price=price, time_in_force=TimeInForce.IOC, tag=str(trade.trade_id))
