"""The engine's core without a kernel: markets, books, orders, guards and the gate, moved by hand."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from workstation.core.clock import EventClock
from workstation.core.instrument import Instrument
from workstation.core.messages import OrderAccepted, OrderFilled, Output
from workstation.core.orders import Approved, Intent, Order
from workstation.core.timeframe import DAY_NS, HOUR_NS, SECOND_NS
from workstation.core.types import InstrumentKind, Liquidity, OrderType, Severity, Side, TradingState
from workstation.trading.denials import Denial, DenialCode
from workstation.trading.guards import Guards
from workstation.trading.ledger import Booking, Ledger
from workstation.trading.market_state import MarketState
from workstation.trading.order_manager import OrderManager
from workstation.trading.risk_gate import RiskGate
from workstation.trading.risk_limits import RiskLimits
from workstation.trading.trading_state import TradingStateHolder
from workstation.venues.base import Capabilities

START_NS = 20_000 * DAY_NS
PERCENT = 1_000_000
UNIT = 100_000_000
"""One whole unit of an asset as money."""
EXPIRY_NS = 10 * SECOND_NS
EXPIRES_NS = START_NS + EXPIRY_NS

BTC = "BTCUSDT"
ETH = "ETHUSDT"
SOL = "SOLUSDT"
COIN = "BTCUSD"
"""A spot symbol is SOL; the inverse contract COIN settles in BTC."""
LAST = 100_000
"""Last price of every symbol: 10,000 USDT, so that a lot is worth 10 USDT."""


def instrument(symbol: str, kind: InstrumentKind = InstrumentKind.LINEAR, **changes: Any) -> Instrument:
    terms: dict[str, Any] = {
        "symbol": symbol,
        "base": symbol.removesuffix("USDT").removesuffix("USD"),
        "quote": "USDT" if symbol.endswith("USDT") else "USD",
        "kind": kind,
        "tick": Decimal("0.1"),
        "lot": Decimal("0.001"),
        "minimum_notional": Decimal(5),
    }
    return Instrument(**(terms | changes))


INSTRUMENTS = {
    BTC: instrument(BTC),
    ETH: instrument(ETH),
    SOL: instrument(SOL, InstrumentKind.SPOT),
    COIN: instrument(
        COIN,
        InstrumentKind.INVERSE,
        lot=Decimal(1),
        contract_size=Decimal(10),
        minimum_notional=Decimal("0.0005"),
    ),
}

LIMITS = RiskLimits(
    risk_per_trade=PERCENT,
    order_value=30 * PERCENT,
    order_lots={BTC: 250},
    order_worth=2_900 * UNIT,
    position_value=60 * PERCENT,
    gross_exposure=100 * PERCENT,
    open_positions=3,
    open_orders=50,
    orders_per_second=5,
    orders_per_minute=100,
    repeats=10,
    duplicate_window_ns=SECOND_NS // 2,
    collar=2 * PERCENT,
    stale_ns=5 * SECOND_NS,
    drift_ns=SECOND_NS,
    day_loss=3 * PERCENT,
    drawdown=10 * PERCENT,
    hard_stop=2 * PERCENT,
    permitted=frozenset(INSTRUMENTS),
    losses_in_a_row=5,
    losses_pause_ns=24 * HOUR_NS,
    stop_guard_stops=4,
    stop_guard_window_ns=24 * HOUR_NS,
    stop_guard_pause_ns=4 * HOUR_NS,
    drawdown_guard=6 * PERCENT,
    drawdown_guard_window_ns=48 * HOUR_NS,
    drawdown_guard_pause_ns=12 * HOUR_NS,
    cooldown_bars=2,
    crisis_drawdown=8 * PERCENT,
    crisis_losses=4,
    crisis_size_factor=Decimal("0.5"),
    crisis_positions=1,
    loss_limits=True,
)


CAN = Capabilities(frozenset(OrderType), brackets=True, short=True, amend=True, certain=True)


class Bench:
    """Everything an intent meets on its way to the outbox. Every symbol has a fresh price of ``LAST``."""

    def __init__(
        self,
        limits: RiskLimits = LIMITS,
        cash: Mapping[str, int] | None = None,
        leverage: int = 1,
        short: bool = True,
        can: Capabilities = CAN,
    ) -> None:
        self.clock = EventClock(START_NS)
        self.events: list[Output] = []
        self.alarms: list[tuple[Severity, str]] = []
        self.running: dict[str, bool] = {}
        self.markets = {symbol: MarketState(terms) for symbol, terms in INSTRUMENTS.items()}
        self.ledger = Ledger(INSTRUMENTS, "USDT", cash or {"USDT": 10_000 * UNIT}, self.price)
        self.trading = TradingStateHolder(lambda state, reason, until_ns: None)
        self.guards = Guards(limits, self.trading, self.events.append)
        self.orders = OrderManager(
            self.clock, self.events.append, lambda severity, text: self.alarms.append((severity, text)), "t"
        )
        self.gate = RiskGate(
            limits,
            self.clock,
            self.markets,
            self.ledger,
            self.orders,
            self.trading,
            self.guards,
            leverage=leverage,
            can=msgspec.structs.replace(can, short=short),
            expiry_ns=EXPIRY_NS,
            runs=lambda owner, role: self.running.get(owner, True),
        )
        self._fills = 0
        for symbol in self.markets:
            self.quote(symbol, LAST)
        self.guards.start_day(START_NS, self.ledger.equity())

    def price(self, symbol: str) -> int:
        return self.markets[symbol].price

    def quote(self, symbol: str, ticks: int) -> None:
        """A trade at this price, now."""
        self.markets[symbol].last_price = ticks
        self.markets[symbol].last_ns = self.clock.time_ns

    def wait(self, duration_ns: int) -> None:
        """Let time pass, with every feed alive."""
        self.clock.advance(self.clock.time_ns + duration_ns)
        for market in self.markets.values():
            market.last_ns = self.clock.time_ns

    def code(self, intent: Intent, *, panic: bool = False) -> DenialCode | None:
        """What the gate says to the intent, which is not sent."""
        denial = self.gate.judge(intent, panic=panic)
        return denial.code if denial is not None else None

    def submit(self, intent: Intent, *, panic: bool = False) -> Order:
        verdict = self.gate.approve(intent, panic=panic)
        assert isinstance(verdict, Approved), verdict
        return self.orders.submit(verdict)

    def deny(self, intent: Intent, *, panic: bool = False) -> Denial:
        verdict = self.gate.approve(intent, panic=panic)
        assert isinstance(verdict, Denial)
        return verdict

    def accept(self, order: Order, held: bool = False) -> Order:
        self.orders.apply(
            OrderAccepted(
                ts_ns=self.clock.time_ns, client_id=order.client_id, venue_id=f"V{order.client_id}", held=held
            )
        )
        return order

    def fill(self, order: Order, lots: int | None = None, price: int = 0) -> Booking | None:
        """The venue executes the order, wholly by default, and the ledger books it."""
        self._fills += 1
        report = fill_of(order, f"f{self._fills}", lots if lots is not None else order.remaining, price or LAST)
        if self.orders.apply(report) is None:
            return None
        return self.ledger.book_fill(order.owner, report)

    def hold(self, symbol: str, lots: int, owner: str = "manual") -> None:
        """Give the owner a position at the last price, as if from an earlier session."""
        side = Side.BUY if lots > 0 else Side.SELL
        self._fills += 1
        self.ledger.book_fill(
            owner,
            OrderFilled(
                ts_ns=START_NS,
                client_id="earlier",
                fill_id=f"f{self._fills}",
                symbol=symbol,
                side=side,
                price=LAST,
                lots=abs(lots),
                fee=0,
                fee_asset="USDT",
                liquidity=Liquidity.TAKER,
            ),
        )

    def halt(self, state: TradingState = TradingState.HALTED) -> None:
        self.trading.restrict("test", state, "a test")


def buy(lots: int, symbol: str = BTC, **terms: Any) -> Intent:
    return Intent(symbol=symbol, side=Side.BUY, lots=lots, **_with_type(terms))


def sell(lots: int, symbol: str = BTC, **terms: Any) -> Intent:
    return Intent(symbol=symbol, side=Side.SELL, lots=lots, **_with_type(terms))


def _with_type(terms: dict[str, Any]) -> dict[str, Any]:
    if "type" not in terms and terms.get("price"):
        terms["type"] = OrderType.STOP_LIMIT if terms.get("stop_price") else OrderType.LIMIT
    elif "type" not in terms and terms.get("stop_price"):
        terms["type"] = OrderType.STOP
    return terms


def changed(limits: RiskLimits = LIMITS, **changes: Any) -> RiskLimits:
    return limits._replace(**changes)


def fill_of(order: Order, fill_id: str, lots: int, price: int = LAST, fee: int = 0) -> OrderFilled:
    return OrderFilled(
        ts_ns=START_NS,
        client_id=order.client_id,
        fill_id=fill_id,
        symbol=order.symbol,
        side=order.side,
        price=price,
        lots=lots,
        fee=fee,
        fee_asset="USDT",
        liquidity=Liquidity.TAKER,
    )


def kinds(events: list[Output]) -> list[str]:
    return [type(event).__name__ for event in events]


def replaced(intent: Intent, **changes: Any) -> Intent:
    return msgspec.structs.replace(intent, **changes)
