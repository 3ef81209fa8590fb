"""Round trips of an account that did not begin flat, and the figures of a journal."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trading.test_results import BTC, COIN, INSTRUMENTS, START, fill
from workstation.backtest.fill_trips import FillTrips, Holder
from workstation.backtest.trip_figures import ALL, UNTAGGED, figures_by_tag
from workstation.core.types import Side
from workstation.core.views import FillView

HOLDER: Holder = ("ema_cross", "BTCUSDT")


def dealt(number: int, lots: int, realised: str = "0", price: str = "40000.0", **changes) -> FillView:
    """An execution; below 0 lots are sold."""
    side = Side.BUY if lots > 0 else Side.SELL
    return fill(
        ts_ns=START + number,
        fill_id=str(number),
        side=side,
        quantity=BTC.quantity(abs(lots)),
        price=Decimal(price),
        realised=Decimal(realised),
        **changes,
    )


def made_of(held: dict[Holder, Decimal], fills: list[FillView]) -> FillTrips:
    made = FillTrips(INSTRUMENTS, held, fills)
    for each in fills:
        made.add(each)
    return made


def test_a_position_that_is_closed_becomes_a_trip_once() -> None:
    fills = [dealt(1, 10), dealt(2, -10, "1.5", "40150.0")]
    made = made_of({}, fills)
    ((name, trip),) = made.trips.items()
    assert name == f"BTCUSDT ema_cross {START + 1}"
    assert (trip.gross, trip.fees, trip.net) == (150_000_000, 32_000_000, 118_000_000)
    assert not made.add(fills[1]), "told a second time"
    assert len(made.trips) == 1 and not made.unknown


def test_what_was_held_before_the_first_execution_makes_no_trip() -> None:
    """Held are 3 lots now: 10 were before, of which nothing is known."""
    made = made_of({HOLDER: BTC.quantity(3)}, [dealt(1, -7, "9")])
    assert not made.trips and made.unknown == 1
    assert not made.add(dealt(2, -3, "9")), "the end of the unknown position"
    assert made.unknown == 2
    made.add(dealt(3, -5))
    assert made.add(dealt(4, 5, "1")) == f"BTCUSDT ema_cross {START + 3}"


def test_an_execution_off_the_present_tick_ends_the_trips_of_its_owner() -> None:
    made = made_of({}, [dealt(1, 10, price="40000.05"), dealt(2, -10), dealt(3, 10), dealt(4, -10)])
    assert not made.trips and made.unknown == 4


def test_trips_that_began_at_one_moment_have_names_of_their_own() -> None:
    fills = [dealt(1, 10), dealt(2, -10), dealt(3, 5), dealt(4, -5)]
    at_once = [msgspec.structs.replace(each, ts_ns=START) for each in fills]
    names = list(made_of({}, at_once).trips)
    assert names == [f"BTCUSDT ema_cross {START}", f"BTCUSDT ema_cross {START} 2"]


@given(st.lists(st.integers(-5, 5).filter(bool), max_size=25), st.integers(0, 25))
def test_a_later_beginning_finds_the_same_trips_as_far_as_it_sees(lots: list[int], first: int) -> None:
    """Whatever is cut off at the beginning, no trip is invented, and each that is found is the true one."""
    fills = [dealt(number, each) for number, each in enumerate(lots)]
    held = {HOLDER: BTC.quantity(sum(lots))}
    whole = made_of(held, fills).trips
    part = made_of(held, fills[first:]).trips
    for name, trip in part.items():
        assert msgspec.structs.replace(whole[name], number=0) == msgspec.structs.replace(trip, number=0)


def test_the_figures_are_of_all_of_each_tag_and_of_the_untagged() -> None:
    fills = []
    for number, realised in enumerate(("10", "-4", "1")):
        fills += [dealt(2 * number, 10, fee=Decimal(0)), dealt(2 * number + 1, -10, realised, fee=Decimal(0))]
    trips = made_of({}, fills).trips
    won, lost, _ = trips
    figures = figures_by_tag(trips, {won: ("news", "late"), lost: ("late",)}, INSTRUMENTS)
    assert [(each.tag, each.trips, each.net) for each in figures] == [
        (ALL, 3, Decimal(7)),
        ("late", 2, Decimal(6)),
        ("news", 1, Decimal(10)),
        (UNTAGGED, 1, Decimal(1)),
    ]
    late = figures[1]
    assert (late.win_rate, late.profit_factor, late.expectancy) == (0.5, 2.5, Decimal(3))
    assert (late.average_win, late.average_loss) == (Decimal(10), Decimal(-4))
    assert figures[2].profit_factor is None and figures[2].average_loss is None
    assert figures[0].expectancy == Decimal("2.33333333")


def test_trips_in_different_assets_are_not_averaged() -> None:
    coin = {"symbol": "BTCUSD", "fee_asset": "BTC", "fee": Decimal(0)}
    fills = [
        dealt(1, 10),
        dealt(2, -10),
        *(msgspec.structs.replace(dealt(n, 1000 * s), **coin) for n, s in ((3, 1), (4, -1))),
    ]
    figures = figures_by_tag(made_of({}, fills).trips, {}, INSTRUMENTS)
    assert [(each.tag, each.asset) for each in figures] == [
        (ALL, COIN.settle),
        (ALL, "USDT"),
        (UNTAGGED, "BTC"),
        (UNTAGGED, "USDT"),
    ]
