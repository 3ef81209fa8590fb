"""Where own orders stand in the queues of one symbol, as far as that can be told from the book and the trades."""

from __future__ import annotations

from widgets.engine.engine_model import EngineModel
from widgets.engine.protocol import Levels
from workstation.core.types import OrderType, Side
from workstation.market.order_flow.queue_estimate import QueueEstimate

DEPTH = 250
RESTING = (OrderType.LIMIT,)


class OwnQueue:
    """Fed by the panel that shows it, at its pace. No engine tells the place of an order, so it is estimated."""

    def __init__(self, model: EngineModel) -> None:
        self._model = model
        self._symbol = ""
        self._count = 0
        self._estimate = QueueEstimate()

    def forget(self) -> None:
        """Begin again with the next look."""
        self._symbol = ""

    def take(self, symbol: str) -> None:
        """Look at the trades since the last call, at the book, and at the orders that rest."""
        model, market = self._model, self._model.engine.market(symbol)
        if symbol != self._symbol:
            self._symbol, self._estimate = symbol, QueueEstimate()
            _, self._count = model.heard.trades_since(symbol, 0)
        trades, self._count = model.heard.trades_since(symbol, self._count)
        resting = {
            order.client_id: (market.instrument.ticks(order.price), order.side is Side.BUY)
            for order in model.heard.working_orders()
            if order.symbol == symbol and order.type in RESTING and order.price is not None
        }
        if not resting:
            self._estimate.forget_others(set())
            return
        bids, asks = market.top(DEPTH)
        # Of a level beyond those at hand nothing is known.
        seen = {name: at for name, at in resting.items() if _reaches(bids if at[1] else asks, *at)}
        self._estimate.forget_others(set(seen))
        for trade in trades:
            self._estimate.trade(trade.ticks, trade.lots, trade.side == "buy")
        levels = {True: dict(bids), False: dict(asks)}
        for client_id, (ticks, buys) in seen.items():
            shown = levels[buys].get(ticks, 0)
            self._estimate.follow(client_id, ticks, buys, shown)
            self._estimate.refresh(client_id, shown)

    def share(self, client_id: str) -> float | None:
        """The part of its level that is before the order, 0 to 1; ``None`` for one that rests nowhere."""
        return self._estimate.share(client_id)

    def ahead(self, client_id: str) -> int | None:
        """Lots before the order."""
        return self._estimate.ahead(client_id)


def _reaches(side: Levels, ticks: int, buys: bool) -> bool:
    """Whether the levels of a side, best first, go as far as a price."""
    return bool(side) and (side[-1][0] <= ticks if buys else side[-1][0] >= ticks)
