"""Reads a file that holds secrets: only when nobody but its owner, who asks, can read it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from workstation.core.errors import CredentialsError


def read_private(path: Path, named_by: str, on_windows: str, *, holds: str = "keys") -> str:
    """The text of the file. ``named_by`` is the variable that names it, ``on_windows`` what to do there instead.

    Raises ``CredentialsError``.
    """
    if os.name == "nt":
        raise CredentialsError(f"{path} is not read: who can read a file cannot be proved on Windows; {on_windows}.")
    try:
        with path.open(encoding="utf-8") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise CredentialsError(f"{path}, which {named_by} names, is not a file.")
            if status.st_uid != os.getuid():
                raise CredentialsError(f"{path} belongs to another user: make a file of your own, with mode 600.")
            if status.st_mode & 0o077:
                raise CredentialsError(f"{path} can be read by others: `chmod 600 {path}`, and replace its {holds}.")
            return file.read()
    except FileNotFoundError:
        raise CredentialsError(f"There is no file {path}, which {named_by} names.") from None
    except OSError as error:
        raise CredentialsError(f"{path}, which {named_by} names, cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise CredentialsError(f"{path}, which {named_by} names, is not text in UTF-8.") from None
