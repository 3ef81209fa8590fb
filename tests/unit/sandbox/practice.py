"""A sandbox exchange without a network, for tests of its core."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from workstation.config.loader import load_settings
from workstation.config.settings import Settings
from workstation.core.money import MONEY_SCALE
from workstation.core.timeframe import MINUTE_NS, SECOND_NS
from workstation.core.types import Side
from workstation.sandbox.exchange import Account, Changes, Exchange
from workstation.sandbox.floor import UserEvent
from workstation.sandbox.listing import Listing, Market
from workstation.sandbox.offering import offered_instruments
from workstation.sandbox.orders import NewOrder, OrderRecord
from workstation.sandbox.recording import RecordingSource
from workstation.sandbox.restoring import restore
from workstation.sandbox.source import built_in_source
from workstation.sandbox.state_file import StateFile

START_NS = 1_700_000_000 * SECOND_NS // MINUTE_NS * MINUTE_NS
BUY, SELL = Side.BUY, Side.SELL
SYMBOLS = ("BTCUSDT", "ETHUSDT")


@cache
def settings() -> Settings:
    return load_settings(Path(__file__).resolve().parents[3] / "config" / "strategy.yaml").settings


def reopened(exchange: Exchange, state: Path) -> Exchange:
    """A new exchange from the state file of one that has ended, at the same time, on a market that stands still."""
    now_ns = exchange.clock.time_ns
    still = RecordingSource(SYMBOLS, exchange.source.next_events(now_ns + SECOND_NS, 1 << 30), now_ns)
    again = Exchange(still, offered_instruments(settings().instruments, SYMBOLS), now_ns, exchange.start_ns)
    file = StateFile(state)
    restore(again, file)
    file.close()
    return again


class Practice:
    """An exchange on the built-in market with one account and a list of what its stream has told."""

    def __init__(
        self,
        seed: int = 1,
        symbols: Sequence[str] = SYMBOLS,
        *,
        messages_per_second: int = 20,
        volatility: int = 1,
        spot: dict[str, int] | None = None,
        futures: int = 100_000,
        start_ns: int = START_NS,
        store: Callable[[Changes], None] | None = None,
    ) -> None:
        instruments = offered_instruments(settings().instruments, symbols)
        market = msgspec.structs.replace(
            settings().market.built_in,
            messages_per_second=Decimal(messages_per_second),
            volatility=Decimal(volatility),
            history_days=3,
        )
        self.exchange = Exchange(built_in_source(market, instruments, seed, {}, start_ns), instruments, start_ns)
        self.events: list[UserEvent] = []
        self.exchange.on_event = self.events.append
        if store is not None:
            self.exchange.store = store
        self.exchange.advance(start_ns + 5 * SECOND_NS)
        with self.exchange.turn():
            self.account: Account = self.exchange.account("practice")
            for asset, amount in (spot if spot is not None else {"USDT": 100_000, "BTC": 1}).items():
                self.account.spot.credit(asset, amount * MONEY_SCALE)
            if futures:
                self.account.futures.credit("USDT", futures * MONEY_SCALE)

    def listing(self, symbol: str = "BTCUSDT", market: Market = Market.SPOT) -> Listing:
        return self.exchange.listings[market][symbol]

    def run(self, seconds: float) -> None:
        """Let the market run."""
        self.exchange.advance(self.exchange.clock.time_ns + int(seconds * SECOND_NS))

    def order(
        self, side: Side, lots: int, type: str = "MARKET", market: Market = Market.SPOT, **terms: Any
    ) -> OrderRecord:
        """Place an order in a turn of its own."""
        new = NewOrder(
            symbol=terms.pop("symbol", "BTCUSDT"), side=side, type=type, client_order_id="", lots=lots, **terms
        )
        with self.exchange.turn():
            return self.account.desk(market).place(new)

    def told(self, name: str) -> list[dict[str, Any]]:
        """Bodies of the events of a name."""
        return [event.body for event in self.events if event.body["e"] == name]
