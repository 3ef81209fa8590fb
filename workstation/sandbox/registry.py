"""Every endpoint that the exchange has."""

from __future__ import annotations

from workstation.sandbox import (
    futures_account,
    futures_market_data,
    futures_trading,
    spot_market_data,
    spot_trading,
    wallet,
)

ENDPOINTS = [
    *spot_market_data.ENDPOINTS,
    *spot_trading.ENDPOINTS,
    *wallet.ENDPOINTS,
    *futures_market_data.ENDPOINTS,
    *futures_trading.ENDPOINTS,
    *futures_account.ENDPOINTS,
]
