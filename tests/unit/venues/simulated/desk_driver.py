"""A tiny kernel for tests of the simulated venue: a clock, a book, a list of reports."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import msgspec

from workstation.config.settings import Account, Costs
from workstation.core.clock import EventClock
from workstation.core.instrument import Instrument
from workstation.core.messages import Bar, BookSnapshot, FundingRate, MarkPrice, OrderFilled, Trade, VenueReport
from workstation.core.money import MONEY_SCALE
from workstation.core.orders import GATE_SEAL, AmendRequest, Approved, CancelRequest, Intent, QueryRequest
from workstation.core.types import InstrumentKind, OrderType, Side
from workstation.market.order_book import OrderBook
from workstation.venues.simulated import SimVenue

BUY, SELL = Side.BUY, Side.SELL
SYMBOL = "BTCUSDT"
MINUTE_NS = 60_000_000_000
START_NS = 1_672_531_200 * 1_000_000_000
CASH = 10_000_000 * MONEY_SCALE

FREE = Costs(
    taker_bps=Decimal(0),
    maker_bps=Decimal(0),
    fee_asset="",
    slippage_bps=Decimal(0),
    maximum_slippage_bps=Decimal(0),
    latency_mean_ms=Decimal(0),
    latency_p95_ms=Decimal(0),
    partial_fills=True,
    smallest_slice_percent=Decimal("0.000001"),
    most_slices=1_000_000,
    queue="conservative",
    bar_volume_percent=Decimal(100),
    funding=True,
    funding_rate_bps=Decimal(1),
    liquidation=True,
)
"""No fees, no slippage, no latency."""

ACCOUNT = Account(
    name="test",
    currency="USDT",
    cash=Decimal(10_000_000),
    leverage=10,
    margin_mode="isolated",
    position_mode="one_way",
)

LINEAR = Instrument(
    symbol=SYMBOL,
    base="BTC",
    quote="USDT",
    kind=InstrumentKind.LINEAR,
    tick=Decimal(1),
    lot=Decimal("0.1"),
    minimum_notional=Decimal(5),
    maximum_leverage=100,
    maintenance_margin=Decimal("0.005"),
)
"""A tick and lot are worth 0.1 USDT."""
SPOT = msgspec.structs.replace(LINEAR, kind=InstrumentKind.SPOT)
INVERSE = msgspec.structs.replace(
    LINEAR, kind=InstrumentKind.INVERSE, lot=Decimal(1), contract_size=Decimal(100), minimum_notional=Decimal(0)
)

LADDER = (((100, 10), (99, 20), (98, 30)), ((101, 10), (102, 20), (103, 30)))
"""Bids and asks, best first."""


class Driver:
    """Plays the kernel: state first, then the venue's tap."""

    def __init__(
        self,
        instrument: Instrument = LINEAR,
        *,
        book: tuple[Any, Any] | None = LADDER,
        cash: dict[str, int] | None = None,
        account: Account = ACCOUNT,
        seed: int = 1,
        **costs: Any,
    ) -> None:
        self.instrument = instrument
        self.clock = EventClock(START_NS)
        self.reports: list[VenueReport] = []
        self.amendments = 0
        self.book = OrderBook(instrument.symbol)
        self.costs = msgspec.structs.replace(FREE, **costs)
        self.venue = SimVenue(
            self.clock,
            self._hear,
            {instrument.symbol: instrument},
            {instrument.symbol: self.book},
            self.costs,
            account,
            dict(cash or {"USDT": CASH, "BTC": 0}),
            Random(seed),
        )
        self.on_report: Any = None
        self._next = 0
        self._sequence = 0
        if book is not None:
            self.show(*book)

    def _hear(self, report: VenueReport) -> None:
        assert report.ts_ns == self.clock.time_ns
        self.reports.append(report)
        if self.on_report is not None:
            self.on_report(report)

    # --- requests ----------------------------------------------------------------------------------------------------

    def send(self, side: Side, lots: int, type: OrderType = OrderType.MARKET, **terms: Any) -> str:
        """Send without letting time pass; the client id."""
        self._next += 1
        client_id: str = terms.pop("client_id", f"c{self._next}")
        reference = terms.pop("reference", 0)
        expires_ns = terms.pop("expires_ns", 0)
        intent = Intent(symbol=self.instrument.symbol, side=side, lots=lots, type=type, **terms)
        before = len(self.reports)
        self.venue.send(Approved(GATE_SEAL, intent, client_id, reference, expires_ns))
        assert len(self.reports) == before, "send must not report"
        return client_id

    def order(self, side: Side, lots: int, type: OrderType = OrderType.MARKET, **terms: Any) -> str:
        """Send and let it arrive."""
        client_id = self.send(side, lots, type, **terms)
        self.settle()
        return client_id

    @property
    def sent(self) -> int:
        """Orders sent so far; the next is ``c{sent + 1}``."""
        return self._next

    def limit(self, side: Side, lots: int, price: int, **terms: Any) -> str:
        return self.order(side, lots, OrderType.LIMIT, price=price, **terms)

    def cancel(self, client_id: str) -> None:
        self.venue.send(CancelRequest(client_id))
        self.settle()

    def amend(self, client_id: str, price: int = 0, stop_price: int = 0, lots: int = 0) -> None:
        self.amendments += 1
        self.venue.send(AmendRequest(client_id, price, stop_price, lots, self.amendments, 0))
        self.settle()

    def query(self, client_id: str) -> None:
        self.venue.send(QueryRequest(client_id, self.clock.time_ns))
        self.settle()

    def settle(self) -> None:
        self.clock.advance(self.clock.time_ns)

    def wait(self, duration_ns: int) -> None:
        self.clock.advance(self.clock.time_ns + duration_ns)

    # --- the market --------------------------------------------------------------------------------------------------

    def show(self, bids: Any, asks: Any) -> None:
        """The whole book as it is now."""
        self._sequence += 1
        self.book.apply_snapshot(
            BookSnapshot(self.instrument.symbol, self.clock.time_ns, self._sequence, tuple(bids), tuple(asks))
        )
        self.venue.on_book(self.instrument.symbol)

    def trade(self, side: Side, lots: int, price: int) -> None:
        self.venue.on_trade(Trade(self.instrument.symbol, self.clock.time_ns, price, lots, side, 0))

    def mark(self, price: int) -> None:
        self.venue.on_mark(MarkPrice(self.instrument.symbol, self.clock.time_ns, price))

    def funding(self, rate: int, price: int) -> None:
        self.venue.on_funding(FundingRate(self.instrument.symbol, self.clock.time_ns, rate, price))

    def bar(self, open_: int, high: int, low: int, close: int, lots: int = 1_000_000) -> None:
        """The next minute, as the kernel drives it."""
        open_ns = -(-self.clock.time_ns // MINUTE_NS) * MINUTE_NS
        self.clock.advance(open_ns)
        close_ns = open_ns + MINUTE_NS
        self.venue.on_bar(Bar(self.instrument.symbol, close_ns, MINUTE_NS, open_, high, low, close, lots))
        self.clock.advance(close_ns)

    # --- what came of it ---------------------------------------------------------------------------------------------

    def said(self, client_id: str = "") -> list[str]:
        """Names of the reports about an order, or of all."""
        return [type(r).__name__ for r in self.reports if not client_id or getattr(r, "client_id", "") == client_id]

    def last(self, client_id: str) -> Any:
        return [r for r in self.reports if getattr(r, "client_id", "") == client_id][-1]

    def fills(self, client_id: str = "") -> list[OrderFilled]:
        return [r for r in self.reports if isinstance(r, OrderFilled) and client_id in ("", r.client_id)]

    def prices(self, client_id: str = "") -> list[tuple[int, int]]:
        """Price and lots of each fill."""
        return [(fill.price, fill.lots) for fill in self.fills(client_id)]

    @property
    def state(self) -> Any:
        return self.venue._states[self.instrument.symbol]

    @property
    def cash(self) -> dict[str, int]:
        return self.venue._account.cash
