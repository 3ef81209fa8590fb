"""API keys in the keyring of the operating system."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import msgspec

from workstation.core.credentials import Credentials
from workstation.core.errors import CredentialsError
from workstation.core.redaction import first_letters, hide, scrub

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

Decoded = TypeVar("Decoded")

SERVICE = "trading-workstation"
HEADLESS = (
    "without a keyring, set WORKSTATION_KEY_<NAME> and WORKSTATION_SECRET_<NAME> in the environment, or name a file of "
    "keys that only you can read in WORKSTATION_KEYS_FILE"
)

_INDEX = "names"
"""A keyring cannot be listed, so one entry holds the others' names, and the first letters of their keys."""


class KeyRing:
    """Raises ``CredentialsError`` where there is no keyring that keeps keys safely, and whenever it fails."""

    def __init__(self) -> None:
        import keyring

        with _told("cannot be opened"):
            self._backend: KeyringBackend = keyring.get_keyring()
            # Below 1 are those that keep nothing, and those that keep it in plain files.
            safe = self._backend.priority >= 1
        self.title = str(self._backend.name)
        if not safe:
            raise CredentialsError(f"This machine has no keyring that keeps keys safely ({self.title}); {HEADLESS}.")

    def names(self) -> dict[tuple[str, str], str]:
        """First letters of each key by its name and exchange."""
        return {_name_and_exchange(entry): begins for entry, begins in self._index().items()}

    def load(self, name: str, exchange: str) -> Credentials | None:
        content = self._read(_entry(name, exchange))
        if content is None:
            return None
        credentials = Credentials(*self._decoded(content, tuple[str, str, str]))
        hide(credentials)
        return credentials

    def save(self, name: str, exchange: str, credentials: Credentials) -> None:
        """Keep it, over what has the same name and exchange."""
        hide(credentials)
        entry = _entry(name, exchange)
        self._write(entry, (credentials.key, credentials.secret, credentials.password))
        self._write(_INDEX, self._index() | {entry: first_letters(credentials)})

    def delete(self, name: str, exchange: str) -> None:
        """Remove it, where it is there."""
        entry = _entry(name, exchange)
        if self._read(entry) is not None:
            with _told("cannot be changed"):
                self._backend.delete_password(SERVICE, entry)
        self._write(_INDEX, {other: begins for other, begins in self._index().items() if other != entry})

    def _index(self) -> dict[str, str]:
        content = self._read(_INDEX)
        return {} if content is None else self._decoded(content, dict[str, str])

    def _read(self, entry: str) -> str | None:
        with _told("cannot be read"):
            return self._backend.get_password(SERVICE, entry)

    def _write(self, entry: str, value: object) -> None:
        content = msgspec.json.encode(value).decode()
        with _told("cannot be changed"):
            self._backend.set_password(SERVICE, entry, content)
        if self._read(entry) != content:
            raise CredentialsError(f"The keyring ({self.title}) did not keep what it was given; {HEADLESS}.")

    def _decoded(self, content: str, kind: type[Decoded]) -> Decoded:
        try:
            return msgspec.json.decode(content, type=kind)
        except msgspec.MsgspecError:
            raise CredentialsError(
                f"The keyring ({self.title}) has entries of {SERVICE} that the workstation did not write; remove them."
            ) from None


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Every keyring has errors of its own kind, and their text may quote what was to be kept."""
    try:
        yield
    except Exception as error:
        reason = scrub(" ".join(str(error).split())) or type(error).__name__
        raise CredentialsError(f"The keyring {what} ({reason}): unlock or mend it; {HEADLESS}.") from None


def _entry(name: str, exchange: str) -> str:
    return f"{exchange}/{name}"


def _name_and_exchange(entry: str) -> tuple[str, str]:
    exchange, _, name = entry.partition("/")
    return name, exchange
