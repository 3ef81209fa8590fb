"""Bars that trades close instead of time: by their number, their volume, or how far the price went. Exact integers."""

from __future__ import annotations

import re
from abc import abstractmethod
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import NamedTuple

from workstation.core.errors import ConfigurationError
from workstation.core.instrument import Instrument

MOST = 10**12


class TradeBar(NamedTuple):
    """Opening time in UTC nanoseconds, prices in ticks, volume in lots. No two bars of a builder open at one time."""

    open_ns: int
    open: int
    high: int
    low: int
    close: int
    lots: int


class TradeBarKind(StrEnum):
    """What closes a bar."""

    TICK = "tick"
    VOLUME = "volume"
    RANGE = "range"
    RENKO = "renko"


class TradeBarBuilder:
    """Takes trades in their order. ``forming`` is the bar that grows; ``None`` when the last trade closed one."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.forming: TradeBar | None = None
        self._opened_ns = -1

    @abstractmethod
    def add(self, ts_ns: int, ticks: int, lots: int) -> list[TradeBar]:
        """Take a trade; the bars that it closed, oldest first."""

    def _open(self, ts_ns: int, ticks: int, lots: int) -> TradeBar:
        # Trades share nanoseconds; a chart tells bars apart by their opening time.
        self._opened_ns = max(ts_ns, self._opened_ns + 1)
        return TradeBar(self._opened_ns, ticks, ticks, ticks, ticks, lots)


def grown(bar: TradeBar, ticks: int, lots: int) -> TradeBar:
    """The bar with one more trade in it."""
    return TradeBar(bar.open_ns, bar.open, max(bar.high, ticks), min(bar.low, ticks), ticks, bar.lots + lots)


class TickBars(TradeBarBuilder):
    """``size`` trades a bar."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._count = 0

    def add(self, ts_ns: int, ticks: int, lots: int) -> list[TradeBar]:
        bar = self._open(ts_ns, ticks, lots) if self.forming is None else grown(self.forming, ticks, lots)
        self._count += 1
        if self._count < self.size:
            self.forming = bar
            return []
        self.forming, self._count = None, 0
        return [bar]


class VolumeBars(TradeBarBuilder):
    """Exactly ``size`` lots a bar; a trade that is larger than what is missing goes on in the next bar."""

    def add(self, ts_ns: int, ticks: int, lots: int) -> list[TradeBar]:
        closed = []
        while lots > 0:
            part = min(lots, self.size - (self.forming.lots if self.forming else 0))
            bar = self._open(ts_ns, ticks, part) if self.forming is None else grown(self.forming, ticks, part)
            lots -= part
            if bar.lots == self.size:
                closed.append(bar)
                self.forming = None
            else:
                self.forming = bar
        return closed


class RangeBars(TradeBarBuilder):
    """At most ``size`` ticks from low to high: a trade that would go further opens the next bar at its own price."""

    def add(self, ts_ns: int, ticks: int, lots: int) -> list[TradeBar]:
        before = self.forming
        if before is None:
            self.forming = self._open(ts_ns, ticks, lots)
            return []
        if max(before.high, ticks) - min(before.low, ticks) <= self.size:
            self.forming = grown(before, ticks, lots)
            return []
        self.forming = self._open(ts_ns, ticks, lots)
        return [before]


class RenkoBars(TradeBarBuilder):
    """Bricks of ``size`` ticks on a grid from the first price; one against the direction needs twice the way.

    The volume since the last brick is that of the first brick that a trade makes; further ones of the same trade have
    none. ``forming`` shows the price on its way from the last brick.
    """

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._low = self._high = 0
        """The last brick's ends; both the first price before there is one."""

    def add(self, ts_ns: int, ticks: int, lots: int) -> list[TradeBar]:
        if self.forming is None and not (self._low or self._high):
            self._low = self._high = ticks
        if self.forming is None:
            start = min(self._high, max(self._low, ticks))
            self.forming = self._open(ts_ns, start, 0)
        self.forming = grown(self.forming, ticks, lots)
        closed = []
        while ticks >= self._high + self.size or ticks <= self._low - self.size:
            up = ticks >= self._high + self.size
            open_ = self._high if up else self._low
            close = open_ + self.size if up else open_ - self.size
            self._low, self._high = min(open_, close), max(open_, close)
            forming = self.forming or self._open(ts_ns, open_, 0)
            closed.append(TradeBar(forming.open_ns, open_, self._high, self._low, close, forming.lots))
            self.forming = None
        return closed


BUILDERS: dict[TradeBarKind, type[TradeBarBuilder]] = {
    TradeBarKind.TICK: TickBars,
    TradeBarKind.VOLUME: VolumeBars,
    TradeBarKind.RANGE: RangeBars,
    TradeBarKind.RENKO: RenkoBars,
}


@dataclass(frozen=True, slots=True)
class TradeBars:
    """A kind with its size: trades for ticks, a quantity for volume, ticks of the price for range and Renko."""

    kind: TradeBarKind
    size: Decimal

    @property
    def text(self) -> str:
        """As ``parse_trade_bars`` reads it: ``tick 100``, ``volume 2.5``, ``range 50``."""
        return f"{self.kind} {self.size:f}"

    def builder(self, instrument: Instrument) -> TradeBarBuilder:
        """Raises ``ConfigurationError`` for a volume that is less than a lot of the instrument."""
        size = int(self.size / instrument.lot) if self.kind is TradeBarKind.VOLUME else int(self.size)
        if size < 1:
            raise ConfigurationError(
                f"Volume bars of {self.size} {instrument.base} are smaller than a lot of {instrument.symbol}; choose "
                f"{instrument.lot} or more."
            )
        return BUILDERS[self.kind](size)


def parse_trade_bars(text: str) -> TradeBars:
    """Read ``tick 100``, ``volume 2.5``, ``range 50`` or ``renko 50``. Raises ``ConfigurationError``."""
    match = re.fullmatch(r"\s*(\w+)\s+(\S+)\s*", text)
    try:
        kind = TradeBarKind(match[1].lower()) if match else None
        size = Decimal(match[2]) if match else Decimal(0)
    except (ValueError, InvalidOperation):
        kind = None
    if kind is None:
        raise ConfigurationError(f"{text!r} are no bars of trades; write tick 100, volume 2.5, range 50 or renko 50.")
    whole = kind is not TradeBarKind.VOLUME
    if not size.is_finite() or not 0 < size <= MOST or (whole and size != size.to_integral_value()):
        number = "a whole number above 0" if whole else "a quantity above 0"
        raise ConfigurationError(f"The size of {kind} bars is {number}, not {match[2] if match else ''}.")
    return TradeBars(kind, size)
