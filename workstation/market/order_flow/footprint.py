"""The footprint: what traded at each price of a bar, at the bid and at the ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from workstation.core.timeframe import MINUTE_NS, bar_open_ns

KEPT_BARS = 480


class Traded(NamedTuple):
    """Lots that sellers hit the bid with, and lots that buyers lifted the ask with."""

    bid: int = 0
    ask: int = 0

    @property
    def volume(self) -> int:
        return self.bid + self.ask

    @property
    def delta(self) -> int:
        return self.ask - self.bid


class Imbalance(NamedTuple):
    """Whether a row's sellers, or its buyers, outweigh those who stood diagonally against them."""

    sellers: bool
    buyers: bool


@dataclass
class FootprintBar:
    """A bar that opened at ``open_ns`` (UTC). Prices in ticks; ``cells`` by ticks."""

    open_ns: int
    open: int
    high: int
    low: int
    close: int
    cells: dict[int, Traded] = field(default_factory=dict)
    total: Traded = field(default_factory=Traded)
    incomplete: bool = False
    """Trades of it were missed, or it was under way when counting began."""

    def add(self, ticks: int, lots: int, bought: bool) -> None:
        """Count the next trade."""
        self.high, self.low, self.close = max(self.high, ticks), min(self.low, ticks), ticks
        self._count(ticks, Traded(0, lots) if bought else Traded(lots, 0))

    def merge(self, later: FootprintBar) -> None:
        """Append a bar that follows."""
        self.high, self.low, self.close = max(self.high, later.high), min(self.low, later.low), later.close
        self.incomplete = self.incomplete or later.incomplete
        for ticks, traded in later.cells.items():
            self._count(ticks, traded)

    def _count(self, ticks: int, traded: Traded) -> None:
        bid, ask = self.cells.get(ticks, (0, 0))
        self.cells[ticks] = Traded(bid + traded.bid, ask + traded.ask)
        self.total = Traded(self.total.bid + traded.bid, self.total.ask + traded.ask)

    def rows(self, group: int) -> dict[int, Traded]:
        """The cells in rows of ``group`` ticks: row r holds r * group and the ticks above it, below the next row."""
        if group == 1:
            return self.cells
        rows: dict[int, Traded] = {}
        for ticks, (bid, ask) in self.cells.items():
            before = rows.get(ticks // group, Traded())
            rows[ticks // group] = Traded(before.bid + bid, before.ask + ask)
        return rows


def most_traded(rows: Mapping[int, Traded]) -> int | None:
    """The row with the largest volume, of equal ones the highest (the point of control); ``None`` without trades."""
    return max(rows, key=lambda row: (rows[row].volume, row), default=None)


def imbalances(rows: Mapping[int, Traded], percent: int) -> dict[int, Imbalance]:
    """The rows with an imbalance.

    Buyers at a row are compared with the sellers one row below, sellers with the buyers one row above (the diagonal,
    as in NinjaTrader's and ATAS's footprints): they outweigh them from ``percent`` (above 100) on, and if they are no
    fewer than the mean of the bar's sides, so that a single lot beside nothing does not count.
    """
    volume, sides = sum(traded.volume for traded in rows.values()), 2 * len(rows)
    none = Traded()

    def outweighs(lots: int, against: int) -> bool:
        return lots > 0 and lots * 100 >= against * percent and lots * sides >= volume

    found = {}
    for row, (bid, ask) in rows.items():
        sellers = outweighs(bid, rows.get(row + 1, none).ask)
        buyers = outweighs(ask, rows.get(row - 1, none).bid)
        if sellers or buyers:
            found[row] = Imbalance(sellers, buyers)
    return found


class Footprint:
    """Bars of one symbol: of the base interval for as long as they are kept, and of one multiple of it."""

    def __init__(self, interval_ns: int = MINUTE_NS, kept: int = KEPT_BARS) -> None:
        self._base_ns = interval_ns
        self._kept = kept
        self._base: list[FootprintBar] = []
        self._interval_ns = interval_ns
        self._bars: list[FootprintBar] = []

    @property
    def interval_ns(self) -> int:
        return self._interval_ns

    @property
    def bars(self) -> Sequence[FootprintBar]:
        """Bars of the chosen interval, oldest first; the last one is being built."""
        return self._base if self._interval_ns == self._base_ns else self._bars

    def choose(self, interval_ns: int) -> None:
        """Show this interval. Raises ``ValueError`` for one that is no multiple of the base."""
        if interval_ns % self._base_ns:
            raise ValueError(f"A footprint of {interval_ns} ns is no multiple of {self._base_ns} ns.")
        self._interval_ns = interval_ns
        self._bars = []
        for bar in self._base:
            open_ns = bar_open_ns(bar.open_ns, interval_ns)
            if not self._bars or self._bars[-1].open_ns != open_ns:
                self._bars.append(FootprintBar(open_ns, bar.open, bar.high, bar.low, bar.close))
            self._bars[-1].merge(bar)
        if self._bars and self._base[0].open_ns != self._bars[0].open_ns:
            self._bars[0].incomplete = True

    def add(self, ts_ns: int, ticks: int, lots: int, bought: bool) -> None:
        """Count a trade (UTC ns, ticks, lots); trades come in order. The first bar is not whole."""
        _append(self._base, bar_open_ns(ts_ns, self._base_ns), ticks, lots, bought)
        del self._base[: -self._kept]
        if self._interval_ns != self._base_ns:
            _append(self._bars, bar_open_ns(ts_ns, self._interval_ns), ticks, lots, bought)
            del self._bars[: -self._kept]

    def missed(self) -> None:
        """Trades were missed since the last one that was counted."""
        for bars in (self._base, self._bars):
            if bars:
                bars[-1].incomplete = True


def _append(bars: list[FootprintBar], open_ns: int, ticks: int, lots: int, bought: bool) -> None:
    if not bars or open_ns > bars[-1].open_ns:
        bars.append(FootprintBar(open_ns, ticks, ticks, ticks, ticks, incomplete=not bars))
    bars[-1].add(ticks, lots, bought)
