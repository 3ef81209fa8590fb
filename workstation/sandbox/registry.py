"""Every endpoint that the exchange has."""

from __future__ import annotations

from workstation.sandbox import spot_market_data, spot_trading, wallet

ENDPOINTS = [
    *spot_market_data.ENDPOINTS,
    *spot_trading.ENDPOINTS,
    *wallet.ENDPOINTS,
]
