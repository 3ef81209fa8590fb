"""What a run costs and begins with, declared for the form of a backtest."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from workstation.config.settings import Costs


@dataclass(frozen=True)
class Declared:
    """A field of the generated form that is no strategy's parameter."""

    name: str
    default: Any
    unit: str = ""
    help: str = ""
    minimum: Any = None
    maximum: Any = None
    step: Any = None
    kind: str = "decimal"
    choices: tuple[str, ...] = ()


def cost_fields(costs: Costs, cash: Decimal, currency: str) -> list[Declared]:
    """What a run costs and begins with, as the configuration has it."""
    return [
        Declared("taker_fee", costs.taker_bps, "bps", "Of an order that takes liquidity.", Decimal(-10), Decimal(1000)),
        Declared(
            "maker_fee",
            costs.maker_bps,
            "bps",
            "Of an order that makes liquidity; a negative one is a rebate.",
            Decimal(-100),
            Decimal(1000),
        ),
        Declared(
            "slippage",
            costs.slippage_bps,
            "bps",
            "How much worse each market order fills.",
            Decimal(0),
            Decimal(1000),
        ),
        Declared("balance", cash, currency, "At the start.", Decimal("0.01"), Decimal(1_000_000_000), Decimal(1000)),
        Declared(
            "loss_limits",
            True,
            help="Loss limits and protections act as in live trading.",
            kind="bool",
        ),
        Declared("seed", 1, help="Of latencies; the same seed gives the same orders.", minimum=0, kind="int"),
    ]
