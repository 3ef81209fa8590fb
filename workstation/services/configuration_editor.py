"""The configuration file under the hand of a person at the desktop: read, checked and written beside the event loop.

A file of this size takes about a tenth of a second to read, so a thread does it; each method answers by a future.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from workstation.config.described import Setting, describe
from workstation.config.loader import Loaded
from workstation.config.upgrading import SHIPPED
from workstation.config.yaml_document import read_text
from workstation.core.errors import ConfigurationError, WorkstationError
from workstation.core.resources import resource_path
from workstation.services.configuration_watch import AT_ONCE
from workstation.services.ops.configuration_edit import with_changes
from workstation.services.ops.configuration_files import ConfigurationFiles

WHO = "desktop"
Answer = TypeVar("Answer")


class Described(Struct, frozen=True):
    """The file's settings, what each was as shipped, and who sets those that the file does not."""

    settings: tuple[Setting, ...]
    shipped: dict[str, str]
    profiles: dict[str, str]
    """By path, the file of a profile that lies over this one: a change here would have no effect."""


class Checked(Struct, frozen=True):
    """Whether the program would start with the changes; ``problem`` is one sentence, or empty."""

    problem: str
    text: str = ""


class Written(Struct, frozen=True):
    """What came of writing: the settings that changed, or a problem."""

    problem: str
    changed: tuple[str, ...] = ()


class ConfigurationEditor:
    """Of one file. ``folder`` keeps the former texts, where the ops API keeps them too."""

    def __init__(self, loaded: Loaded, folder: Path, now_ns: Callable[[], int]) -> None:
        self._loaded = loaded
        self._files = ConfigurationFiles(loaded.file, loaded.profile, folder, now_ns)
        self._worker: ThreadPoolExecutor | None = None

    @property
    def file(self) -> Path:
        return self._loaded.file

    def read(self) -> Future[Described]:
        """The future raises ``ConfigurationError`` where the file cannot be read."""
        return self._submit(self._read)

    def check(self, changes: Mapping[str, str]) -> Future[Checked]:
        """Whether the program would start with these values, by the loader that it starts with."""
        return self._submit(lambda: self._check(dict(changes)))

    def write(self, changes: Mapping[str, str]) -> Future[Written]:
        """Check again and write the file whole or not at all, every comment in its place."""
        return self._submit(lambda: self._write(dict(changes)))

    def close(self) -> None:
        """Begin nothing more; what is being written is finished."""
        if self._worker is not None:
            self._worker.shutdown(wait=True, cancel_futures=True)
            self._worker = None

    def _submit(self, work: Callable[[], Answer]) -> Future[Answer]:
        if self._worker is None:
            self._worker = ThreadPoolExecutor(1, thread_name_prefix="configuration")
        return self._worker.submit(work)

    def _read(self) -> Described:
        settings = describe(self._files.text(), str(self.file))
        shipped = {each.path: each.text for each in describe(read_text(resource_path(SHIPPED)), SHIPPED)}
        own, lines = str(self.file), self._loaded.lines
        over = {path: place.rpartition(", line")[0] for path, place in lines.items() if not place.startswith(own)}
        return Described(settings, shipped, over)

    def _check(self, changes: dict[str, str]) -> Checked:
        try:
            text = with_changes(self._files.text(), changes, str(self.file))
            self._files.load(text)
        except ConfigurationError as error:
            return Checked(str(error))
        return Checked("", text)

    def _write(self, changes: dict[str, str]) -> Written:
        checked = self._check(changes)
        if checked.problem:
            return Written(checked.problem)
        try:
            applied = self._files.replace(checked.text, WHO, "settings panel")
        except WorkstationError as error:
            return Written(str(error))
        return Written("", tuple(change["setting"] for change in applied.changes))


def waits_for_start(path: str) -> bool:
    """Whether a change of this setting holds from the next start only."""
    return path not in AT_ONCE
