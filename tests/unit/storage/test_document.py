"""Small documents: whole or not at all, and kept aside when they cannot be read."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from workstation.core.errors import StorageError
from workstation.storage.document import DocumentWriter, read_document, write_document


class Note(msgspec.Struct):
    version: int
    words: str


def test_what_was_written_is_read_and_no_draft_is_left(tmp_path: Path) -> None:
    path = tmp_path / "notes" / "one.json"
    assert read_document(path, Note, 1) is None
    write_document(path, Note(1, "first"))
    write_document(path, Note(1, "second"))
    assert read_document(path, Note, 1) == Note(1, "second")
    assert [each.name for each in path.parent.iterdir()] == ["one.json"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "truncated"),
        (b'{"version": 1, "words"', "truncated"),
        (b'{"version": 1}', "missing required field `words`"),
        (b'{"version": 2, "words": "x"}', "it is of version 2 and this program reads version 1"),
        (b'{"version": 1, "words": "\xff"}', "utf-8"),
        (b"[]", "got `array`"),
    ],
)
def test_a_damaged_file_is_kept_aside_and_told(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "one.json"
    for number in (1, 2):
        path.write_bytes(content)
        with pytest.raises(StorageError, match=f"kept as one.json.damaged-{number}") as told:
            read_document(path, Note, 1)
        assert problem in str(told.value)
        assert not path.exists()
        assert (tmp_path / f"one.json.damaged-{number}").read_bytes() == content


def test_a_write_that_fails_keeps_the_file_and_is_told(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    write_document(path, Note(1, "kept"))
    (tmp_path / "one.json.draft").mkdir()
    told: list[str] = []
    writer = DocumentWriter(told.append)
    writer.write(path, Note(1, "lost"))
    writer.wait()
    assert len(told) == 1
    assert "cannot be written" in told[0]
    assert read_document(path, Note, 1) == Note(1, "kept")


def test_the_writer_keeps_the_order(tmp_path: Path) -> None:
    writer = DocumentWriter(pytest.fail)
    for number in range(20):
        writer.write(tmp_path / "one.json", Note(1, str(number)))
    writer.wait()
    assert read_document(tmp_path / "one.json", Note, 1) == Note(1, "19")
