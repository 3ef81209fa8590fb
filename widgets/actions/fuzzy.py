"""Fuzzy search: the letters of the query in their order, best where words begin and letters stand together."""

from __future__ import annotations

from typing import NamedTuple


class Match(NamedTuple):
    """``places`` are the indices of the matched letters in the text; a higher score is better."""

    score: int
    places: tuple[int, ...]


FIRST_OF_WORD = 8
NEIGHBOUR = 6
FIRST_OF_TEXT = 6
LETTER = 1
GAP = 1


def match(query: str, text: str) -> Match | None:
    """How well a query fits a text, None when a letter of it is missing.

    Each word of the query must be found; the words may come in any order. Of all ways to place a word's letters, the
    best one counts, by dynamic programming over the text (as in fzf's second algorithm, with these weights).
    """
    low = text.lower()
    score, places = 0, set[int]()
    for word in query.lower().split():
        found = _match_word(word, low)
        if found is None:
            return None
        score += found.score
        places.update(found.places)
    return Match(score - len(text) // 32, tuple(sorted(places)))


def _match_word(word: str, text: str) -> Match | None:
    rest = iter(text)
    if not all(letter in rest for letter in word):
        return None
    ends: dict[int, Match] = {}  # where the letters so far may end, and the best way to that
    for number, letter in enumerate(word):
        reached: dict[int, Match] = {}
        before: Match | None = None
        for at, char in enumerate(text):
            near = ends.get(at - 1)
            if before is not None:
                before = Match(before.score - GAP, before.places)
            if near is not None and (before is None or near.score >= before.score):
                before = near
            if char != letter or (number and before is None):
                continue
            start = before or Match(0, ())
            if near is not None and near.score + NEIGHBOUR > start.score:
                start = Match(near.score + NEIGHBOUR, near.places)
            reached[at] = Match(start.score + _worth(text, at), (*start.places, at))
        ends = reached
    return max(ends.values(), key=lambda way: way.score, default=None)


def _worth(text: str, at: int) -> int:
    if at == 0:
        return LETTER + FIRST_OF_WORD + FIRST_OF_TEXT
    return LETTER if text[at - 1].isalnum() else LETTER + FIRST_OF_WORD
