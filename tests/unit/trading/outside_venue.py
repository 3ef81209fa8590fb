"""A kernel whose venue is outside the engine: the test is the exchange, and says what it reports."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from workstation.assembly import kernel_terms
from workstation.config.loader import load_settings
from workstation.core.clock import EventClock
from workstation.core.messages import (
    AccountSnapshot,
    AnyCommand,
    BookSnapshot,
    EndSession,
    Heartbeat,
    HeldPosition,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderStatus,
    Output,
    PlaceOrder,
    RestingOrder,
    Trade,
)
from workstation.core.money import to_money
from workstation.core.orders import Approved, Intent, Order, SnapshotRequest
from workstation.core.timeframe import SECOND_NS, parse_utc
from workstation.core.types import InstrumentKind, Liquidity, OrderState, OrderType, Side
from workstation.market.order_book import OrderBook
from workstation.storage.journal import MemoryJournal
from workstation.trading import recovery
from workstation.trading.desk import Desk
from workstation.trading.kernel import Kernel
from workstation.trading.kernel_terms import MarketTap
from workstation.trading.strategy import Strategy
from workstation.venues.base import Capabilities, ReportHandler, Request, Venue

START_NS = parse_utc("2024-03-01T12:00:00")
BTC, ETH = "BTCUSDT", "ETHUSDT"
PRICE = {BTC: 6_000_000, ETH: 300_000}
CASH = to_money(100_000)
NATIVE = frozenset(
    {
        OrderType.MARKET,
        OrderType.LIMIT,
        OrderType.STOP,
        OrderType.STOP_LIMIT,
        OrderType.TAKE_PROFIT,
        OrderType.TAKE_PROFIT_LIMIT,
    }
)
CAN = Capabilities(
    order_types=NATIVE,
    brackets=False,
    short=True,
    amend=True,
    amend_types=frozenset({OrderType.LIMIT}),
    certain=False,
    reconciles=True,
)


class OutsideVenue:
    """Remembers what was asked."""

    def __init__(self, can: Capabilities) -> None:
        self.can = can
        self.asked: list[Request] = []
        self.restored: list[Order] = []

    def send(self, request: Request) -> None:
        self.asked.append(request)

    def restore(self, orders: list[Order], positions: dict[str, tuple[int, int]], balances: dict[str, int]) -> None:
        self.restored = orders

    def liquidation_price(self, symbol: str) -> int | None:
        return None


class Exchange:
    """Drives the kernel; amounts are lots and ticks. ``before`` was killed, and its journal is taken over."""

    def __init__(
        self,
        can: Capabilities = CAN,
        kind: InstrumentKind = InstrumentKind.LINEAR,
        before: Exchange | None = None,
        strategies: tuple[Strategy, ...] = (),
        cash: Mapping[str, int] | None = None,
    ) -> None:
        loaded = load_settings(Path(__file__).parents[3] / "config" / "strategy.yaml").settings
        replace = msgspec.structs.replace
        risk = replace(
            loaded.risk,
            order_value_percent=Decimal(100),
            order_quantity={"default": Decimal(100_000)},
            duplicate_window_ms=0,
            orders_per_second=100,
        )
        self._settings = replace(loaded, risk=risk)
        self._cash: Mapping[str, int] = before._cash if before is not None else cash or {}
        self._instruments = {s: replace(loaded.instruments[s], kind=kind) for s in (BTC, ETH)}
        self._session: int = before._session + 1 if before is not None else 1
        self._opening = before.last_state() if before is not None else None
        self._fills: int = before._fills if before is not None else 0
        start_ns = before.now_ns if before is not None else START_NS
        self.venue = OutsideVenue(can)
        self.journal = MemoryJournal()
        self.kernel = self._build(self.venue, self.journal, start_ns)
        self.desk = Desk(self.kernel, None)
        for strategy in strategies:
            self.kernel.host.add(strategy)
        if self._opening is not None:
            opening = self._opening
            self.kernel.recover(lambda: recovery.restore(self.kernel, opening))
        self.kernel.start(start_ns)
        for symbol, price in PRICE.items():
            self.quote(symbol, price)

    def _build(self, venue: OutsideVenue, journal: MemoryJournal, start_ns: int) -> Kernel:
        def make(
            clock: EventClock, report: ReportHandler, books: Mapping[str, OrderBook]
        ) -> tuple[Venue, MarketTap | None]:
            return venue, None

        cash, session = self._cash, self._session
        terms = kernel_terms(self._settings, self._instruments, cash=cash, session=session, start_ns=start_ns)
        return Kernel(terms, journal, make)

    def last_state(self) -> dict[str, Any]:
        """What a new process makes of the journal."""
        kernel = self._build(OutsideVenue(self.venue.can), MemoryJournal(), START_NS)

        def bring_back() -> None:
            if self._opening is not None:
                recovery.restore(kernel, self._opening)
            recovery.apply_records(kernel, self.journal.outputs)

        kernel.recover(bring_back)
        return recovery.snapshot(kernel)

    # --- time and market ---

    @property
    def now_ns(self) -> int:
        return self.kernel.clock.time_ns

    def quote(self, symbol: str, price: int) -> None:
        self.kernel.dispatch(BookSnapshot(symbol, self.now_ns, 1, ((price - 1, 9_000),), ((price + 1, 9_000),)))
        self.trade(symbol, price)

    def trade(self, symbol: str, price: int) -> None:
        self.kernel.dispatch(Trade(symbol, self.now_ns + 1_000_000, price, 1, Side.BUY, 1))

    def wait(self, seconds: float) -> None:
        """Heartbeats and fresh prices, as a session gives them."""
        ends = self.now_ns + int(seconds * SECOND_NS)
        while self.now_ns < ends:
            self.kernel.dispatch(Heartbeat(min(ends, self.now_ns + SECOND_NS // 2)))
            for symbol in PRICE:
                self.trade(symbol, self.kernel.markets[symbol].last_price)

    def command(self, command: AnyCommand | EndSession) -> str:
        self.kernel.dispatch(msgspec.structs.replace(command, ts_ns=self.now_ns))
        return self.desk.last_result

    # --- the account ---

    def tell_account(
        self,
        *,
        balances: Mapping[str, int] | None = None,
        positions: tuple[HeldPosition, ...] | None = (),
        orders: tuple[RestingOrder, ...] | None = (),
        fills: tuple[OrderFilled, ...] | None = (),
        **more: Any,
    ) -> None:
        """Answer the newest question about the account."""
        questions = [request for request in self.venue.asked if isinstance(request, SnapshotRequest)]
        self.kernel.dispatch(
            AccountSnapshot(
                ts_ns=self.now_ns,
                asked_ns=questions[-1].asked_ns,
                balances=dict(balances) if balances is not None else {"USDT": CASH},
                positions=positions,
                orders=orders,
                fills=fills,
                **more,
            )
        )

    def tell_account_until_believed(self, **account: Any) -> None:
        """The same account three times, as often as a difference must be seen."""
        for _ in range(3):
            self.tell_account(**account)
            self.wait(2.5)

    # --- orders ---

    def place(self, side: Side, lots: int, symbol: str = BTC, **terms: Any) -> str:
        """The client id of a manual order."""
        before = set(self.kernel.orders.orders)
        kind = terms.pop("type", OrderType.LIMIT if terms.get("price") else OrderType.MARKET)
        self.command(PlaceOrder(intent=Intent(symbol=symbol, side=side, lots=lots, type=kind, **terms)))
        new = [client_id for client_id in self.kernel.orders.orders if client_id not in before]
        return new[0] if new else ""

    def order(self, client_id: str) -> Order:
        return self.kernel.orders.orders[client_id]

    def sent(self, kind: type = Approved) -> list[Any]:
        return [request for request in self.venue.asked if isinstance(request, kind)]

    def sent_ids(self) -> list[str]:
        return [request.client_id for request in self.sent()]

    def accept(self, client_id: str) -> None:
        self.kernel.dispatch(OrderAccepted(ts_ns=self.now_ns, client_id=client_id, venue_id=f"X{client_id}"))

    def fill_report(
        self, client_id: str, lots: int, price: int = 0, side: Side = Side.BUY, symbol: str = BTC
    ) -> OrderFilled:
        self._fills += 1
        order = self.kernel.orders.orders.get(client_id)
        return OrderFilled(
            ts_ns=self.now_ns,
            client_id=client_id,
            fill_id=f"{symbol}:{self._fills}",
            symbol=symbol,
            side=order.side if order is not None else side,
            price=price or PRICE[symbol],
            lots=lots,
            fee=0,
            fee_asset="USDT",
            liquidity=Liquidity.TAKER,
        )

    def fill(self, client_id: str, lots: int, price: int = 0) -> None:
        self.kernel.dispatch(self.fill_report(client_id, lots, price))

    def end(self, client_id: str) -> None:
        """The venue cancels it, and tells so when it is asked how it ended."""
        self.kernel.dispatch(OrderCancelled(ts_ns=self.now_ns, client_id=client_id))
        order = self.order(client_id)
        if order.is_open:
            self.kernel.dispatch(
                OrderStatus(
                    ts_ns=self.now_ns,
                    client_id=client_id,
                    found=True,
                    asked_ns=self.now_ns,
                    state=OrderState.CANCELLED,
                )
            )

    def records(self, kind: type[Output]) -> list[Any]:
        return [output for output in self.journal.outputs if type(output) is kind]
