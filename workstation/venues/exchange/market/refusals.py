"""What could not be taken of the market data: counted always, told once a symbol."""

from __future__ import annotations

import logging

from workstation.venues.exchange.connection.patience import short_reason

log = logging.getLogger("workstation.venues.exchange")


class Refusals:
    def __init__(self) -> None:
        self.count = 0
        self._told: set[str] = set()

    def add(self, symbol: str, error: Exception) -> None:
        """A wrong tick concerns every message, and would fill the log."""
        self.count += 1
        if symbol not in self._told:
            self._told.add(symbol)
            log.warning("A message of the market data of %s could not be taken: %s", symbol, short_reason(error))
