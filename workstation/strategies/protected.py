"""A base for strategies whose every position has a stop of its own resting at the venue."""

from __future__ import annotations

from abc import ABC, abstractmethod
from decimal import Decimal

from workstation.core.errors import OrderError
from workstation.core.messages import Bar, OrderFilled
from workstation.core.money import to_rate
from workstation.core.orders import Order
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import OrderRole, OrderState, OrderType, Severity, Side
from workstation.rules import sizing
from workstation.rules.rounding import scale_down
from workstation.rules.value import notional
from workstation.trading.strategy import Strategy, StrategyContext

RETRY_NS = 5 * SECOND_NS
EXIT_RETRY_NS = 60 * SECOND_NS
MOST_FAILURES = 2
SAMPLE_LOTS = 1_000_000

STOP_KEY = "protective_stop"
LEAVING_KEY = "leaving"
GUARD_TIMER = "protective stop"

_NOTHING = ("", 0, 0)
_UNANSWERED = frozenset({OrderState.SUBMITTED, OrderState.UNKNOWN})
_UNFILLED_ENDS = frozenset({OrderState.REJECTED, OrderState.EXPIRED, OrderState.CANCELLED})


class ProtectedStrategy(Strategy, ABC):
    """Keeps one reduce-only stop at the venue whose quantity follows the filled quantity.

    The stop only ever moves towards the price. A stop that is refused twice running ends the position at the
    market. A decision to leave holds until the position is gone, through denials, partial fills and restarts.
    Subclasses say where the stop belongs, and call ``super()`` from the handlers that they override.
    """

    _guarding = False
    _failures = 0
    _retry_ns = 0
    _exit_retry_ns = 0
    _requested: tuple[str, int, int] = _NOTHING

    @abstractmethod
    def protective_price(self, lots: int) -> int:
        """Where the stop of a position of signed ``lots`` belongs, in ticks; 0 leaves it where it is."""

    def attach(self, context: StrategyContext) -> None:
        """Ask for its bars at once, so that the history that follows is kept."""
        super().attach(context)
        for timeframe in ("", *self.timeframes):
            self.bars(timeframe)

    # --- Events ---------------------------------------------------------------------------------------------------

    def on_start(self) -> None:
        self.guard()

    def on_bar(self, bar: Bar) -> None:
        self._requested = _NOTHING
        self.guard()

    def on_fill(self, fill: OrderFilled, order: Order) -> None:
        self.guard()

    def on_order(self, order: Order) -> None:
        if order.role is OrderRole.PROTECTIVE_STOP:
            if order.state is OrderState.REJECTED:
                self._stop_failed(f"the venue refused it: {order.note}")
            elif order.state is OrderState.ACCEPTED:
                self._failures = 0
                if self._requested == (order.client_id, order.stop_price, order.lots):
                    self._requested = _NOTHING
        elif order.role is OrderRole.EXIT and order.state in _UNFILLED_ENDS:
            self._wait_for_exit()
        self.guard()

    def on_timer(self, tag: str) -> None:
        if tag == GUARD_TIMER:
            self.guard()

    # --- The stop at the venue --------------------------------------------------------------------------------------

    def guard(self) -> None:
        """Bring the stop at the venue in line with the position; safe to call at any time, and to repeat."""
        if self._guarding:
            return
        self._guarding = True
        try:
            self._guard()
        finally:
            self._guarding = False

    def _guard(self) -> None:
        held = self.position.lots
        side = Side.SELL if held > 0 else Side.BUY
        kept: Order | None = None
        for order in self.open_orders():
            if order.role is not OrderRole.PROTECTIVE_STOP or order.cancel_requested_ns:
                continue
            if held and order.side is side and kept is None:
                kept = order
            elif order.state not in _UNANSWERED:
                self.cancel(order.client_id, "no position needs this stop")
        if held == 0:
            self.state.pop(STOP_KEY, None)
            if not self.entry_open():
                self.state.pop(LEAVING_KEY, None)
            self._failures = 0
            return
        if self.leaving:
            self.reduce(abs(held), self.state[LEAVING_KEY])
        price = self._tightest(held, kept)
        if price <= 0:
            return
        if kept is None:
            self._place_stop(side, abs(held), price)
        elif kept.state is OrderState.ACCEPTED:
            total = kept.filled_lots + abs(held)
            wanted = (kept.client_id, price, total)
            if (kept.stop_price != price or kept.lots != total) and wanted != self._requested:
                self._requested = wanted
                try:
                    self.amend(kept.client_id, stop_price=price, lots=total)
                except OrderError as error:
                    self.log(f"The protective stop stays as it was until the next bar. {error}", Severity.WARNING)

    def _tightest(self, held: int, kept: Order | None) -> int:
        """The wanted price, unless the stop already was closer to the price."""
        sign = 1 if held > 0 else -1
        price = self.protective_price(held)
        before = self.state.get(STOP_KEY)
        candidates = [price] if price > 0 else []
        if before is not None and before[0] == sign:
            candidates.append(int(before[1]))
        if kept is not None and kept.stop_price > 0:
            candidates.append(kept.stop_price)
        if not candidates:
            return 0
        tightest = max(candidates) if sign > 0 else min(candidates)
        if before != [sign, tightest]:
            self.state[STOP_KEY] = [sign, tightest]
        return tightest

    def _place_stop(self, side: Side, lots: int, price: int) -> None:
        last = self.last_price
        if last and (price - last) * side <= 0:
            self.leave("stop: the price is beyond it")
            return
        if self.now_ns < self._retry_ns:
            return
        client_id = self.order(
            side,
            lots,
            type=OrderType.STOP,
            stop_price=price,
            reduce_only=True,
            role=OrderRole.PROTECTIVE_STOP,
            reason="protective stop",
        )
        if not client_id:
            self._stop_failed("the risk gate denied it")

    def _stop_failed(self, why: str) -> None:
        self._failures += 1
        delay_ns = RETRY_NS << min(self._failures, 6)
        self._retry_ns = self.now_ns + delay_ns
        self.log(f"The protective stop of {self.symbol} is missing: {why}.", Severity.ERROR)
        if self._failures >= MOST_FAILURES:
            self.leave("stop: none can be placed at the venue")
        self.set_timer(delay_ns, GUARD_TIMER)

    # --- Leaving ----------------------------------------------------------------------------------------------------

    @property
    def leaving(self) -> bool:
        """It has decided to close its position, which is not gone yet."""
        return LEAVING_KEY in self.state

    def entry_open(self) -> bool:
        return any(order.role is OrderRole.ENTRY for order in self.open_orders())

    def exit_in_flight(self) -> bool:
        """A market order that reduces the position is on its way."""
        return any(o.role is OrderRole.EXIT and o.type is OrderType.MARKET for o in self.open_orders())

    def reduce(self, lots: int, reason: str, tag: str = "") -> bool:
        """Reduce its position by ``lots`` at the market; False when it cannot now, or does so already."""
        held = self.position.lots
        if held == 0 or lots <= 0 or self.now_ns < self._exit_retry_ns or self.exit_in_flight():
            return False
        side = Side.SELL if held > 0 else Side.BUY
        client_id = self.order(
            side, min(lots, abs(held)), reduce_only=True, role=OrderRole.EXIT, reason=reason, tag=tag
        )
        if not client_id:
            self._wait_for_exit()
        return bool(client_id)

    def leave(self, reason: str) -> None:
        """Cancel its entries and close its position at the market, trying again until it is gone."""
        self.cancel_entries(reason)
        held = self.position.lots
        if held:
            self.state.setdefault(LEAVING_KEY, reason)
            self.reduce(abs(held), reason)

    def _wait_for_exit(self) -> None:
        self._exit_retry_ns = self.now_ns + EXIT_RETRY_NS
        self.set_timer(EXIT_RETRY_NS, GUARD_TIMER)

    # --- Size -------------------------------------------------------------------------------------------------------

    def settled_equity(self, price: int) -> int:
        """Equity of the account in 1e-8 of the settlement asset, at ``price`` ticks."""
        own = notional(price, SAMPLE_LOTS, *self.instrument.valuation)
        worth = abs(self.context.value(price, SAMPLE_LOTS))
        if own == worth or worth == 0:
            return self.equity if worth else 0
        return scale_down(self.equity, own, worth)

    def lots_at_risk(self, percent: Decimal, entry: int, stop: int) -> int:
        """Most lots that lose at most this percentage of equity between two prices in ticks."""
        return sizing.lots_for_risk(
            self.settled_equity(entry), to_rate(percent / 100), entry, stop, *self.instrument.valuation
        )

    def lots_worth(self, percent: Decimal, price: int) -> int:
        """Most lots that are worth at most this percentage of equity."""
        return sizing.lots_for_value(
            self.settled_equity(price), to_rate(percent / 100), price, *self.instrument.valuation
        )

    def entry_ticks(self) -> int:
        """Average entry of its position in ticks, 0 when flat."""
        figures = self.position
        return sizing.entry_price(figures.lots, figures.cost, *self.instrument.valuation)

    def big_enough(self, lots: int, price: int, what: str) -> bool:
        """Whether the venue takes so few lots; says it in the log when it does not."""
        least = max(1, self.context.minimum_lots(price))
        if lots >= least:
            return True
        quantity = self.instrument.quantity
        self.log(f"No {what}: {quantity(max(0, lots))} is below the least order, {quantity(least)} {self.symbol}.")
        return False

    def may_short(self) -> bool:
        return self.instrument.is_derivative
