"""A market of one symbol that a tiny exchange streams: books, trades and marks, told apart from what is sent."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.unit.venues.exchange.mini_exchange import MiniExchange

TRADE_MS = 1_700_000_000_000


class ScriptedFeed:
    """Answers ``depth``, ``historicalTrades``, ``aggTrades`` and ``trades`` of the exchange with its own state.

    ``linear`` chooses the form of USD-M: ``pu`` in the changes, aggregate trades, marks.
    """

    def __init__(self, exchange: MiniExchange, linear: bool = False, symbol: str = "BTCUSDT") -> None:
        self.exchange = exchange
        self.linear = linear
        self.symbol = symbol
        self.random = Random(3)
        self.bids: dict[str, str] = {f"{41999 - level}.50": "1.00000" for level in range(20)}
        self.asks: dict[str, str] = {f"{42000 + level}.50": "1.00000" for level in range(20)}
        self.last = 500
        self.trades: list[dict[str, Any]] = []
        exchange.answers["depth"] = lambda query: self.depth(int(query.get("limit", "100")))
        exchange.answers["historicalTrades"] = self._single_trades
        exchange.answers["trades"] = self._single_trades
        exchange.answers["aggTrades"] = self._aggregate_trades

    @property
    def book_stream(self) -> str:
        return f"{self.symbol.lower()}@depth@100ms"

    @property
    def trade_stream(self) -> str:
        return f"{self.symbol.lower()}@{'aggTrade' if self.linear else 'trade'}"

    def depth(self, limit: int = 1000) -> dict[str, Any]:
        bids = sorted(self.bids.items(), key=lambda level: -float(level[0]))[:limit]
        asks = sorted(self.asks.items(), key=lambda level: float(level[0]))[:limit]
        return {"lastUpdateId": self.last, "bids": bids, "asks": asks}

    def change(self, price: str = "", quantity: str = "") -> dict[str, Any]:
        """Change the book; the update that tells of it, not sent yet."""
        side, name = self.random.choice(((self.bids, "b"), (self.asks, "a")))
        price = price or self.random.choice(list(side))
        quantity = quantity or f"{self.random.randint(1, 500)}.00000"
        side[price] = quantity
        previous, first = self.last, self.last + (7 if self.linear else 1)
        self.last = first + 2
        update: dict[str, Any] = {"e": "depthUpdate", "E": TRADE_MS, "s": self.symbol, "U": first, "u": self.last}
        update |= {"b": [], "a": []} | {name: [[price, quantity]]}
        return update | ({"pu": previous, "T": TRADE_MS} if self.linear else {})

    def trade(self, price: str = "42000.00") -> dict[str, Any]:
        """Make a trade; the update that tells of it, not sent yet."""
        number = len(self.trades) + 1
        update: dict[str, Any] = {"s": self.symbol, "p": price, "q": "0.00100", "T": TRADE_MS + number, "m": True}
        kind = {"e": "aggTrade", "a": number} if self.linear else {"e": "trade", "t": number}
        self.trades.append(update | kind)
        return self.trades[-1]

    def mark(self, due_ms: int, rate: str = "0.00010000", time_ms: int = TRADE_MS) -> dict[str, Any]:
        update = {"e": "markPriceUpdate", "E": time_ms, "s": self.symbol, "p": "42000.12345678"}
        return update | {"i": "42000", "P": "42000", "r": rate, "T": due_ms}

    async def send_change(self) -> None:
        await self.exchange.push(self.book_stream, self.change())

    async def send_trade(self) -> None:
        await self.exchange.push(self.trade_stream, self.trade())

    def _chosen(self, query: dict[str, str]) -> list[dict[str, Any]]:
        limit = int(query.get("limit", "500"))
        if "fromId" in query:
            first = int(query["fromId"])
            return self.trades[first - 1 : first - 1 + limit]
        return self.trades[-limit:]

    def _single_trades(self, query: dict[str, str]) -> Any:
        return [
            {
                "id": trade["t"],
                "price": trade["p"],
                "qty": trade["q"],
                "quoteQty": "42",
                "time": trade["T"],
                "isBuyerMaker": trade["m"],
                "isBestMatch": True,
            }
            for trade in self._chosen(query)
        ]

    def _aggregate_trades(self, query: dict[str, str]) -> Any:
        return [
            {name: trade[name] for name in ("a", "p", "q", "T", "m")} | {"f": trade["a"], "l": trade["a"], "M": True}
            for trade in self._chosen(query)
        ]
