"""One connection to Binance with the streams that it brings for every symbol."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from random import Random
from typing import Protocol

from workstation.venues.exchange.connection.patience import Pauses
from workstation.venues.exchange.connection.web_socket import StreamEnded, WebSocket, subscriptions
from workstation.venues.exchange.market.binance_messages import (
    AggregateTradeUpdate,
    Answer,
    DepthUpdate,
    MarkPriceUpdate,
    ServerShutdown,
    TradeUpdate,
    decode,
)

ANSWER_S = 10.0
"""The exchange must have taken the streams within this."""

MarketUpdate = DepthUpdate | TradeUpdate | AggregateTradeUpdate | MarkPriceUpdate


class Hearer(Protocol):
    """What a route tells. Nothing here awaits."""

    def opened(self, route: Route) -> None: ...

    def subscribed(self, route: Route) -> None:
        """The exchange took every stream; what happens from now on comes."""

    def flowing(self, route: Route) -> None:
        """The first market data came."""

    def take(self, update: MarketUpdate, now_s: float) -> None: ...

    def refuse_message(self, error: ValueError) -> None: ...

    def went_down(self, route: Route, reason: str) -> None: ...


class Route:
    """``streams`` maps a kind to Binance's name of its stream."""

    def __init__(
        self,
        name: str,
        streams: Mapping[str, str],
        symbols: Iterable[str],
        address: str,
        hearer: Hearer,
        silent_s: float,
        random: Random,
    ) -> None:
        self.part = f"{name} connection".strip()
        self.streams = streams
        self.open = False
        self._hearer = hearer
        self._flowing = False
        self._unanswered = 0
        names = [f"{symbol.lower()}@{stream}" for symbol in symbols for stream in streams.values()]
        self._greetings = subscriptions(names)
        self.socket = WebSocket(address, self._greetings, self, silent_s, Pauses(random))

    def on_open(self) -> None:
        self.open = True
        self._flowing = False
        self._unanswered = len(self._greetings)
        asyncio.get_running_loop().call_later(ANSWER_S, self._miss_answer, self.socket.connections)
        self._hearer.opened(self)

    def on_message(self, data: bytes) -> None:
        try:
            update = decode(data)
        except ValueError as error:
            self._hearer.refuse_message(error)
            return
        if isinstance(update, Answer):
            self._on_answer(update)
        elif isinstance(update, ServerShutdown):
            raise StreamEnded("the exchange shuts this server down")
        elif update is not None:
            self._hearer.take(update, self.socket.last_s)
            if not self._flowing:
                self._flowing = True
                self._hearer.flowing(self)

    def on_down(self, reason: str) -> None:
        self.open = False
        self._hearer.went_down(self, reason)

    def _miss_answer(self, connection: int) -> None:
        if self.open and self._unanswered and self.socket.connections == connection:
            self.socket.end(f"the exchange did not answer the subscription within {ANSWER_S:g} s")

    def _on_answer(self, answer: Answer) -> None:
        if answer.error:
            raise StreamEnded(f"the exchange refused the streams: {answer.error}")
        self._unanswered -= 1
        if self._unanswered == 0:
            self._hearer.subscribed(self)
