"""Before live trading: every line of the list that fails says what to do; so does every way of not getting through."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.unit.venues.exchange.fake_binance import (
    KEYS,
    FakeBinance,
    WallTime,
    connected,
    exchange_settings,
    instrument,
)
from workstation.config.loader import load_settings
from workstation.config.settings import Settings
from workstation.core.types import InstrumentKind
from workstation.trading.order_cost import FeeRates
from workstation.venues.exchange.account.preflight import Check, preflight
from workstation.venues.exchange.connection.client import ExchangeClient
from workstation.venues.exchange.connection.errors import ExchangeError

SHIPPED = load_settings(Path(__file__).parents[5] / "config" / "strategy.yaml").settings
LINEAR = InstrumentKind.LINEAR


def settings_for(client: ExchangeClient, **changes: Any) -> Settings:
    instruments = {"BTCUSDT": instrument(LINEAR), "ETHUSDT": instrument(LINEAR, "ETH")}
    market = msgspec.structs.replace(SHIPPED.market, symbols=("BTCUSDT", "ETHUSDT"))
    fields = {"exchange": client.settings, "instruments": instruments, "market": market, **changes}
    return msgspec.structs.replace(SHIPPED, **fields)


def account(fake: FakeBinance, **changes: Any) -> None:
    """A perpetuals account that is in order, but for the changes."""
    key = {"enableFutures": True, "enableWithdrawals": False, "ipRestrict": True}
    fake.on("GET", "/fapi/v3/account", {"assets": []})
    fake.on("GET", "/sapi/v1/account/apiRestrictions", {**key, **changes.get("key", {})})
    fake.on("GET", "/fapi/v1/positionSide/dual", {"dualSidePosition": changes.get("hedged", False)})
    config = {"marginType": changes.get("margin", "ISOLATED"), "leverage": changes.get("leverage", 1)}
    fake.on("GET", "/fapi/v1/symbolConfig", [{"symbol": s, **config} for s in ("BTCUSDT", "ETHUSDT")])
    fees = {"makerCommissionRate": "0.0002", "takerCommissionRate": "0.0005"}
    fake.on("GET", "/fapi/v1/commissionRate", {"symbol": "BTCUSDT", **fees})


async def checks(fake: FakeBinance, client: ExchangeClient, **changes: Any) -> dict[str, Check]:
    return {check.name: check for check in (await preflight(client, settings_for(client, **changes))).checks}


async def test_an_account_in_order_is_green_in_every_line() -> None:
    async with FakeBinance().serving() as fake, connected(fake, "linear") as client:
        account(fake)
        found = await checks(fake, client)
        assert list(found) == [
            "key",
            "permissions",
            "withdrawal",
            "clock",
            "position mode",
            "margin mode",
            "leverage",
            "instruments",
            "limits",
        ]
        assert all(check.passed for check in found.values())
        assert found["limits"].text == (
            "Limits: request weight 6000 in 60 s, orders 100 in 10 s, orders 200000 in 86400 s."
        )
        rates = (await preflight(client, settings_for(client))).fee_rates
        assert rates == {"BTCUSDT": FeeRates(20_000, 50_000), "ETHUSDT": FeeRates(20_000, 50_000)}


@pytest.mark.parametrize(
    ("changes", "name", "sentence"),
    [
        ({"hedged": True}, "position mode", "is in hedge mode; close all positions, switch it to one-way mode"),
        ({"margin": "CROSSED"}, "margin mode", "BTCUSDT cross, ETHUSDT cross; set it there for each symbol"),
        ({"leverage": 20}, "leverage", "account.leverage is 1, but at binance: BTCUSDT 20, ETHUSDT 20"),
        ({"key": {"enableWithdrawals": True}}, "withdrawal", "may withdraw; take that permission away"),
        ({"key": {"enableFutures": False}}, "permissions", "does not allow futures trading; allow it"),
    ],
)
async def test_lesson_9_what_differs_is_found_at_the_start_and_refused_with_the_remedy(
    changes: dict[str, Any], name: str, sentence: str
) -> None:
    async with FakeBinance().serving() as fake, connected(fake, "linear") as client:
        account(fake, **changes)
        found = await checks(fake, client)
        assert [check.name for check in found.values() if not check.passed] == [name]
        assert sentence in found[name].text


async def test_a_key_that_may_withdraw_is_accepted_in_words() -> None:
    async with FakeBinance().serving() as fake:
        words = {"withdrawal_permission": "I accept a key that may withdraw"}
        async with connected(fake, "linear", **words) as client:
            account(fake, key={"enableWithdrawals": True})
            assert (await checks(fake, client))["withdrawal"].passed


async def test_what_the_exchange_does_not_tell_of_withdrawals_fails_closed() -> None:
    async with FakeBinance().serving() as fake, connected(fake, "linear") as client:
        account(fake)
        fake.on("GET", "/sapi/v1/account/apiRestrictions", {"code": -1000, "msg": "no"}, 500)
        found = (await checks(fake, client))["withdrawal"]
        assert not found.passed and "does not tell whether the key may withdraw" in found.text


async def test_what_an_exchange_never_tells_is_said_and_what_it_failed_to_tell_is_no_green() -> None:
    async with FakeBinance().serving() as fake, connected(fake, "linear") as client:
        account(fake)
        for path in ("/fapi/v1/positionSide/dual", "/fapi/v1/symbolConfig"):
            fake.on("GET", path, {"code": -1000, "msg": "no"}, 500)
        found = await checks(fake, client)
        assert {name for name, check in found.items() if not check.passed} == {
            "position mode",
            "margin mode",
            "leverage",
        }
        assert "BTCUSDT not told" in found["leverage"].text
        client.ccxt.has["fetchPositionMode"] = client.ccxt.has["fetchLeverage"] = False
        found = await checks(fake, client)
        assert all(check.passed for check in found.values())
        assert found["leverage"].text == "binance does not tell the leverage; it must be 1 as account.leverage is."


async def test_steps_that_differ_from_the_exchanges_are_named_with_what_to_write() -> None:
    async with FakeBinance().serving() as fake, connected(fake, "linear") as client:
        account(fake)
        spot_steps = instrument(InstrumentKind.SPOT)
        wrong = {"BTCUSDT": msgspec.structs.replace(spot_steps, kind=LINEAR), "ETHUSDT": instrument(LINEAR, "ETH")}
        found = (await checks(fake, client, instruments=wrong))["instruments"]
        assert not found.passed
        assert "instruments.BTCUSDT.tick is 0.01, write 0.1" in found.text
        assert "instruments.BTCUSDT.lot is 0.00001, write 0.001" in found.text
        assert "instruments.BTCUSDT.minimum_notional is 5, write 100" in found.text


async def test_a_symbol_that_is_not_listed_is_named() -> None:
    async with FakeBinance().serving() as fake, connected(fake, "linear") as client:
        account(fake)
        market = msgspec.structs.replace(SHIPPED.market, symbols=("BTCUSDT", "LTCUSDT"))
        found = (await checks(fake, client, market=market))["instruments"]
        assert "LTCUSDT is not listed; take it out of market.symbols" in found.text


async def test_a_clock_off_by_an_hour_is_one_sentence_with_the_remedy() -> None:
    fake = FakeBinance()
    fake.clock_ahead_ms = 3_600_000
    async with fake.serving(), connected(fake, "linear") as client:
        account(fake)
        found = (await checks(fake, client))["clock"]
        assert not found.passed
        assert "s behind binance's, more than risk.clock_drift_s of 1 s; set it by a time server" in found.text


@pytest.mark.parametrize(
    ("status", "code", "text", "sentence"),
    [
        (
            401,
            -2014,
            "API-key format invalid.",
            "does not know the key “main”; enter it again with `workstation keys add",
        ),
        (400, -1022, "Signature for this request is not valid.", "“main”: its secret is wrong; enter"),
        (401, -2015, "Invalid API-key, IP, or permissions for action.", "it is unknown, lacks the permission, or this"),
        (400, -1021, "Timestamp for this request is outside", "clock differs too much from"),
        (429, -1003, "Too many requests", "refuses requests for a while"),
        (503, -1000, "maintenance", "out of order or under maintenance (HTTP 503)"),
    ],
)
async def test_a_key_that_does_not_work_is_one_sentence_with_the_remedy(
    status: int, code: int, text: str, sentence: str
) -> None:
    async with FakeBinance().serving() as fake, connected(fake, "linear") as client:
        fake.on("GET", "/fapi/v3/account", {"code": code, "msg": text}, status, {"Retry-After": "0"})
        (only,) = (await checks(fake, client)).values()
        assert not only.passed and sentence in only.text
        assert KEYS.key not in only.text and KEYS.secret not in only.text


@asynccontextmanager
async def self_signed(folder: Path) -> AsyncIterator[str]:
    """A server whose certificate nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file = folder / "certificate.pem"
    file.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    runner = web.AppRunner(web.Application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_a_certificate_that_is_not_accepted_is_one_sentence_with_the_remedy(tmp_path: Path) -> None:
    async with self_signed(tmp_path) as address:
        client = ExchangeClient(exchange_settings(address), KEYS, WallTime())
        client.ccxt.timeout_on_exit = 0
        with pytest.raises(
            ExchangeError, match=r"is not secure .the certificate was not accepted.; check the computer"
        ):
            await client.open()
        await client.close()


async def test_an_exchange_that_does_not_answer_in_time_is_one_sentence() -> None:
    async with FakeBinance().serving() as fake:
        fake.drop("GET", "/api/v3/exchangeInfo")
        fake.drop("GET", "/api/v3/exchangeInfo")
        with pytest.raises(ExchangeError, match="cannot be reached; check the network"):
            async with connected(fake):
                pass
