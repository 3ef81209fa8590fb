"""The UTC day of trading: what its results and denials count from, and the samples of the equity."""

from __future__ import annotations

from typing import Protocol

from workstation.core.clock import EventClock
from workstation.core.messages import DayStarted, EquitySampled, Output
from workstation.core.timeframe import DAY_NS
from workstation.trading.guards import Guards
from workstation.trading.kernel_terms import KernelTerms
from workstation.trading.ledger import Ledger
from workstation.trading.market_state import MarketState
from workstation.trading.trading_state import TradingStateHolder


class Engine(Protocol):
    """What it needs of the kernel."""

    clock: EventClock
    terms: KernelTerms
    guards: Guards
    ledger: Ledger
    trading: TradingStateHolder
    markets: dict[str, MarketState]

    def emit(self, output: Output) -> None: ...


class TradingDay:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.denied = 0
        """Orders that were denied since it began."""
        self.results: dict[str, int] = {}
        """Each owner's result when it began, open profit counted in, 1e-8 of the account's currency."""

    def begin(self) -> None:
        """Begin with the session: with a day of its own, or within the one of the session before."""
        engine = self._engine
        if engine.clock.time_ns >= engine.guards.day_ends_ns:
            self.start()
        else:
            engine.clock.call_at(engine.guards.day_ends_ns, self.start)
        self._sample_and_repeat()

    def start(self) -> None:
        """A new day, and the next one at its end."""
        engine = self._engine
        equity = engine.ledger.equity()
        now_ns = engine.clock.time_ns
        self.denied = 0
        engine.guards.start_day(now_ns, equity)
        self.results = {}
        for position in engine.ledger.positions.values():
            result = position.realised - position.fees + position.funding
            result += position.unrealised(engine.markets[position.instrument.symbol].price)
            self.results[position.owner] = self.results.get(position.owner, 0) + result
        engine.emit(DayStarted(ts_ns=now_ns, equity=equity))
        engine.clock.call_at(now_ns // DAY_NS * DAY_NS + DAY_NS, self.start)

    def check_guards(self) -> None:
        """Hold the equity of now against the loss limits."""
        engine = self._engine
        now_ns = engine.clock.time_ns
        engine.guards.checked_ns = now_ns
        engine.trading.lift_due(now_ns)
        engine.guards.on_equity(now_ns, engine.ledger.equity())

    def _sample_and_repeat(self) -> None:
        self.sample_equity()
        clock, interval_ns = self._engine.clock, self._engine.terms.equity_interval_ns
        clock.call_at(clock.time_ns // interval_ns * interval_ns + interval_ns, self._sample_and_repeat)

    def sample_equity(self) -> None:
        """Journal the account's equity at the current marks."""
        engine = self._engine
        ledger = engine.ledger
        equity = ledger.equity()
        engine.emit(
            EquitySampled(
                ts_ns=engine.clock.time_ns,
                equity=equity,
                cash=ledger.cash.get(ledger.currency, 0),
                realised=ledger.realised,
                unrealised=ledger.unrealised(),
                exposure=ledger.exposure(),
                prices={symbol: market.last_price for symbol, market in engine.markets.items() if market.last_price},
            )
        )
