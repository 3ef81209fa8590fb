"""A sandbox exchange within the test's own process: ``async with running_sandbox(...) as sandbox``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import cache
from pathlib import Path

import msgspec

from workstation.config.loader import load_settings
from workstation.config.settings import Settings
from workstation.core.clock import WallClock
from workstation.core.money import to_money
from workstation.core.timeframe import SECOND_NS
from workstation.sandbox.accounts import DEFAULT_PERMISSIONS, ApiKey
from workstation.sandbox.chaos import Chaos
from workstation.sandbox.exchange import Account, Exchange
from workstation.sandbox.offering import offered_instruments, start_of
from workstation.sandbox.server import SandboxServer
from workstation.sandbox.source import MarketSource, built_in_source

WARM_UP_NS = 5 * SECOND_NS
CONFIGURATION = Path(__file__).resolve().parents[2] / "config" / "strategy.yaml"


@cache
def _settings() -> Settings:
    return load_settings(CONFIGURATION).settings


class Sandbox:
    """A running exchange, its practice key, and the handles of a test on it."""

    def __init__(self, server: SandboxServer, key: ApiKey) -> None:
        self.server = server
        self.exchange: Exchange = server.exchange
        self.chaos: Chaos = server.chaos
        self.key = key.key
        self.secret = key.secret

    @property
    def address(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return self.server.address

    @property
    def account(self) -> Account:
        """The practice key's account, as the exchange itself has it."""
        return self.exchange.accounts[self.exchange.keys[self.key].account]

    def step(self, seconds: float) -> None:
        """Let a stepped market run for so long, at once."""
        self.server.step(int(seconds * SECOND_NS))

    def add_key(
        self, key: str, secret: str, account: str = "", permissions: frozenset[str] = DEFAULT_PERMISSIONS
    ) -> None:
        """Another key; with an account of its own unless one is named."""
        with self.exchange.turn():
            self.exchange.add_key(ApiKey(key=key, secret=secret, account=account or key, permissions=permissions))

    def deposit(self, asset: str, amount: Decimal | int | str, wallet: str = "spot") -> None:
        with self.exchange.turn():
            desk = self.account.spot if wallet == "spot" else self.account.futures
            desk.credit(asset, to_money(amount))


@asynccontextmanager
async def running_sandbox(
    *,
    seed: int = 1,
    symbols: Sequence[str] = ("BTCUSDT", "ETHUSDT"),
    paced: bool = True,
    messages_per_second: int = 50,
    spot: dict[str, int | str] | None = None,
    futures: int | str = 100_000,
    key: str = "practice-key",
    secret: str = "practice-secret",
    source: MarketSource | None = None,
    start_ns: int = 0,
) -> AsyncIterator[Sandbox]:
    """``paced`` goes by the wall clock; otherwise the market moves with ``sandbox.step`` alone, from now on.

    A stepped market has run for 5 seconds, so that every test begins at the same point of its path.

    The account begins with ``spot`` (100,000 USDT and 1 BTC by default) and ``futures`` USDT.
    """
    settings = _settings()
    instruments = offered_instruments(settings.instruments, symbols)
    now_ns = WallClock().now_ns()
    begin_ns = start_ns or (start_of(now_ns) if paced else now_ns - WARM_UP_NS)
    terms = msgspec.structs.replace(
        settings.market.built_in, messages_per_second=Decimal(messages_per_second), history_days=10
    )
    market = source or built_in_source(terms, instruments, seed, {}, begin_ns)
    exchange = Exchange(market, instruments, begin_ns)
    practice = ApiKey(key=key, secret=secret, account="practice")
    with exchange.turn():
        exchange.add_key(practice)
    server = SandboxServer(exchange, seed, paced=paced)
    sandbox = Sandbox(server, practice)
    # A market that is stepped stands at the present too: clients' times are held against the wall clock.
    exchange.advance(now_ns)
    for asset, amount in (spot if spot is not None else {"USDT": 100_000, "BTC": 1}).items():
        sandbox.deposit(asset, amount)
    if futures:
        sandbox.deposit("USDT", futures, "futures")
    await server.start()
    try:
        yield sandbox
    finally:
        await server.stop()
