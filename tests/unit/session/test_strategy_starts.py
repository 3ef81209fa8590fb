"""A strategy that starts by itself waits for the first data of its symbol, unless a person decides otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.trading.outside_venue import BTC, PRICE, Exchange
from workstation.core.messages import (
    AnyCommand,
    BookSnapshot,
    FeedStatus,
    LogLine,
    PauseStrategy,
    StartStrategy,
    StopStrategy,
)
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import Severity
from workstation.session.strategy_starts import StrategyStarts
from workstation.trading.registry import StrategyRegistry

START = StartStrategy(strategy="cross", who="configuration")


class Beginning:
    """A kernel whose feed is only being connected, with one strategy that waits for it."""

    def __init__(self, tmp_path: Path, *, connects: bool = True) -> None:
        self.exchange = Exchange()
        kernel = self.exchange.kernel
        for market in kernel.markets.values():
            market.last_ns = 0
        kernel.host.add(StrategyRegistry(tmp_path).create("ema_cross", "cross", BTC, "1m", {}))
        self.said: list[LogLine] = []
        kernel.bus.subscribe(LogLine, self.said.append)
        self.given: list[AnyCommand] = []
        self.starts = StrategyStarts(kernel, self._carry_out, connects=connects)
        if connects:
            self.tell(False, "connecting")

    def _carry_out(self, command: AnyCommand) -> str:
        self.starts.give_way(command)
        self.given.append(command)
        return ""

    def tell(self, connected: bool, detail: str) -> None:
        self.exchange.kernel.dispatch(FeedStatus(BTC, self.exchange.now_ns, connected, f"{BTC}: {detail}"))

    def quote(self) -> None:
        book = BookSnapshot(BTC, self.exchange.now_ns + 1, 2, ((PRICE[BTC] - 1, 9),), ((PRICE[BTC] + 1, 9),))
        self.exchange.kernel.dispatch(book)

    def words(self, source: str) -> list[tuple[Severity, str]]:
        return [(line.severity, line.text) for line in self.said if line.source == source]


def test_it_waits_says_so_and_starts_with_connection_and_data(tmp_path: Path) -> None:
    begins = Beginning(tmp_path)
    begins.starts.want("cross", START)
    assert begins.words("cross") == [(Severity.INFO, "Waits for the first data of BTCUSDT, then starts.")]
    begins.quote()
    begins.starts.look()
    assert begins.given == [], "not every part of the feed is connected"
    begins.tell(True, "data flowing")
    begins.starts.look()
    begins.starts.look()
    assert begins.given == [START] and begins.starts.waiting == ()


def test_data_that_are_stale_start_nothing(tmp_path: Path) -> None:
    begins = Beginning(tmp_path)
    begins.starts.want("cross", START)
    begins.quote()
    begins.tell(True, "data flowing")
    begins.exchange.kernel.clock.advance(begins.exchange.now_ns + 60 * SECOND_NS)
    begins.starts.look()
    assert begins.given == []


def test_where_nothing_connects_it_starts_with_the_first_data_and_does_not_speak_of_waiting(tmp_path: Path) -> None:
    begins = Beginning(tmp_path, connects=False)
    begins.starts.want("cross", START, PauseStrategy(strategy="cross", who="restart"))
    assert begins.given == []
    begins.quote()
    begins.tell(True, "data flowing")
    begins.starts.look()
    assert [type(command) for command in begins.given] == [StartStrategy, PauseStrategy]
    assert begins.words("cross") == []


DECISIONS: dict[str, Callable[[], AnyCommand]] = {
    "start": lambda: StartStrategy(strategy="cross"),
    "stop": lambda: StopStrategy(strategy="cross"),
    "pause": lambda: PauseStrategy(strategy="cross"),
    "pause all": PauseStrategy,
}


@pytest.mark.parametrize("decision", DECISIONS)
def test_what_a_person_decides_holds(tmp_path: Path, decision: str) -> None:
    begins = Beginning(tmp_path)
    begins.starts.want("cross", START)
    begins.starts.give_way(DECISIONS[decision]())
    begins.quote()
    begins.tell(True, "data flowing")
    begins.starts.look()
    assert begins.given == []


def test_commands_that_lead_to_another_look_give_each_strategy_its_own_once(tmp_path: Path) -> None:
    begins = Beginning(tmp_path, connects=False)
    given: list[AnyCommand] = []

    def carry_out(command: AnyCommand) -> str:
        given.append(command)
        begins.starts.look()
        return ""

    begins.starts = StrategyStarts(begins.exchange.kernel, carry_out, connects=False)
    pause = PauseStrategy(strategy="other", who="restart")
    begins.starts.want("cross", START)
    begins.starts._waiting["other"] = (pause,)
    begins.exchange.kernel.host.slots["other"] = begins.exchange.kernel.host.slots["cross"]
    begins.quote()
    begins.tell(True, "data flowing")
    begins.starts.look()
    assert sorted(map(repr, given)) == sorted(map(repr, (START, pause)))


def test_a_decision_on_another_strategy_changes_nothing(tmp_path: Path) -> None:
    begins = Beginning(tmp_path)
    begins.starts.want("cross", START)
    begins.starts.give_way(StopStrategy(strategy="other"))
    assert begins.starts.waiting == ("cross",)


def test_a_first_connection_is_no_warning_and_what_goes_wrong_is(tmp_path: Path) -> None:
    begins = Beginning(tmp_path)
    begins.tell(False, "no answer")
    begins.tell(True, "data flowing")
    begins.quote()
    begins.tell(False, "silent")
    assert begins.words("feed") == [
        (Severity.INFO, "Feed starting: BTCUSDT: connecting"),
        (Severity.WARNING, "Feed down: BTCUSDT: no answer"),
        (Severity.INFO, "Feed connected: BTCUSDT: data flowing"),
        (Severity.WARNING, "Feed down: BTCUSDT: silent"),
    ]
