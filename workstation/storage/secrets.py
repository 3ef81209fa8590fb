"""API keys by name: from the environment, from a file that only its owner can read, or from the system's keyring.

They are looked for in this order. In the environment, the key ``main`` is ``WORKSTATION_KEY_MAIN``,
``WORKSTATION_SECRET_MAIN`` and, where the exchange gives one, ``WORKSTATION_PASSWORD_MAIN`` (``-`` becomes ``_``); it
serves whatever exchange is configured. A file is named by ``WORKSTATION_KEYS_FILE``; see ``key_file``. Every key that
is loaded is made known to ``core.redaction`` first.
"""

from __future__ import annotations

import os
import re
from typing import Final, Literal

import msgspec

from workstation.core.credentials import Credentials
from workstation.core.errors import CredentialsError
from workstation.core.redaction import first_letters, hide
from workstation.core.types import Mode
from workstation.storage.key_file import keys_file, read_keys
from workstation.storage.key_ring import HEADLESS, KeyRing

KEYS_TEST: Final = "keys test"
SHORTEST = 8
"""Characters; what is shorter was cut off, and would be hidden wherever it occurs by chance."""
ANY_EXCHANGE = ""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_KEY_VARIABLE = "WORKSTATION_KEY_"


class KeyName(msgspec.Struct, frozen=True):
    """What may be shown of a key. ``exchange`` is empty for one of the environment, which serves any."""

    name: str
    exchange: str
    begins: str
    """Its first four characters."""
    place: str
    """Where it is kept, in words."""


def load_credentials(purpose: Mode | Literal["keys test"], name: str, exchange: str) -> Credentials:
    """The one way to a key: for live trading, and for ``workstation keys test``.

    Raises ``CredentialsError`` for any other purpose, before it looks anywhere, and when the key is not to be had.
    """
    if purpose not in (Mode.LIVE, KEYS_TEST):
        raise CredentialsError(f"A {purpose.lower()} session holds no keys; only live trading loads one.")
    check_name(name)
    credentials = _from_environment(name) or _from_file(name, exchange)
    if credentials is None:
        credentials = KeyRing().load(name, exchange)
    if credentials is None:
        raise CredentialsError(
            f"There is no key {name} for {exchange}: add it with `workstation keys add {name}`; {HEADLESS}."
        )
    return checked(credentials)


def key_names() -> tuple[list[KeyName], str]:
    """Every key there is, wherever it is kept, and why the keyring's are not among them, else an empty text.

    Raises ``CredentialsError`` when the environment or the file has one that is not whole, or not safe.
    """
    found = []
    for variable in sorted(os.environ):
        if variable.startswith(_KEY_VARIABLE):
            name = variable.removeprefix(_KEY_VARIABLE).lower()
            credentials = _from_environment(name)
            if credentials is not None:
                found.append(KeyName(name, ANY_EXCHANGE, first_letters(credentials), "environment"))
    file = keys_file()
    if file is not None:
        for (name, exchange), credentials in read_keys(file).items():
            found.append(KeyName(name, exchange, first_letters(credentials), str(file)))
    try:
        ring = KeyRing()
        kept = ring.names()
    except CredentialsError as error:
        return found, str(error)
    found += [KeyName(*key, begins, f"keyring ({ring.title})") for key, begins in sorted(kept.items())]
    return found, ""


def add_key(name: str, exchange: str, credentials: Credentials) -> None:
    """Keep a key in the keyring. Raises ``CredentialsError`` when it is malformed, cannot be kept, or is there already.

    ``exchange`` is ccxt's name; the key is never given to another one.
    """
    check_name(name)
    hide(checked(credentials))
    ring = KeyRing()
    if ring.load(name, exchange) is not None:
        raise CredentialsError(
            f"There is a key {name} for {exchange} already: `workstation keys remove {name}` first, or choose another "
            "name."
        )
    ring.save(name, exchange, credentials)


def remove_key(name: str, exchange: str) -> None:
    """Remove a key from the keyring. Raises ``CredentialsError`` when it is not there."""
    ring = KeyRing()
    # An interrupted removal leaves the name without its key.
    if ring.load(name, exchange) is None and (name, exchange) not in ring.names():
        raise CredentialsError(
            f"The keyring has no key {name} for {exchange}; `workstation keys list` tells where each is kept, and only "
            "the keyring's are removed here."
        )
    ring.delete(name, exchange)


def check_name(name: str) -> None:
    """Raises ``CredentialsError``."""
    if not _NAME.fullmatch(name):
        raise CredentialsError("A key's name is a letter, then letters, digits, _ and -; at most 40 in all.")


def checked(credentials: Credentials) -> Credentials:
    """The same. Raises ``CredentialsError`` when a part of it cannot be one."""
    for what, text in (("key", credentials.key), ("secret", credentials.secret), ("password", credentials.password)):
        if what == "password" and not text:
            continue
        if len(text) < SHORTEST:
            raise CredentialsError(
                f"The {what} has {len(text)} characters, fewer than any exchange gives; copy it whole."
            )
        if not text.isascii() or text != text.strip() or (what == "key" and len(text.split()) != 1):
            raise CredentialsError(f"The {what} has spaces or foreign letters in it; copy it again.")
    return credentials


def _from_environment(name: str) -> Credentials | None:
    suffix = name.upper().replace("-", "_")
    key, secret, password = (
        os.environ.get(f"WORKSTATION_{part}_{suffix}", "").strip() for part in ("KEY", "SECRET", "PASSWORD")
    )
    credentials = Credentials(key, secret, password)
    hide(credentials)
    if bool(key) != bool(secret):
        there, missing = ("KEY", "SECRET") if key else ("SECRET", "KEY")
        raise CredentialsError(f"WORKSTATION_{there}_{suffix} is set, but WORKSTATION_{missing}_{suffix} is not.")
    return credentials if key else None


def _from_file(name: str, exchange: str) -> Credentials | None:
    file = keys_file()
    return None if file is None else read_keys(file).get((name, exchange))
