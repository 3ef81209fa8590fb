"""The figures of a trade journal: of all round trips, and of those with each tag."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from workstation.backtest.round_trips import Trade
from workstation.backtest.statistics import profit_factor, win_rate
from workstation.core.instrument import Instrument
from workstation.core.money import from_money
from workstation.rules.rounding import divide_half_even

ALL = "all"
UNTAGGED = "no tag"


class TripFigures(NamedTuple):
    """Money is of ``asset``, net of fees. Win rate and profit factor are those of ``backtest.statistics``."""

    tag: str
    asset: str
    trips: int
    win_rate: float
    profit_factor: float | None
    """None without a loss."""
    net: Decimal
    expectancy: Decimal
    """Net result of a trip on average, to 8 decimals, as are the next two."""
    average_win: Decimal | None
    average_loss: Decimal | None


def figures_by_tag(
    trips: Mapping[str, Trade], tags: Mapping[str, Collection[str]], instruments: Mapping[str, Instrument]
) -> list[TripFigures]:
    """``ALL`` first, then each tag by its name, then the untagged; one for each settlement asset.

    Trips and their tags are given by the trip's name.
    """
    results: dict[tuple[str, str], list[int]] = {}
    for name, trip in trips.items():
        asset = instruments[trip.symbol].settle
        for tag in (ALL, *(tags.get(name) or (UNTAGGED,))):
            results.setdefault((tag, asset), []).append(trip.net)
    rank = {ALL: 0, UNTAGGED: 2}
    ordered = sorted(results, key=lambda group: (rank.get(group[0], 1), group))
    return [_figures(tag, asset, results[tag, asset]) for tag, asset in ordered]


def _figures(tag: str, asset: str, results: list[int]) -> TripFigures:
    expectancy = _average(results)
    rate = win_rate(results)
    assert expectancy is not None and rate is not None
    return TripFigures(
        tag=tag,
        asset=asset,
        trips=len(results),
        win_rate=rate,
        profit_factor=profit_factor(results),
        net=from_money(sum(results)),
        expectancy=expectancy,
        average_win=_average(result for result in results if result > 0),
        average_loss=_average(result for result in results if result < 0),
    )


def _average(results: Iterable[int]) -> Decimal | None:
    amounts = list(results)
    return from_money(divide_half_even(sum(amounts), len(amounts))) if amounts else None
