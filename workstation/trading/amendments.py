"""Changes of orders under way: what size an order may have until the venue has answered each of them."""

from __future__ import annotations

from typing import NamedTuple


class Amendment(NamedTuple):
    number: int
    """Counts the changes of one order from 1."""
    lots: int
    expires_ns: int
    """The venue takes the request no later than this."""


class Amendments:
    """By client id: the size that the venue confirmed last, then the changes asked for and not answered."""

    def __init__(self) -> None:
        self._confirmed: dict[str, int] = {}
        self._asked: dict[str, list[Amendment]] = {}

    def __contains__(self, client_id: str) -> bool:
        return client_id in self._asked

    def confirmed(self, client_id: str, lots: int) -> int:
        """The size that the venue confirmed last; ``lots`` where no change is under way."""
        return self._confirmed.get(client_id, lots)

    def expect(self, client_id: str, lots_now: int, amendment: Amendment) -> int:
        """A change was asked for; the largest size that the order may have."""
        self._confirmed.setdefault(client_id, lots_now)
        self._asked.setdefault(client_id, []).append(amendment)
        return self._largest(client_id)

    def number_of(self, client_id: str, lots: int) -> int:
        """Number of the newest change under way that leads to a size, 0 when none does."""
        return max((a.number for a in self._asked.get(client_id, ()) if a.lots == lots), default=0)

    def confirm(self, client_id: str, lots: int, number: int) -> int:
        """The venue told the order's size after its change ``number``; 0 when it answers none."""
        asked = self._asked.get(client_id)
        if asked is None:
            return lots
        self._confirmed[client_id] = lots
        asked[:] = [amendment for amendment in asked if amendment.number > number]
        return self._largest(client_id)

    def refuse(self, client_id: str, number: int) -> int | None:
        """Change ``number`` was refused; the largest size now, ``None`` when it is not under way."""
        asked = self._asked.get(client_id, [])
        left = [amendment for amendment in asked if amendment.number != number]
        if len(left) == len(asked):
            return None
        self._asked[client_id] = left
        return self._largest(client_id)

    def lapsed(self, client_id: str, asked_ns: int) -> list[int]:
        """Numbers of the changes that can no longer arrive after a question that left at ``asked_ns``."""
        return [a.number for a in self._asked.get(client_id, ()) if a.expires_ns < asked_ns]

    def forget(self, client_id: str) -> None:
        self._asked.pop(client_id, None)
        self._confirmed.pop(client_id, None)

    def snapshot(self) -> dict[str, list[list[int]]]:
        """By client id: the confirmed size alone, then each change as number, size and expiry."""
        return {
            client_id: [[self._confirmed[client_id]], *(list(amendment) for amendment in asked)]
            for client_id, asked in sorted(self._asked.items())
        }

    def restore(self, snapshot: dict[str, list[list[int]]]) -> None:
        """Take over what ``snapshot`` gave."""
        for client_id, (confirmed, *asked) in snapshot.items():
            self._confirmed[client_id] = confirmed[0]
            self._asked[client_id] = [Amendment(*amendment) for amendment in asked]

    def _largest(self, client_id: str) -> int:
        asked, confirmed = self._asked[client_id], self._confirmed[client_id]
        if asked:
            return max(confirmed, *(amendment.lots for amendment in asked))
        self.forget(client_id)
        return confirmed
