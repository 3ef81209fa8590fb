"""What the exchange takes: the rates of Binance's lowest tier."""

from __future__ import annotations

from decimal import Decimal

from workstation.config.settings import Account, Costs

SPOT_BPS = Decimal(10)
"""Makers and takers alike."""
FUTURES_MAKER_BPS = Decimal(2)
FUTURES_TAKER_BPS = Decimal(5)
FIRST_LEVERAGE = 20
"""Of every futures symbol until it is set."""


def exchange_costs(maker_bps: Decimal, taker_bps: Decimal) -> Costs:
    """Fees, and nothing else that a paper session assumes: no latency, no slippage, fills as the market gives them."""
    return Costs(
        taker_bps=taker_bps,
        maker_bps=maker_bps,
        fee_asset="",
        slippage_bps=Decimal(0),
        maximum_slippage_bps=Decimal(0),
        latency_mean_ms=Decimal(0),
        latency_p95_ms=Decimal(0),
        partial_fills=True,
        smallest_slice_percent=Decimal("0.000001"),
        most_slices=1 << 30,
        queue="conservative",
        bar_volume_percent=Decimal(100),
        funding=True,
        funding_rate_bps=Decimal(1),
        liquidation=True,
    )


SPOT_COSTS = exchange_costs(SPOT_BPS, SPOT_BPS)
FUTURES_COSTS = exchange_costs(FUTURES_MAKER_BPS, FUTURES_TAKER_BPS)


def venue_account(name: str) -> Account:
    return Account(
        name=name,
        currency="USDT",
        cash=Decimal(0),
        leverage=FIRST_LEVERAGE,
        margin_mode="cross",
        position_mode="one_way",
    )
