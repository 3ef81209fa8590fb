"""A paper session in this process, on a real nats-server; and an engine mirrored from it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.end_to_end.program import ROOT
from tests.unit.waiting import until
from workstation.config.loader import Loaded, load_settings, settings_json
from workstation.config.settings import Settings, StrategyEntry
from workstation.core.clock import WallClock
from workstation.core.messages import PlaceOrder
from workstation.core.orders import Intent
from workstation.core.types import OrderType, Side
from workstation.messaging.link import PASSWORD_VARIABLE, NatsLink
from workstation.messaging.server import EmbeddedServer
from workstation.services.remote_engine import RemoteEngine
from workstation.services.session_messaging import SessionMessaging
from workstation.session import Session

SYMBOLS = ("BTCUSDT", "ETHUSDT")
CLOCK = WallClock()


def on_server(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch, **messaging: Any) -> Settings:
    """Two symbols, quick answers of the venue, one stopped strategy, and this server."""
    replace = msgspec.structs.replace
    settings = load_settings(ROOT / "config" / "strategy.yaml").settings
    monkeypatch.setenv(PASSWORD_VARIABLE, server.address.password)
    use = replace(
        settings.messaging, **{"use": "servers", "servers": server.address.servers, "user": "workstation", **messaging}
    )
    return replace(
        settings,
        market=replace(settings.market, symbols=SYMBOLS, built_in=replace(settings.market.built_in, history_days=2)),
        paper=replace(settings.paper, latency_mean_ms=5, latency_p95_ms=5),
        strategies={"ema_cross": StrategyEntry(strategy="ema_cross", symbol="ETHUSDT", timeframe="1m")},
        desktop=replace(settings.desktop, charts=settings.desktop.charts[:1]),
        messaging=use,
    )


@asynccontextmanager
async def a_session(settings: Settings, data: Path) -> AsyncIterator[Session]:
    """Open, running and on NATS, with every symbol's feed standing: an order before that is denied."""
    loaded = Loaded(settings, settings_json(settings), {}, ROOT / "config" / "strategy.yaml", "")
    session = Session(loaded, data, seed=5)
    session.open()
    messaging = SessionMessaging(session)
    messaging.start()
    running = asyncio.ensure_future(session.run())
    try:
        await until(lambda: running.done() or all(map(session.kernel.feed_stands, settings.market.symbols)))
        yield session
    finally:
        session.request_stop("test is over")
        await running
        await messaging.stop()
        await session.close()


async def opened(remote: RemoteEngine) -> None:
    """Open the mirror as soon as the engine answers."""
    async with asyncio.timeout(20):
        while True:
            try:
                await remote.open()
                return
            except Exception:
                await asyncio.sleep(0.1)


@asynccontextmanager
async def mirrored(link: NatsLink, settings: Settings) -> AsyncIterator[RemoteEngine]:
    """A mirror that follows."""
    remote = RemoteEngine(link, settings.messaging.subjects, "the test", "anna", CLOCK)
    await opened(remote)
    following = asyncio.ensure_future(remote.run())
    try:
        yield remote
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await remote.close()


def resting(session: Session, share: float = 0.99, lots: int = 1_000) -> PlaceOrder:
    """A limit buy that stays in the book."""
    price = int(session.kernel.markets["BTCUSDT"].last_price * share)
    return PlaceOrder(intent=Intent(symbol="BTCUSDT", side=Side.BUY, lots=lots, type=OrderType.LIMIT, price=price))


def market_buy(lots: int = 1_000) -> PlaceOrder:
    return PlaceOrder(intent=Intent(symbol="BTCUSDT", side=Side.BUY, lots=lots))
