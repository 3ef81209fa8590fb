"""Binance's REST answers that mend the streams: the whole book, and trades by their ids. No key is needed."""

from __future__ import annotations

from typing import Any, cast

from workstation.venues.exchange.binance_messages import AggregateTradeUpdate, TradeUpdate
from workstation.venues.exchange.call import current_call
from workstation.venues.exchange.market_reader import MarketClient

LINEAR_DEPTHS = (5, 10, 20, 50, 100, 500, 1000)
"""The only sizes of a book that USD-M takes."""
PAGE = 1000
MOST_MISSING = 10_000
"""Of a longer gap in trades only the newest are fetched."""
HISTORICAL_TRADES_WEIGHT = 25


class BinanceRequests:
    """``depth`` is the number of levels a side that ``book`` asks for. The methods raise ccxt's errors."""

    def __init__(self, client: MarketClient, linear: bool, depth: int) -> None:
        self._ccxt = client.ccxt
        self._budget = client.budget
        self._linear = linear
        self.depth = next((size for size in LINEAR_DEPTHS if size >= depth), 1000) if linear else depth

    async def book(self, symbol: str) -> dict[str, Any]:
        return await self._book(symbol, self.depth)

    async def book_id(self, symbol: str) -> int:
        """Update id of the book now."""
        return int((await self._book(symbol, LINEAR_DEPTHS[0]))["lastUpdateId"])

    async def trade_id(self, symbol: str) -> int:
        """Id of the last trade now, of the kind that the stream has; -1 when there is none."""
        if self._linear:
            rows = await self._ccxt.fapiPublicGetAggTrades({"symbol": symbol, "limit": 1})
        else:
            rows = await self._ccxt.publicGetTrades({"symbol": symbol, "limit": 1})
        return int(rows[-1]["a" if self._linear else "id"]) if rows else -1

    async def trades(self, symbol: str, first_id: int, last_id: int) -> list[TradeUpdate | AggregateTradeUpdate]:
        """Trades from ``first_id`` to ``last_id``, as far as the exchange has them."""
        next_id = max(first_id, last_id - MOST_MISSING + 1)
        found: list[TradeUpdate | AggregateTradeUpdate] = []
        while next_id <= last_id:
            page = await self._trades(symbol, next_id, min(PAGE, last_id - next_id + 1))
            if not page or page[-1].trade_id < next_id:
                break
            found += [trade for trade in page if trade.trade_id <= last_id]
            next_id = page[-1].trade_id + 1
        return found

    async def _book(self, symbol: str, depth: int) -> dict[str, Any]:
        query = {"symbol": symbol, "limit": depth}
        if self._linear:
            return cast("dict[str, Any]", await self._ccxt.fapiPublicGetDepth(query))
        return cast("dict[str, Any]", await self._ccxt.publicGetDepth(query))

    async def _trades(self, symbol: str, from_id: int, limit: int) -> list[TradeUpdate | AggregateTradeUpdate]:
        query = {"symbol": symbol, "fromId": from_id, "limit": limit}
        if self._linear:
            rows = await self._ccxt.fapiPublicGetAggTrades(query)
            return [AggregateTradeUpdate(symbol, row["a"], row["p"], row["q"], row["T"], row["m"]) for row in rows]
        # ccxt asks for a key here; the exchange does not.
        await self._budget.admit(current_call(), HISTORICAL_TRADES_WEIGHT)
        address = f"{self._ccxt.urls['api']['public']}/historicalTrades?{self._ccxt.urlencode(query)}"
        return [
            TradeUpdate(symbol, row["id"], row["price"], row["qty"], row["time"], row["isBuyerMaker"])
            for row in await self._ccxt.fetch(address)
        ]
