"""Who may do what: a token for each role, from the environment or a private file, compared in constant time."""

from __future__ import annotations

import hmac
import os
import stat
from collections.abc import Mapping
from enum import IntEnum
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from workstation.core.credentials import Credentials
from workstation.core.errors import CredentialsError
from workstation.core.redaction import hide

VARIABLE = "WORKSTATION_OPS_TOKEN_"
SHORTEST = 24
"""Characters."""
_LONGEST = 512


class Role(IntEnum):
    """Each may do what those below it may."""

    VIEWER = 1
    TRADER = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        return self.name.lower()


class Caller(NamedTuple):
    """Who asks."""

    role: Role
    address: str

    @property
    def who(self) -> str:
        """As the engine's journal names it."""
        return f"ops {self.role.word} at {self.address}"


class Tokens:
    """Every token that is valid."""

    def __init__(self, by_role: Mapping[Role, str]) -> None:
        """Raises ``CredentialsError`` when there is none, one is too short, or two roles share one."""
        for role, token in by_role.items():
            if not SHORTEST <= len(token) <= _LONGEST or not token.isascii() or not token.isprintable() or " " in token:
                raise CredentialsError(
                    f"The ops API's token of the {role.word} must be {SHORTEST} to {_LONGEST} characters without "
                    "blanks: make one with `openssl rand -hex 32`."
                )
            hide(Credentials("", token))
        if not by_role:
            raise CredentialsError(
                f"The ops API has no token, so nobody could use it: set {VARIABLE}VIEWER, {VARIABLE}TRADER or "
                f"{VARIABLE}ADMIN, or name a file of mode 600 under ops.token_file."
            )
        if len(set(by_role.values())) < len(by_role):
            raise CredentialsError("Two roles of the ops API share a token: give each its own.")
        self._digests = {role: sha256(token.encode()).digest() for role, token in by_role.items()}

    def role_of(self, token: str) -> Role | None:
        """The role that a token stands for; how long it takes tells nothing about the tokens."""
        given = sha256(token.encode("utf-8", "surrogatepass")).digest()
        found = None
        for role, digest in self._digests.items():
            if hmac.compare_digest(given, digest):
                found = role
        return found


def load_tokens(token_file: str, environment: Mapping[str, str] = os.environ) -> Tokens:
    """From the environment, and for roles that it leaves out from the file. Raises ``CredentialsError``."""
    told = _from_file(Path(token_file).expanduser()) if token_file else {}
    for role in Role:
        token = environment.get(VARIABLE + role.name, "")
        if token:
            told[role] = token
    return Tokens(told)


def _from_file(path: Path) -> dict[Role, str]:
    roles = {role.word: role for role in Role}
    told: dict[Role, str] = {}
    for number, line in enumerate(_private_text(path).splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, token = line.partition("=")
        role = roles.get(name.strip())
        if role is None or not equals or role in told:
            raise CredentialsError(f"{path}, line {number}: write viewer=, trader= or admin= and its token, each once.")
        told[role] = token.strip()
    return told


def _private_text(path: Path) -> str:
    if os.name == "nt":
        raise CredentialsError(
            f"{path} is not read: who can read a file cannot be proved on Windows; give the tokens in the environment."
        )
    try:
        with path.open(encoding="utf-8") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid():
                raise CredentialsError(f"{path}, which ops.token_file names, is no file of yours: make one, mode 600.")
            if status.st_mode & 0o077:
                raise CredentialsError(f"{path} can be read by others: `chmod 600 {path}`, and replace its tokens.")
            return file.read()
    except OSError as error:
        raise CredentialsError(f"{path}, which ops.token_file names, cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise CredentialsError(f"{path}, which ops.token_file names, is not text in UTF-8.") from None
