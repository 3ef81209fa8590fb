"""The one gate that every order passes, a person's as a strategy's. Whatever it cannot check, it denies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from workstation.core.clock import EventClock
from workstation.core.orders import GATE_SEAL, Approved, Intent, Order
from workstation.core.timeframe import utc_text
from workstation.core.types import OrderRole, OrderType, TradingState
from workstation.rules.limits import within_collar
from workstation.trading.activity import Activity
from workstation.trading.denials import Denial, DenialCode, percent_text, seconds_text
from workstation.trading.exposure import Exposure
from workstation.trading.guards import Guards
from workstation.trading.ledger import Ledger
from workstation.trading.market_state import MarketState
from workstation.trading.order_form import STOPPED, STOPS, TARGETS, TRIGGERED_LIMITS, check_form
from workstation.trading.order_manager import OrderManager
from workstation.trading.order_options import check_iceberg, check_options
from workstation.trading.risk_limits import RiskLimits
from workstation.trading.trading_state import TradingStateHolder
from workstation.venues.base import Capabilities


class RiskGate:
    """``judge`` looks and changes nothing; ``approve`` judges, counts, and makes the approval.

    Order of the checks: may we trade at all, is the order well formed, is the market known, is it within limits,
    is it sent too often. The panic exit of a person (``panic``) passes a halt, because it only reduces; an intent
    that is not reduce-only is judged as any other.
    """

    def __init__(
        self,
        limits: RiskLimits,
        clock: EventClock,
        markets: Mapping[str, MarketState],
        ledger: Ledger,
        orders: OrderManager,
        trading: TradingStateHolder,
        guards: Guards,
        *,
        leverage: int,
        can: Capabilities,
        expiry_ns: int,
        runs: Callable[[str, OrderRole], bool],
    ) -> None:
        self.limits = limits
        self._clock = clock
        self._markets = markets
        self._ledger = ledger
        self._orders = orders
        self._trading = trading
        self._guards = guards
        self._expiry_ns = expiry_ns
        self._runs = runs
        self._can = can
        self.reconciled = True
        self.clock_offset_ns = 0
        self.throttled: set[str] = set()
        self.on_throttled: Callable[[str], None] = lambda owner: None
        self.activity = Activity(limits, clock)
        self.exposure = Exposure(limits, markets, ledger, orders, guards, leverage=leverage, can_short=can.short)

    def approve(
        self,
        intent: Intent,
        *,
        panic: bool = False,
        is_child: bool = False,
        client_id: str = "",
        reference: int = 0,
    ) -> Approved | Denial:
        """``client_id`` and ``reference`` are given for an order that was decided elsewhere, else made here."""
        judged = self.judge(intent, panic=panic, is_child=is_child, elsewhere=bool(client_id))
        denial = judged or self._check_parent(intent)
        if denial is not None:
            if denial.code is DenialCode.REPEATED_EXECUTION:
                self.activity.of(intent.owner).repeats.clear()
                self.throttled.add(intent.owner)
                self.on_throttled(intent.owner)
            return denial
        self.activity.sent(intent, repeats=not is_child and self._open_parent(intent) is None)
        return self._approved(intent, client_id or self._orders.next_client_id(), reference, panic)

    def approve_amend(self, order: Order, price: int, stop_price: int, lots: int) -> Denial | None:
        """Judge an open order's new terms and count the change; the first reason to refuse it, or ``None``."""
        denial = self.judge_amend(order, price, stop_price, lots)
        if denial is None:
            self.activity.changed(order.owner)
        return denial

    def release(self, order: Order, type_: OrderType) -> Approved | Denial:
        """Approve an order that the engine held, to be sent as ``type_``. It was judged and counted when it was given;
        an entry is asked once more whether it may trade now. Exits pass as if they had rested at the venue."""
        intent = Intent(
            symbol=order.symbol,
            side=order.side,
            lots=order.remaining,
            type=type_,
            price=order.price,
            stop_price=order.stop_price if type_ in STOPPED else 0,
            time_in_force=order.time_in_force,
            post_only=order.post_only,
            reduce_only=order.reduce_only,
            role=order.role,
            owner=order.owner,
            good_till_ns=order.good_till_ns,
            visible_lots=order.visible_lots if order.visible_lots < order.remaining else 0,
        )
        if not order.reduce_only:
            denial = self._check_permission(intent) or self._check_market(intent, self._markets[order.symbol])
            if denial is not None:
                return denial
        return self._approved(intent, order.client_id)

    def _approved(self, intent: Intent, client_id: str, reference: int = 0, panic: bool = False) -> Approved:
        reference = reference or self._markets[intent.symbol].last_price
        expires_ns = self._clock.time_ns + self._expiry_ns
        opposed = intent.reduce_only and self.exposure.worst_case.opposed(intent.owner, intent.symbol, intent.side)
        venue_reduces = intent.reduce_only and not opposed
        return Approved(
            GATE_SEAL, intent, client_id, reference, expires_ns, venue_reduces, panic and intent.reduce_only
        )

    def judge(
        self, intent: Intent, *, panic: bool = False, is_child: bool = False, elsewhere: bool = False
    ) -> Denial | None:
        """The first reason to refuse the intent, or ``None``.

        The children of an execution algorithm are alike by their nature, and its quantity is their bound.

        A panic exit was sized here by what is on its way out already; one that was decided ``elsewhere`` was not.
        """
        market = self._markets.get(intent.symbol)
        if market is None:
            return Denial(DenialCode.UNKNOWN_SYMBOL, f"{intent.symbol} is not configured.")
        panic = panic and intent.reduce_only
        return (
            (None if panic else self._check_permission(intent))
            or check_form(intent, market, self.limits.permitted)
            or check_options(intent, market.instrument, self._can, self._clock.time_ns)
            or (None if panic else self._check_market(intent, market))
            or (
                self._check_reduction(intent, panic and not elsewhere)
                if intent.reduce_only
                else self.exposure.check(intent, market)
            )
            or (
                None
                if panic
                else self.activity.check_rate(intent.owner, intent.reduce_only)
                or (None if is_child else self.activity.check_repeats(intent))
            )
        )

    def judge_amend(self, order: Order, price: int, stop_price: int, lots: int) -> Denial | None:
        """The first reason to refuse an open order's new terms, or ``None``. A change that only shrinks it passes."""
        market = self._markets[order.symbol]
        if type(lots) is not int or lots <= order.filled_lots:
            filled = market.instrument.quantity(order.filled_lots)
            return Denial(DenialCode.QUANTITY, f"The new quantity must be above what has filled, {filled}.")
        if lots <= order.lots and price == order.price and stop_price == order.stop_price:
            return None
        intent = Intent(
            symbol=order.symbol,
            side=order.side,
            lots=lots - order.filled_lots,
            type=order.type,
            price=price,
            stop_price=stop_price,
            trail=order.trail,
            reduce_only=order.reduce_only,
            role=order.role,
            owner=order.owner,
            parent_id=order.parent_id,
            visible_lots=order.visible_lots if order.visible_lots < lots - order.filled_lots else 0,
        )
        denial = (
            self._check_permission(intent)
            or check_form(intent, market, self.limits.permitted)
            or (check_iceberg(intent, market.instrument, self._can) if intent.visible_lots else None)
            or self._check_market(intent, market)
        )
        if denial is not None:
            return denial
        if order.reduce_only:
            denial = self._check_reduction(intent, False) if lots > order.lots else None
        else:
            denial = self.exposure.check_change(intent, max(0, lots - order.lots), market)
        return denial or self.activity.check_rate(order.owner, order.reduce_only)

    def _check_permission(self, intent: Intent) -> Denial | None:
        trading = self._trading
        owner = intent.owner
        if trading.state is TradingState.HALTED:
            return Denial(DenialCode.HALTED, f"Trading is halted: {trading.reason}")
        if not self.reconciled:
            return Denial(DenialCode.NOT_RECONCILED, "Orders and positions are not reconciled with the venue.")
        if intent.reduce_only:
            return None
        if trading.state is TradingState.REDUCING:
            return Denial(DenialCode.REDUCING, f"Only orders that reduce a position pass: {trading.reason}")
        if owner in self.throttled:
            return Denial(
                DenialCode.THROTTLED, f"{owner} repeated one order too often; re-enable it in the risk panel."
            )
        if not self._runs(owner, intent.role):
            return Denial(DenialCode.STRATEGY_NOT_RUNNING, f"Strategy {owner} is not running.")
        pause = self._guards.entry_pause(owner, intent.symbol, self._clock.time_ns)
        if pause is not None:
            return Denial(
                DenialCode.PROTECTION, f"Entries are paused by the {pause[0]} until {utc_text(pause[1])} UTC."
            )
        return None

    def _check_market(self, intent: Intent, market: MarketState) -> Denial | None:
        now_ns, limits = self._clock.time_ns, self.limits
        reference = market.last_price
        if reference <= 0:
            return Denial(DenialCode.NO_REFERENCE, f"There is no price of {intent.symbol} to check the order against.")
        blind = None if intent.reduce_only else self._check_freshness(intent.symbol, market, now_ns)
        if blind is not None:
            return blind
        collared = intent.stop_price if intent.type in TRIGGERED_LIMITS else reference
        if intent.price and not within_collar(intent.side, intent.price, collared, limits.collar):
            price = market.instrument.price
            return Denial(
                DenialCode.PRICE_COLLAR,
                f"{price(intent.price)} is too far from {price(collared)}.",
                f"{abs(Decimal(intent.price) / collared - 1) * 100:.2f} %",
                percent_text(limits.collar),
            )
        if self._triggers_at_once(intent, reference):
            what, price = "stop" if intent.type in STOPS else "target", market.instrument.price
            text = f"A {what} at {price(intent.stop_price)} would trigger at once, at {price(reference)}."
            return Denial(DenialCode.PRICE, text)
        return None

    def _triggers_at_once(self, intent: Intent, reference: int) -> bool:
        """A bracket's target that the price has passed may: it takes the profit now."""
        beyond = (intent.stop_price - reference) * intent.side
        if intent.type in STOPS:
            return beyond <= 0 and not self._is_held_back(intent)
        return intent.type in TARGETS and beyond >= 0 and intent.role is not OrderRole.TAKE_PROFIT

    def _check_freshness(self, symbol: str, market: MarketState, now_ns: int) -> Denial | None:
        """New risk needs eyes; getting rid of risk does not."""
        limits = self.limits
        if not market.connected:
            return Denial(DenialCode.FEED_DOWN, f"The feed of {symbol} is down.")
        age_ns = now_ns - market.last_ns
        if age_ns > limits.stale_ns + market.bar_interval_ns:
            return Denial(
                DenialCode.STALE_DATA,
                f"{symbol} feed is stale.",
                seconds_text(age_ns),
                seconds_text(limits.stale_ns),
            )
        if market.book.sequence >= 0 and not market.book.synchronised:
            return Denial(DenialCode.BOOK_GAP, f"The order book of {symbol} is being rebuilt after a gap.")
        if abs(self.clock_offset_ns) > limits.drift_ns:
            return Denial(
                DenialCode.CLOCK_DRIFT,
                "The clock differs from the venue's.",
                seconds_text(abs(self.clock_offset_ns)),
                seconds_text(limits.drift_ns),
            )
        return None

    def _open_parent(self, intent: Intent) -> Order | None:
        """The open entry of the same owner that this exit waits for."""
        parent = self._orders.orders.get(intent.parent_id) if intent.parent_id and intent.reduce_only else None
        if (
            parent is None
            or not parent.is_open
            or parent.reduce_only
            or parent.side is intent.side
            or (parent.owner, parent.symbol) != (intent.owner, intent.symbol)
        ):
            return None
        return parent

    def _is_held_back(self, intent: Intent) -> bool:
        """Whether it is an exit of an entry that has not filled at all, so that the price of now says nothing."""
        parent = self._open_parent(intent)
        return parent is not None and parent.filled_lots == 0

    def _check_parent(self, intent: Intent) -> Denial | None:
        """Only the change of an order may name an order on its own side; a new one may not."""
        parent = self._orders.orders.get(intent.parent_id) if intent.parent_id else None
        if parent is not None and parent.side is intent.side:
            return Denial(DenialCode.REDUCE_ONLY, f"{intent.parent_id} is no entry that this order could reduce.")
        return None

    def _check_reduction(self, intent: Intent, sized: bool) -> Denial | None:
        instrument = self._markets[intent.symbol].instrument
        parent = self._orders.orders.get(intent.parent_id) if intent.parent_id else None
        if self._open_parent(intent) is not None and parent is not None and intent.lots <= parent.lots:
            return None
        held = self._ledger.lots(intent.owner, intent.symbol)
        if held * intent.side >= 0:
            return Denial(DenialCode.REDUCE_ONLY, f"{intent.owner} has no position in {intent.symbol} to reduce.")
        leaving = 0
        if intent.type is OrderType.MARKET and not sized:
            leaving = sum(
                order.remaining
                for order in self._orders.open_orders(intent.symbol, intent.owner)
                if order.reduce_only and order.type is OrderType.MARKET and order.side is intent.side
            )
        if intent.lots + leaving > abs(held):
            return Denial(
                DenialCode.REDUCE_ONLY,
                "A reduce-only order may not be larger than the position, less what is on its way out.",
                str(instrument.quantity(intent.lots)),
                str(instrument.quantity(max(0, abs(held) - leaving))),
            )
        return None
