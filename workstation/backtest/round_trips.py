"""From fills to trades: a trade (round trip) goes from flat to flat, for each owner and symbol.

Prices are ticks, quantities lots, money 1e-8 of the account's currency, in which the symbols must settle. Averages and
``Decimal`` appear in the finished trade only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction

import msgspec
import numpy as np
from numpy.typing import NDArray

from workstation.core.instrument import Instrument
from workstation.core.timeframe import bar_open_ns
from workstation.core.types import OrderRole, Side
from workstation.rules.rounding import divide_half_even, scale_down
from workstation.rules.value import position_value


class BookedFill(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A fill as the ledger booked it, with what is known of its order."""

    ts_ns: int
    symbol: str
    owner: str
    side: Side
    lots: int
    price: int
    fee: int
    realised: int
    slippage: int = 0
    role: OrderRole = OrderRole.ENTRY
    reason: str = ""
    stop: int = 0
    """The protective stop that is at the venue when an entry fills, ticks; 0 when there is none."""
    liquidation: bool = False


class BookedFunding(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An owner's share of a funding payment; positive is received."""

    ts_ns: int
    symbol: str
    owner: str
    amount: int


class BookedStop(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A protective stop that was sent for an owner's position."""

    ts_ns: int
    symbol: str
    owner: str
    price: int


Booking = BookedFill | BookedFunding | BookedStop


class PriceBars(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """Closed bars of one symbol, oldest first: close times in UTC nanoseconds and prices in ticks, all int64."""

    interval_ns: int
    close_ns: NDArray[np.int64]
    open: NDArray[np.int64]
    high: NDArray[np.int64]
    low: NDArray[np.int64]
    close: NDArray[np.int64]
    lots: NDArray[np.int64] | None = None
    """Traded in each; None where it is not kept."""

    def __len__(self) -> int:
        return len(self.close_ns)


class Execution(msgspec.Struct, frozen=True, gc=False):
    """A fill, or the part of it that belongs to a trade."""

    ts_ns: int
    side: Side
    quantity: Decimal
    price: Decimal


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """A round trip, or one still open, which is valued at the last price."""

    number: int
    """1 for the first entry of the run."""
    symbol: str
    strategy: str
    side: Side
    """Buy for long, sell for short."""
    entry_ns: int
    exit_ns: int
    """The end of the run for an open trade."""
    quantity: Decimal
    """All that was entered."""
    entry_price: Decimal
    """Average, exact when the tick's decimals hold it, else to 8 decimals."""
    exit_price: Decimal
    """Average; the last price for an open trade."""
    fees: int
    funding: int
    slippage: int
    gross: int
    """Realised, and unrealised for an open trade, before fees and funding."""
    risk: int
    """Loss at the initial stops, 0 when no stop is known."""
    entry_reason: str
    exit_reason: str
    fills: int
    bars_held: int | None
    """Bar boundaries between entry and exit; None without an interval."""
    adverse: int | None
    """Worst result on the way (maximum adverse excursion), 0 or below: the whole quantity at the average entry
    against the bars from the entry's to the last one closed by the exit."""
    favourable: int | None
    """Best result on the way (maximum favourable excursion), 0 or above."""
    is_open: bool
    executions: tuple[Execution, ...] = ()
    """Oldest first; none in a run of an earlier version."""

    @property
    def net(self) -> int:
        return self.gross - self.fees + self.funding

    @property
    def r_multiple(self) -> float | None:
        """Net result in units of the initial risk."""
        return self.net / self.risk if self.risk else None


class _Trip:
    """A trade in the making."""

    def __init__(self, number: int, instrument: Instrument, fill: BookedFill) -> None:
        self.number = number
        self.instrument = instrument
        self.first = fill
        self.owner = fill.owner
        self.last = fill
        self.lots = 0
        self.cost = 0
        self.realised = 0
        self.fees = 0
        self.funding = 0
        self.slippage = 0
        self.fills = 0
        self.entries: list[tuple[int, int, int]] = []
        self.exits: list[tuple[int, int, int]] = []
        self.executions: list[tuple[int, int, int]] = []
        """Time, signed lots, price."""
        self.first_stop = 0

    def add(self, fill: BookedFill, lots: int, value: int, fee: int, realised: int, slippage: int) -> None:
        """``lots`` and ``value`` are the part of the fill that belongs to this trade, signed."""
        opening = self.lots == 0 or (self.lots > 0) == (lots > 0)
        (self.entries if opening else self.exits).append((fill.price, abs(lots), fill.stop))
        self.executions.append((fill.ts_ns, lots, fill.price))
        if opening and not self.first_stop:
            self.first_stop = fill.stop
        self.lots += lots
        self.cost += value + realised
        self.realised += realised
        self.fees += fee
        self.slippage += slippage
        self.fills += 1
        self.last = fill


class RoundTrips:
    """Makes trades of bookings as they come, in the order in which they happened.

    A fill that turns a position ends one trade and begins the next; its fee and slippage are shared by lots. Funding
    belongs to the trade that is open, or that was open last.
    """

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self._instruments = instruments
        self._open: dict[tuple[str, str], _Trip] = {}
        self._last: dict[tuple[str, str], _Trip] = {}
        self._begun = 0

    @property
    def open_count(self) -> int:
        return len(self._open)

    def add(self, booking: Booking) -> Trade | None:
        """The trade that it closed, or the closed one that its funding changed, as it is now."""
        ended, _ = self.step(booking)
        return None if ended is None else _finished(ended, 0, {}, None)

    def hand_over(self, from_owner: str, taken: BookedFill) -> Trade | None:
        """The open trade of ``from_owner`` goes on as the new owner's, whom ``taken`` names.

        Where that one has a trade in the symbol itself, it is joined to that at the price of ``taken``. Gives what
        ``add`` gives.
        """
        moved = self._open.pop((from_owner, taken.symbol), None)
        key = (taken.owner, taken.symbol)
        if moved is None or key in self._open:
            ended, _ = self.step(taken)
            held = self._last[key]
            if moved is not None:
                held.fees += moved.fees
                held.funding += moved.funding
                held.slippage += moved.slippage
                held.realised += moved.realised
            return None if ended is None else _finished(ended, 0, {}, None)
        moved.owner = taken.owner
        self._open[key] = self._last[key] = moved
        self._last.pop((from_owner, taken.symbol), None)
        return None

    def step(self, booking: Booking) -> tuple[_Trip | None, _Trip | None]:
        """The closed trade that it ended or changed, and the one that it began."""
        key = (booking.owner, booking.symbol)
        if isinstance(booking, BookedStop):
            held = self._open.get(key)
            if held is not None and not held.first_stop:
                held.first_stop = booking.price
            return None, None
        if isinstance(booking, BookedFunding):
            last = self._last.get(key)
            if last is None:
                return None, None
            last.funding += booking.amount
            return (None if last.lots else last), None
        instrument = self._instruments[booking.symbol]
        lots = int(booking.side) * booking.lots
        value = position_value(booking.price, lots, *instrument.valuation)
        fee, realised, slippage = booking.fee, booking.realised, booking.slippage
        trip = self._open.get(key)
        ended = begun = None
        if trip is not None and (trip.lots > 0) != (lots > 0) and booking.lots > abs(trip.lots):
            closing, whole = -trip.lots, booking.lots
            parts = [scale_down(amount, abs(closing), whole) for amount in (value, fee, slippage)]
            trip.add(booking, closing, parts[0], parts[1], realised, parts[2])
            lots, value, fee, slippage = lots - closing, value - parts[0], fee - parts[1], slippage - parts[2]
            realised = 0
            ended, trip = trip, None
        if trip is None:
            self._begun += 1
            begun = trip = self._open[key] = self._last[key] = _Trip(self._begun, instrument, booking)
        trip.add(booking, lots, value, fee, realised, slippage)
        if trip.lots == 0:
            ended = self._open.pop(key)
        return ended, begun


def round_trips(
    bookings: Iterable[Booking],
    instruments: Mapping[str, Instrument],
    *,
    end_ns: int,
    last_prices: Mapping[str, int],
    bars: Mapping[str, PriceBars] | None = None,
) -> list[Trade]:
    """Trades in the order of their entries. ``last_prices`` (ticks) value what is open at ``end_ns``."""
    made = RoundTrips(instruments)
    trips = [begun for _, begun in map(made.step, bookings) if begun is not None]
    return [_finished(trip, end_ns, last_prices, (bars or {}).get(trip.first.symbol)) for trip in trips]


def _finished(trip: _Trip, end_ns: int, last_prices: Mapping[str, int], bars: PriceBars | None) -> Trade:
    first, last, instrument = trip.first, trip.last, trip.instrument
    is_open = trip.lots != 0
    entry = _average(trip.entries, instrument)
    quantity = sum(lots for _, lots, _ in trip.entries)
    gross = trip.realised
    if is_open:
        last_price = last_prices[first.symbol]
        gross += position_value(last_price, trip.lots, *instrument.valuation) - trip.cost
        exit_ns, exit_price = end_ns, Fraction(last_price)
    else:
        exit_ns, exit_price = last.ts_ns, _average(trip.exits, instrument)
    excursions = _excursions(trip, entry, exit_price, exit_ns, quantity, bars)
    return Trade(
        number=trip.number,
        symbol=first.symbol,
        strategy=trip.owner,
        side=first.side,
        entry_ns=first.ts_ns,
        exit_ns=exit_ns,
        quantity=instrument.quantity(quantity),
        entry_price=_price(entry, instrument),
        exit_price=_price(exit_price, instrument),
        fees=trip.fees,
        funding=trip.funding,
        slippage=trip.slippage,
        gross=gross,
        risk=_initial_risk(trip.entries, trip.first_stop, instrument),
        entry_reason=first.reason,
        exit_reason="open" if is_open else _exit_reason(last),
        fills=trip.fills,
        bars_held=_bars_between(first.ts_ns, exit_ns, bars.interval_ns) if bars else None,
        adverse=excursions[0] if excursions else None,
        favourable=excursions[1] if excursions else None,
        is_open=is_open,
        executions=tuple(
            Execution(
                ts_ns, Side.BUY if lots > 0 else Side.SELL, instrument.quantity(abs(lots)), instrument.price(price)
            )
            for ts_ns, lots, price in trip.executions
        ),
    )


def _average(parts: list[tuple[int, int, int]], instrument: Instrument) -> Fraction:
    """Average price in ticks: by worth, so harmonic for inverse contracts."""
    lots = sum(part for _, part, _ in parts)
    if instrument.valuation.inverse:
        return lots / sum((Fraction(part, price) for price, part, _ in parts), Fraction(0))
    return Fraction(sum(price * part for price, part, _ in parts), lots)


def _price(ticks: Fraction, instrument: Instrument) -> Decimal:
    if ticks.denominator == 1:
        return instrument.price(ticks.numerator)
    exact = ticks * Fraction(instrument.tick)
    return Decimal(divide_half_even(exact.numerator * 10**8, exact.denominator)).scaleb(-8)


def _initial_risk(entries: list[tuple[int, int, int]], first_stop: int, instrument: Instrument) -> int:
    """Loss at the stops of the entries; an entry that had none yet counts with the trade's first."""
    if not first_stop:
        return 0
    valuation = instrument.valuation
    return sum(
        abs(position_value(price, lots, *valuation) - position_value(stop or first_stop, lots, *valuation))
        for price, lots, stop in entries
    )


def _exit_reason(fill: BookedFill) -> str:
    if fill.liquidation:
        return "liquidation"
    return fill.reason or fill.role.value.replace("_", " ")


def _bars_between(entry_ns: int, exit_ns: int, interval_ns: int) -> int:
    return (bar_open_ns(exit_ns, interval_ns) - bar_open_ns(entry_ns, interval_ns)) // interval_ns


def _excursions(
    trip: _Trip, entry: Fraction, exit_price: Fraction, exit_ns: int, quantity: int, bars: PriceBars | None
) -> tuple[int, int] | None:
    if bars is None:
        return None
    begin = bar_open_ns(trip.first.ts_ns, bars.interval_ns)
    from_index = int(np.searchsorted(bars.close_ns, begin, side="right"))
    to_index = int(np.searchsorted(bars.close_ns, exit_ns, side="right"))
    lowest = highest = exit_price
    if to_index > from_index:
        lowest = min(lowest, Fraction(int(bars.low[from_index:to_index].min())))
        highest = max(highest, Fraction(int(bars.high[from_index:to_index].max())))
    results = [_result(trip, entry, price, quantity) for price in (lowest, highest)]
    return min(0, *results), max(0, *results)


def _result(trip: _Trip, entry: Fraction, price: Fraction, quantity: int) -> int:
    """Result of the whole quantity from the average entry to a price, rounded half to even."""
    valuation = trip.instrument.valuation
    unit = Fraction(valuation.numerator * quantity * int(trip.first.side), valuation.denominator)
    result = unit * (1 / entry - 1 / price) if valuation.inverse else unit * (price - entry)
    return divide_half_even(result.numerator, result.denominator)
