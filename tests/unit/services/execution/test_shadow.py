"""A paper engine beside the venue: it sees the same market and orders, and the venue's side knows nothing of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.replay.paper_session import START_NS, HandClock, PaperSession, busy_configuration
from workstation.config.loader import Loaded, settings_from_json
from workstation.core.errors import ConfigurationError
from workstation.core.messages import OrderFilled, OrderSubmitted, TakeCancel, TakeOrder
from workstation.core.orders import Intent
from workstation.core.types import Mode, OrderType, Side
from workstation.services.execution.market_copy import MarketCopy
from workstation.services.execution.service import execution_configuration
from workstation.services.execution.shadow import FOLDER, shadow_configuration
from workstation.session import Session
from workstation.storage.disk_journal import JournalReader
from workstation.storage.journal import order_hash
from workstation.storage.layout import DataFolder
from workstation.venues.simulated.venue import SimVenue
from workstation.verification import verify

BTC = "BTCUSDT"


def configuration() -> Loaded:
    return execution_configuration(busy_configuration())


def orders(number: int, price: int, *, is_shadow: bool = False) -> list[Any]:
    """What comes over the stream in one minute."""
    name = f"{'s' if is_shadow else 'c'}-{number}"
    side = Side.BUY if number % 2 else Side.SELL
    near = Intent(symbol=BTC, side=Side.BUY, lots=100, type=OrderType.LIMIT, price=price * 999 // 1000, owner="core")
    return [
        TakeOrder(client_id=f"{name}-taker", intent=Intent(symbol=BTC, side=side, lots=200, owner="core"), who="core"),
        TakeOrder(client_id=f"{name}-maker", intent=near, who="core"),
        TakeCancel(client_id=f"{name}-maker", who="core") if number % 3 == 0 else None,
    ]


class Shadow:
    """A shadow of a session that is driven by hand, in the same time."""

    def __init__(self, live: PaperSession, data: Path) -> None:
        self.market = MarketCopy(live.session)
        self.session = Session(shadow_configuration(live.session.loaded), data / FOLDER, 7, self.market)
        self.session.clock = HandClock(live.clock.ns)  # type: ignore[assignment]
        self._live = live

    async def open(self) -> None:
        self.session.open()
        instruments = tuple(self.session.kernel.terms.instruments.values())
        await self.market.start_market(instruments, self.session.dispatch, {}, 1, lambda: None)

    async def follow(self) -> None:
        self.session.clock.ns = self._live.clock.ns  # type: ignore[attr-defined]
        for _ in range(200):
            await asyncio.sleep(0.001)
            if not self.market._waiting:
                return
        raise AssertionError("the shadow does not come after")

    async def close(self) -> None:
        await self.session.close()


async def run(data: Path, with_shadow: bool) -> tuple[PaperSession, Shadow | None]:
    live = PaperSession(data, configuration())
    shadow = Shadow(live, data) if with_shadow else None
    live.let_pass(60)
    if shadow is not None:
        await shadow.open()
    for minute in range(30):
        live.let_pass(20)
        if shadow is not None:
            await shadow.follow()
        price = live.session.kernel.markets[BTC].last_price
        for command in filter(None, orders(minute, price)):
            live.session.take(command)
            if shadow is not None:
                shadow.session.take(command)
        if shadow is not None:
            for command in filter(None, orders(minute, price, is_shadow=True)):
                shadow.session.take(command)
    return live, shadow


def outputs(data: Path) -> list[Any]:
    reader = JournalReader(data / "journal.sqlite3")
    try:
        return list(reader.records(1))
    finally:
        reader.close()


async def test_the_live_side_decides_the_same_with_and_without_it(tmp_path: Path) -> None:
    alone, _ = await run(tmp_path / "alone", False)
    alone.close()
    beside, shadow = await run(tmp_path / "beside", True)
    assert shadow is not None
    markets, copies = beside.session.kernel.markets, shadow.session.kernel.markets
    for symbol, market in markets.items():
        assert (copies[symbol].book.bids, copies[symbol].book.asks) == (market.book.bids, market.book.asks)
        assert copies[symbol].last_price == market.last_price
    await shadow.close()
    beside.close()
    one, two = outputs(tmp_path / "alone"), outputs(tmp_path / "beside")
    mine = outputs(tmp_path / "beside" / FOLDER)
    assert sum(isinstance(output, OrderFilled) for output in one) > 20
    assert order_hash(one) == order_hash(two)
    assert not [output for output in two if getattr(output, "client_id", "").startswith("s-")]
    taken = {output.client_id for output in mine if isinstance(output, OrderSubmitted)}
    assert {name[0] for name in taken} == {"c", "s"}
    assert sum(isinstance(output, OrderFilled) for output in mine) > 20


async def test_its_session_is_proved_like_any_other(tmp_path: Path) -> None:
    beside, shadow = await run(tmp_path, True)
    assert shadow is not None
    await shadow.close()
    beside.close()
    for folder in (tmp_path, tmp_path / FOLDER):
        proved = verify(DataFolder(folder), None)
        assert proved.sessions == 1 and proved.fills > 20 and not proved.skipped


def test_it_is_on_paper_and_holds_no_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Live settings with a key in reach: the shadow asks for none, has no exchange, and simulates its venue."""

    def refuse(*_: Any) -> None:
        raise AssertionError("the shadow asked for keys")

    monkeypatch.setattr("workstation.session.exchange_access.load_credentials", refuse)
    live = PaperSession(tmp_path, configuration())
    loaded = live.session.loaded
    armed = msgspec.structs.replace(
        loaded,
        settings=msgspec.structs.replace(
            loaded.settings,
            mode="live",
            market=msgspec.structs.replace(loaded.settings.market, source="exchange"),
            live=msgspec.structs.replace(loaded.settings.live, confirm_account=loaded.settings.account.name),
        ),
    )
    wanted = shadow_configuration(armed)
    assert wanted.settings.mode == "paper" and wanted.settings.account.name == "paper-01-shadow"
    assert settings_from_json(wanted.json) == wanted.settings
    session = Session(wanted, tmp_path / FOLDER, 7, MarketCopy(live.session))
    asyncio.run(session.connect())
    session.open()
    assert session.mode is Mode.PAPER and session.arming is None
    assert isinstance(session.kernel.venue, SimVenue) and session.market_title == live.session.market_title
    asyncio.run(session.close())
    live.close()


