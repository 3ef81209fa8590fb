"""What was earned, by strategy, symbol, UTC day, or by who traded: exact sums over executions and funding payments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from workstation.core.instrument import Instrument
from workstation.core.timeframe import DAY_NS, utc_text
from workstation.core.types import EXTERNAL, MANUAL
from workstation.core.views import FillView, FundingView

LIQUIDATIONS = "venue"
"""The owner that a liquidation is shown with: it is shared among those who held the position."""
UNSHARED = "funding"
"""The name of payments where results are told by owner: they are paid on the account's position, not on an owner's."""
WHO = {MANUAL: "by hand", EXTERNAL: "elsewhere", LIQUIDATIONS: "liquidations"}
BOTS = "strategies"


class Grouping(StrEnum):
    STRATEGY = "strategy"
    SYMBOL = "symbol"
    DAY = "day"
    WHO = "who"


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


@dataclass
class _Sum:
    fills: int = 0
    realised: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    funding: Decimal = Decimal(0)


class _Key(NamedTuple):
    owner: str
    symbol: str
    day: int
    """Of UTC, counted from 1970."""
    asset: str


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
        self._sums: dict[_Key, _Sum] = {}
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
        total = self._total(fill.owner, fill.symbol, fill.ts_ns, instrument.settle)
        total.fills += 1
        total.realised += fill.realised
        fee = fee_in_settlement(fill, instrument)
        if fee is None:
            self.unpriced[fill.fee_asset] = self.unpriced.get(fill.fee_asset, Decimal(0)) + fill.fee
        else:
            total.fees += fee

    def add_funding(self, payment: FundingView) -> None:
        self._total(UNSHARED, payment.symbol, payment.ts_ns, payment.asset).funding += payment.amount

    def by(self, grouping: Grouping) -> list[Result]:
        """One result for each name and asset, in no order. They add up to the same, whatever the grouping."""
        grouped: dict[tuple[str, str], Result] = {}
        for key, total in self._sums.items():
            name = _name(key, grouping)
            was = grouped.get((name, key.asset)) or Result(name, key.asset, 0, Decimal(0), Decimal(0), Decimal(0))
            grouped[name, key.asset] = was._replace(
                fills=was.fills + total.fills,
                realised=was.realised + total.realised,
                fees=was.fees + total.fees,
                funding=was.funding + total.funding,
            )
        return list(grouped.values())

    def net(self) -> dict[str, Decimal]:
        """Of everything, by asset."""
        nets: dict[str, Decimal] = {}
        for key, total in self._sums.items():
            nets[key.asset] = nets.get(key.asset, Decimal(0)) + total.realised - total.fees + total.funding
        return nets

    def _total(self, owner: str, symbol: str, ts_ns: int, asset: str) -> _Sum:
        self.since_ns = min(self.since_ns or ts_ns, ts_ns)
        return self._sums.setdefault(_Key(owner, symbol, ts_ns // DAY_NS, asset), _Sum())


def _name(key: _Key, grouping: Grouping) -> str:
    if grouping is Grouping.SYMBOL:
        return key.symbol
    if grouping is Grouping.DAY:
        return utc_text(key.day * DAY_NS)[:10]
    if grouping is Grouping.STRATEGY or key.owner == UNSHARED:
        return key.owner
    return WHO.get(key.owner, BOTS)
