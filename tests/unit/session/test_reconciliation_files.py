"""What a session and ``workstation reconcile`` tell each other through the data folder."""

from __future__ import annotations

from pathlib import Path

from workstation.core.messages import Difference
from workstation.session.shared_files import ReconciliationFiles, ReconciliationState, ReconciliationWish

STATE = ReconciliationState(5, (Difference("balance USDT", "1", "2", "book +1 USDT as a transfer"),))


def test_the_state_is_read_as_it_was_told_and_gone_when_the_session_ends(tmp_path: Path) -> None:
    files = ReconciliationFiles(tmp_path)
    assert files.read() is None
    files.tell(STATE)
    assert files.read() == STATE
    files.forget()
    assert files.read() is None and list(tmp_path.iterdir()) == []


def test_a_wish_is_taken_once(tmp_path: Path) -> None:
    files = ReconciliationFiles(tmp_path)
    wish = ReconciliationWish(accept=True, reason="a deposit", who="me")
    files.wish(wish)
    assert files.take_wish() == wish
    assert files.take_wish() is None


def test_what_cannot_be_read_asks_for_nothing(tmp_path: Path) -> None:
    files = ReconciliationFiles(tmp_path)
    for name in ("reconciliation.json", "reconciliation.wish"):
        (tmp_path / name).write_text("{torn")
    assert files.read() is None and files.take_wish() is None
    assert not (tmp_path / "reconciliation.wish").exists()
