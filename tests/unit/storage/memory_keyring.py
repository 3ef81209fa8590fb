"""A keyring for tests. With ``KEYRING_FOLDER`` in the environment it is kept there, for processes of their own."""

from __future__ import annotations

import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.compat import properties


class MemoryKeyring(KeyringBackend):
    """Keeps what it is given."""

    @properties.classproperty  # type: ignore[misc,untyped-decorator,unused-ignore]
    def priority(cls) -> float:
        return 2

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call,unused-ignore]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        folder = os.environ.get("KEYRING_FOLDER")
        if folder is None:
            return self.kept.get((service, username))
        file = _file(folder, service, username)
        return file.read_text() if file.exists() else None

    def set_password(self, service: str, username: str, password: str) -> None:
        folder = os.environ.get("KEYRING_FOLDER")
        if folder is None:
            self.kept[service, username] = password
        else:
            _file(folder, service, username).write_text(password)

    def delete_password(self, service: str, username: str) -> None:
        folder = os.environ.get("KEYRING_FOLDER")
        if folder is None:
            del self.kept[service, username]
        else:
            _file(folder, service, username).unlink()


class TalkativeKeyring(MemoryKeyring):
    """Fails, and tells what it was to keep."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise OSError(f"the bus refused {password!r} of {username}")


class LockedKeyring(MemoryKeyring):
    """Cannot be read; a file ``opened`` of its folder tells that somebody tried."""

    def get_password(self, service: str, username: str) -> str | None:
        folder = os.environ.get("KEYRING_FOLDER")
        if folder is not None:
            (Path(folder) / "opened").touch()
        raise RuntimeError("locked")


class PlainKeyring(MemoryKeyring):
    """As those that keep everything in a plain file."""

    @properties.classproperty  # type: ignore[misc,untyped-decorator,unused-ignore]
    def priority(cls) -> float:
        return 0.5


def _file(folder: str, service: str, username: str) -> Path:
    return Path(folder) / f"{service} {username}".replace("/", "~")
