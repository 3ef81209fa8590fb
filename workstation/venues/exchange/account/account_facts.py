"""What the exchange says of the key and the account before trading: permissions, modes, leverage, fees."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Any, Literal

import msgspec

from workstation.core.errors import ConfigurationError
from workstation.venues.exchange.codes import family_of
from workstation.venues.exchange.connection.client import ExchangeClient
from workstation.venues.exchange.connection.errors import CallFailed, RequestExpired
from workstation.venues.exchange.connection.venue_clock import ClockReading


class KeyFacts(msgspec.Struct, frozen=True):
    """What the key may do; ``None`` is not told by the exchange."""

    can_trade: bool | None = None
    can_withdraw: bool | None = None
    limited_to_addresses: bool | None = None


class SymbolFacts(msgspec.Struct, frozen=True):
    """The account's terms in one symbol; fees are fractions of the worth, ``None`` is not told."""

    listed: bool
    leverage: int | None = None
    margin_mode: Literal["isolated", "cross"] | None = None
    maker_fee: Decimal | None = None
    taker_fee: Decimal | None = None


class AccountFacts(msgspec.Struct, frozen=True):
    key: KeyFacts
    hedge_mode: bool | None
    """Long and short positions beside each other; ``None`` on spot and where it is not told."""
    symbols: dict[str, SymbolFacts]
    clock: ClockReading


async def read_account_facts(client: ExchangeClient, symbols: Sequence[str]) -> AccountFacts:
    """Ask for everything. Raises ``CallFailed`` when the key does not work at all; what is not told is ``None``."""
    await client.ask(client.ccxt.fetch_balance)
    key = await _or_none(_KEYS[family_of(client.name)](client)) if family_of(client.name) in _KEYS else None
    linear = client.settings.market == "linear"
    listed = [symbol for symbol in symbols if client.lists(symbol)]
    hedge_mode = await _or_none(_hedge_mode(client, listed[0])) if linear and listed else None
    modes = await _or_none(_modes(client, listed)) if linear and listed else None
    told: dict[str, SymbolFacts] = {symbol: SymbolFacts(listed=False) for symbol in symbols}
    for symbol in listed:
        fee = await _or_none(client.ask(client.ccxt.fetch_trading_fee, client.unified(symbol))) or {}
        mode = (modes or {}).get(symbol, {})
        leverage, margin_mode = mode.get("longLeverage"), mode.get("marginMode")
        told[symbol] = SymbolFacts(
            listed=True,
            leverage=int(leverage) if leverage is not None else None,
            margin_mode=margin_mode if margin_mode in ("isolated", "cross") else None,
            maker_fee=_fraction(fee.get("maker")),
            taker_fee=_fraction(fee.get("taker")),
        )
    await client.measure_clock()
    return AccountFacts(key or KeyFacts(), hedge_mode, told, client.venue_clock.reading)


async def _or_none(question: Awaitable[Any]) -> Any:
    try:
        return await question
    except (CallFailed, RequestExpired, ConfigurationError):
        return None


def _fraction(number: Any) -> Decimal | None:
    return None if number is None else Decimal(str(number))


async def _hedge_mode(client: ExchangeClient, symbol: str) -> bool | None:
    told = await client.ask(client.ccxt.fetch_position_mode, client.unified(symbol))
    hedged = told.get("hedged")
    return hedged if isinstance(hedged, bool) else None


async def _modes(client: ExchangeClient, symbols: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Leverage and margin mode by symbol, as ccxt has them."""
    exchange = client.ccxt
    if family_of(client.name) == "binance":
        # ccxt would ask for the brackets of all symbols first.
        rows = await client.ask(exchange.fapiPrivateGetSymbolConfig)
        return {row["symbol"]: exchange.parse_leverage(row) for row in rows if row["symbol"] in symbols}
    modes = {}
    for symbol in symbols:
        if exchange.has.get("fetchLeverage"):
            modes[symbol] = await client.ask(exchange.fetch_leverage, client.unified(symbol))
    return modes


async def _binance_key(client: ExchangeClient) -> KeyFacts:
    told = await client.ask(client.ccxt.sapiGetAccountApiRestrictions)
    spot = client.settings.market == "spot"
    return KeyFacts(
        can_trade=bool(told["enableSpotAndMarginTrading" if spot else "enableFutures"]),
        can_withdraw=bool(told["enableWithdrawals"]),
        limited_to_addresses=bool(told["ipRestrict"]),
    )


async def _bybit_key(client: ExchangeClient) -> KeyFacts:
    told = (await client.ask(client.ccxt.privateGetV5UserQueryApi))["result"]
    permissions = told.get("permissions", {})
    kinds = ("Spot",) if client.settings.market == "spot" else ("ContractTrade", "Derivatives")
    return KeyFacts(
        can_trade=str(told.get("readOnly")) == "0" and any(permissions.get(kind) for kind in kinds),
        can_withdraw="Withdraw" in permissions.get("Wallet", []),
        limited_to_addresses=told.get("ips", ["*"]) != ["*"],
    )


async def _okx_key(client: ExchangeClient) -> KeyFacts:
    told = (await client.ask(client.ccxt.privateGetAccountConfig))["data"][0]
    permissions = str(told.get("perm", "")).split(",")
    return KeyFacts(
        can_trade="trade" in permissions,
        can_withdraw="withdraw" in permissions,
        limited_to_addresses=bool(told.get("ip")),
    )


_KEYS: dict[str, Callable[[ExchangeClient], Awaitable[KeyFacts]]] = {
    "binance": _binance_key,
    "bybit": _bybit_key,
    "okx": _okx_key,
}
