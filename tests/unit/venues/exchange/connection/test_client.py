"""The connection to an exchange: markets, addresses, exact numbers, the clock, and nothing secret in any text."""

from __future__ import annotations

import logging
from decimal import Decimal

import pytest

from tests.unit.venues.exchange.fake_binance import KEYS, FakeBinance, WallTime, connected, exchange_settings
from workstation.core.credentials import Credentials
from workstation.core.errors import ConfigurationError
from workstation.venues.exchange.connection.client import ExchangeClient
from workstation.venues.exchange.connection.errors import CallFailed, ExchangeError


async def test_a_client_loads_the_markets_of_its_kind_alone() -> None:
    async with FakeBinance().serving() as fake, connected(fake, "linear") as client:
        assert client.unified("BTCUSDT") == "BTC/USDT:USDT"
        assert client.symbol("ETH/USDT:USDT") == "ETHUSDT"
        assert fake.asked("GET", "/fapi/v1/exchangeInfo") and not fake.asked("GET", "/api/v3/exchangeInfo")
        with pytest.raises(ConfigurationError, match="LTCUSDT is not listed among the linear markets of binance"):
            client.unified("LTCUSDT")


async def test_no_address_of_the_exchange_itself_is_left_with_an_address_of_ours() -> None:
    client = ExchangeClient(exchange_settings("http://127.0.0.1:8800"), None, WallTime())

    def texts(urls: object) -> list[str]:
        if isinstance(urls, dict):
            return [text for part in urls.values() for text in texts(part)]
        return [str(urls)]

    assert all("127.0.0.1:8800" in url for url in texts(client.ccxt.urls["api"]))
    assert "/stream" in client.ccxt.urls["api"]["ws"]["spot"]
    assert "/stream" not in client.ccxt.urls["api"]["ws"]["linear"]
    await client.close()


async def test_numbers_are_exact_and_are_sent_as_they_are() -> None:
    async with FakeBinance().serving() as fake, connected(fake) as client:
        fake.on("GET", "/api/v3/account", {"balances": [{"asset": "BTC", "free": "0.10000001", "locked": "0"}]})
        balance = await client.ask(client.ccxt.fetch_balance)
        assert balance["BTC"]["free"] == Decimal("0.10000001")
        assert client.ccxt.price_to_precision("BTC/USDT", Decimal("1E-7")) == "0.0000001"
        assert client.ccxt.amount_to_precision("BTC/USDT", Decimal("0.123456789")) == "0.123456789"


async def test_lesson_15_the_clock_is_measured_and_what_is_signed_is_corrected() -> None:
    fake = FakeBinance()
    fake.clock_ahead_ms = 3_600_000
    async with fake.serving(), connected(fake) as client:
        reading = client.venue_clock.reading
        assert abs(reading.offset_ns - 3_600_000_000_000) <= reading.uncertainty_ns + 50_000_000
        fake.on("GET", "/api/v3/account", {"balances": []})
        await client.ask(client.ccxt.fetch_balance)
        signed = fake.asked("GET", "/api/v3/account")[0]
        assert abs(int(signed["timestamp"]) - fake.now_ms()) < 1_000


async def test_market_codes_are_told_apart_at_an_address_of_ours() -> None:
    async with FakeBinance().serving() as fake, connected(fake, "linear") as client:
        fake.on("GET", "/fapi/v3/account", {"code": -2019, "msg": "Margin is insufficient."}, 400)
        with pytest.raises(CallFailed) as caught:
            await client.ask(client.ccxt.fetch_balance)
        assert type(caught.value.error).__name__ == "InsufficientFunds"
        assert (caught.value.code, caught.value.call.status) == ("-2019", 400)


@pytest.mark.parametrize("status", [400, 500])
async def test_no_error_text_holds_a_key_or_a_signature(
    status: int, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    async with FakeBinance().serving() as fake, connected(fake) as client:
        fake.on("GET", "/api/v3/account", {"code": -9, "msg": f"key {KEYS.key} secret {KEYS.secret}"}, status)
        with pytest.raises(CallFailed) as answered:
            await client.ask(client.ccxt.fetch_balance)
        fake.drop("GET", "/api/v3/account")
        fake.drop("GET", "/api/v3/account")
        with pytest.raises(CallFailed) as dropped:
            await client.ask(client.ccxt.fetch_balance)
    signature = fake.asked("GET", "/api/v3/account")[0]["signature"]
    written = caplog.text + "".join(capsys.readouterr())
    for failed in (answered.value, dropped.value):
        written += f"{failed} {failed!r} {failed.error!r} {failed.text} {failed.error.__cause__!r}"
    for secret in (KEYS.key, KEYS.secret, signature):
        assert secret not in written


def test_credentials_show_nothing_and_do_not_change() -> None:
    keys = Credentials("key-text", "secret-text", "pass-text")
    assert "text" not in f"{keys} {keys!r} {[keys]}"
    assert keys == Credentials("key-text", "secret-text", "pass-text") != Credentials("key-text", "other")
    assert keys.hide("a key-text b secret-text c pass-text") == "a (hidden) b (hidden) c (hidden)"
    with pytest.raises(AttributeError):
        keys.key = "other"


def test_an_unknown_exchange_is_refused_with_what_to_write() -> None:
    with pytest.raises(ConfigurationError, match=r"exchange\.name is binanse, which is no exchange"):
        ExchangeClient(exchange_settings(name="binanse"), None, WallTime())


def test_a_sandbox_address_needs_binance() -> None:
    with pytest.raises(ConfigurationError, match="speaks Binance's protocol"):
        ExchangeClient(exchange_settings("http://127.0.0.1:1", name="okx"), None, WallTime())


async def test_an_exchange_without_a_test_network_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="kraken has no test network"):
        ExchangeClient(exchange_settings(name="kraken", testnet=True), None, WallTime())


async def test_a_network_that_is_unreachable_is_one_sentence() -> None:
    client = ExchangeClient(exchange_settings("http://127.0.0.1:9"), KEYS, WallTime())
    client.ccxt.timeout_on_exit = 0
    with pytest.raises(ExchangeError, match=r"^http://127.0.0.1:9 cannot be reached; check the network"):
        await client.open()
    await client.close()
