"""Candles of the past: what a file, the store or the shipped sample holds, exact, and in larger intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from workstation.core.errors import DataError
from workstation.core.instrument import Instrument
from workstation.core.messages import Bar
from workstation.core.money import MONEY_SCALE
from workstation.core.resources import resource_path
from workstation.core.timeframe import DAY_NS, HOUR_NS, TIMEFRAME_NAMES, bar_open_ns, utc_text

Integers = NDArray[np.int64]
BarRow = tuple[int, int, int, int, int, int]
"""Close time in nanoseconds, open, high, low, close in ticks, volume in lots; as in ``History.bars``."""

SAMPLE_SYMBOL = "BTCUSDT"


@dataclass(frozen=True, slots=True, eq=False)
class Candles:
    """Closed candles of one symbol, ascending, without duplicates; an interval without a candle is a gap.

    ``open_ns`` are opening times in UTC nanoseconds; prices in quote and ``volume_e8`` in base are int64 of 1e-8.
    """

    symbol: str
    interval_ns: int
    open_ns: Integers
    open_e8: Integers
    high_e8: Integers
    low_e8: Integers
    close_e8: Integers
    volume_e8: Integers

    def __len__(self) -> int:
        return len(self.open_ns)

    @property
    def first_ns(self) -> int:
        """Opening time of the first candle. Raises ``IndexError`` when there is none."""
        return int(self.open_ns[0])

    @property
    def end_ns(self) -> int:
        """Closing time of the last candle. Raises ``IndexError`` when there is none."""
        return int(self.open_ns[-1]) + self.interval_ns

    def slice(self, start_ns: int, end_ns: int) -> Candles:
        """Candles that open at or after ``start_ns`` and close by ``end_ns``."""
        first, last = np.searchsorted(self.open_ns, (start_ns, end_ns - self.interval_ns + 1))
        return self._of(*(column[first : max(first, last)] for column in self._columns()))

    def resample(self, interval_ns: int) -> Candles:
        """Larger candles aggregated from these; those cut off at either edge are dropped.

        A candle with a gap inside is made of what there is. Raises ``DataError`` unless the interval is a multiple.
        """
        if interval_ns == self.interval_ns:
            return self
        if interval_ns < self.interval_ns or interval_ns % self.interval_ns:
            raise DataError(
                f"{interval_name(interval_ns)} candles of {self.symbol} cannot be made of "
                f"{interval_name(self.interval_ns)} candles; choose a multiple of that interval."
            )
        if not len(self):
            return Candles(self.symbol, interval_ns, *self._columns())
        # Weeks open on Mondays, so the grid of every interval starts where its first bar opens.
        origin = bar_open_ns(self.first_ns, interval_ns)
        opens = origin + (self.open_ns - origin) // interval_ns * interval_ns
        starts = np.flatnonzero(np.concatenate(([True], opens[1:] != opens[:-1])))
        larger = (
            opens[starts],
            self.open_e8[starts],
            np.maximum.reduceat(self.high_e8, starts),
            np.minimum.reduceat(self.low_e8, starts),
            self.close_e8[np.append(starts[1:], len(opens)) - 1],
            np.add.reduceat(self.volume_e8, starts),
        )
        first = 0 if self.first_ns == origin else 1
        last = len(starts) if self.end_ns == int(opens[-1]) + interval_ns else len(starts) - 1
        return Candles(self.symbol, interval_ns, *(column[first : max(first, last)] for column in larger))

    def named(self, symbol: str) -> Candles:
        """The same under another name."""
        return Candles(symbol, self.interval_ns, *self._columns())

    def gaps(self) -> list[tuple[int, int, int]]:
        """Where candles are missing: opening times of the first and the last missing one, and how many."""
        before = np.flatnonzero(np.diff(self.open_ns) != self.interval_ns)
        return [
            (after + self.interval_ns, next_ - self.interval_ns, (next_ - after) // self.interval_ns - 1)
            for after, next_ in zip(self.open_ns[before].tolist(), self.open_ns[before + 1].tolist())
        ]

    def ticks(self, instrument: Instrument) -> tuple[Integers, Integers, Integers, Integers]:
        """Open, high, low, close in ticks: exact for multiples of the tick, else rounded half to even."""
        open_, high, low, close = (
            _steps(prices, instrument.tick) for prices in (self.open_e8, self.high_e8, self.low_e8, self.close_e8)
        )
        return open_, high, low, close

    def lots_lossy(self, instrument: Instrument) -> Integers:
        """Volume in lots, rounded half to even. Files of inverse contracts count contracts."""
        unit = instrument.lot if instrument.settle == instrument.base else instrument.lot * instrument.contract_size
        return _steps(self.volume_e8, unit)

    def rows(self, instrument: Instrument) -> list[BarRow]:
        """Plain tuples in ticks and lots, oldest first."""
        columns = (self.open_ns + self.interval_ns, *self.ticks(instrument), self.lots_lossy(instrument))
        return list(zip(*(column.tolist() for column in columns)))

    def to_bars(self, instrument: Instrument) -> list[Bar]:
        """Bars in ticks and lots, stamped with their close, oldest first."""
        symbol, interval_ns = self.symbol, self.interval_ns
        return [
            Bar(symbol, close_ns, interval_ns, open_, high, low, close, lots)
            for close_ns, open_, high, low, close, lots in self.rows(instrument)
        ]

    def _columns(self) -> tuple[Integers, ...]:
        return (self.open_ns, self.open_e8, self.high_e8, self.low_e8, self.close_e8, self.volume_e8)

    def _of(self, *columns: Integers) -> Candles:
        return Candles(self.symbol, self.interval_ns, *columns)


class NoCandles(DataError):
    """There are none of the time; ``what`` says it without what to do."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}; import some with `workstation data import FILE`.")
        self.what = what


