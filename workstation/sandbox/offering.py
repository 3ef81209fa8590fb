"""What of the configuration the exchange offers, and when its market begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from workstation.core.errors import ConfigurationError
from workstation.core.instrument import Instrument
from workstation.core.timeframe import MINUTE_NS
from workstation.core.types import InstrumentKind
from workstation.sandbox.listing import Market


def listed_instrument(instrument: Instrument, market: Market) -> Instrument:
    """The same symbol as the market trades it."""
    kind = InstrumentKind.SPOT if market is Market.SPOT else InstrumentKind.LINEAR
    return msgspec.structs.replace(instrument, kind=kind)


def offered_instruments(instruments: Mapping[str, Instrument], symbols: Sequence[str]) -> list[Instrument]:
    """The configured instruments of some symbols, as the market makes their prices.

    Raises ``ConfigurationError`` for a symbol that is not configured, or that only an inverse contract is.
    """
    offered = []
    for symbol in dict.fromkeys(symbols):
        if symbol not in instruments:
            raise ConfigurationError(
                f"Symbol {symbol} is not under `instruments` of the configuration; there are {', '.join(instruments)}."
            )
        instrument = instruments[symbol]
        if instrument.kind is InstrumentKind.INVERSE:
            raise ConfigurationError(
                f"{symbol} is an inverse contract; the sandbox exchange offers spot and contracts settled in the quote "
                "asset. Leave it out with --symbols."
            )
        offered.append(listed_instrument(instrument, Market.FUTURES))
    return offered


def start_of(now_ns: int) -> int:
    """When a market begins that is to be running now: at the full minute, so that candles are whole."""
    return now_ns // MINUTE_NS * MINUTE_NS
