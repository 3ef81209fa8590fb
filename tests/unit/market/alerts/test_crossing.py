"""Crossings: none is missed, none is counted twice, whatever the prices, also over a restart."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.core.instrument import Instrument
from workstation.core.types import InstrumentKind
from workstation.market.alerts.alert import (
    Alert,
    Direction,
    IndicatorLevel,
    PriceLevel,
    PriceLine,
    PriceZone,
    Repeat,
)
from workstation.market.alerts.alert_book import AlertBook, Firing
from workstation.market.alerts.crossing import Crossing, path_of_bar, side_of_line, sign

MINUTE = 60_000_000_000
LEVEL = 100
BTC = Instrument(
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    kind=InstrumentKind.LINEAR,
    tick=Decimal("0.1"),
    lot=Decimal("0.001"),
    minimum_notional=Decimal(5),
)
PRICES = st.lists(st.integers(LEVEL - 3, LEVEL + 3), max_size=40)
DIRECTIONS = st.sampled_from([Direction.ABOVE, Direction.BELOW, Direction.EITHER])
OF_ZONE = st.sampled_from([Direction.ENTERS, Direction.LEAVES, Direction.EITHER])


def book() -> AlertBook:
    return AlertBook(lambda symbol: BTC if symbol == "BTCUSDT" else None)


def at_level(**changes: object) -> Alert:
    parts = {"symbol": "BTCUSDT", "condition": PriceLevel(Decimal(LEVEL) / 10), "repeat": Repeat.EVERY_BAR, **changes}
    return Alert(name="", **parts)  # type: ignore[arg-type]


def feed(alerts: AlertBook, prices: list[int], begin: int = 0) -> list[tuple[int, Firing]]:
    """One trade a minute, so that every crossing falls into a bar of its own; what fired with its place."""
    found = []
    for place, price in enumerate(prices, begin):
        found += [(place, firing) for firing in alerts.on_price("BTCUSDT", price, (place + 1) * MINUTE)]
    return found


@given(PRICES)
def test_every_change_of_sides_fires_and_no_crossing_twice(prices: list[int]) -> None:
    alerts = book()
    alerts.add(at_level())
    fired = {place: firing.crossing for place, firing in feed(alerts, prices)}
    strict = [(place, sign(price - LEVEL)) for place, price in enumerate(prices) if price != LEVEL]
    for (before, side), (after, other) in pairwise(strict):
        between = [fired[place] for place in range(before + 1, after + 1) if place in fired]
        if side != other:
            assert between == [other]
        else:
            # A touch from this side, once, and no more.
            assert between == ([-side] if after > before + 1 else [])
    if strict:
        assert all(place > strict[0][0] for place in fired)


@given(PRICES, DIRECTIONS)
def test_a_direction_hears_its_own_crossings_of_all_of_them(prices: list[int], direction: Direction) -> None:
    every, one = book(), book()
    every.add(at_level())
    one.add(at_level(direction=direction))
    wanted = {Direction.ABOVE: (1,), Direction.BELOW: (-1,), Direction.EITHER: (1, -1)}[direction]
    assert [place for place, _ in feed(one, prices)] == [
        place for place, firing in feed(every, prices) if firing.crossing in wanted
    ]


@given(PRICES, DIRECTIONS, st.integers(0, 40))
def test_a_restart_at_any_moment_changes_nothing_but_the_words(
    prices: list[int], direction: Direction, at: int
) -> None:
    whole, first = book(), book()
    whole.add(at_level(direction=direction))
    first.add(at_level(direction=direction))
    before = feed(first, prices[:at])
    saved = msgspec.json.encode(first.alerts)
    second = book()
    second.restore(msgspec.json.decode(saved, type=list[Alert]), first.next_number)
    after = feed(second, prices[at:], begin=len(prices[:at]))
    assert [place for place, _ in before + after] == [place for place, _ in feed(whole, prices)]
    assert [firing.missed for _, firing in after] == [place == at for place, _ in after]
    assert second.alerts == whole.alerts


@given(PRICES)
def test_once_fires_the_first_time_and_is_off_then(prices: list[int]) -> None:
    every, once = book(), book()
    every.add(at_level())
    once.add(at_level(repeat=Repeat.ONCE))
    assert [place for place, _ in feed(once, prices)] == [place for place, _ in feed(every, prices)][:1]
    assert once.alerts[0].enabled == (once.alerts[0].times_fired == 0)


@given(PRICES, st.integers(1, 10))
def test_once_a_bar_is_the_first_crossing_of_each_bar(prices: list[int], trades_a_bar: int) -> None:
    every, alerts = book(), book()
    every.add(at_level())
    alerts.add(at_level())
    crossings = [place for place, _ in feed(every, prices)]
    step = MINUTE // trades_a_bar
    found = [
        place for place, price in enumerate(prices) for _ in alerts.on_price("BTCUSDT", price, MINUTE + place * step)
    ]
    bars: dict[int, int] = {}
    for place in crossings:
        bars.setdefault((MINUTE + place * step) // MINUTE, place)
    assert found == list(bars.values())


@given(
    st.integers(0, 10**9),
    st.integers(1, 10**18),
    st.integers(0, 10**9),
    st.integers(0, 10**9),
    st.integers(0, 2 * 10**18),
)
def test_the_side_of_a_line_is_exact(first: int, span: int, second: int, price: int, at: int) -> None:
    level = Fraction(first) + Fraction(second - first) * Fraction(at, span)
    assert side_of_line(price, at, (0, first), (span, second)) == (price > level) - (price < level)


@pytest.mark.parametrize(("extends", "places"), [(False, [2]), (True, [2, 5])])
def test_a_line_has_a_beginning_and_where_it_does_not_extend_an_end(extends: bool, places: list[int]) -> None:
    line = PriceLine(2 * MINUTE, Decimal(10), 4 * MINUTE, Decimal(12), extends)
    alerts = book()
    alerts.add(at_level(condition=line))
    # The line stands at 100, 110, 120, 130 ... ticks from the second minute on.
    assert [place for place, _ in feed(alerts, [0, 99, 115, 121, 131, 100, 100])] == places


def test_an_expired_or_disabled_alert_does_not_fire() -> None:
    alerts = book()
    alerts.add(at_level(expires_ns=2 * MINUTE))
    alerts.add(at_level(enabled=False))
    alerts.add(at_level(expires_ns=2 * MINUTE + 1))
    fired = feed(alerts, [99, 101])
    assert [firing.alert.name for _, firing in fired] == ["alert 3"]


def test_a_level_that_moves_over_the_price_does_not_fire_by_itself() -> None:
    alerts = book()
    made = alerts.add(at_level())
    feed(alerts, [99])
    alerts.change(msgspec.structs.replace(made, condition=PriceLevel(Decimal("9.8"))))
    assert feed(alerts, [99, 99], begin=1) == []
    assert [place for place, _ in feed(alerts, [97], begin=3)] == [3]


def test_what_was_crossed_and_came_back_while_nothing_ran_is_found_in_the_bars() -> None:
    first = book()
    first.add(at_level(direction=Direction.ABOVE, repeat=Repeat.ONCE))
    feed(first, [98])
    second = book()
    second.restore(first.alerts, first.next_number)
    past = [second.on_past("alert 1", round(price), 5 * MINUTE) for price in path_of_bar(98, 103, 97, 99)]
    (firing,) = [firing for firing in past if firing is not None]
    assert firing.missed
    assert firing.value == Decimal("10.3")
    assert feed(second, [98], begin=6) == []
    assert second.on_past("alert 1", 103, 2 * MINUTE) is None


@given(st.lists(st.one_of(st.floats(-5, 5), st.just(float("nan"))), max_size=30))
def test_an_indicator_crosses_at_the_ends_of_bars_and_knows_no_gaps(values: list[float]) -> None:
    alerts = book()
    made = alerts.add(at_level(condition=IndicatorLevel("RSI(14)", "rsi", 0.0)))
    fired = [place for place, value in enumerate(values) if alerts.on_value(made.name, value, (place + 1) * MINUTE)]
    known = [(place, sign(value)) for place, value in enumerate(values) if value == value]
    assert fired == [after for (_, side), (after, other) in pairwise(known) if side and side * other <= 0]


def test_an_alert_without_a_market_here_is_kept_and_waits() -> None:
    alerts = book()
    alerts.add(at_level(symbol="DOTUSDT"))
    assert alerts.on_price("DOTUSDT", 100, MINUTE) == ()
    assert [alert.symbol for alert in alerts.alerts] == ["DOTUSDT"]


@pytest.mark.parametrize(
    "document",
    [
        b'{"name":"a","symbol":"X","condition":{"type":"price","price":"-1"}}',
        b'{"name":"a","symbol":"X","condition":{"type":"price","price":"NaN"}}',
        b'{"name":"a","symbol":"X","condition":{"type":"indicator","indicator":"RSII(3)","line":"","value":1}}',
        b'{"name":"a","symbol":"X","condition":{"type":"price","price":"1"},"timeframe":"7m"}',
        b'{"name":"a","symbol":"X","condition":{"type":"price","price":"1"},"side":4}',
        b'{"name":"a","symbol":"X","condition":{"type":"line","start_ns":2,"end_ns":2,"start_price":"1","end_price":"1"}}',
    ],
)
def test_an_alert_that_makes_no_sense_is_refused(document: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(document, type=Alert)


def zone(low: int = LEVEL - 1, high: int = LEVEL + 1, slope: int = 0, **changes: object) -> PriceZone:
    """Between these ticks at the first minute, rising by `slope` ticks a minute."""
    ends = [Decimal(ticks) / 10 for ticks in (low, low + 60 * slope, high, high + 60 * slope)]
    return PriceZone(MINUTE, 61 * MINUTE, *ends, **{"extends": True, **changes})  # type: ignore[arg-type]


@given(PRICES, OF_ZONE)
def test_a_zone_is_entered_and_left_by_turns(prices: list[int], direction: Direction) -> None:
    alerts = book()
    alerts.add(at_level(condition=zone(), direction=direction))
    fired = {place: firing.crossing for place, firing in feed(alerts, prices)}
    expected = {}
    for place, (before, now) in enumerate(pairwise(prices), 1):
        was_in, is_in = (LEVEL - 1 <= price <= LEVEL + 1 for price in (before, now))
        through = not was_in and not is_in and (before < LEVEL) != (now < LEVEL)
        enters, leaves = (is_in and not was_in) or through, (was_in and not is_in) or through
        wanted = {Direction.ENTERS: enters, Direction.LEAVES: leaves, Direction.EITHER: enters or leaves}[direction]
        if wanted:
            how = Crossing.THROUGH if through else Crossing.ENTERED if enters else Crossing.LEFT
            expected[place] = how
    assert fired == expected


@given(PRICES, st.integers(-1, 1), OF_ZONE, st.integers(0, 40))
def test_a_restart_changes_no_zone(prices: list[int], slope: int, direction: Direction, at: int) -> None:
    whole, first, second = book(), book(), book()
    for each in (whole, first):
        each.add(at_level(condition=zone(slope=slope), direction=direction))
    before = feed(first, prices[:at])
    second.restore(msgspec.json.decode(msgspec.json.encode(first.alerts), type=list[Alert]), first.next_number)
    after = feed(second, prices[at:], begin=len(prices[:at]))
    assert [place for place, _ in before + after] == [place for place, _ in feed(whole, prices)]


def test_a_zone_ends_where_it_does_not_extend_and_begins_with_its_first_time() -> None:
    alerts = book()
    alerts.add(at_level(condition=zone(extends=False)))
    inside, outside = LEVEL, LEVEL + 3
    assert not alerts.on_price("BTCUSDT", outside, 0) and not alerts.on_price("BTCUSDT", inside, MINUTE - 1)
    assert not alerts.on_price("BTCUSDT", inside, MINUTE) and alerts.on_price("BTCUSDT", outside, 2 * MINUTE)
    assert not alerts.on_price("BTCUSDT", inside, 62 * MINUTE)


@pytest.mark.parametrize("direction", [Direction.ABOVE, Direction.BELOW])
def test_a_zone_has_its_own_directions(direction: Direction) -> None:
    with pytest.raises(ValueError, match="a zone is entered or left"):
        at_level(condition=zone(), direction=direction)
    with pytest.raises(ValueError, match="only a zone can be entered or left"):
        at_level(direction=Direction.ENTERS)
    with pytest.raises(ValueError, match="below its upper edge"):
        zone(LEVEL + 1, LEVEL - 1)
