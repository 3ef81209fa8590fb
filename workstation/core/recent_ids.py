"""The newest of a stream of ids, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class RecentIds:
    """A set that forgets the oldest of more than ``limit`` ids."""

    __slots__ = ("_ids", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._ids: dict[str, None] = {}

    def __contains__(self, id_: str) -> bool:
        return id_ in self._ids

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[str]:
        """Oldest first."""
        return iter(self._ids)

    def add(self, id_: str) -> None:
        self._ids[id_] = None
        if len(self._ids) > self.limit:
            del self._ids[next(iter(self._ids))]

    def update(self, ids: Iterable[str]) -> None:
        for id_ in ids:
            self.add(id_)

    def clear(self) -> None:
        self._ids.clear()
