"""Putting a sandbox exchange together from the settings: its market, its practice key, and what it remembers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from workstation.config.settings import Settings
from workstation.core.clock import WallClock
from workstation.core.money import MONEY_SCALE
from workstation.sandbox.accounts import ApiKey
from workstation.sandbox.exchange import Changes, Exchange
from workstation.sandbox.offering import offered_instruments, start_of
from workstation.sandbox.recording import RecordingSource, open_recording
from workstation.sandbox.restoring import restore
from workstation.sandbox.source import MarketSource, built_in_source
from workstation.sandbox.state_file import StateFile
from workstation.sandbox.wire import milliseconds

FIRST_BALANCE = 10_000 * MONEY_SCALE
"""USDT of the practice account on each market."""
IDS_A_RUN = 10_000_000
"""Trade and update ids of a run begin so far above those of the run before, at least."""
PRACTICE = "practice"


class Opened(NamedTuple):
    exchange: Exchange
    close: Callable[[], None]
    """Writes where prices stand and lets go of the state file."""


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
    """``recording`` decides the symbols. Raises ``WorkstationError`` for what cannot be offered, read or kept."""
    recorded = None if recording is None else open_recording(recording, settings.instruments)
    instruments = offered_instruments(settings.instruments, symbols if recorded is None else recorded[0])
    file = None if state is None else StateFile(state)
    try:
        now_ns = WallClock().now_ns()
        if recorded is not None:
            start_ns = now_ns
            source: MarketSource = RecordingSource(tuple(recorded[0]), recorded[1], start_ns)
        else:
            start_ns = start_of(now_ns)
            prices = (file.one("prices", dict[str, int]) or {}) if file else {}
            source = built_in_source(settings.market.built_in, instruments, seed, prices, start_ns)
        before = file.one("first_id", int) if file else None
        first_id = max(milliseconds(start_ns), (before or 0) + IDS_A_RUN)
        exchange = Exchange(source, instruments, start_ns, first_id)
        exchange.floor.brings_funding = recorded is None
        if file is not None:
            restore(exchange, file)
            exchange.store = _with_prices(exchange, file)
        with exchange.turn():
            exchange.floor.changes["first_id",] = lambda: first_id
            _add_practice_key(exchange, key, secret)
    except BaseException:
        if file is not None:
            file.close()
        raise
    return Opened(exchange, _nothing if file is None else lambda: _close(exchange, file))


def _add_practice_key(exchange: Exchange, key: str, secret: str) -> None:
    """Its account is opened with money once; a key that is known keeps its account and its permissions."""
    is_new = PRACTICE not in exchange.accounts
    known = exchange.keys.get(key)
    if known is None or known.secret != secret:
        exchange.add_key(ApiKey(key=key, secret=secret, account=PRACTICE, created_ns=exchange.clock.time_ns))
    if is_new:
        account = exchange.account(PRACTICE)
        account.spot.credit("USDT", FIRST_BALANCE)
        account.futures.credit("USDT", FIRST_BALANCE)


def _with_prices(exchange: Exchange, file: StateFile) -> Callable[[Changes], None]:
    def write(changes: Changes) -> None:
        changes["prices",] = exchange.last_prices
        file.write(changes)

    return write


def _close(exchange: Exchange, file: StateFile) -> None:
    try:
        file.write({("prices",): exchange.last_prices})
    finally:
        file.close()


def _nothing() -> None:
    """There is no file."""
