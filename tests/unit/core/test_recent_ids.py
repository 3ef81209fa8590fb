from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workstation.core.recent_ids import RecentIds


def test_the_oldest_are_forgotten() -> None:
    ids = RecentIds(3)
    ids.update(["a", "b", "c", "d"])
    assert list(ids) == ["b", "c", "d"]
    assert "a" not in ids and "d" in ids and len(ids) == 3
    ids.clear()
    assert len(ids) == 0


@given(st.lists(st.sampled_from("abcdefgh")))
def test_what_was_added_last_is_known_and_no_more_than_the_limit(added: list[str]) -> None:
    ids = RecentIds(4)
    ids.update(added)
    assert len(ids) <= 4
    assert not added or added[-1] in ids
