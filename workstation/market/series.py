"""Under which names candles are kept, so that prices of different markets are never taken for each other.

A plain symbol is what a person imported, and the shipped sample. What was downloaded from an exchange names it and its
market: ``BTCUSDT@BINANCE_SPOT``, ``BTCUSDT@BINANCE_LINEAR``. Prices of a practice market say so:
``BTCUSDT@BINANCE_TESTNET_SPOT``, ``BTCUSDT@SANDBOX_LINEAR``.
"""

from __future__ import annotations

from workstation.config.settings import Exchange


def exchange_series(symbol: str, exchange: Exchange) -> str:
    """The name under which the candles of one of the exchange's markets are kept."""
    place = "SANDBOX" if exchange.address else exchange.name + ("_TESTNET" if exchange.testnet else "")
    return f"{symbol}@{place}_{exchange.market}".upper()


def invented(symbol: str) -> str:
    """The name under which the built-in market's candles are kept, so that no backtest takes them for real ones."""
    return f"{symbol}@BUILTIN"


def series_in_words(series: str) -> str:
    """The name, and for one without a market, where its candles are from."""
    return series if "@" in series else f"{series}, imported or the shipped sample"
