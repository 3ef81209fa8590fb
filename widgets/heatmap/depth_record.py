"""What the heatmap keeps of one symbol: its book and trades, in columns of every size that can be chosen."""

from __future__ import annotations

from typing import Final

from widgets.engine.protocol import Levels
from widgets.tape.tape_view import TapeTrade
from workstation.market.order_flow.depth_history import DepthHistory
from workstation.market.order_flow.trade_columns import TradeColumns

MILLISECOND_NS: Final = 1_000_000
COLUMN_SIZES: Final = (250 * MILLISECOND_NS, 1_000 * MILLISECOND_NS, 5_000 * MILLISECOND_NS, 30_000 * MILLISECOND_NS)
COLUMNS: Final = 2048
"""Of each size: 8 minutes of the smallest, 17 hours of the largest."""


class DepthRecord:
    """Another column size shows at once what it has, for all are kept side by side."""

    def __init__(self) -> None:
        self.depth = {size: DepthHistory(size, COLUMNS) for size in COLUMN_SIZES}
        self.trades = {size: TradeColumns(size, COLUMNS) for size in COLUMN_SIZES}

    def take_book(self, now_ns: int, bids: Levels, asks: Levels) -> None:
        """The book now, levels as ticks and lots, best first."""
        for history in self.depth.values():
            history.take(now_ns, bids, asks)

    def go_back(self, now_ns: int, trades: list[TapeTrade]) -> None:
        """Hold what there was at an earlier time; ``trades`` are the newest before it."""
        for history in self.depth.values():
            history.wind(now_ns)
        for size, columns in self.trades.items():
            columns.wind(now_ns)
            begin_ns = now_ns // size * size
            for trade in trades:
                if trade.time_ns >= begin_ns:
                    columns.add(trade.time_ns, trade.ticks, trade.lots, trade.side == "buy")

    def take_trades(self, trades: list[TapeTrade]) -> None:
        for columns in self.trades.values():
            for trade in trades:
                columns.add(trade.time_ns, trade.ticks, trade.lots, trade.side == "buy")
