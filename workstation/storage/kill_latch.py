"""The kill switch's memory: a file that outlives the process, that any process can write, on a full disk too."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

from workstation.core.errors import StorageError
from workstation.storage.layout import sync_folder

_RESERVE_BYTES = 4096
_MOST_TEXT = 1000


class KillRecord(msgspec.Struct, frozen=True):
    reason: str
    who: str
    ts_ns: int
    flatten: bool = False


class KillLatch:
    """``kill.json`` in the data folder: while it exists, nothing may trade.

    It is written beside and renamed, so it is there whole or not at all. Should the disk be full, a file of blanks
    that was laid by for this is written over instead. A latch that cannot be read counts as engaged.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "kill.json"
        self._reserve = folder / "kill.reserve"
        self._new = folder / f"kill.{os.getpid()}.new"

    @property
    def engaged(self) -> bool:
        """Whether it is engaged by anyone; costs microseconds, so it can be polled."""
        return self.read() is not None

    def prepare(self) -> None:
        """Lay by the space that ``engage`` needs on a full disk. Raises ``StorageError``."""
        if self._reserve.exists():
            return
        try:
            _write_durably(self._new, b" " * _RESERVE_BYTES)
            self._new.replace(self._reserve)
            sync_folder(self._reserve.parent)
        except OSError as error:
            raise StorageError(
                f"The kill switch cannot keep {self._reserve} ({error.strerror}): check the data folder and the disk."
            ) from error

    def engage(self, reason: str, who: str, ts_ns: int, flatten: bool = False) -> None:
        """Latch. Raises ``StorageError`` only when neither way of writing works; halt all the same then."""
        record = KillRecord(reason[:_MOST_TEXT], who[:_MOST_TEXT], ts_ns, flatten)
        content = msgspec.json.encode(record)
        try:
            try:
                _write_durably(self._new, content)
                self._new.replace(self._path)
            except OSError:
                with contextlib.suppress(OSError):
                    self._new.unlink(missing_ok=True)
                self._overwrite_reserve(content)
            sync_folder(self._path.parent)
        except OSError as error:
            raise StorageError(
                f"The kill switch could not be latched in {self._path.parent} ({error.strerror}): trading is halted "
                "now, but a restart would not know it."
            ) from error

    def _overwrite_reserve(self, content: bytes) -> None:
        file = os.open(self._reserve, os.O_WRONLY)
        try:
            os.write(file, content.ljust(_RESERVE_BYTES))
            os.fsync(file)
        finally:
            os.close(file)
        self._reserve.replace(self._path)

    def release(self) -> None:
        """Release, durably. Raises ``StorageError``, and is engaged still, when the file cannot be removed."""
        try:
            self._path.unlink(missing_ok=True)
            if _read(self._reserve) is not None:
                self._reserve.unlink()
            sync_folder(self._path.parent)
        except OSError as error:
            raise StorageError(
                f"The kill switch could not be released: {self._path} cannot be removed ({error.strerror})."
            ) from error
        with contextlib.suppress(StorageError):
            self.prepare()

    def read(self) -> KillRecord | None:
        """Why, by whom and when it was engaged; ``None`` when it is not."""
        return _read(self._path) or _read(self._reserve)


def _read(path: Path) -> KillRecord | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        return KillRecord(f"{path} cannot be read ({error.strerror})", "unknown", 0)
    if path.suffix == ".reserve" and not content.strip():
        return None
    try:
        return msgspec.json.decode(content, type=KillRecord)
    except msgspec.MsgspecError:
        return KillRecord(f"{path} is damaged", "unknown", 0)


def _write_durably(path: Path, content: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        if os.write(file, content) != len(content):
            raise OSError(28, "No space left on device")
        os.fsync(file)
    finally:
        os.close(file)
