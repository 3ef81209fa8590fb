"""Under which names the candles of a symbol are looked for."""

from __future__ import annotations

import msgspec

from workstation.config.settings import Exchange, Settings
from workstation.core.types import InstrumentKind
from workstation.market.series import exchange_series


def market_of(settings: Settings, symbol: str) -> Exchange | None:
    """The exchange, and the market of it that the symbol is of; ``None`` when nothing is downloaded from that."""
    kind = settings.instruments[symbol].kind
    if kind is InstrumentKind.INVERSE:
        return None
    return msgspec.structs.replace(settings.exchange, market=kind.value)


def series_names(settings: Settings, symbol: str) -> tuple[str, ...]:
    """Those downloaded of the symbol's market, else what was imported and the shipped sample."""
    exchange = market_of(settings, symbol)
    return (symbol,) if exchange is None else (exchange_series(symbol, exchange), symbol)
