"""Who commanded what and what came of it: an append-only file, written before the command is carried out and after."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from workstation.core.errors import StorageError
from workstation.core.redaction import scrub
from workstation.messaging.moments import moment
from workstation.services.ops.tokens import Caller

LONGEST = 2_000
"""Characters of a request that are kept; of a longer one its size and hash."""

log = logging.getLogger("workstation.services.ops")


class Audit:
    """One line of JSON an entry. The file is the owner's alone."""

    def __init__(self, path: Path, now_ns: Callable[[], int]) -> None:
        self._path = path
        self._now_ns = now_ns
        self._count = 0
        path.parent.mkdir(parents=True, exist_ok=True)

    def asked(self, caller: Caller, what: str, body: bytes) -> str:
        """Note what is about to be carried out; the entry's name. Raises ``StorageError``."""
        self._count += 1
        entry = f"{os.getpid()}-{self._count}"
        self._write({"entry": entry, **_of(caller), "what": what, "request": _request(body)})
        log.info("%s asks for %s", caller.who, what)
        return entry

    def answered(self, entry: str, caller: Caller, what: str, status: int, result: str) -> None:
        """Note what came of it."""
        log.info("%s got %d for %s", caller.who, status, what)
        try:
            self._write({"entry": entry, **_of(caller), "what": what, "status": status, "result": result[:LONGEST]})
        except StorageError as error:
            # It is done: what came of it stands in the log.
            log.error("%s", error)

    def _write(self, entry: dict[str, Any]) -> None:
        line = scrub(json.dumps({"time": moment(self._now_ns()), **entry}, ensure_ascii=False)) + "\n"
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, line.encode("utf-8", "replace"))
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as error:
            raise StorageError(
                f"The audit {self._path} cannot be written ({error.strerror}), so commands are refused: free space on "
                "the disk or mend its permissions."
            ) from None


def _of(caller: Caller) -> dict[str, str]:
    return {"role": caller.role.word, "address": caller.address, "who": caller.who}


def _request(body: bytes) -> Any:
    if len(body) > LONGEST:
        return {"bytes": len(body), "sha256": sha256(body).hexdigest()}
    return body.decode("utf-8", "replace")
