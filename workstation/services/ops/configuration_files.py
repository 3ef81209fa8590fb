"""The configuration file under change: validated, staged, applied as one, kept, and rolled back.

Staged and former texts are files below the data folder, so a restart forgets nothing. Nothing is applied that does not
load; what is applied is written beside the file and renamed, comments as they were given.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from workstation.config.loader import Loaded, hash_of, load_text
from workstation.core.errors import ConfigurationError, StorageError
from workstation.messaging.moments import moment
from workstation.storage.layout import sync_folder

_ENTRY = re.compile(r"[0-9]{19}-[0-9a-f]{12}")
MOST_ENTRIES = 500
MOST_CHANGES = 200


class Staged(NamedTuple):
    """A text that waits to be applied."""

    text: str
    hash: str
    who: str
    time: str
    note: str


class Applied(NamedTuple):
    """A text that has become the file."""

    hash: str
    before: str
    """Of the text that it replaced."""
    changes: list[dict[str, str]]


class ConfigurationFiles:
    """``file`` is what the next start reads, with the profile over it."""

    def __init__(self, file: Path, profile: str, folder: Path, now_ns: Callable[[], int]) -> None:
        self.file = file
        self.profile = profile
        self._folder = folder
        self._history = folder / "history"
        self._now_ns = now_ns

    # --- Reading --------------------------------------------------------------------------------------------------

    def text(self) -> str:
        """The file as it is. Raises ``ConfigurationError``."""
        try:
            return self.file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"The configuration file {self.file} cannot be read: {error}.") from None

    def load(self, text: str) -> Loaded:
        """What a text means. Raises ``ConfigurationError``: one sentence with line and key."""
        return load_text(text, self.file, self.profile or None)

    def changes(self, text: str) -> list[dict[str, str]]:
        """Every setting that a valid text changes, by its path. Raises ``ConfigurationError``."""
        after = dict(_leaves(json.loads(self.load(text).json)))
        try:
            before = dict(_leaves(json.loads(self.load(self.text()).json)))
        except ConfigurationError:
            before = {}
        paths = [path for path in {**before, **after} if before.get(path) != after.get(path)]
        told = [{"setting": p, "from": before.get(p, "nothing"), "to": after.get(p, "nothing")} for p in sorted(paths)]
        return told[:MOST_CHANGES]

    def difference(self, text: str) -> str:
        """From the file to a text, line by line."""
        lines = difflib.unified_diff(self.text().splitlines(True), text.splitlines(True), str(self.file), "staged", n=2)
        return "".join(lines)

    # --- Staging --------------------------------------------------------------------------------------------------

    def staged(self) -> Staged | None:
        """What waits, if anything does."""
        try:
            return Staged(**msgspec.json.decode((self._folder / "staged.json").read_bytes(), type=dict[str, str]))
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError, TypeError) as error:
            raise StorageError(f"{self._folder / 'staged.json'} cannot be read ({error}): remove it.") from None

    def stage(self, text: str, who: str, note: str) -> Staged:
        """Keep a valid text. Raises ``ConfigurationError`` or ``StorageError``."""
        self.load(text)
        staged = Staged(text, hash_of(text), who, moment(self._now_ns()), note)
        self._write(self._folder / "staged.json", msgspec.json.encode(staged._asdict()))
        return staged

    def discard(self) -> bool:
        """Forget what is staged; whether there was something."""
        try:
            (self._folder / "staged.json").unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StorageError(f"What is staged cannot be removed ({error.strerror}).") from None
        return True

    # --- Applying -------------------------------------------------------------------------------------------------

    def apply(self, hash_: str, who: str) -> Applied:
        """Make the staged text the file. Raises ``WorkstationError``."""
        staged = self.staged()
        if staged is None or staged.hash != hash_:
            there = f"{staged.hash} is" if staged is not None else "nothing is"
            raise ConfigurationError(f"{hash_} is not staged, {there}: stage the text and apply the hash that it gets.")
        applied = self.replace(staged.text, who, staged.note)
        self.discard()
        return applied

    def roll_back(self, entry: str, who: str) -> Applied:
        """Make a former text the file again. Raises ``WorkstationError``."""
        return self.replace(self.former(entry)["text"], who, f"rolled back to before {entry}")

    def replace(self, text: str, who: str, note: str) -> Applied:
        """Make a text the file and keep the one before. Raises ``ConfigurationError`` or ``StorageError``."""
        changes, before = self.changes(text), self.text()
        now_ns = self._now_ns()
        kept = {"text": before, "hash": hash_of(before), "who": who, "time": moment(now_ns), "note": note}
        self._write(self._history / f"{now_ns:019d}-{hash_of(before)[:12]}.json", msgspec.json.encode(kept))
        self._write(self.file, text.encode())
        return Applied(hash_of(text), hash_of(before), changes)

    # --- History --------------------------------------------------------------------------------------------------

    def history(self) -> list[dict[str, str]]:
        """Former texts, newest first, without the texts: who replaced each, when, and why."""
        names = sorted((path.stem for path in self._history.glob("*.json")), reverse=True)[:MOST_ENTRIES]
        entries = (self.former(name) for name in names if _ENTRY.fullmatch(name))
        return [{key: value for key, value in entry.items() if key != "text"} for entry in entries]

    def former(self, entry: str) -> dict[str, str]:
        """A former text, and who replaced it. Raises ``ConfigurationError`` when there is none of this name."""
        if _ENTRY.fullmatch(entry):
            with contextlib.suppress(OSError, msgspec.MsgspecError):
                content = (self._history / f"{entry}.json").read_bytes()
                return {"id": entry, **msgspec.json.decode(content, type=dict[str, str])}
        raise ConfigurationError(f"There is no former configuration {entry}; the history lists what there is.")

    def _write(self, path: Path, content: bytes) -> None:
        new = path.with_name(f".{path.name}.{os.getpid()}.new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
            file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
            try:
                os.write(file, content)
                os.fsync(file)
            finally:
                os.close(file)
            new.chmod(mode)
            new.replace(path)
            sync_folder(path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)
            raise StorageError(
                f"{path} cannot be written ({error.strerror}): the ops service needs a disk with space and a folder "
                "that it may write to."
            ) from None


def _leaves(value: Any, path: str = "") -> Any:
    if isinstance(value, dict) and value:
        for name, part in value.items():
            yield from _leaves(part, f"{path}.{name}" if path else name)
    else:
        yield path, json.dumps(value)
