from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.storage.records import START_NS
from workstation.core.errors import StorageError
from workstation.storage import kill_latch as kill_latch_module
from workstation.storage.kill_latch import KillLatch, KillRecord
from workstation.storage.layout import DataFolder
from workstation.storage.lock import FolderLock, read_holder

HOLD = """
import sys, time, os
from pathlib import Path
from workstation.storage.lock import FolderLock
lock = FolderLock(Path(sys.argv[1]), 1_700_000_000_000_000_000)
if len(sys.argv) > 2 and os.fork() == 0:
    time.sleep(60)
print("held", flush=True)
sys.stdin.read()
"""


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def holder(path: Path, *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    assert process.stdout is not None
    assert process.stdin is not None
    process.stdin.close()
    process.wait()
    process.stdout.close()


def test_a_second_process_is_told_the_first_ones_id(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first = holder(path)
    sentence = f"in use by the workstation with process id {first.pid}, started 2023-11-14 22:13:20 UTC"
    with pytest.raises(StorageError, match=sentence):
        FolderLock(path, START_NS)
    with pytest.raises(StorageError, match=sentence):
        FolderLock(path, START_NS)
    end(first)
    with FolderLock(path, START_NS):
        assert read_holder(path) == (os.getpid(), START_NS)
        with pytest.raises(StorageError, match=f"process id {os.getpid()}"):
            FolderLock(path, START_NS)
    assert read_holder(path) is None
    FolderLock(path, START_NS).release()


@pytest.mark.skipif(os.name == "nt", reason="only a fork inherits a lock")
def test_a_lock_that_a_dead_process_left_to_its_child_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first = holder(path, "fork")
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    lock = FolderLock(path, START_NS)
    with pytest.raises(StorageError, match=f"process id {os.getpid()}"):
        FolderLock(path, START_NS)
    lock.release()
    os.killpg(first.pid, signal.SIGKILL)
    end(first)


def test_a_stale_lock_file_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    for text in ("999999999 5\n", "", "nonsense"):
        path.write_text(text)
        FolderLock(path, START_NS).release()


def test_a_lock_in_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be locked"):
        FolderLock(tmp_path / "missing" / "lock", START_NS)


def test_the_folder_is_made_with_its_parts(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "a" / "b")
    for _ in range(2):
        folder.create()
    assert folder.inputs.is_dir()
    assert folder.recordings.is_dir()
    assert folder.logs.is_dir()
    assert folder.session_inputs(7) == tmp_path / "a" / "b" / "inputs" / "session-000007"
    paths = [folder.lock, folder.journal, folder.history, folder.inputs, folder.recordings]
    paths += [folder.logs, folder.reports, folder.window]
    assert len(set(paths)) == len(paths)


def test_a_folder_that_cannot_be_used_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StorageError, match=r"is a file, not a folder: choose another data folder"):
            DataFolder(path).create()
    # Root may write anywhere, so the system's answer is simulated.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(StorageError, match="may not be written to"):
        DataFolder(tmp_path).create()


def test_the_latch_outlives_the_process_and_is_seen_by_others(tmp_path: Path) -> None:
    latch = KillLatch(tmp_path)
    latch.prepare()
    assert not latch.engaged
    engage = (
        "import sys; from pathlib import Path; from workstation.storage.kill_latch import KillLatch; "
        "KillLatch(Path(sys.argv[1])).engage('seen on television', 'command line', 5, flatten=True)"
    )
    subprocess.run([sys.executable, "-c", engage, str(tmp_path)], check=True, env=environment())
    assert latch.read() == KillRecord("seen on television", "command line", 5, True)
    latch.engage("again", "desktop", 6)
    assert KillLatch(tmp_path).read() == KillRecord("again", "desktop", 6)
    latch.release()
    latch.release()
    assert KillLatch(tmp_path).read() is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kill.reserve"]


def fill_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def write(path: Path, content: bytes) -> None:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(kill_latch_module, "_write_durably", write)


def test_the_latch_engages_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    latch = KillLatch(tmp_path)
    latch.prepare()
    fill_disk(monkeypatch)
    latch.engage("disk full", "desktop", 5)
    assert KillLatch(tmp_path).read() == KillRecord("disk full", "desktop", 5)
    latch.engage("once more", "desktop", 6) if (tmp_path / "kill.reserve").exists() else None
    assert latch.engaged
    latch.release()
    assert not KillLatch(tmp_path).engaged
    monkeypatch.undo()
    latch.prepare()
    latch.engage("later", "desktop", 7)
    assert latch.engaged


def test_a_latch_whose_renaming_fails_is_engaged_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    latch = KillLatch(tmp_path)
    latch.prepare()

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(StorageError, match="could not be latched"):
        latch.engage("disk full", "desktop", 5)
    monkeypatch.undo()
    assert KillLatch(tmp_path).read() == KillRecord("disk full", "desktop", 5)
    latch.release()
    assert not KillLatch(tmp_path).engaged


@pytest.mark.parametrize("content", [b"", b"{", b'{"reason": 5}', bytes(100)])
def test_a_latch_that_cannot_be_read_counts_as_engaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "kill.json").write_bytes(content)
    record = KillLatch(tmp_path).read()
    assert record is not None
    assert "is damaged" in record.reason


def test_a_latch_that_cannot_be_written_at_all_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_disk(monkeypatch)
    with pytest.raises(StorageError, match="a restart would not know it"):
        KillLatch(tmp_path).engage("x", "desktop", 5)
