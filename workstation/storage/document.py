"""Small JSON files of what people made: written whole or not at all, and kept aside when they cannot be read."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec

from workstation.core.errors import StorageError
from workstation.storage.layout import sync_folder

Document = TypeVar("Document", bound=msgspec.Struct)


def read_document(path: Path, kind: type[Document], version: int) -> Document | None:
    """The document, or ``None`` where there is no file.

    ``kind`` has a field ``version``. Raises ``StorageError`` when the file cannot be read, and when it is damaged or of
    another version: then it was renamed, so that nothing writes over it, and the sentence says to what.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(f"{path} cannot be read ({error.strerror}); check its permissions.") from error
    try:
        written = msgspec.json.decode(content, type=_Versioned).version
        if written == version:
            return msgspec.json.decode(content, type=kind)
        problem = f"it is of version {written} and this program reads version {version}"
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        problem = str(error).rstrip(".")
    raise StorageError(f"{path} was not read: {problem}. {_keep_aside(path)}")


def write_document(path: Path, document: msgspec.Struct) -> None:
    """Write the file, whole or not at all. Raises ``StorageError``."""
    draft = path.with_name(f"{path.name}.draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(document), indent=1))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise StorageError(f"{path} cannot be written ({error.strerror}); what it held before is kept.") from error


class DocumentWriter:
    """Writes documents in a thread of its own, in the order in which they were handed over.

    ``on_problem`` is called in that thread with a sentence. The process waits for it at its end.
    """

    def __init__(self, on_problem: Callable[[str], None]) -> None:
        self._on_problem = on_problem
        self._worker: ThreadPoolExecutor | None = None
        self._last: Future[None] | None = None

    def write(self, path: Path, document: msgspec.Struct) -> None:
        """Returns at once. The document must not change afterwards."""
        if self._worker is None:
            self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="documents")
        self._last = self._worker.submit(self._write, path, document)

    def wait(self) -> None:
        """Until everything that was handed over is on the disk."""
        if self._last is not None:
            self._last.result()

    def _write(self, path: Path, document: msgspec.Struct) -> None:
        try:
            write_document(path, document)
        except StorageError as error:
            self._on_problem(str(error))


class _Versioned(msgspec.Struct):
    version: int


def _keep_aside(path: Path) -> str:
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    try:
        path.rename(aside)
    except OSError as error:
        return f"It could not be kept aside ({error.strerror}): move it, or it is written over."
    return f"It is kept as {aside.name}; a new one is begun."
