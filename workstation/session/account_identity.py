"""Whose account a data folder holds, and what tells its orders from those of another installation."""

from __future__ import annotations

import secrets
from pathlib import Path

from workstation.config.loader import settings_from_json
from workstation.config.settings import Settings
from workstation.core.errors import ConfigurationError
from workstation.core.types import Mode
from workstation.storage.journal import SessionHeader

TOKEN_BYTES = 2


def check_account(folder: Path, last: SessionHeader, mode: Mode, settings: Settings) -> None:
    """A data folder holds one account for ever. Raises ``ConfigurationError`` when the session is for another."""
    if last.mode is not mode:
        raise ConfigurationError(
            f"The data folder {folder} holds a {last.mode} account, and this session is {mode}: give each its own "
            "folder with --data."
        )
    if mode is Mode.LIVE:
        before, now = _account_in_words(settings_from_json(last.configuration)), _account_in_words(settings)
        if before != now:
            raise ConfigurationError(
                f"The data folder {folder} holds the account {before}, and this session is for {now}: give each its "
                "own folder with --data."
            )


def client_id_token(last: SessionHeader | None, mode: Mode, *, takes_orders: bool = False) -> str:
    """Part of every client id of a live account, drawn at its first session: numbers alone would come again in another
    folder, and the exchange knows the account only. On paper, of an engine that takes orders under ids of others."""
    if mode is Mode.PAPER and not takes_orders:
        return ""
    return (last.token if last is not None else "") or secrets.token_hex(TOKEN_BYTES)


def _account_in_words(settings: Settings) -> str:
    exchange = settings.exchange
    place = exchange.address or ("the test network" if exchange.testnet else "the exchange")
    return f"{settings.account.name} on {exchange.name} {exchange.market} at {place}"
