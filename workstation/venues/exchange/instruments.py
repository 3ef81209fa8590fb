"""Instruments of the exchange: the configured ones, and others as the exchange describes them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from workstation.core.instrument import Instrument
from workstation.core.types import InstrumentKind
from workstation.venues.exchange.connection.client import ExchangeClient


class Instruments:
    """Foreign orders may be in symbols that are not configured: those are read in the exchange's own steps."""

    def __init__(self, client: ExchangeClient, configured: Mapping[str, Instrument]) -> None:
        self._client = client
        self.configured = configured
        self._described: dict[str, Instrument] = {}

    def knows(self, symbol: str) -> bool:
        """Whether it is of the market that is traded here; accounts tell of others too."""
        return symbol in self.configured or self._client.lists(symbol)

    def of(self, symbol: str) -> Instrument:
        """The configured instrument, else the described one. Raises ``ConfigurationError`` for an unlisted symbol."""
        return self.configured.get(symbol) or self.described(symbol)

    def described(self, symbol: str) -> Instrument:
        """The instrument as the exchange describes it. Raises ``ConfigurationError`` for one that is not listed."""
        found = self._described.get(symbol)
        if found is None:
            market = self._client.ccxt.market(self._client.unified(symbol))
            found = self._described[symbol] = instrument_from_market(symbol, market)
        return found


def instrument_from_market(symbol: str, market: Mapping[str, Any]) -> Instrument:
    """From ccxt's description of a market, whose precisions are step sizes."""
    limits = market["limits"]
    return Instrument(
        symbol=symbol,
        base=market["base"],
        quote=market["quote"],
        kind=InstrumentKind.SPOT if market["spot"] else InstrumentKind.LINEAR,
        tick=_decimal(market["precision"]["price"], Decimal("0.00000001")),
        lot=_decimal(market["precision"]["amount"], Decimal("0.00000001")),
        minimum_notional=_decimal(limits.get("cost", {}).get("min"), Decimal(0)),
        contract_size=_decimal(market.get("contractSize"), Decimal(1)),
        maximum_quantity=_decimal(limits.get("amount", {}).get("max"), Decimal(1_000_000)),
    )


def _decimal(number: Any, default: Decimal) -> Decimal:
    return default if number is None else Decimal(str(number)).normalize()
