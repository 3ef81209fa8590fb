"""What the built-in market takes each asset for: a typical price, its volatility, its size."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from workstation.core.instrument import Instrument
from workstation.core.types import InstrumentKind


class Asset(NamedTuple):
    """``volatility`` is annual; ``beta`` is its share in the market's moves; ``size`` 1 trades as much as bitcoin."""

    price: Decimal
    volatility: float
    beta: float
    size: float


ASSETS = {
    "BTC": Asset(Decimal(42_000), 0.52, 1.0, 1.0),
    "ETH": Asset(Decimal(2_250), 0.62, 1.1, 0.7),
    "SOL": Asset(Decimal(100), 0.90, 1.4, 0.4),
    "BNB": Asset(Decimal(310), 0.58, 0.9, 0.3),
    "XRP": Asset(Decimal("0.62"), 0.75, 1.0, 0.3),
    "ADA": Asset(Decimal("0.55"), 0.80, 1.2, 0.2),
    "DOGE": Asset(Decimal("0.09"), 0.85, 1.2, 0.25),
    "AVAX": Asset(Decimal(36), 0.95, 1.4, 0.2),
    "LINK": Asset(Decimal("15.2"), 0.80, 1.2, 0.2),
    "LTC": Asset(Decimal("72.5"), 0.70, 1.0, 0.2),
    "DOT": Asset(Decimal("7.6"), 0.80, 1.2, 0.2),
}
"""By base asset; the price is in dollars."""

UNKNOWN = Asset(Decimal(100), 0.80, 1.0, 0.2)


def asset_of(instrument: Instrument) -> Asset:
    return ASSETS.get(instrument.base, UNKNOWN)


def typical_price(instrument: Instrument) -> int:
    """Ticks; 100 quote for what it does not know."""
    asset = ASSETS.get(instrument.base)
    price = UNKNOWN.price if asset is None else asset.price / _quote_worth(instrument)
    return max(1, instrument.ticks_rounded(price))


def lots_per_dollar_lossy(instrument: Instrument, price: int) -> float:
    """How many lots a dollar's worth is at a price in ticks."""
    quote = 1 / float(_quote_worth(instrument))
    unit = instrument.lot_lossy * float(instrument.contract_size)
    if instrument.kind is not InstrumentKind.INVERSE:
        unit *= price * instrument.tick_lossy
    return quote / unit


def _quote_worth(instrument: Instrument) -> Decimal:
    quote = ASSETS.get(instrument.quote)
    return Decimal(1) if quote is None else quote.price
