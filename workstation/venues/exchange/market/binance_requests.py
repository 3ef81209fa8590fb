"""Binance's REST answers that mend the streams: the whole book, and trades by their ids. No key is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec
from ccxt.base.errors import BadResponse

from workstation.venues.exchange.connection.call import current_call
from workstation.venues.exchange.market.binance_messages import AggregateTradeAnswer, BookAnswer, TradeAnswer
from workstation.venues.exchange.market.market_reader import MarketClient

PastTrade = TradeAnswer | AggregateTradeAnswer
Kind = TypeVar("Kind")

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

    async def book(self, symbol: str) -> BookAnswer:
        return await self._book(symbol, self.depth)

    async def book_id(self, symbol: str) -> int:
        """Update id of the book now."""
        return (await self._book(symbol, LINEAR_DEPTHS[0])).update_id

    async def trade_id(self, symbol: str) -> int:
        """Id of the last trade now, of the kind that the stream has; -1 when there is none."""
        query = {"symbol": symbol, "limit": 1}
        if self._linear:
            latest = _checked(await self._ccxt.fapiPublicGetAggTrades(query), list[AggregateTradeAnswer])
            return latest[-1].trade_id if latest else -1
        newest = _checked(await self._ccxt.publicGetTrades(query), list[TradeAnswer])
        return newest[-1].trade_id if newest else -1

    async def trades(self, symbol: str, first_id: int, last_id: int) -> list[PastTrade]:
        """Trades from ``first_id`` to ``last_id``, as far as the exchange has them."""
        next_id = max(first_id, last_id - MOST_MISSING + 1)
        found: list[PastTrade] = []
        while next_id <= last_id:
            page = await self._trades(symbol, next_id, min(PAGE, last_id - next_id + 1))
            if not page or page[-1].trade_id < next_id:
                break
            found += [trade for trade in page if trade.trade_id <= last_id]
            next_id = page[-1].trade_id + 1
        return found

    async def _book(self, symbol: str, depth: int) -> BookAnswer:
        query = {"symbol": symbol, "limit": depth}
        ask = self._ccxt.fapiPublicGetDepth if self._linear else self._ccxt.publicGetDepth
        return _checked(await ask(query), BookAnswer)

    async def _trades(self, symbol: str, from_id: int, limit: int) -> Sequence[PastTrade]:
        query = {"symbol": symbol, "fromId": from_id, "limit": limit}
        if self._linear:
            return _checked(await self._ccxt.fapiPublicGetAggTrades(query), list[AggregateTradeAnswer])
        # ccxt asks for a key here; the exchange does not.
        await self._budget.admit(current_call(), HISTORICAL_TRADES_WEIGHT)
        address = f"{self._ccxt.urls['api']['public']}/historicalTrades?{self._ccxt.urlencode(query)}"
        return _checked(await self._ccxt.fetch(address), list[TradeAnswer])


def _checked(answer: object, kind: type[Kind]) -> Kind:
    """An answer in its form. Raises ccxt's ``BadResponse`` when it has another."""
    try:
        return msgspec.convert(answer, kind)
    except msgspec.ValidationError as error:
        raise BadResponse(f"binance answered in another form than it describes: {error}") from error
