"""The reckless strategy as a file of a person's own: loaded by name, its draws decided by a parameter."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.simulation.reckless import Reckless
from workstation.core.timeframe import SECOND_NS
from workstation.trading.parameters import Integer


class LiveReckless(Reckless):
    """Draws anew after each restart, in a way that its saved state decides."""

    draw = Integer(1, minimum=0, maximum=1_000_000, help="Decides what it does.")
    interval_ms = Integer(250, minimum=1, maximum=60_000, unit="ms", help="The longest that it stands still.")

    def __init__(self, name: str, symbol: str, timeframe: str, values: dict[str, Any]) -> None:
        super().__init__(name, symbol, timeframe, Random())
        self.set_parameters(values)

    def on_start(self) -> None:
        self._count("starts")
        self._random.seed(f"{self.draw} {self.state['starts']}")
        self.set_timer(SECOND_NS // 10, "act")

    def on_timer(self, tag: str) -> None:
        self._act()
        self.set_timer(self._random.randrange(1, self.interval_ms * 1_000_000), "act")