async def test_a_copy_that_falls_far_behind_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workstation.services.execution.market_copy.MOST_WAITING", 50)
    live = PaperSession(tmp_path, configuration())
    shadow = Shadow(live, tmp_path)
    await shadow.open()
    live.let_pass(600)
    assert len(shadow.market._waiting) > 50
    await shadow.follow()
    assert shadow.market.restarts == 1
    assert shadow.session.kernel.markets[BTC].book.bids == live.session.kernel.markets[BTC].book.bids
    live.let_pass(20)
    await shadow.follow()
    assert shadow.session.kernel.markets[BTC].book.synchronised
    await shadow.close()
    live.close()


async def test_a_copy_has_no_venue_and_ends_with_its_session(tmp_path: Path) -> None:
    live = PaperSession(tmp_path, configuration(), start_ns=START_NS)
    shadow = Shadow(live, tmp_path)
    await shadow.open()
    with pytest.raises(ConfigurationError, match="simulates one"):
        shadow.market.venue_factory(lambda report: None, lambda: None)
    before = {kind: len(handlers) for kind, handlers in live.session.kernel.bus.handlers.items()}
    await shadow.close()
    after = {kind: len(live.session.kernel.bus.handlers.get(kind, ())) for kind in before}
    assert sum(before.values()) > sum(after.values())
    live.close()
