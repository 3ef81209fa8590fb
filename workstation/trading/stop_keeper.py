"""Keeps a protective stop at the venue for every strategy's position that has none of its own.

It rests where the position would lose the configured part of the account's equity, follows the filled quantity, and
steps back when the strategy places its own. It passes a kill: an entry may fill while its cancel is on its way.
"""

from __future__ import annotations

from typing import Protocol

from workstation.core.clock import EventClock
from workstation.core.errors import OrderError
from workstation.core.orders import Intent, Order
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import OrderRole, OrderState, OrderType, Severity, Side
from workstation.rules.limits import allowance
from workstation.rules.sizing import entry_price, stop_for_loss
from workstation.trading.ledger import Ledger
from workstation.trading.market_state import MarketState
from workstation.trading.order_manager import OrderManager
from workstation.trading.trading_state import TradingStateHolder

GRACE_NS = SECOND_NS
"""How long a strategy has to place its own stop."""
MOST_DOUBLINGS = 6
"""Of the wait after each stop that was denied or refused."""
TAG = "hard stop"


class Placer(Protocol):
    """What it needs of the kernel."""

    clock: EventClock
    ledger: Ledger
    orders: OrderManager
    markets: dict[str, MarketState]
    trading: TradingStateHolder

    def place(self, intent: Intent, *, panic: bool = False) -> str: ...
    def amend(self, order: Order, price: int | None, stop_price: int | None, lots: int | None) -> None: ...
    def alarm(self, severity: Severity, text: str) -> None: ...


class StopKeeper:
    """``loss_rate`` is the part of the equity that a position may lose, 1e-8."""

    def __init__(self, kernel: Placer, loss_rate: int) -> None:
        self._kernel = kernel
        self._loss_rate = loss_rate
        self._due: set[tuple[str, str]] = set()
        self._attempts: dict[tuple[str, str], int] = {}
        """Stops placed or changed since one was last seen to fit."""

    def watch(self, owner: str, symbol: str) -> None:
        """The owner's position in the symbol, or the stop that protects it, has changed."""
        key = (owner, symbol)
        if key not in self._due:
            self._due.add(key)
            clock = self._kernel.clock
            delay_ns = GRACE_NS << min(self._attempts.get(key, 0), MOST_DOUBLINGS)
            clock.call_at(clock.time_ns + delay_ns, lambda: self._check(owner, symbol))

    def _check(self, owner: str, symbol: str) -> None:
        self._due.discard((owner, symbol))
        kernel = self._kernel
        lots = kernel.ledger.lots(owner, symbol)
        stops = [
            order
            for order in kernel.orders.open_orders(symbol, owner)
            if order.role is OrderRole.PROTECTIVE_STOP and not order.cancel_requested_ns
        ]
        kept = next((order for order in stops if order.tag == TAG), None)
        held = OrderState.HELD
        own = [order for order in stops if order.tag != TAG and order.side * lots < 0 and order.state is not held]
        if kept is not None and (lots == 0 or own or kept.side * lots > 0):
            kernel.orders.request_cancel(kept, "no longer needed")
            kept = None
        if lots == 0 or own or (kept is not None and kept.remaining == abs(lots)):
            self._attempts.pop((owner, symbol), None)
            return
        if self._is_being_closed(owner, symbol):
            self.watch(owner, symbol)
            return
        self._attempts[owner, symbol] = self._attempts.get((owner, symbol), 0) + 1
        if kept is None:
            self._place(owner, symbol, lots)
        else:
            self._resize(kept, abs(lots))

    def _is_being_closed(self, owner: str, symbol: str) -> bool:
        """Whether a kill closes it just now: there is nothing to protect then, or soon again."""
        kernel = self._kernel
        return kernel.trading.kill is not None and any(
            order.reduce_only and order.type is OrderType.MARKET for order in kernel.orders.open_orders(symbol, owner)
        )

    def _place(self, owner: str, symbol: str, lots: int) -> None:
        kernel = self._kernel
        market = kernel.markets[symbol]
        valuation = market.instrument.valuation
        position = kernel.ledger.position(owner, symbol)
        entry = entry_price(lots, position.cost, *valuation)
        loss = allowance(kernel.ledger.equity(), self._loss_rate)
        stop = stop_for_loss(entry, lots, loss, *valuation)
        side = Side.SELL if lots > 0 else Side.BUY
        beyond = (market.last_price - stop) * lots <= 0
        sent = kernel.place(
            Intent(
                symbol=symbol,
                side=side,
                lots=abs(lots),
                type=OrderType.MARKET if beyond else OrderType.STOP,
                stop_price=0 if beyond else stop,
                reduce_only=True,
                role=OrderRole.EXIT if beyond else OrderRole.PROTECTIVE_STOP,
                owner=owner,
                reason="stop: the loss is beyond the hard stop" if beyond else "stop: hard stop of the account",
                tag=TAG,
            ),
            panic=kernel.trading.kill is not None,
        )
        if not sent:
            kernel.alarm(Severity.ERROR, f"The position of {owner} in {symbol} has no protective stop: it was denied.")
            self.watch(owner, symbol)

    def _resize(self, stop: Order, lots: int) -> None:
        try:
            self._kernel.amend(stop, None, None, stop.filled_lots + lots)
        except OrderError as error:
            self._kernel.alarm(Severity.ERROR, f"The protective stop {stop.client_id} does not fit: {error}")
            self.watch(stop.owner, stop.symbol)
