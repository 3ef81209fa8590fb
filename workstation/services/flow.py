"""Order flow imbalance: who was the aggressor over the last minute."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

from workstation.core.timeframe import MINUTE_NS
from workstation.core.types import Side

_THREE_PLACES = Decimal("0.001")


class FlowWindow:
    """Lots bought and sold by aggressors within the last minute of event time."""

    def __init__(self) -> None:
        self._trades: deque[tuple[int, int]] = deque()
        self._net = 0
        self._total = 0

    def add(self, ts_ns: int, side: Side, lots: int) -> None:
        signed = int(side) * lots
        self._trades.append((ts_ns, signed))
        self._net += signed
        self._total += lots
        self._forget(ts_ns - MINUTE_NS)

    def imbalance(self, now_ns: int) -> Decimal:
        """(bought - sold) / (bought + sold), from -1 to 1; 0 without trades."""
        self._forget(now_ns - MINUTE_NS)
        if not self._total:
            return Decimal(0)
        return (Decimal(self._net) / self._total).quantize(_THREE_PLACES)

    def _forget(self, before_ns: int) -> None:
        trades = self._trades
        while trades and trades[0][0] <= before_ns:
            _, signed = trades.popleft()
            self._net -= signed
            self._total -= abs(signed)
