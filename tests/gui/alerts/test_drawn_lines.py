"""What an alert on a drawing watches: exact, whichever way the drawing was drawn."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.alerts.drawn_lines import ZONE, condition_of, part_of, parts_of
from widgets.chart.drawings.drawing import ANCHORS, Anchor, Drawing, Tool
from workstation.market.alerts.alert import PriceLevel, PriceLine, PriceZone

POINT = st.builds(Anchor, st.integers(1, 10**6), st.integers(1, 10**6).map(float))


def drawing(tool: Tool, *points: tuple[int, float], **looks: bool) -> Drawing:
    return Drawing("d", tool, tuple(Anchor(*point) for point in points), **looks)  # type: ignore[arg-type]


@given(st.sampled_from(list(Tool)), st.lists(POINT, min_size=3, max_size=3))
def test_every_part_is_watched_and_keeps_its_name(tool: Tool, points: list[Anchor]) -> None:
    drawn = Drawing("d", tool, tuple(points[: ANCHORS[tool]]))
    for part in parts_of(drawn):
        condition = condition_of(drawn, part)
        if condition is not None:
            assert condition.drawing == "d" and part_of(condition) == part


@given(POINT, POINT, POINT)
def test_a_channel_is_the_same_from_either_end(first: Anchor, second: Anchor, third: Anchor) -> None:
    if first.time_ns == second.time_ns:
        return
    found = [
        condition_of(Drawing("d", Tool.CHANNEL, points), ZONE)
        for points in ((first, second, third), (second, first, third))
    ]
    assert all(isinstance(each, PriceZone) for each in found)
    one, other = found
    assert isinstance(one, PriceZone) and isinstance(other, PriceZone)
    assert (one.start_ns, one.end_ns) == (other.start_ns, other.end_ns)
    assert float(one.low_start) == pytest.approx(float(other.low_start), abs=1e-3)
    assert float(one.high_end) == pytest.approx(float(other.high_end), abs=1e-3)


def test_a_rectangle_is_its_prices_and_its_edges_are_levels() -> None:
    drawn = drawing(Tool.RECTANGLE, (50, 42_000.0), (10, 41_000.5))
    zone = condition_of(drawn, ZONE)
    assert isinstance(zone, PriceZone) and zone.is_level and zone.extends
    assert (zone.low_start, zone.high_start) == (Decimal("41000.5"), Decimal("42000.0"))
    assert condition_of(drawn, "upper") == PriceLevel(Decimal("42000.0"), "d", "upper")
    assert condition_of(drawn, "lower") == PriceLevel(Decimal("41000.5"), "d", "lower")
    assert condition_of(drawn, "0.5") is None


def test_each_level_of_a_retracement_is_chosen_by_its_share() -> None:
    drawn = drawing(Tool.RETRACEMENT, (10, 100.0), (50, 200.0))
    assert list(parts_of(drawn)) == ["0", "0.236", "0.382", "0.5", "0.618", "0.786", "1"]
    prices = {part: condition_of(drawn, part) for part in parts_of(drawn)}
    assert prices["0"] == PriceLevel(Decimal("200.0"), "d", "0") and prices["1"] == PriceLevel(
        Decimal("100.0"), "d", "1"
    )
    assert isinstance(prices["0.5"], PriceLevel) and prices["0.5"].price == 150


def test_a_line_that_is_extended_is_watched_beyond_its_end() -> None:
    short = condition_of(drawing(Tool.TREND_LINE, (10, 5.0), (50, 7.0)))
    long = condition_of(drawing(Tool.TREND_LINE, (10, 5.0), (50, 7.0), extends_right=True))
    assert isinstance(short, PriceLine) and isinstance(long, PriceLine)
    assert (short.extends, long.extends) == (False, True)
