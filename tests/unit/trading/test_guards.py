"""Loss limits, protections and crisis mode: what trips them, what lifts them, and that a restart does not."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trading.bench import BTC, ETH, LIMITS, START_NS, UNIT, Bench, buy, changed, kinds, sell
from workstation.core.messages import CrisisChanged, Output, PeakReached, ProtectionTriggered
from workstation.core.timeframe import DAY_NS, HOUR_NS
from workstation.core.types import TradingState
from workstation.trading.denials import DenialCode
from workstation.trading.guards import DAY_LOSS, DRAWDOWN, Guards
from workstation.trading.risk_limits import RiskLimits
from workstation.trading.trading_state import TradingStateHolder

EQUITY = 10_000 * UNIT
H = HOUR_NS


class Desk:
    """Guards with their trading state, at the start of a day with 10,000 USDT."""

    def __init__(self, limits: RiskLimits = LIMITS) -> None:
        self.limits = limits
        self.events: list[Output] = []
        self.trading = TradingStateHolder(lambda state, reason, until_ns: None)
        self.guards = Guards(limits, self.trading, self.events.append)
        self.guards.start_day(START_NS, EQUITY)

    def at(self, hours: float, equity: int) -> TradingState:
        self.guards.on_equity(START_NS + int(hours * H), equity * UNIT)
        return self.trading.state

    def trip(self, hours: float, result: int, owner: str = "ema", symbol: str = BTC, stopped: bool = False) -> None:
        self.guards.on_trip(START_NS + int(hours * H), owner, symbol, result, stopped, H)

    def paused(self, hours: float, owner: str = "ema", symbol: str = BTC) -> str:
        found = self.guards.entry_pause(owner, symbol, START_NS + int(hours * H))
        return found[0] if found else ""

    def restarted(self) -> Desk:
        again = Desk(self.limits)
        again.guards.restore(self.guards.snapshot())
        again.trading.settle_quietly()
        return again


# --- Day loss --------------------------------------------------------------------------------------------------------


def test_the_day_loss_trips_at_its_limit_and_lifts_with_the_day() -> None:
    desk = Desk()
    assert desk.at(1, 9_701) is TradingState.ACTIVE
    assert desk.at(2, 9_700) is TradingState.REDUCING
    assert "3.00 %" in desk.trading.reason
    assert desk.trading.until_ns == START_NS + DAY_NS
    assert desk.at(3, 10_000) is TradingState.REDUCING
    desk.guards.start_day(START_NS + DAY_NS, 9_700 * UNIT)
    assert desk.trading.state is TradingState.ACTIVE
    assert desk.at(25, 9_500) is TradingState.ACTIVE
    assert desk.at(26, 9_400) is TradingState.REDUCING


def test_a_profit_never_trips_a_loss_limit() -> None:
    desk = Desk()
    assert desk.at(1, 1_000_000) is TradingState.ACTIVE
    assert not desk.guards.crisis
    assert kinds(desk.events) == ["PeakReached"]


def test_what_is_said_of_the_day_loss_is_what_the_gate_does() -> None:
    bench = Bench()
    bench.hold(BTC, 10)
    bench.guards.on_equity(bench.clock.time_ns, 9_700 * UNIT)
    assert bench.code(buy(1)) is DenialCode.REDUCING
    assert bench.code(sell(10, reduce_only=True)) is None


# --- Drawdown --------------------------------------------------------------------------------------------------------


def test_the_drawdown_counts_from_the_peak_and_waits_for_a_person() -> None:
    desk = Desk(changed(day_loss=100_000_000))
    needed: list[str] = []
    desk.guards.on_person_needed = lambda cause, lift: needed.append(cause)
    desk.at(1, 12_000)
    assert desk.at(2, 10_801) is TradingState.ACTIVE
    assert desk.at(3, 10_800) is TradingState.REDUCING
    assert desk.trading.until_ns == 0
    assert needed == ["crisis", DRAWDOWN]
    assert desk.at(30, 11_000) is TradingState.REDUCING
    desk.guards.lift_drawdown()
    assert desk.trading.state is TradingState.ACTIVE
    assert desk.at(31, 9_901) is TradingState.ACTIVE
    assert desk.at(32, 9_900) is TradingState.REDUCING


def test_resuming_without_a_drawdown_changes_nothing() -> None:
    desk = Desk()
    desk.at(1, 11_000)
    desk.at(2, 10_900)
    desk.guards.lift_drawdown()
    assert desk.guards.peak_equity == 11_000 * UNIT


@given(st.lists(st.integers(1, 30_000), min_size=1, max_size=40))
def test_the_limits_trip_exactly_when_the_path_reaches_them(path: list[int]) -> None:
    desk = Desk(changed(drawdown_guard=1_000_000_000))
    peak, tripped, day_tripped = 10_000, False, False
    for hour, equity in enumerate(path):
        peak = max(peak, equity)
        tripped |= equity * 10 <= peak * 9
        day_tripped |= equity <= 9_700
        desk.at(hour / 100, equity)
        assert (DRAWDOWN in desk.trading.causes) == tripped
        assert (DAY_LOSS in desk.trading.causes) == day_tripped


# --- Protections -----------------------------------------------------------------------------------------------------


def test_the_drawdown_guard_looks_at_its_window_only() -> None:
    desk = Desk(changed(day_loss=90_000_000, drawdown=90_000_000, crisis_drawdown=90_000_000))
    desk.at(0, 10_000)
    desk.at(49, 9_400)
    assert desk.paused(49) == ""
    desk.at(50, 9_600)
    desk.at(97, 9_025)
    assert desk.paused(97) == ""
    desk.at(98, 9_024)
    assert desk.paused(98) == "drawdown"
    assert desk.paused(109.9) == "drawdown"
    assert desk.paused(110) == ""


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(5_000, 15_000)), min_size=1, max_size=40))
def test_the_drawdown_guard_knows_the_highest_equity_of_its_window(path: list[tuple[int, int]]) -> None:
    desk = Desk(changed(day_loss=90_000_000, drawdown=90_000_000, crisis_drawdown=90_000_000))
    hour, seen, until = 0, [], 0
    for step, equity in path:
        hour += step
        seen.append((hour, equity))
        highest = max(e for h, e in seen if h >= hour - 48)
        if hour >= until and equity * 100 <= highest * 94:
            until = hour + 12
        desk.at(hour, equity)
        assert (desk.paused(hour) == "drawdown") == (hour < until)


def test_the_stop_guard_counts_stops_within_its_window() -> None:
    desk = Desk(changed(losses_in_a_row=100, crisis_losses=100, cooldown_bars=0))
    for hour in (0, 10, 20):
        desk.trip(hour, 5, stopped=True)
    desk.trip(21, 5, stopped=False)
    assert desk.paused(21) == ""
    desk.trip(24.5, 5, stopped=True)
    assert desk.paused(24.5) == ""
    desk.trip(26, 5, stopped=True)
    assert desk.paused(26, "grid", ETH) == "stop guard"
    desk.trip(28, 5, stopped=True)
    assert desk.paused(31.9) == "stop guard"
    assert desk.paused(32) == ""


def test_the_cooldown_holds_for_the_strategy_and_symbol_that_closed() -> None:
    desk = Desk()
    desk.trip(0, 5)
    assert desk.paused(1.9) == "cooldown"
    assert desk.paused(1.9, symbol=ETH) == ""
    assert desk.paused(1.9, owner="grid") == ""
    desk.trip(1, 5)
    assert desk.paused(2.9) == "cooldown"
    assert desk.paused(3) == ""


def test_a_person_does_not_cool_down() -> None:
    desk = Desk()
    desk.guards.on_trip(START_NS, "manual", BTC, -1, False, 0)
    assert desk.paused(0, "manual") == ""


def test_losses_in_a_row_pause_everyone_and_a_profit_ends_the_row() -> None:
    desk = Desk(changed(cooldown_bars=0, crisis_losses=100))
    for hour in range(4):
        desk.trip(hour, -1)
    desk.trip(4, 0)
    for hour in range(5, 9):
        desk.trip(hour, -1)
    assert desk.paused(9) == ""
    desk.trip(9, -1)
    assert desk.paused(9, "grid", ETH) == "losses in a row"
    assert desk.paused(33) == ""
    triggered = [event for event in desk.events if isinstance(event, ProtectionTriggered)]
    assert [(event.protection, event.owner, event.until_ns) for event in triggered] == [
        ("losses in a row", "", START_NS + 33 * H)
    ]


def test_asking_for_a_pause_changes_nothing() -> None:
    desk = Desk()
    desk.trip(0, -1)
    before = desk.guards.snapshot()
    desk.paused(100)
    assert desk.guards.snapshot() == before


# --- Crisis ----------------------------------------------------------------------------------------------------------


def by_losses(desk: Desk) -> None:
    for hour in range(4):
        desk.trip(hour, -1)


CRISES: tuple[Callable[[Desk], None], ...] = (
    by_losses,
    lambda desk: (desk.at(1, 9_200), None)[1],
    lambda desk: desk.guards.on_volatility(START_NS, BTC, Decimal("3.5")),
)


@pytest.mark.parametrize("trigger", CRISES, ids=("losses", "drawdown", "volatility"))
def test_a_crisis_halves_sizes_until_a_person_ends_it(trigger: Callable[[Desk], None]) -> None:
    desk = Desk()
    assert desk.guards.size_factor() == 1
    trigger(desk)
    trigger(desk)
    assert desk.guards.size_factor() == Decimal("0.5")
    assert kinds(desk.events).count("CrisisChanged") == 1
    desk.at(50, 20_000)
    assert desk.guards.crisis
    desk.guards.end_crisis(START_NS + 51 * H, "ended by a person")
    assert desk.guards.size_factor() == 1
    assert (desk.guards.crisis_cause, desk.guards.losses_in_a_row) == ("", 0)
    desk.guards.end_crisis(START_NS + 52 * H, "again")
    assert kinds(desk.events).count("CrisisChanged") == 2


def test_the_crisis_drawdown_counts_anew_after_a_person_ended_it() -> None:
    desk = Desk(changed(day_loss=90_000_000))
    assert desk.at(1, 9_201) is TradingState.ACTIVE
    assert not desk.guards.crisis
    desk.at(2, 9_200)
    desk.guards.end_crisis(START_NS + 3 * H, "ended")
    desk.at(4, 8_465)
    assert not desk.guards.crisis
    desk.at(5, 8_464)
    assert desk.guards.crisis
    assert desk.guards.crisis_cause == "drawdown 8.00 %"


def test_a_pause_that_stands_in_for_a_person_ends_the_crisis_when_it_is_over() -> None:
    desk = Desk()
    lifts: list[Callable[[], None]] = []
    desk.guards.on_person_needed = lambda cause, lift: lifts.append(lift)
    desk.guards.on_volatility(START_NS, BTC, Decimal(4))
    desk.at(24, 10_000)
    lifts[0]()
    ended = desk.events[-1]
    assert isinstance(ended, CrisisChanged)
    assert (ended.active, ended.ts_ns) == (False, START_NS + 24 * H)


# --- Switched off, restarted -----------------------------------------------------------------------------------------


def test_without_loss_limits_nothing_trips() -> None:
    desk = Desk(changed(loss_limits=False))
    by_losses(desk)
    desk.trip(5, -1, stopped=True)
    desk.guards.on_volatility(START_NS, BTC, Decimal(9))
    assert desk.at(6, 1_000) is TradingState.ACTIVE
    assert (desk.events, desk.paused(6), desk.guards.crisis) == ([], "", False)


def test_a_restart_keeps_every_restriction() -> None:
    desk = Desk()
    for hour in range(4):
        desk.trip(hour, -1, stopped=True)
    desk.at(4, 8_900)
    again = desk.restarted()
    assert again.guards.snapshot() == desk.guards.snapshot()
    assert again.guards.crisis
    assert set(again.trading.causes) == {DAY_LOSS, DRAWDOWN}
    assert (again.trading.state, again.trading.reason) == (desk.trading.state, desk.trading.reason)
    assert again.at(5, 9_990) is TradingState.REDUCING
    assert again.paused(5) == desk.paused(5) != ""
    again.guards.start_day(START_NS + DAY_NS, 9_990 * UNIT)
    assert set(again.trading.causes) == {DRAWDOWN}
    again.guards.lift_drawdown()
    assert again.trading.state is TradingState.ACTIVE


def test_a_restart_keeps_counting_where_it_was() -> None:
    desk = Desk(changed(cooldown_bars=0, crisis_losses=100))
    for hour in range(3):
        desk.trip(hour, -1, stopped=True)
    desk.at(3, 10_600)
    again = desk.restarted()
    again.trip(4, -1, stopped=True)
    assert again.paused(4) == "stop guard"
    assert again.guards.losses_in_a_row == 4
    again.at(5, 9_964)
    assert "drawdown" in [key[0] for key in again.guards.pauses]


def test_a_kill_loses_no_more_of_the_peak_than_a_2000th() -> None:
    desk = Desk()
    desk.at(0, 10_000)
    told = 10_000 * UNIT
    for equity in (10_004, 10_006, 10_010, 10_012, 9_900, 10_013):
        desk.at(1, equity)
        for event in desk.events:
            if isinstance(event, PeakReached):
                told = event.equity
        assert desk.guards.peak_equity - told <= told // 2_000
    assert told > 10_000 * UNIT


# --- The account's crisis mode ---------------------------------------------------------------------------------------


def test_the_accounts_crisis_mode_bounds_the_sizes_and_the_smaller_factor_holds() -> None:
    desk = Desk()
    desk.at(1, 10_000)
    desk.events.clear()
    desk.guards.follow_crisis(2, True, "drawdown 9.00 %", 70_000_000)
    assert (desk.guards.in_crisis, desk.guards.crisis) == (True, False)
    assert (desk.guards.size_factor(), desk.guards.every_crisis_cause) == (Decimal("0.7"), "account: drawdown 9.00 %")
    desk.guards.enter_crisis(3, "6 losses in a row")
    assert desk.guards.size_factor() == Decimal("0.5"), "its own is the smaller one"
    assert desk.guards.every_crisis_cause == "6 losses in a row; account: drawdown 9.00 %"
    desk.guards.follow_crisis(4, True, "drawdown 9.00 %", 30_000_000)
    assert desk.guards.size_factor() == Decimal("0.3")
    desk.guards.end_crisis(5, "a person")
    assert (desk.guards.size_factor(), desk.guards.in_crisis) == (Decimal("0.3"), True)
    desk.guards.follow_crisis(6, False, "", 100_000_000)
    assert desk.guards.size_factor() == 1
    assert (desk.guards.in_crisis, desk.guards.every_crisis_cause) == (False, "")
    told = [(e.active, e.account) for e in desk.events if isinstance(e, CrisisChanged)]
    assert told == [(True, True), (True, False), (True, True), (False, False), (False, True)]


def test_the_accounts_crisis_mode_is_told_once_and_survives_a_restart() -> None:
    desk, again = Desk(), Desk()
    desk.at(1, 10_000)
    desk.events.clear()
    for _ in range(2):
        desk.guards.follow_crisis(2, True, "drawdown 9.00 %", 70_000_000)
    assert kinds(desk.events) == ["CrisisChanged"]
    again.guards.restore(desk.guards.snapshot())
    assert (again.guards.size_factor(), again.guards.every_crisis_cause) == (
        Decimal("0.7"),
        "account: drawdown 9.00 %",
    )


def test_fewer_positions_are_allowed_in_the_accounts_crisis_mode() -> None:
    bench = Bench(changed(crisis_positions=1))
    bench.hold(BTC, 1)
    assert bench.code(buy(1, symbol=ETH)) is not DenialCode.CRISIS
    bench.guards.follow_crisis(bench.clock.time_ns, True, "drawdown 9.00 %", 50_000_000)
    assert bench.code(buy(1, symbol=ETH)) is DenialCode.CRISIS
