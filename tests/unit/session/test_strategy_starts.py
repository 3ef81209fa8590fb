"""A strategy that starts by itself waits for the first data of its symbol, unless a person decides otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import pytest

from tests.end_to_end.program import ROOT
from tests.unit.trading.outside_venue import BTC, PRICE, Exchange
from workstation.config.loader import Loaded, load_settings, settings_json
from workstation.config.settings import StrategyEntry
from workstation.core.clock import WallClock
from workstation.core.instrument import Instrument
from workstation.core.messages import (
    AnyCommand,
    BookSnapshot,
    FeedStatus,
    LogLine,
    MarketInput,
    PauseStrategy,
    ServiceReport,
    StartStrategy,
    StopStrategy,
    VenueReport,
)
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import Severity, StrategyState
from workstation.core.views import ConnectionView
from workstation.session import Session
from workstation.session.own_orders import OwnOrders
from workstation.session.strategy_starts import StrategyStarts
from workstation.storage.layout import DataFolder
from workstation.trading.kernel_terms import VenueFactory
from workstation.trading.registry import StrategyRegistry
from workstation.verification import verify

START = StartStrategy(strategy="cross", who="configuration")
STOPPED, RUNNING = StrategyState.STOPPED, StrategyState.RUNNING


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


class LateMarket:
    """A link whose feed stands when it is told to, or never."""

    notes: tuple[str, ...] = ()
    watching = None
    title = "a late market"
    trouble = ""

    def __init__(self, *, stands: bool) -> None:
        self._stands = stands

    def venue_factory(
        self, report: Callable[[VenueReport | ServiceReport], None], on_reconnected: Callable[[], None]
    ) -> VenueFactory:
        raise AssertionError("a paper session makes its own venue")

    def start_account(self, orders: OwnOrders) -> None: ...

    async def start_market(
        self,
        instruments: Sequence[Instrument],
        deliver: Callable[[MarketInput], None],
        bars: Mapping[int, int],
        seed: int,
        on_past: Callable[[], None],
    ) -> None:
        now_ns = WallClock().now_ns()
        deliver(FeedStatus(BTC, now_ns, False, "connecting"))
        on_past()
        if self._stands:
            deliver(BookSnapshot(BTC, now_ns, 2, ((PRICE[BTC] - 1, 9),), ((PRICE[BTC] + 1, 9),)))
            deliver(FeedStatus(BTC, now_ns, True, "data flowing"))

    def raise_failure(self) -> None: ...

    def view(self) -> ConnectionView:
        raise AssertionError("nobody looks")

    async def disarm(self) -> None: ...

    async def close(self) -> None: ...


async def session_with(data: Path, *, stands: bool, command: AnyCommand | None = None) -> dict[str, StrategyState]:
    """A whole session in which a command may be given; the states of its strategies before its end."""
    replace, settings = msgspec.structs.replace, load_settings(ROOT / "config" / "strategy.yaml").settings
    settings = replace(
        settings,
        market=replace(settings.market, symbols=(BTC,)),
        strategies={
            "cross": StrategyEntry(strategy="ema_cross", symbol=BTC, timeframe="1m", start=True),
            "idle": StrategyEntry(strategy="ema_cross", symbol=BTC, timeframe="1m"),
        },
    )
    loaded = Loaded(settings, settings_json(settings), {}, ROOT / "config" / "strategy.yaml", "")
    session = Session(loaded, data, seed=1, market=LateMarket(stands=stands))
    session.open()
    running = asyncio.ensure_future(session.run())
    await asyncio.sleep(0.05)
    if command is not None:
        session.command(command)
    states = {name: slot.state for name, slot in session.kernel.host.slots.items()}
    session.request_stop("the test is over")
    await running
    await session.close()
    return states


async def test_what_the_first_session_could_not_start_starts_in_the_next_that_can(tmp_path: Path) -> None:
    for _ in range(2):
        assert await session_with(tmp_path, stands=False) == {"cross": STOPPED, "idle": STOPPED}
    assert await session_with(tmp_path, stands=True) == {"cross": RUNNING, "idle": STOPPED}
    assert await session_with(tmp_path, stands=False) == {"cross": STOPPED, "idle": STOPPED}
    assert await session_with(tmp_path, stands=True) == {"cross": RUNNING, "idle": STOPPED}, "as before the outage"
    assert verify(DataFolder(tmp_path), None).sessions == 5


@pytest.mark.parametrize("decision", [key for key in DECISIONS if key != "start"])
async def test_what_a_person_decided_while_it_waited_holds_in_the_next_session(tmp_path: Path, decision: str) -> None:
    await session_with(tmp_path, stands=False, command=DECISIONS[decision]())
    assert await session_with(tmp_path, stands=True) == {"cross": STOPPED, "idle": STOPPED}


async def test_one_that_a_person_started_without_its_feed_runs_on(tmp_path: Path) -> None:
    assert (await session_with(tmp_path, stands=False, command=DECISIONS["start"]()))["cross"] is RUNNING
    assert (await session_with(tmp_path, stands=True))["cross"] is RUNNING
