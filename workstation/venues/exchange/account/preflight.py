"""The list that must be green before live trading: each line is in order, or says in one sentence what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from workstation.config.settings import Exchange, Settings
from workstation.core.money import to_rate
from workstation.core.timeframe import SECOND_NS
from workstation.trading.order_cost import FeeRates
from workstation.venues.exchange.account.account_facts import AccountFacts, read_account_facts
from workstation.venues.exchange.connection.client import ExchangeClient
from workstation.venues.exchange.connection.errors import CallFailed
from workstation.venues.exchange.connection.sentences import sentence_for
from workstation.venues.exchange.instruments import Instruments


class Check(msgspec.Struct, frozen=True):
    """One line of the list. ``text`` says how it stands, and where it failed what to do."""

    name: str
    passed: bool
    text: str


class Preflight(NamedTuple):
    checks: tuple[Check, ...]
    fee_rates: dict[str, FeeRates]
    """By symbol, where the exchange tells them."""


async def preflight(client: ExchangeClient, settings: Settings) -> Preflight:
    """Ask the exchange and compare with the configuration. The client must be open; nothing is changed."""
    exchange, symbols = settings.exchange, settings.market.symbols
    try:
        facts = await read_account_facts(client, symbols)
    except CallFailed as failed:
        return Preflight((Check("key", False, sentence_for(failed, exchange)),), {})
    checks = [Check("key", True, f"{exchange.name} knows the key “{exchange.key}”.")]
    checks += _key(facts, exchange)
    checks.append(_clock(facts, settings))
    if exchange.market == "linear":
        checks += _modes(client, facts, settings)
    checks += _instruments(client, settings)
    checks.append(_limits(client))
    return Preflight(tuple(checks), _fee_rates(facts))


def _fee_rates(facts: AccountFacts) -> dict[str, FeeRates]:
    return {
        symbol: FeeRates(to_rate(told.maker_fee), to_rate(told.taker_fee))
        for symbol, told in facts.symbols.items()
        if told.maker_fee is not None and told.taker_fee is not None
    }


def _key(facts: AccountFacts, exchange: Exchange) -> Iterator[Check]:
    key = facts.key
    trades = "spot trading" if exchange.market == "spot" else "futures trading"
    # Test networks do not tell what a key may do, and there is nothing to lose.
    trusting = exchange.testnet
    if key.can_trade or (key.can_trade is None and trusting):
        yield Check("permissions", True, f"The key allows {trades}.")
    elif key.can_trade is None:
        yield Check("permissions", True, f"{exchange.name} does not tell whether the key allows {trades}.")
    else:
        yield Check(
            "permissions",
            False,
            f"The key “{exchange.key}” does not allow {trades}; allow it in the exchange's key settings.",
        )
    accepted = exchange.withdrawal_permission != "refuse"
    if key.can_withdraw is False:
        yield Check("withdrawal", True, "The key cannot withdraw.")
    elif accepted:
        yield Check("withdrawal", True, "A key that may withdraw was accepted in exchange.withdrawal_permission.")
    elif key.can_withdraw:
        yield Check(
            "withdrawal",
            False,
            f"The key “{exchange.key}” may withdraw; take that permission away in the exchange's key settings, or "
            "write “I accept a key that may withdraw” under exchange.withdrawal_permission.",
        )
    elif trusting:
        yield Check("withdrawal", True, "Nothing can be withdrawn from a test network.")
    else:
        yield Check(
            "withdrawal",
            False,
            f"{exchange.name} does not tell whether the key may withdraw; look in its key settings, and when you are "
            "content write “I accept a key that may withdraw” under exchange.withdrawal_permission.",
        )


def _clock(facts: AccountFacts, settings: Settings) -> Check:
    offset_ns, bound_s = facts.clock.offset_ns, settings.risk.clock_drift_s
    apart = f"{abs(offset_ns) / SECOND_NS:.3f} s {'behind' if offset_ns > 0 else 'ahead of'} {settings.exchange.name}'s"
    if not facts.clock.measured_ns:
        return Check("clock", True, f"{settings.exchange.name} tells no time; the computer's clock is trusted.")
    if abs(offset_ns) > bound_s * SECOND_NS:
        return Check(
            "clock",
            False,
            f"The computer's clock is {apart}, more than risk.clock_drift_s of {bound_s} s; set it by a time server: "
            "on Linux `timedatectl set-ntp true`, on Windows “Sync now” in the time settings.",
        )
    return Check("clock", True, f"The computer's clock is {apart}.")


def _modes(client: ExchangeClient, facts: AccountFacts, settings: Settings) -> Iterator[Check]:
    """Hedge mode and a leverage of another size are found at the start, not at the first order."""
    account, name, has = settings.account, settings.exchange.name, client.ccxt.has
    if facts.hedge_mode:
        yield Check(
            "position mode",
            False,
            f"The account at {name} is in hedge mode; close all positions, switch it to one-way mode in the exchange's "
            "preferences, and start again.",
        )
    elif facts.hedge_mode is None and has.get("fetchPositionMode"):
        yield Check("position mode", False, f"{name} did not tell the position mode; try again in a minute.")
    elif facts.hedge_mode is None:
        yield Check("position mode", True, f"{name} does not tell the position mode; it must be one-way.")
    else:
        yield Check("position mode", True, "The account holds one position a symbol.")
    listed = {symbol: told for symbol, told in facts.symbols.items() if told.listed}
    margin = {symbol: told.margin_mode for symbol, told in listed.items()}
    yield _compared("margin mode", "account.margin_mode", account.margin_mode, margin, client)
    leverage = {symbol: told.leverage for symbol, told in listed.items()}
    yield _compared("leverage", "account.leverage", account.leverage, leverage, client)


def _compared(
    name: str, key: str, wanted: str | int, told: Mapping[str, str | int | None], client: ExchangeClient
) -> Check:
    """What is set at the exchange, symbol by symbol, against what the configuration has."""
    if not client.ccxt.has.get("fetchLeverage") and not any(told.values()):
        return Check(name, True, f"{client.name} does not tell the {name}; it must be {wanted} as {key} is.")
    wrong = ", ".join(f"{symbol} {have or 'not told'}" for symbol, have in told.items() if have != wanted)
    if wrong:
        return Check(
            name,
            False,
            f"{key} is {wanted}, but at {client.name}: {wrong}; set it there for each symbol, or change {key}.",
        )
    return Check(name, True, f"The {name} is {wanted} in every symbol.")


def _instruments(client: ExchangeClient, settings: Settings) -> Iterator[Check]:
    """Ticks and lots decide what every number means: they must be the exchange's own."""
    name, described = settings.exchange.name, Instruments(client, {})
    faults = []
    for symbol in settings.market.symbols:
        if not client.lists(symbol):
            faults.append(f"{symbol} is not listed; take it out of market.symbols")
            continue
        ours, theirs = settings.instruments[symbol], described.described(symbol)
        for key in ("tick", "lot", "contract_size", "minimum_notional"):
            have, told = getattr(ours, key), getattr(theirs, key)
            if have != told and not (key == "minimum_notional" and have > told):
                faults.append(f"instruments.{symbol}.{key} is {have:f}, write {told:f}")
    if faults:
        yield Check("instruments", False, f"The configuration differs from {name}: {'; '.join(faults)}.")
    else:
        yield Check("instruments", True, f"Ticks, lots and minimums are {name}'s.")


def _limits(client: ExchangeClient) -> Check:
    limits = client.limits
    if limits.blocked_until_ns:
        return Check(
            "limits", False, f"{client.name} takes no request now: {limits.blocked_reason}; wait and try again."
        )
    known = [f"{use.name} {use.limit} in {use.window_s} s" for use in limits.uses if use.limit]
    return Check("limits", True, f"Limits: {', '.join(known)}." if known else "Requests are paced by ccxt's figures.")
