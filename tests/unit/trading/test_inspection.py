"""The inner values of a strategy in words."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from tests.unit.trading.test_results import START
from workstation.core.types import Side
from workstation.strategies.ema_cross import EmaCross
from workstation.trading.inspection import MOST_VALUES, inner_values
from workstation.trading.strategy import Strategy


class Reading(NamedTuple):
    trend: float
    side: Side


@dataclass
class Setup:
    reading: Reading
    bars: int


class Thinking(Strategy):
    def __init__(self) -> None:
        super().__init__("thinking", "BTCUSDT", "1m")
        self.state = {"entries": 3, "levels": {"a": 1, "b": None}}
        self._fast = 1 / 3
        self._ready = True
        self._next_look_ns = START
        self._retry_ns = 1_500_000_000
        self._reading = Reading(0.5, Side.SELL)
        self._setup = Setup(self._reading, 12)
        self._stop: Decimal | None = None
        self._seen = deque(range(3))
        self._many = list(range(20))
        self._none: set[int] = set()
        self._book = object()


def test_every_kind_of_value_is_told_in_words() -> None:
    assert dict(inner_values(Thinking())) == {
        "entries": "3",
        "levels": "a: 1, b: none",
        "fast": "0.333333",
        "ready": "yes",
        "next look": "2024-03-01 00:00:00",
        "retry": "1.5 s",
        "reading: trend": "0.5",
        "reading: side": "sell",
        "setup: reading": "0.5, sell",
        "setup: bars": "12",
        "stop": "none",
        "many": "20 entries",
        "none": "none",
    }


def test_parameters_and_what_it_was_given_are_left_out_and_the_rest_is_bounded() -> None:
    strategy = EmaCross("cross", "BTCUSDT", "1m")
    names = {name for name, _ in inner_values(strategy)}
    assert not names & {*strategy.parameters(), "name", "symbol", "context"}
    thinking = Thinking()
    thinking.state = {f"value{number}": number for number in range(200)}
    assert len(inner_values(thinking)) == MOST_VALUES
