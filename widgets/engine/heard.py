"""What an engine told, whole and in its order: executions, orders, payments, signals, equity, log lines and trades."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from copy import copy
from typing import Any, Final, Literal

from widgets.engine.protocol import Engine, EquityPoint
from widgets.tape.tape_view import KEPT_TRADES, TapeTrade
from workstation.core.messages import EquitySampled, FundingPaid, SignalEmitted, Trade
from workstation.core.money import from_money
from workstation.core.types import Side
from workstation.core.views import FillView, FundingView, LogView, OrderView
from workstation.market.trade_tape import TradeTape

KEPT_ORDERS: Final = 2_000
KEPT_FILLS: Final = 5_000
KEPT_LOG: Final = 5_000
KEPT_SIGNALS: Final = 500
KEPT_EQUITY: Final = 50_000
KEPT_PAYMENTS: Final = 5_000
TAPED_TRADES: Final = 800_000
"""Of all symbols together, for charts by trades and for CVD: 20 MB."""
LONGEST_TAPE: Final = 100_000
LEAST_TAPE: Final = 5_000
REMEMBERED: Final = (
    "fills",
    "log",
    "signals",
    "equity",
    "payments",
    "orders",
    "_trade_counts",
    "dirty_orders",
    "_new_fills",
    "_new_payments",
    "_new_log",
    "_new_signals",
)
"""Plain containers whose elements do not change."""


class Heard:
    """The newest of each kind are kept. What was told since the last frame waits to be taken in, and handed out."""

    def __init__(self, engine: Engine, *, keeps_every_trade: bool) -> None:
        self._engine = engine
        self.orders: dict[str, OrderView] = {}
        self.log: deque[LogView] = deque(maxlen=KEPT_LOG)
        self.signals: deque[SignalEmitted] = deque(maxlen=KEPT_SIGNALS)
        kept = None if keeps_every_trade else max(LEAST_TAPE, min(LONGEST_TAPE, TAPED_TRADES // len(engine.symbols)))
        self.tapes = {symbol: TradeTape(kept) for symbol in engine.symbols}
        self._trades: dict[str, deque[TapeTrade]] = {s: deque(maxlen=KEPT_TRADES) for s in engine.symbols}
        self._trade_counts = dict.fromkeys(engine.symbols, 0)
        self.dirty_orders: dict[str, None] = {}
        """Client ids of the orders that are new or changed."""
        self._new_fills: list[FillView] = []
        self._new_payments: list[FundingView] = []
        self._new_log: list[LogView] = []
        self._new_signals: list[SignalEmitted] = []
        self.has_new_equity = False
        self._read_past()

    # --- Hearing ----------------------------------------------------------------------------------------------------

    def hear_trade(self, trade: Trade) -> None:
        kept = self._trades.get(trade.symbol)
        if kept is not None:
            kept.append(TapeTrade(trade.ts_ns, trade.price, trade.lots, "buy" if trade.side is Side.BUY else "sell"))
            self._trade_counts[trade.symbol] += 1
            self.tapes[trade.symbol].add(trade.ts_ns, trade.price, trade.lots, int(trade.side))

    def hear_fill(self, fill: FillView) -> None:
        self._new_fills.append(fill)

    def hear_payment(self, event: FundingPaid) -> None:
        amount = from_money(event.amount)
        self._new_payments.append(FundingView(event.funding_id, event.ts_ns, event.symbol, amount, event.asset))

    def hear_equity(self, sample: EquitySampled) -> None:
        # Nothing is known of an exchange's account before it was read.
        if sample.equity:
            self.equity.append(EquityPoint(sample.ts_ns, sample.equity / 1e8))
            self.has_new_equity = True

    def hear_signal(self, signal: SignalEmitted) -> None:
        self._new_signals.append(signal)

    def hear_line(self, line: LogView) -> None:
        self._new_log.append(line)

    # --- Taking in what has waited ----------------------------------------------------------------------------------

    def take_orders(self) -> list[OrderView]:
        """Those that are new or changed, as they are now."""
        dirty, self.dirty_orders = self.dirty_orders, {}
        changed = [view for view in map(self._engine.order, dirty) if view is not None]
        self._keep_orders(changed)
        return changed

    def take_fills(self) -> list[FillView]:
        fresh, self._new_fills = self._new_fills, []
        self.fills.extend(fresh)
        return fresh

    def take_payments(self) -> list[FundingView]:
        if not self._new_payments:
            return []
        known = {payment.funding_id for payment in self.payments}
        paid = [payment for payment in self._new_payments if payment.funding_id not in known]
        self._new_payments = []
        self.payments.extend(paid)
        return paid

    def take_signals(self) -> list[SignalEmitted]:
        fresh, self._new_signals = self._new_signals, []
        self.signals.extend(fresh)
        return fresh

    def take_lines(self) -> list[LogView]:
        fresh, self._new_log = self._new_log, []
        self.log.extend(fresh)
        return fresh

    # --- For panels -------------------------------------------------------------------------------------------------

    def trades_since(self, symbol: str, count: int) -> tuple[list[TapeTrade], int]:
        """Trades after the first ``count`` of the session, as far as they are kept, and the new count."""
        total = self._trade_counts[symbol]
        fresh = total - count
        if fresh <= 0:
            return [], total
        kept = self._trades[symbol]
        return (list(kept) if fresh >= len(kept) else [kept[n] for n in range(len(kept) - fresh, len(kept))]), total

    def last_side(self, symbol: str) -> Literal["buy", "sell"]:
        """The taker's side of the last trade; "buy" before the first."""
        trades = self._trades[symbol]
        return trades[-1].side if trades else "buy"

    def known_fills(self) -> list[FillView]:
        """Those that were handed out, and those that wait for the next frame: all that the engine's positions hold."""
        return [*self.fills, *self._new_fills]

    def working_orders(self) -> list[OrderView]:
        """Orders that may still execute, oldest first."""
        return [order for order in self.orders.values() if order.state.is_open]

    # --- Going back in a replay -------------------------------------------------------------------------------------

    def forget(self) -> None:
        """Begin again with what was before the engine's beginning: a replay goes back, and is told what follows."""
        for told in (self._new_fills, self._new_payments, self._new_log, self._new_signals, self.log, self.signals):
            told.clear()
        for trades in self._trades.values():
            trades.clear()
        self.orders.clear()
        self.dirty_orders.clear()
        for tape in self.tapes.values():
            tape.wind(0)
        self._trade_counts = dict.fromkeys(self._engine.symbols, 0)
        self._read_past()

    def memory(self) -> dict[str, Any]:
        """All that was heard so far, for ``recall``."""
        kept: dict[str, Any] = {name: copy(getattr(self, name)) for name in REMEMBERED}
        kept["trades"] = {symbol: trades.copy() for symbol, trades in self._trades.items()}
        return kept

    def recall(self, memory: dict[str, Any]) -> None:
        """Stand where ``memory`` was taken: a replay goes back, or comes again to where it was."""
        for name in REMEMBERED:
            setattr(self, name, copy(memory[name]))
        self._trades = {symbol: trades.copy() for symbol, trades in memory["trades"].items()}
        for symbol, tape in self.tapes.items():
            tape.wind(self._trade_counts[symbol])

    # --- Inside -----------------------------------------------------------------------------------------------------

    def _read_past(self) -> None:
        """What was before the engine's beginning, from its history."""
        engine = self._engine
        self.fills: deque[FillView] = deque(engine.past_fills(KEPT_FILLS), maxlen=KEPT_FILLS)
        past = (point for point in engine.past_equity(KEPT_EQUITY) if point.equity)
        self.equity: deque[EquityPoint] = deque(past, maxlen=KEPT_EQUITY)
        self._keep_orders((*engine.past_orders(KEPT_ORDERS // 4), *engine.orders()))
        paid = engine.past_funding(KEPT_PAYMENTS)
        self.payments: deque[FundingView] = deque(paid or (), maxlen=KEPT_PAYMENTS)
        self.past_payments_known = paid is not None
        """Whether the payments from before the engine's beginning are among them."""

    def _keep_orders(self, views: Iterable[OrderView]) -> None:
        for view in views:
            self.orders[view.client_id] = view
        excess = len(self.orders) - KEPT_ORDERS
        if excess > 0:
            ended = [name for name, order in self.orders.items() if not order.state.is_open]
            for name in ended[:excess]:
                del self.orders[name]
