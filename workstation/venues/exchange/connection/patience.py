"""Waiting for an exchange that does not answer: growing pauses with jitter."""

from __future__ import annotations

from random import Random


class Pauses:
    """Seconds to wait before each attempt: doubled each time up to ``most_s``, of which a random half is left out.

    The jitter keeps many clients from coming back in the same moment.
    """

    def __init__(self, random: Random, first_s: float = 0.5, most_s: float = 60.0) -> None:
        self._random = random
        self._first_s = first_s
        self._most_s = most_s
        self.attempts = 0

    def next_s(self) -> float:
        pause = min(self._most_s, self._first_s * 2.0 ** min(self.attempts, 30))
        self.attempts += 1
        return pause * (1 - self._random.random() / 2)

    def reset(self) -> None:
        """What was waited for has come."""
        self.attempts = 0


def short_reason(error: BaseException) -> str:
    """An error in one line, for a sentence that is shown."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else text[:199] + "…"
