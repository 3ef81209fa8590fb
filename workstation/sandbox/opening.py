"""Putting a sandbox exchange together from the settings: its market, its practice key, and what it remembers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from workstation.config.settings import Settings
from workstation.core.clock import WallClock
from workstation.core.money import MONEY_SCALE
from workstation.sandbox.accounts import ApiKey
from workstation.sandbox.exchange import Exchange, offered_instruments, start_of
from workstation.sandbox.source import built_in_source

FIRST_BALANCE = 10_000 * MONEY_SCALE
"""USDT of the practice account on each market."""


class Opened(NamedTuple):
    exchange: Exchange
    close: Callable[[], None]
    """Lets go of the state file."""


def open_exchange(
    settings: Settings,
    symbols: Sequence[str],
    *,
    key: str,
    secret: str,
    seed: int,
    recording: Path | None = None,
    state: Path | None = None,
) -> Opened:
    """Raises ``WorkstationError`` for what cannot be offered, read or kept."""
    instruments = offered_instruments(settings.instruments, symbols)
    start_ns = start_of(WallClock().now_ns())
    source = built_in_source(settings.market.built_in, instruments, seed, {}, start_ns)
    exchange = Exchange(source, instruments, start_ns)
    with exchange.turn():
        exchange.add_key(ApiKey(key=key, secret=secret, account="practice", created_ns=start_ns))
        account = exchange.account("practice")
        account.spot.credit("USDT", FIRST_BALANCE)
        account.futures.credit("USDT", FIRST_BALANCE)
    return Opened(exchange, _nothing)


def _nothing() -> None:
    """There is no file."""
