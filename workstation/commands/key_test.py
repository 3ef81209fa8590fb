"""``workstation keys test``: connect with a key and tell what it may do."""

from __future__ import annotations

import argparse
import asyncio

import msgspec

from workstation.commands.places import settings
from workstation.config.settings import Exchange
from workstation.core.clock import WallClock
from workstation.core.credentials import Credentials
from workstation.storage.secrets import KEYS_TEST, load_credentials
from workstation.venues.exchange.account.account_facts import AccountFacts, read_account_facts
from workstation.venues.exchange.connection.client import ExchangeClient
from workstation.venues.exchange.connection.errors import CallFailed, ExchangeError
from workstation.venues.exchange.connection.sentences import sentence_for


def test_key(arguments: argparse.Namespace) -> int:
    """Raises ``CredentialsError`` when the key is not to be had, and ``ExchangeError`` when it does not work."""
    exchange = msgspec.structs.replace(settings(arguments).settings.exchange, key=arguments.name)
    credentials = load_credentials(KEYS_TEST, exchange.key, exchange.name)
    key = asyncio.run(_ask(exchange, credentials)).key
    print(f"Key {exchange.key} works at {exchange.address or exchange.name}, {exchange.market}.")
    print("Read       yes")
    print(f"Trade      {_answer(key.can_trade)}")
    print(f"Withdraw   {_answer(key.can_withdraw)}{_withdrawal(exchange, key.can_withdraw)}")
    print(f"Addresses  {_ADDRESSES[key.limited_to_addresses]}")
    return 0


async def _ask(exchange: Exchange, credentials: Credentials) -> AccountFacts:
    client = ExchangeClient(exchange, credentials, WallClock())
    try:
        await client.open()
        return await read_account_facts(client, ())
    except CallFailed as failed:
        raise ExchangeError(sentence_for(failed, exchange)) from None
    finally:
        await client.close()


_ADDRESSES = {
    True: "limited to some",
    False: "any: limit the key to your IP address at the exchange",
    None: "not told by the exchange",
}


def _answer(told: bool | None) -> str:
    return {True: "yes", False: "no", None: "not told by the exchange"}[told]


def _withdrawal(exchange: Exchange, allowed: bool | None) -> str:
    if allowed is False or exchange.withdrawal_permission != "refuse":
        return ""
    return ": live trading is refused, as exchange.withdrawal_permission says"
