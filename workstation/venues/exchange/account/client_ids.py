"""The engine's order ids as each exchange accepts them, and back."""

from __future__ import annotations

import re

from workstation.venues.exchange.codes import family_of

_MARK = "TW"
"""Begins an id that was rewritten for OKX, which takes letters and digits alone."""
_LONGEST = {"binance": 36, "bybit": 36, "okx": 32, "kraken": 18}
_ALLOWED = re.compile(r"[A-Za-z0-9_-]+")


def to_venue(name: str, client_id: str) -> str:
    """The id that is sent. Raises ``ValueError`` for one that the exchange could not hold."""
    family = family_of(name)
    if not _ALLOWED.fullmatch(client_id):
        raise ValueError(f"The order id {client_id!r} holds other characters than letters, digits, - and _.")
    sent = client_id
    if family == "okx":
        sent = _MARK + client_id.replace("z", "zz").replace("-", "z0").replace("_", "z1")
    if len(sent) > _LONGEST.get(family, 36):
        raise ValueError(f"The order id {client_id} is too long for {name}.")
    return sent


def from_venue(name: str, venue_client_id: str) -> str:
    """The engine's id of one of ours; somebody else's is given as it is."""
    if family_of(name) != "okx" or not venue_client_id.startswith(_MARK):
        return venue_client_id
    rest = venue_client_id.removeprefix(_MARK)
    if re.fullmatch(r"(?:[^z]|z[z01])*", rest) is None:
        return venue_client_id
    return re.sub(r"z([z01])", lambda match: {"z": "z", "0": "-", "1": "_"}[match[1]], rest)
