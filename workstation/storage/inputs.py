"""Recorded inputs of a session, in compressed segments beside the journal.

A segment is a header and a stream of frames (``core.input_stream``). It takes about 16 bytes an event: 8 symbols at 50
messages a second each make some 540 MB a day.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from struct import Struct
from threading import Thread

from workstation.core.errors import StorageError, VerificationError
from workstation.core.input_stream import DamagedStream, StreamEncoder, StreamReader
from workstation.core.messages import Input
from workstation.core.timeframe import DAY_NS
from workstation.storage.layout import sync_folder

FORMAT_VERSION = 1
SUFFIX = ".inputs.zst"

_NO_FILE = -1
_to_disk = getattr(os, "fdatasync", os.fsync)

_HEADER = Struct("<6sH")
_MAGIC = b"WSTINP"
_MOST_PENDING = 64
"""What an order may have to wait for to be written ahead of it."""


def segment_name(number: int) -> str:
    return f"{number:06d}{SUFFIX}"


def _segments(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{SUFFIX}"))


class InputRecorder:
    """Writes the inputs of one session. Used by one thread, beside which another waits for the disk."""

    def __init__(self, folder: Path, segment_bytes: int) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _write_error(folder, error) from error
        self._number = len(_segments(folder))
        self._pending: list[Input] = []
        self._unwritten = bytearray()
        self._file = _NO_FILE
        self._size = 0
        self._unsynced = False
        self._syncer = _Syncer()
        self._syncing = False
        self._restart_stream()

    def _restart_stream(self) -> None:
        self._stream = StreamEncoder()
        self._unwritten += _HEADER.pack(_MAGIC, FORMAT_VERSION)
        self._started = False
        self._ending = False

    def append(self, message: Input) -> None:
        """Remember an input; each 64th writes them without waiting for the disk. What fails is left to ``flush``."""
        self._pending.append(message)
        if len(self._pending) % _MOST_PENDING == 0:
            with contextlib.suppress(StorageError):
                self.flush()

    def flush(self) -> None:
        """Hand what is remembered to the system; it survives the end of the process, not yet that of the machine.

        Raises ``StorageError`` when the disk does not take it; it is kept and written by the next flush.
        """
        if self._ending:
            self._end_segment()
        if self._pending:
            frame = self._stream.frame(self._pending)
            self._pending.clear()
            self._add_frame(frame)
        if self._started:
            self._write()
            if self._size >= self._segment_bytes:
                self._end_segment()

    def begin_sync(self) -> None:
        """Begin to bring to the disk what was flushed, in a thread of its own."""
        if self._unsynced:
            self._syncer.begin(self._file)
            self._syncing = True

    def end_sync(self) -> None:
        """Wait until what ``begin_sync`` began is done. Raises ``StorageError``."""
        if self._syncing:
            self._syncing = False
            try:
                self._syncer.end()
            except OSError as error:
                raise _write_error(self._folder, error) from error
            self._unsynced = False

    def _add_frame(self, frame: bytes) -> None:
        self._unwritten += frame
        self._started = True

    def _write(self) -> None:
        try:
            if self._file < 0:
                self._open_segment()
            while self._unwritten:
                written = os.write(self._file, self._unwritten)
                self._size += written
                del self._unwritten[:written]
                self._unsynced = True
        except OSError as error:
            raise _write_error(self._folder, error) from error

    def _open_segment(self) -> None:
        path = self._folder / segment_name(self._number + 1)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o644)
        self._number += 1
        self._size = 0
        sync_folder(self._folder)

    def _end_segment(self) -> None:
        if not self._ending:
            self._ending = True
            self._add_frame(self._stream.last_frame())
        self._write()
        self.begin_sync()
        self.end_sync()
        os.close(self._file)
        self._file = _NO_FILE
        self._restart_stream()

    def close(self) -> None:
        """Write everything and end the last segment. Raises ``StorageError``."""
        self.flush()
        if self._file >= 0:
            self._end_segment()
        self._syncer.close()


class _Syncer:
    """A thread that waits for the disk; it and its owner hand over to each other without a lock of their own."""

    def __init__(self) -> None:
        self._files: SimpleQueue[int] = SimpleQueue()
        self._results: SimpleQueue[OSError | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="inputs", daemon=True)
        self._thread.start()

    def begin(self, file: int) -> None:
        self._files.put(file)

    def end(self) -> None:
        """Wait for what ``begin`` began. Raises ``OSError``."""
        error = self._results.get()
        if error is not None:
            raise error

    def close(self) -> None:
        self._files.put(_NO_FILE)
        self._thread.join()

    def _run(self) -> None:
        while (file := self._files.get()) != _NO_FILE:
            try:
                _to_disk(file)
            except OSError as error:
                self._results.put(error)
            else:
                self._results.put(None)


class InputReader:
    """Iterates over recorded inputs, oldest first.

    A tail torn by a crash ends the iteration at the last whole frame, and ``dropped_bytes`` tells how much was cut
    off. Damage anywhere else raises ``VerificationError``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dropped_bytes = 0
        self._paths = _segments(folder)
        if not self._paths:
            raise StorageError(f"There are no recorded inputs in {folder}: they were not kept, or were moved away.")

    def __iter__(self) -> Iterator[Input]:
        self.dropped_bytes = 0
        for number, path in enumerate(self._paths, 1):
            if path.name != segment_name(number):
                raise VerificationError(f"The segment {self.folder / segment_name(number)} is missing.")
            yield from self._read(path, last=number == len(self._paths))

    def _read(self, path: Path, last: bool) -> Iterator[Input]:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise VerificationError(f"The segment {path} cannot be read: {error.strerror}.") from error
        if not self._check_header(path, content, last):
            return
        stream = StreamReader(content, _HEADER.size, may_be_torn=last)
        try:
            yield from stream
        except DamagedStream as damage:
            raise VerificationError(f"The segment {path} is {damage}.") from damage
        self.dropped_bytes = stream.dropped_bytes

    def _check_header(self, path: Path, content: bytes, last: bool) -> bool:
        if last and len(content) < _HEADER.size:
            self.dropped_bytes = len(content)
            return False
        if content[: len(_MAGIC)] != _MAGIC:
            raise VerificationError(f"The segment {path} is damaged at byte 0: it does not begin as one.")
        _, version = _HEADER.unpack_from(content)
        if version > FORMAT_VERSION:
            raise StorageError(
                f"The segment {path} was written by a newer version of the workstation (format {version}, this one "
                f"knows {FORMAT_VERSION}): update the workstation."
            )
        return True


def read_inputs(folder: Path) -> InputReader:
    """The inputs recorded in a folder. Raises ``StorageError`` when there are none."""
    return InputReader(folder)


def prune_inputs(folder: Path, keep_days: int, now_ns: int, keep: frozenset[str] = frozenset()) -> list[str]:
    """Remove sessions' folders that were last written more than ``keep_days`` ago; their names.

    ``keep`` names folders that stay whatever their age, such as the one being written.
    """
    removed = []
    for session in sorted(folder.iterdir()) if folder.is_dir() else ():
        written = [path.stat().st_mtime_ns for path in _segments(session)]
        if written and session.name not in keep and max(written) < now_ns - keep_days * DAY_NS:
            shutil.rmtree(session, ignore_errors=True)
            removed.append(session.name)
    return removed


def _write_error(folder: Path, error: OSError) -> StorageError:
    return StorageError(
        f"The inputs could not be recorded in {folder} ({error.strerror}): free some space or check the disk; nothing "
        "that was recorded is lost."
    )