class CandleStore(Protocol):
    """Where imported candles are kept."""

    def load(self, symbol: str, interval_ns: int, start_ns: int, end_ns: int) -> Candles | None:
        """Candles that open at or after ``start_ns`` and before ``end_ns``; None when there is not one."""

    def save(self, candles: Candles) -> int:
        """Keep candles, over older ones of the same time; how many."""

    def ranges(self) -> list[tuple[str, int, int, int, int]]:
        """Symbol, interval, opening times of the first and the last candle, and their number."""


@cache
def sample_candles() -> Candles:
    """The shipped 1h candles of BTCUSDT of 2023, Binance spot."""
    from workstation.market.importing import read_candles

    return read_candles(resource_path("data", "BTCUSDT_1h_2023.csv.gz"), SAMPLE_SYMBOL, HOUR_NS)


def candle_ranges(store: CandleStore | None) -> list[tuple[str, int, int, int, int]]:
    """What there is to load: the store's ranges (see ``CandleStore.ranges``) and the shipped sample."""
    shipped = _sample_range()
    stored = store.ranges() if store is not None else []
    return stored if shipped in stored else [*stored, shipped]


def find_candles(
    store: CandleStore | None,
    symbol: str,
    interval_ns: int,
    start_ns: int | None = None,
    end_ns: int | None = None,
    series: Sequence[str] = (),
) -> Candles:
    """Candles within ``start_ns`` to ``end_ns`` (end exclusive), from the store or else from the shipped sample.

    ``series`` are the names to look under (see ``market.series``), of which the first that covers the time counts, and
    the last is the one that a person knows; empty is the symbol alone. The candles have the name that they were found
    under. They are aggregated from the largest interval that divides theirs and covers the time; None stands for all
    that this has. Raises ``DataError`` when the time is reversed, and ``NoCandles``, which names what there is, when it
    is not covered.
    """
    if start_ns is not None and end_ns is not None and start_ns >= end_ns:
        raise DataError(
            f"The start, {utc_text(start_ns)}, is not before the end, {utc_text(end_ns)}; exchange the two dates."
        )
    names = list(series) or [symbol]
    stored = store.ranges() if store is not None else []
    sources = [(entry, store) for entry in stored] + [(_sample_range(), None)]
    fitting = [(entry, home) for entry, home in sources if entry[0] in names and interval_ns % entry[1] == 0]
    for (name, source_ns, first_ns, last_ns, _), home in sorted(
        fitting, key=lambda source: (names.index(source[0][0]), source[1] is None, -source[0][1])
    ):
        start = first_ns if start_ns is None else start_ns
        end = last_ns + source_ns if end_ns is None else end_ns
        if first_ns > start or end > last_ns + source_ns:
            continue
        loaded = sample_candles() if home is None else home.load(name, source_ns, start, end)
        if loaded is not None and len(found := loaded.slice(start, end).resample(interval_ns)):
            return found
    raise NoCandles(_what_there_is(candle_ranges(store), names, interval_ns, start_ns, end_ns))


def interval_name(interval_ns: int) -> str:
    """``1h``, or a number of seconds for an interval without a name."""
    return TIMEFRAME_NAMES.get(interval_ns) or f"{Decimal(interval_ns).scaleb(-9).normalize():f}s"


def _sample_range() -> tuple[str, int, int, int, int]:
    sample = sample_candles()
    return (sample.symbol, sample.interval_ns, sample.first_ns, int(sample.open_ns[-1]), len(sample))


def _what_there_is(
    ranges: list[tuple[str, int, int, int, int]], names: list[str], interval_ns: int, start: int | None, end: int | None
) -> str:
    symbol = names[-1]
    span = f" from {_moment(start)}" if start is not None else ""
    span += f" to {_moment(end)}" if end is not None else ""
    own = [entry for entry in ranges if entry[0] in names]
    if own:
        there = ", ".join(
            f"{interval_name(step_ns)}{f' of {name}' if name != symbol else ''} "
            f"from {_moment(first)} to {_moment(last + step_ns)}"
            for name, step_ns, first, last, _ in own
        )
    else:
        there = "candles of " + ", ".join(sorted({entry[0] for entry in ranges}))
    return f"No {interval_name(interval_ns)} candles of {symbol}{span}; there are {there}"


def _moment(ts_ns: int) -> str:
    """A date, with the time when it is not midnight."""
    text = utc_text(ts_ns)
    return text[:10] if ts_ns % DAY_NS == 0 else text


def _steps(amounts_e8: Integers, step: Decimal) -> Integers:
    """Amounts of 1e-8 in steps, rounded half to even."""
    unit = Fraction(step) * MONEY_SCALE
    if unit.denominator != 1:
        exact = (amount * unit.denominator / Fraction(unit.numerator) for amount in amounts_e8.tolist())
        return np.fromiter((round(steps) for steps in exact), dtype=np.int64, count=len(amounts_e8))
    quotient, rest = np.divmod(amounts_e8, unit.numerator)
    twice = 2 * rest
    up = (twice > unit.numerator) | ((twice == unit.numerator) & (quotient % 2 == 1))
    steps: Integers = quotient + up
    return steps
