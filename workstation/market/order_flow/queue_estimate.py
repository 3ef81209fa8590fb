"""How many lots stand before an own order, told from the public book and trades alone.

No exchange tells it. The estimate is the cautious one of the simulated venue (``rules.matching``): an order begins
behind everything that its level shows when it is first seen; trades at its price take what is ahead first; cancels were
all behind it, except what cannot have been, since no more can be ahead than the level shows. It is an upper bound,
as long as the level holds the order's own lots only where the exchange counts them in.
"""

from __future__ import annotations

from dataclasses import dataclass

from workstation.rules.matching import queue_after_refresh, queue_after_trade


@dataclass
class _Place:
    ticks: int
    buys: bool
    ahead: int
    shown: int
    traded: int = 0


class QueueEstimate:
    """Orders of one symbol by name. Prices in ticks, quantities in lots."""

    def __init__(self) -> None:
        self._places: dict[str, _Place] = {}

    def follow(self, name: str, ticks: int, buys: bool, shown: int) -> None:
        """An order rests at a price whose level shows so many lots; one that moved begins at the end again."""
        place = self._places.get(name)
        if place is None or place.ticks != ticks:
            self._places[name] = _Place(ticks, buys, shown, shown)

    def forget_others(self, names: set[str]) -> None:
        """Only these orders still rest."""
        self._places = {name: place for name, place in self._places.items() if name in names}

    def trade(self, ticks: int, lots: int, taker_buys: bool) -> None:
        """A public trade. One through an order's price has taken all that stood at it."""
        for place in self._places.values():
            if place.buys == taker_buys:
                continue
            if ticks == place.ticks:
                place.ahead = queue_after_trade(place.ahead, lots).ahead
                place.traded += lots
            elif (ticks < place.ticks) == place.buys:
                place.ahead = 0

    def refresh(self, name: str, shown: int) -> None:
        """The level of an order shows another quantity; the trades until then were told before."""
        place = self._places[name]
        place.ahead = queue_after_refresh(place.ahead, place.shown, shown, place.traded, 0)
        place.shown, place.traded = shown, 0

    def ahead(self, name: str) -> int | None:
        """Lots before the order; ``None`` for one that is not followed."""
        place = self._places.get(name)
        return None if place is None else place.ahead

    def share(self, name: str) -> float | None:
        """Lots ahead as a share of what the level shows, 0 to 1, for bars; ``None`` for one that is not followed."""
        place = self._places.get(name)
        return None if place is None else place.ahead / max(1, place.shown)
