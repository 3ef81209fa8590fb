"""Before and beside trading, on the sandbox exchange: the list that must be green, bad input, the dead-man timer."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.end_to_end.exchange_desk import exchange_desk, exchange_settings
from tests.end_to_end.sandbox_server import Sandbox, running_sandbox
from workstation.config.loader import load_settings
from workstation.config.settings import Settings
from workstation.core.clock import WallClock
from workstation.core.credentials import Credentials
from workstation.core.messages import OrderAccepted, OrderCancelled
from workstation.core.types import OrderType, Side
from workstation.venues.exchange.account.dead_man import DeadManTimer
from workstation.venues.exchange.account.preflight import Check, preflight
from workstation.venues.exchange.connection.client import ExchangeClient
from workstation.venues.exchange.instruments import Instruments

SHIPPED = load_settings(Path(__file__).resolve().parents[2] / "config" / "strategy.yaml").settings


def settings_for(client: ExchangeClient, symbols: tuple[str, ...] = ("BTCUSDT", "ETHUSDT")) -> Settings:
    """The shipped configuration with the exchange's own instruments."""
    described = Instruments(client, {})
    instruments = {symbol: described.described(symbol) for symbol in symbols if client.lists(symbol)}
    market = msgspec.structs.replace(SHIPPED.market, symbols=symbols)
    return msgspec.structs.replace(SHIPPED, exchange=client.settings, instruments=instruments, market=market)


async def checks(sandbox: Sandbox, keys: Credentials, market: str = "linear", **changes: Any) -> dict[str, Check]:
    client = ExchangeClient(exchange_settings(sandbox, market), keys, WallClock())
    try:
        await client.open()
        settings = settings_for(client)
        if changes:
            settings = msgspec.structs.replace(settings, account=msgspec.structs.replace(settings.account, **changes))
        return {check.name: check for check in (await preflight(client, settings)).checks}
    finally:
        await client.close()


@pytest.mark.parametrize("market", ["spot", "linear"])
async def test_the_list_is_green_when_the_configuration_is_the_exchanges(market: str) -> None:
    async with running_sandbox() as sandbox:
        keys = Credentials(sandbox.key, sandbox.secret)
        found = await checks(sandbox, keys, market)
        wrong = {name for name, check in found.items() if not check.passed}
        # The exchange's own defaults are cross margin at twenty times leverage, ours isolated at one.
        assert wrong == (set() if market == "spot" else {"margin mode", "leverage"})
        if market == "linear":
            set_up = await checks(sandbox, keys, margin_mode="cross", leverage=20)
            assert all(check.passed for check in set_up.values())


@pytest.mark.parametrize(
    ("key", "secret", "sentence"),
    [
        ("practice-key", "another-secret", "its secret is wrong; enter it again with `workstation keys add practice`"),
        ("another-key", "practice-secret", "it is unknown, lacks the permission, or this computer's IP address"),
    ],
)
async def test_a_wrong_key_and_a_wrong_secret_are_one_sentence(key: str, secret: str, sentence: str) -> None:
    async with running_sandbox() as sandbox:
        (only,) = (await checks(sandbox, Credentials(key, secret))).values()
        assert not only.passed and sentence in only.text
        assert secret not in only.text


async def test_a_key_without_permission_and_one_that_may_withdraw_are_refused() -> None:
    async with running_sandbox() as sandbox:
        sandbox.add_key("reader", "reader-secret", "practice", frozenset({"read"}))
        sandbox.add_key("all", "all-secret", "practice", frozenset({"read", "spot", "futures", "withdraw"}))
        found = await checks(sandbox, Credentials("reader", "reader-secret"))
        assert "does not allow futures trading" in found["permissions"].text
        found = await checks(sandbox, Credentials("all", "all-secret"))
        assert not found["withdrawal"].passed and "take that permission away" in found["withdrawal"].text


async def test_a_clock_off_by_an_hour_fails_the_list() -> None:
    async with running_sandbox() as sandbox:
        sandbox.chaos.set("clock_skew", value=3_600_000)
        found = await checks(sandbox, Credentials(sandbox.key, sandbox.secret), "spot")
        assert not found["clock"].passed and "behind binance's" in found["clock"].text


async def test_the_dead_man_timer_cancels_entries_and_spares_protective_stops() -> None:
    async with running_sandbox() as sandbox:
        terms = {"dead_man_s": Decimal("0.3"), "dead_man_refresh_s": Decimal("0.1")}
        async with exchange_desk(sandbox, "linear", **terms) as desk:
            last = await desk.last_price()
            low = last * Decimal("0.9")
            entry = desk.place(Side.BUY, "0.010", OrderType.LIMIT, price=low)
            stop = desk.place(Side.SELL, "0.010", OrderType.STOP, stop_price=low, reduce_only=True)
            await desk.report(entry, OrderAccepted)
            await desk.report(stop, OrderAccepted)
            timer = DeadManTimer(desk.client, lambda: ["BTCUSDT"], lambda: True)
            await timer.refresh()
            assert timer.state.on
            await desk.report(entry, OrderCancelled)
            orders = (await desk.snapshot()).orders
            assert orders is not None and [order.client_id for order in orders] == [stop]
