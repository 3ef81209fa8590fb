"""One workstation to a data folder: a lock that the system drops when its process ends, however it ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NamedTuple

from workstation.core.errors import StorageError
from workstation.core.timeframe import utc_text

_ATTEMPTS = 5


class LockHolder(NamedTuple):
    pid: int
    since_ns: int


class FolderLock:
    """Holds the lock file of a data folder from construction to ``release``.

    Raises ``StorageError`` that names the process which holds it already. A lock whose process is dead is taken over.
    """

    def __init__(self, path: Path, now_ns: int) -> None:
        self._path = path
        self._file = -1
        for _ in range(_ATTEMPTS):
            self._file = self._acquire()
            if self._file >= 0:
                break
        if self._file < 0:
            raise self._in_use()
        try:
            os.ftruncate(self._file, 0)
            os.write(self._file, f"{os.getpid()} {now_ns}\n".encode())
        except OSError:
            # The lock counts, not its text: on a full disk it holds all the same.
            return

    def _acquire(self) -> int:
        file = -1
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            locked = _lock(file)
        except OSError as error:
            if file >= 0:
                os.close(file)
            raise StorageError(
                f"{self._path} cannot be locked ({error.strerror}): choose another data folder with --data."
            ) from error
        if not locked:
            os.close(file)
            holder = read_holder(self._path)
            if holder is None or _is_alive(holder.pid):
                raise self._in_use()
            # The process is dead, but a child that it left behind has inherited its lock.
            self._path.unlink(missing_ok=True)
            return -1
        try:
            if os.path.samestat(os.fstat(file), self._path.stat()):
                return file
        except FileNotFoundError:
            pass
        os.close(file)
        return -1

    def _in_use(self) -> StorageError:
        folder = self._path.parent
        holder = read_holder(self._path)
        if holder is None:
            return StorageError(
                f"The data folder {folder} is in use by another workstation: close it first, or choose another "
                "folder with --data."
            )
        return StorageError(
            f"The data folder {folder} is in use by the workstation with process id {holder.pid}, started "
            f"{utc_text(holder.since_ns)} UTC: close it first, or choose another folder with --data."
        )

    def release(self) -> None:
        """Let another workstation have the folder. May be called twice."""
        if self._file >= 0:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def read_holder(path: Path) -> LockHolder | None:
    """Who wrote the lock file, dead or alive; ``None`` when nobody holds it or its text cannot be read."""
    try:
        pid, since_ns = path.read_text().split()
        return LockHolder(int(pid), int(since_ns))
    except (OSError, ValueError):
        return None


def is_held(path: Path) -> bool:
    """Whether a process that lives holds the lock."""
    holder = read_holder(path)
    if holder is None or not _is_alive(holder.pid):
        return False
    try:
        file = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _lock(file)
    finally:
        os.close(file)


if sys.platform == "win32":
    import ctypes
    import msvcrt

    # Windows locks a byte against reading too, so the locked one lies beyond the text.
    _LOCKED_BYTE = 1 << 20

    def _lock(file: int) -> bool:
        os.lseek(file, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        os.lseek(file, 0, os.SEEK_SET)
        return True

    def _is_alive(pid: int) -> bool:
        synchronize, still_running = 0x00100000, 0x102
        handle = ctypes.windll.kernel32.OpenProcess(synchronize, False, pid)
        if not handle:
            return False
        try:
            return int(ctypes.windll.kernel32.WaitForSingleObject(handle, 0)) == still_running
        finally:
            ctypes.windll.kernel32.CloseHandle(handle)

else:
    import fcntl

    def _lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _is_alive(pid: int) -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True
