"""A data folder holds one account for ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from workstation.config.loader import load_settings, settings_json
from workstation.config.settings import Settings
from workstation.core.errors import ConfigurationError
from workstation.core.types import Mode
from workstation.session.account_identity import check_account, client_id_token
from workstation.storage.journal import SessionHeader

FOLDER = Path("somewhere")
SETTINGS = load_settings(Path(__file__).parents[3] / "config" / "strategy.yaml").settings


def header(settings: Settings = SETTINGS, mode: Mode = Mode.LIVE, token: str = "a1b2") -> SessionHeader:
    return SessionHeader(
        started_ns=1,
        mode=mode,
        seed=1,
        engine_version="1",
        configuration=settings_json(settings),
        instruments={},
        strategies={},
        opening={},
        token=token,
    )


def at(**changes: Any) -> Settings:
    return msgspec.structs.replace(SETTINGS, exchange=msgspec.structs.replace(SETTINGS.exchange, **changes))


def test_paper_and_live_do_not_share_a_folder() -> None:
    with pytest.raises(ConfigurationError, match="holds a PAPER account, and this session is LIVE: give each its own"):
        check_account(FOLDER, header(mode=Mode.PAPER), Mode.LIVE, SETTINGS)
    check_account(FOLDER, header(mode=Mode.PAPER), Mode.PAPER, at(name="kraken"))


@pytest.mark.parametrize(
    "changes", [{"name": "kraken"}, {"market": "spot"}, {"address": "http://x"}, {"testnet": True}]
)
def test_two_live_accounts_do_not_share_a_folder(changes: dict[str, Any]) -> None:
    check_account(FOLDER, header(), Mode.LIVE, SETTINGS)
    with pytest.raises(ConfigurationError, match="holds the account paper-01 on binance linear at the exchange, and"):
        check_account(FOLDER, header(), Mode.LIVE, at(**changes))


def test_client_ids_of_a_folder_stay_its_own() -> None:
    first, other = client_id_token(None, Mode.LIVE), client_id_token(None, Mode.LIVE)
    assert len(first) == len(other) == 4
    assert client_id_token(header(token="beef"), Mode.LIVE) == "beef"
    assert client_id_token(header(), Mode.PAPER) == ""


def test_an_engine_that_takes_orders_has_ids_of_its_own_on_paper_too() -> None:
    """Those of a strategy core are numbered alike; a folder of before has none yet."""
    token = client_id_token(None, Mode.PAPER, takes_orders=True)
    assert token and client_id_token(header(), Mode.PAPER, takes_orders=True)
    assert client_id_token(header(token=token), Mode.PAPER, takes_orders=True) == token
