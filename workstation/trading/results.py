"""What was earned, by strategy, symbol, who traded, and UTC day, weekday or hour.

Exact sums over executions and funding payments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from workstation.core.instrument import Instrument
from workstation.core.timeframe import DAY_NS, HOUR_NS, utc_text
from workstation.core.types import EXTERNAL, MANUAL
from workstation.core.views import FillView, FundingView

LIQUIDATIONS = "venue"
"""The owner that a liquidation is shown with: it is shared among those who held the position."""
UNSHARED = "funding"
"""The name of payments where results are told by owner: they are paid on the account's position, not on an owner's."""
WHO = {MANUAL: "by hand", EXTERNAL: "elsewhere", LIQUIDATIONS: "liquidations"}
BOTS = "strategies"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
THURSDAY_HOURS = 3 * 24
"""1970 began on a Thursday; hours of the week are counted from Monday."""


class Grouping(StrEnum):
    STRATEGY = "strategy"
    SYMBOL = "symbol"
    DAY = "day"
    WHO = "who"
    WEEKDAY = "weekday"
    HOUR = "hour"


class Result(NamedTuple):
    """Amounts are of ``asset``, in which the symbols settle."""

    name: str
    asset: str
    fills: int
    realised: Decimal
    """Before fees and funding."""
    fees: Decimal
    """Paid when positive."""
    funding: Decimal
    """Received when positive."""

    @property
    def net(self) -> Decimal:
        return self.realised - self.fees + self.funding


class Sums(NamedTuple):
    """Executions or payments that were summed up elsewhere; ``first_ns`` is the time of the oldest."""

    first_ns: int
    fills: int = 0
    realised: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    funding: Decimal = Decimal(0)


@dataclass
class _Sum:
    fills: int = 0
    realised: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    funding: Decimal = Decimal(0)


class _Key(NamedTuple):
    owner: str
    symbol: str
    period: int
    asset: str


def day_of(ts_ns: int) -> int:
    """The UTC day, counted from 1970."""
    return ts_ns // DAY_NS


def hour_of_week(ts_ns: int) -> int:
    """0 to 167, from Monday 00:00 UTC."""
    return (ts_ns // HOUR_NS + THURSDAY_HOURS) % 168


def fee_in_settlement(fill: FillView, instrument: Instrument) -> Decimal | None:
    """The fee in the asset in which the symbol settles; one in its base is worth the fill's price.

    ``None`` for a fee in a third asset, whose price the fill does not tell.
    """
    if not fill.fee or fill.fee_asset == instrument.settle:
        return fill.fee
    return fill.fee * fill.price if fill.fee_asset == instrument.base else None


class Results:
    """Takes executions and payments as they come. Those of symbols without an instrument are counted, not added."""

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self._instruments = instruments
        self._days: dict[_Key, _Sum] = {}
        self._hours: dict[_Key, _Sum] = {}
        self.unpriced: dict[str, Decimal] = {}
        """Fees by the third asset in which they were paid; no result contains them."""
        self.unknown = 0
        self.since_ns = 0
        """UTC nanoseconds of the oldest that was taken; 0 before."""

    def add(self, fill: FillView) -> None:
        instrument = self._instruments.get(fill.symbol)
        if instrument is None:
            self.unknown += 1
            return
        fee = fee_in_settlement(fill, instrument)
        if fee is None:
            self.unpriced[fill.fee_asset] = self.unpriced.get(fill.fee_asset, Decimal(0)) + fill.fee
        for total in self._totals(fill.owner, fill.symbol, fill.ts_ns, instrument.settle):
            total.fills += 1
            total.realised += fill.realised
            total.fees += fee or 0

    def add_funding(self, payment: FundingView) -> None:
        for total in self._totals(UNSHARED, payment.symbol, payment.ts_ns, payment.asset):
            total.funding += payment.amount

    def add_fees(self, owner: str, symbol: str, ts_ns: int, amount: Decimal, asset: str) -> None:
        """Fees of executions that were taken in sums."""
        for total in self._totals(owner, symbol, ts_ns, asset):
            total.fees += amount

    def add_days(self, owner: str, symbol: str, day: int, asset: str, sums: Sums) -> None:
        """What was summed up elsewhere, of a UTC day; the same is to be given by ``add_hours``."""
        self.since_ns = min(self.since_ns or sums.first_ns, sums.first_ns)
        _add(self._days.setdefault(_Key(owner, symbol, day, asset), _Sum()), sums)

    def add_hours(self, owner: str, symbol: str, hour: int, asset: str, sums: Sums) -> None:
        """As ``add_days``, of an hour of the week."""
        _add(self._hours.setdefault(_Key(owner, symbol, hour, asset), _Sum()), sums)

    def by(self, grouping: Grouping) -> list[Result]:
        """One result for each name and asset, in no order. They add up to the same, whatever the grouping."""
        grouped: dict[tuple[str, str], Result] = {}
        sums = self._hours if grouping in (Grouping.WEEKDAY, Grouping.HOUR) else self._days
        for key, total in sums.items():
            name = _name(key, grouping)
            was = grouped.get((name, key.asset)) or Result(name, key.asset, 0, Decimal(0), Decimal(0), Decimal(0))
            grouped[name, key.asset] = was._replace(
                fills=was.fills + total.fills,
                realised=was.realised + total.realised,
                fees=was.fees + total.fees,
                funding=was.funding + total.funding,
            )
        return list(grouped.values())

    def drawdowns(self, grouping: Grouping) -> dict[tuple[str, str], Decimal]:
        """By name and asset: the deepest fall of the sum of its days below the highest before, 0 or less.

        Of a day: where the sum of all stands at its end, below the highest so far. None by weekday and hour.
        """
        nets: dict[tuple[str, str], dict[int, Decimal]] = {}
        if grouping in (Grouping.WEEKDAY, Grouping.HOUR):
            return {}
        for key, total in self._days.items():
            name = "" if grouping is Grouping.DAY else _name(key, grouping)
            days = nets.setdefault((name, key.asset), {})
            net = total.realised - total.fees + total.funding
            days[key.period] = days.get(key.period, Decimal(0)) + net
        if grouping is not Grouping.DAY:
            return {group: min(_falls(days).values()) for group, days in nets.items()}
        return {
            (utc_text(day * DAY_NS)[:10], asset): fall
            for (_, asset), days in nets.items()
            for day, fall in _falls(days).items()
        }

    def net(self) -> dict[str, Decimal]:
        """Of everything, by asset."""
        nets: dict[str, Decimal] = {}
        for key, total in self._days.items():
            nets[key.asset] = nets.get(key.asset, Decimal(0)) + total.realised - total.fees + total.funding
        return nets

    def _totals(self, owner: str, symbol: str, ts_ns: int, asset: str) -> tuple[_Sum, _Sum]:
        self.since_ns = min(self.since_ns or ts_ns, ts_ns)
        return (
            self._days.setdefault(_Key(owner, symbol, day_of(ts_ns), asset), _Sum()),
            self._hours.setdefault(_Key(owner, symbol, hour_of_week(ts_ns), asset), _Sum()),
        )


def _falls(days: Mapping[int, Decimal]) -> dict[int, Decimal]:
    """By how much the running sum is below its highest, which begins at 0, at the end of each day."""
    running = peak = Decimal(0)
    falls = {}
    for day in sorted(days):
        running += days[day]
        peak = max(peak, running)
        falls[day] = running - peak
    return falls


def _add(total: _Sum, sums: Sums) -> None:
    total.fills += sums.fills
    total.realised += sums.realised
    total.fees += sums.fees
    total.funding += sums.funding


def _name(key: _Key, grouping: Grouping) -> str:
    if grouping is Grouping.SYMBOL:
        return key.symbol
    if grouping is Grouping.DAY:
        return utc_text(key.period * DAY_NS)[:10]
    if grouping is Grouping.WEEKDAY:
        return WEEKDAYS[key.period // 24]
    if grouping is Grouping.HOUR:
        return f"{key.period % 24:02}:00"
    if grouping is Grouping.STRATEGY or key.owner == UNSHARED:
        return key.owner
    return WHO.get(key.owner, BOTS)
