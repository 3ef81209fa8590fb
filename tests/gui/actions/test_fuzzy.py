"""Fuzzy search."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from widgets.actions.fuzzy import match


def best(query: str, *texts: str) -> str:
    found = {text: fit for text in texts if (fit := match(query, text)) is not None}
    return max(found, key=lambda text: found[text].score)


def test_the_letters_that_matched_are_told() -> None:
    fit = match("fla", "Flatten everything")
    assert fit is not None and fit.places == (0, 1, 2)
    assert match("every flat", "Flatten everything") is not None
    assert match("xyz", "Flatten everything") is None
    assert match("", "Anything") is not None


def test_beginnings_of_words_and_neighbours_come_first() -> None:
    assert best("lad", "Float all days", "Ladder") == "Ladder"
    assert best("ca", "Local area", "Cancel all entries") == "Cancel all entries"
    assert best("btc", "Back to chart", "BTCUSDT") == "BTCUSDT"


@given(st.text("abc d", max_size=8), st.text("abcd ", max_size=20))
def test_what_matches_are_the_letters_of_the_query_in_their_order(query: str, text: str) -> None:
    fit = match(query, text)
    words = query.split()
    if fit is None:
        assert any(not is_subsequence(word, text) for word in words)
        return
    assert all(is_subsequence(word, text) for word in words)
    assert list(fit.places) == sorted(set(fit.places))
    if len(words) == 1:
        assert "".join(text[at] for at in fit.places) == words[0]


def is_subsequence(word: str, text: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in word)
