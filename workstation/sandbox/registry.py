"""Every endpoint that the exchange has."""

from __future__ import annotations

from workstation.sandbox import (
    algo_service,
    futures_account,
    futures_market_data,
    futures_positions,
    futures_trading,
    spot_account,
    spot_market_data,
    spot_order_lists,
    spot_trading,
    wallet,
)

ENDPOINTS = [
    *spot_market_data.ENDPOINTS,
    *spot_trading.ENDPOINTS,
    *spot_order_lists.ENDPOINTS,
    *spot_account.ENDPOINTS,
    *wallet.ENDPOINTS,
    *futures_market_data.ENDPOINTS,
    *futures_trading.ENDPOINTS,
    *algo_service.ENDPOINTS,
    *futures_positions.ENDPOINTS,
    *futures_account.ENDPOINTS,
]
