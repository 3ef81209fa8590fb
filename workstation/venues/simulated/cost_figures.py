"""The configured costs as the integers that the rules take."""

from __future__ import annotations

from typing import NamedTuple

from workstation.config.settings import Costs
from workstation.core.money import to_rate


class CostFigures(NamedTuple):
    """Rates in 1e-8."""

    taker: int
    maker: int
    slippage: int
    maximum_slippage: int
    partial_fills: bool
    smallest_slice: int
    most_slices: int
    proportional: int
    bar_volume: int
    funding: bool
    funding_rate: int
    liquidation: bool


def cost_figures(costs: Costs) -> CostFigures:
    return CostFigures(
        taker=to_rate(costs.taker_bps / 10_000),
        maker=to_rate(costs.maker_bps / 10_000),
        slippage=to_rate(min(costs.slippage_bps, costs.maximum_slippage_bps) / 10_000),
        maximum_slippage=to_rate(costs.maximum_slippage_bps / 10_000),
        partial_fills=costs.partial_fills,
        smallest_slice=to_rate(costs.smallest_slice_percent / 100),
        most_slices=costs.most_slices,
        proportional=int(costs.queue == "proportional"),
        bar_volume=to_rate(costs.bar_volume_percent / 100),
        funding=costs.funding,
        funding_rate=to_rate(costs.funding_rate_bps / 10_000),
        liquidation=costs.liquidation,
    )
