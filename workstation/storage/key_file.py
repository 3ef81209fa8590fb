"""API keys in a file that only its owner can read, for machines without a keyring.

It is TOML, a section for each key::

    [main]
    exchange = "binance"
    key = "..."
    secret = "..."
    password = ""  # where the exchange gave one
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

from workstation.core.credentials import Credentials
from workstation.core.errors import CredentialsError
from workstation.core.redaction import hide
from workstation.storage.private_file import read_private

KEYS_FILE = "WORKSTATION_KEYS_FILE"
"""The environment variable that names the file."""

_FIELDS = {"exchange", "key", "secret", "password"}


def keys_file() -> Path | None:
    """The file that the environment names; ``None`` when it names none."""
    named = os.environ.get(KEYS_FILE, "")
    return Path(named).expanduser() if named else None


def read_keys(path: Path) -> dict[tuple[str, str], Credentials]:
    """Keys by name and exchange. Raises ``CredentialsError`` unless only the owner, who asks, can read the file."""
    text = read_private(
        path, KEYS_FILE, "keep keys in its Credential Manager with `workstation keys add`, or in the environment"
    )
    try:
        sections = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # Only the place is told: the sentence of the parser quotes what it found there.
        place = re.search(r"\(at .*\)$", str(error))
        raise CredentialsError(
            f"{path} is not valid TOML {place.group() if place else ''}: write [NAME], then exchange, key and secret, "
            'each as key = "...", on lines of their own.'
        ) from None
    keys = {}
    for name, section in _checked(path, sections):
        credentials = Credentials(section["key"], section["secret"], section.get("password", ""))
        hide(credentials)
        keys[name, section["exchange"]] = credentials
    return keys


def _checked(path: Path, sections: dict[str, Any]) -> list[tuple[str, dict[str, str]]]:
    for name, section in sections.items():
        if not isinstance(section, dict):
            raise CredentialsError(f"{path} has a line outside of a section: begin each key with [NAME].")
        if not {"exchange", "key", "secret"} <= section.keys() <= _FIELDS:
            raise CredentialsError(
                f"{path}: section [{name}] must hold exchange, key and secret, and may hold password; nothing else."
            )
        if not all(isinstance(value, str) for value in section.values()):
            raise CredentialsError(f'{path}: section [{name}] has a value that is no text: write it as "...".')
    return list(sections.items())
