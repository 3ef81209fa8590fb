"""The one gate that every order passes, a person's as a strategy's. Whatever it cannot check, it denies."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from workstation.core.clock import EventClock
from workstation.core.money import from_money, from_rate, to_money
from workstation.core.orders import GATE_SEAL, Approved, Intent, Order
from workstation.core.timeframe import MINUTE_NS, SECOND_NS, utc_text
from workstation.core.types import (
    EXTERNAL,
    MANUAL,
    InstrumentKind,
    OrderRole,
    OrderState,
    OrderType,
    Side,
    TradingState,
)
from workstation.rules.limits import allowance, within_collar, worst_position
from workstation.rules.value import notional
from workstation.trading.guards import Guards
from workstation.trading.ledger import Ledger
from workstation.trading.market_state import MarketState
from workstation.trading.order_manager import OrderManager, SymbolOrders
from workstation.trading.risk_limits import RiskLimits
from workstation.trading.trading_state import TradingStateHolder


class DenialCode(StrEnum):
    HALTED = "HALTED"
    REDUCING = "REDUCING"
    NOT_RECONCILED = "NOT_RECONCILED"
    THROTTLED = "THROTTLED"
    STRATEGY_NOT_RUNNING = "STRATEGY_NOT_RUNNING"
    PROTECTION = "PROTECTION"
    CRISIS = "CRISIS"
    UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
    NOT_PERMITTED = "NOT_PERMITTED"
    QUANTITY = "QUANTITY"
    MAXIMUM_QUANTITY = "MAXIMUM_QUANTITY"
    PRICE = "PRICE"
    MINIMUM_NOTIONAL = "MINIMUM_NOTIONAL"
    NO_SHORT = "NO_SHORT"
    NO_REFERENCE = "NO_REFERENCE"
    FEED_DOWN = "FEED_DOWN"
    STALE_DATA = "STALE_DATA"
    BOOK_GAP = "BOOK_GAP"
    CLOCK_DRIFT = "CLOCK_DRIFT"
    PRICE_COLLAR = "PRICE_COLLAR"
    REDUCE_ONLY = "REDUCE_ONLY"
    ORDER_VALUE = "ORDER_VALUE"
    POSITION_VALUE = "POSITION_VALUE"
    GROSS_EXPOSURE = "GROSS_EXPOSURE"
    OPEN_POSITIONS = "OPEN_POSITIONS"
    OPEN_ORDERS = "OPEN_ORDERS"
    RATE_SECOND = "RATE_SECOND"
    RATE_MINUTE = "RATE_MINUTE"
    DUPLICATE = "DUPLICATE"
    REPEATED_EXECUTION = "REPEATED_EXECUTION"
    SELF_MATCH = "SELF_MATCH"


class Denial(NamedTuple):
    """Why an intent was refused. ``value`` and ``limit`` are written for a person, empty where there is none."""

    code: DenialCode
    text: str
    value: str = ""
    limit: str = ""


class OwnerActivity:
    """What an owner sent lately."""

    __slots__ = ("last", "last_ns", "repeats", "sent")

    def __init__(self) -> None:
        self.sent: deque[int] = deque()
        self.last: tuple[object, ...] = ()
        self.last_ns = -(1 << 62)
        self.repeats: deque[int] = deque()


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
        can_short: bool,
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
        self._leverage = leverage
        self._can_short = can_short
        self._expiry_ns = expiry_ns
        self._runs = runs
        self.reconciled = True
        self.clock_offset_ns = 0
        self.throttled: set[str] = set()
        self.on_throttled: Callable[[str], None] = lambda owner: None
        self.activity: dict[str, OwnerActivity] = {}
        instruments = {symbol: market.instrument for symbol, market in markets.items()}
        self._most_lots = {
            symbol: limits.order_lots.get(symbol, terms.lots_rounded(terms.maximum_quantity))
            for symbol, terms in instruments.items()
        }
        self._least_worth = {symbol: to_money(terms.minimum_notional) for symbol, terms in instruments.items()}

    def approve(self, intent: Intent, *, panic: bool = False) -> Approved | Denial:
        now_ns = self._clock.time_ns
        activity = self._activity(intent.owner)
        denial = self.judge(intent, panic=panic) or self._check_parent(intent)
        if denial is not None:
            if denial.code is DenialCode.REPEATED_EXECUTION:
                activity.repeats.clear()
                self.throttled.add(intent.owner)
                self.on_throttled(intent.owner)
            return denial
        if self._open_parent(intent) is None:
            key = _key(intent)
            if key != activity.last:
                activity.last = key
                activity.repeats.clear()
            activity.last_ns = now_ns
            activity.repeats.append(now_ns)
        activity.sent.append(now_ns)
        client_id = self._orders.next_client_id()
        reference = self._markets[intent.symbol].last_price
        return Approved(GATE_SEAL, intent, client_id, reference, now_ns + self._expiry_ns)

    def approve_amend(self, order: Order, price: int, stop_price: int, lots: int) -> Denial | None:
        """Judge an open order's new terms and count the change; the first reason to refuse it, or ``None``."""
        denial = self.judge_amend(order, price, stop_price, lots)
        if denial is None:
            self._activity(order.owner).sent.append(self._clock.time_ns)
        return denial

    def judge(self, intent: Intent, *, panic: bool = False) -> Denial | None:
        """The first reason to refuse the intent, or ``None``."""
        market = self._markets.get(intent.symbol)
        if market is None:
            return Denial(DenialCode.UNKNOWN_SYMBOL, f"{intent.symbol} is not configured.")
        panic = panic and intent.reduce_only
        return (
            (None if panic else self._check_permission(intent))
            or self._check_form(intent, market)
            or (None if panic else self._check_market(intent, market))
            or (self._check_reduction(intent, panic) if intent.reduce_only else self._check_limits(intent, market))
            or (None if panic else self._check_rate(intent.owner, intent.reduce_only) or self._check_repeats(intent))
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
        )
        denial = (
            self._check_permission(intent) or self._check_form(intent, market) or self._check_market(intent, market)
        )
        if denial is not None:
            return denial
        if order.reduce_only:
            denial = self._check_reduction(intent, False) if lots > order.lots else None
        else:
            equity = self._ledger.equity()
            denial = (
                self._check_size(intent, market, equity)
                or self._check_exposure(intent, max(0, lots - order.lots), market, equity)
                or self._check_self_match(intent)
            )
        return denial or self._check_rate(order.owner, order.reduce_only)

    def _activity(self, owner: str) -> OwnerActivity:
        """What the owner sent within the last minute."""
        activity = self.activity.get(owner)
        if activity is None:
            activity = self.activity[owner] = OwnerActivity()
        since_ns = self._clock.time_ns - MINUTE_NS
        for times in (activity.sent, activity.repeats):
            while times and times[0] <= since_ns:
                times.popleft()
        return activity

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

    def _check_form(self, intent: Intent, market: MarketState) -> Denial | None:
        symbol, kind = intent.symbol, intent.type
        if symbol not in self.limits.permitted and not intent.reduce_only:
            return Denial(DenialCode.NOT_PERMITTED, f"{symbol} is not among the permitted instruments.")
        if type(intent.lots) is not int or type(intent.side) is not Side or intent.lots <= 0:
            return Denial(
                DenialCode.QUANTITY,
                f"An order buys or sells whole lots; the smallest quantity of {symbol} is {market.instrument.lot}.",
            )
        for ticks in (intent.price, intent.stop_price, intent.trail, intent.stop_loss, intent.take_profit):
            if type(ticks) is not int or ticks < 0:
                return Denial(DenialCode.PRICE, f"Prices of {symbol} are whole ticks of {market.instrument.tick}.")
        if (
            (kind in _PRICED) != (intent.price > 0)
            or (kind in _STOPPED and intent.stop_price == 0)
            or (kind in _UNSTOPPED and intent.stop_price > 0)
            or (kind is OrderType.TRAILING_STOP) != (intent.trail > 0)
        ):
            text = f"A {kind.replace('_', ' ')} order needs its own prices above 0 and takes no others."
            return Denial(DenialCode.PRICE, text)
        reference = intent.price or intent.stop_price or market.last_price
        if not intent.reduce_only and reference:
            sign = int(intent.side)
            if (intent.stop_loss and (reference - intent.stop_loss) * sign <= 0) or (
                intent.take_profit and (intent.take_profit - reference) * sign <= 0
            ):
                return Denial(DenialCode.PRICE, "The stop must lie on the losing side of the entry, the target beyond.")
        return None

    def _check_market(self, intent: Intent, market: MarketState) -> Denial | None:
        now_ns, limits = self._clock.time_ns, self.limits
        reference = market.last_price
        if reference <= 0:
            return Denial(DenialCode.NO_REFERENCE, f"There is no price of {intent.symbol} to check the order against.")
        blind = None if intent.reduce_only else self._check_freshness(intent.symbol, market, now_ns)
        if blind is not None:
            return blind
        collared = intent.stop_price if intent.type in _TRIGGERED_LIMITS else reference
        if intent.price and not within_collar(intent.side, intent.price, collared, limits.collar):
            price = market.instrument.price
            return Denial(
                DenialCode.PRICE_COLLAR,
                f"{price(intent.price)} is too far from {price(collared)}.",
                f"{abs(Decimal(intent.price) / collared - 1) * 100:.2f} %",
                _percent(limits.collar),
            )
        triggered = intent.type in _STOPS and (intent.stop_price - reference) * intent.side <= 0
        if triggered and not self._is_held_back(intent):
            price = market.instrument.price
            return Denial(
                DenialCode.PRICE,
                f"A stop at {price(intent.stop_price)} would trigger at once, at {price(reference)}.",
            )
        return None

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
                _seconds(age_ns),
                _seconds(limits.stale_ns),
            )
        if market.book.sequence >= 0 and not market.book.synchronised:
            return Denial(DenialCode.BOOK_GAP, f"The order book of {symbol} is being rebuilt after a gap.")
        if abs(self.clock_offset_ns) > limits.drift_ns:
            return Denial(
                DenialCode.CLOCK_DRIFT,
                "The clock differs from the venue's.",
                _seconds(abs(self.clock_offset_ns)),
                _seconds(limits.drift_ns),
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

    def _check_reduction(self, intent: Intent, panic: bool) -> Denial | None:
        instrument = self._markets[intent.symbol].instrument
        parent = self._orders.orders.get(intent.parent_id) if intent.parent_id else None
        if self._open_parent(intent) is not None and parent is not None and intent.lots <= parent.lots:
            return None
        held = self._ledger.lots(intent.owner, intent.symbol)
        if held * intent.side >= 0:
            return Denial(DenialCode.REDUCE_ONLY, f"{intent.owner} has no position in {intent.symbol} to reduce.")
        leaving = 0
        if intent.type is OrderType.MARKET and not panic:
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

    def _check_limits(self, intent: Intent, market: MarketState) -> Denial | None:
        equity = self._ledger.equity()
        return (
            self._check_size(intent, market, equity)
            or self._check_exposure(intent, intent.lots, market, equity)
            or self._check_open_orders()
            or self._check_self_match(intent)
        )

    def _check_size(self, intent: Intent, market: MarketState, equity: int) -> Denial | None:
        limits, ledger = self.limits, self._ledger
        instrument = market.instrument
        symbol, lots = intent.symbol, intent.lots
        most = self._most_lots[symbol]
        if lots > most:
            return Denial(
                DenialCode.MAXIMUM_QUANTITY,
                f"The order of {symbol} is too large.",
                str(instrument.quantity(lots)),
                str(instrument.quantity(most)),
            )
        settle = instrument.settle
        worth = self._worth(market, _dearest_price(intent, market), lots)
        if settle != ledger.currency and worth == 0:
            return Denial(DenialCode.NO_REFERENCE, f"There is no price of {settle} in {ledger.currency}.")
        own_price = intent.price or intent.stop_price or market.last_price
        value = notional(own_price, lots, *instrument.valuation)
        if value < self._least_worth[symbol]:
            return Denial(
                DenialCode.MINIMUM_NOTIONAL,
                f"The order of {symbol} is too small.",
                f"{from_money(value).normalize():f} {settle}",
                f"{instrument.minimum_notional:f} {settle}",
            )
        if symbol not in limits.order_lots and worth > limits.order_worth:
            return Denial(DenialCode.ORDER_VALUE, "The order is too large.", _money(worth), _money(limits.order_worth))
        if worth > allowance(equity, limits.order_value):
            return Denial(
                DenialCode.ORDER_VALUE,
                "The order is too large for the account.",
                _share(worth, equity),
                _percent(limits.order_value),
            )
        return None

    def _check_exposure(self, intent: Intent, lots: int, market: MarketState, equity: int) -> Denial | None:
        """Whether ``lots`` more on the intent's side keep the position and all positions together within limits."""
        limits, ledger = self.limits, self._ledger
        symbol = intent.symbol
        net = ledger.net_lots.get(symbol, 0)
        group = self._orders.by_symbol.get(symbol, _NO_ORDERS)
        buys, sells = group.worst_buys, group.worst_sells
        before = worst_position(net, buys, sells)
        if intent.side is Side.BUY:
            buys += lots
        else:
            sells += lots
            if not (self._can_short and market.instrument.is_derivative) and (
                sells > max(0, net) or lots > self._sellable(intent)
            ):
                return Denial(
                    DenialCode.NO_SHORT, f"{symbol} cannot be sold short here, and {intent.owner} has no more of it."
                )
        after = worst_position(net, buys, sells)
        if after <= before:
            return None
        dearest = min if market.instrument.kind is InstrumentKind.INVERSE else max
        position = self._worth(market, dearest(market.price, _dearest_price(intent, market)), after)
        if position > allowance(equity, limits.position_value):
            return Denial(
                DenialCode.POSITION_VALUE,
                f"The position in {symbol} would be too large, counting what is in flight.",
                _share(position, equity),
                _percent(limits.position_value),
            )
        gross = position
        positions = 1
        for other, other_market in self._markets.items():
            if other != symbol:
                state = self._orders.by_symbol.get(other, _NO_ORDERS)
                worst = worst_position(ledger.net_lots.get(other, 0), state.worst_buys, state.worst_sells)
                if worst:
                    if other_market.price <= 0:
                        text = f"There is no price of {other} to value what is held and ordered of it."
                        return Denial(DenialCode.NO_REFERENCE, text)
                    gross += self._worth(other_market, other_market.price, worst)
                    positions += 1
        if gross > allowance(equity, limits.gross_exposure) * self._leverage:
            return Denial(
                DenialCode.GROSS_EXPOSURE,
                "The account's exposure would be too large, counting what is in flight.",
                _share(gross, equity),
                _percent(limits.gross_exposure * self._leverage),
            )
        most = limits.crisis_positions if self._guards.crisis else limits.open_positions
        if positions > most and before == 0:
            code = DenialCode.CRISIS if self._guards.crisis else DenialCode.OPEN_POSITIONS
            text = "Crisis mode allows fewer positions." if self._guards.crisis else "Too many positions."
            return Denial(code, text, str(positions), str(most))
        return None

    def _sellable(self, intent: Intent) -> int:
        """Lots that the owner holds and does not offer already; a person may also sell what is *external*."""
        owner, symbol = intent.owner, intent.symbol
        held = self._ledger.lots(owner, symbol)
        if owner == MANUAL:
            held += self._ledger.lots(EXTERNAL, symbol)
        offers = self._orders.open_orders(symbol, owner)
        return held - sum(o.remaining for o in offers if o.side is Side.SELL and not o.reduce_only)

    def _worth(self, market: MarketState, price: int, lots: int) -> int:
        instrument = market.instrument
        return self._ledger.worth(instrument.settle, notional(price, lots, *instrument.valuation))

    def _check_open_orders(self) -> Denial | None:
        count, most = self._orders.open_count, self.limits.open_orders
        if count >= most:
            return Denial(DenialCode.OPEN_ORDERS, "Too many working orders.", str(count + 1), str(most))
        return None

    def _check_self_match(self, intent: Intent) -> Denial | None:
        if not intent.price:
            return None
        for other in self._orders.by_symbol.get(intent.symbol, _NO_ORDERS).orders.values():
            if (
                other.side is not intent.side
                and other.price
                and (other.type is OrderType.LIMIT or other.state is OrderState.TRIGGERED)
                and (intent.price - other.price) * intent.side >= 0
            ):
                return Denial(
                    DenialCode.SELF_MATCH,
                    f"The order would trade with own order {other.client_id} of {other.owner}.",
                )
        return None

    def _check_rate(self, owner: str, reduce_only: bool) -> Denial | None:
        activity = self.activity.get(owner)
        if activity is None or reduce_only:
            return None
        now_ns = self._clock.time_ns
        per_second, per_minute = self.limits.orders_per_second, self.limits.orders_per_minute
        sent = activity.sent
        if len(sent) >= per_second and sent[-per_second] > now_ns - SECOND_NS:
            return Denial(DenialCode.RATE_SECOND, "Too many orders a second.", str(per_second + 1), str(per_second))
        recent = _recent(sent, now_ns)
        if recent >= per_minute:
            return Denial(DenialCode.RATE_MINUTE, "Too many orders a minute.", str(recent + 1), str(per_minute))
        return None

    def _check_repeats(self, intent: Intent) -> Denial | None:
        activity = self.activity.get(intent.owner)
        if activity is None or _key(intent) != activity.last:
            return None
        now_ns, limits = self._clock.time_ns, self.limits
        repeats = _recent(activity.repeats, now_ns)
        if repeats >= limits.repeats:
            return Denial(
                DenialCode.REPEATED_EXECUTION,
                f"{intent.owner} sent the same order {repeats} times in a minute.",
                str(repeats + 1),
                str(limits.repeats),
            )
        if now_ns - activity.last_ns < limits.duplicate_window_ns:
            return Denial(
                DenialCode.DUPLICATE,
                "The same order was sent a moment ago.",
                f"{(now_ns - activity.last_ns) // 1_000_000} ms",
                f"{limits.duplicate_window_ns // 1_000_000} ms",
            )
        return None


_PRICED = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT})
_STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
_STOPPED = _STOPS | {OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT}
_UNSTOPPED = frozenset({OrderType.MARKET, OrderType.LIMIT})
_TRIGGERED_LIMITS = frozenset({OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT})
_NO_ORDERS = SymbolOrders()


def _dearest_price(intent: Intent, market: MarketState) -> int:
    """The price at which the order would be worth most when it fills, in ticks."""
    last = market.last_price
    if market.instrument.kind is InstrumentKind.INVERSE:
        return min(ticks for ticks in (last, intent.price, intent.stop_price) if ticks > 0)
    if intent.side is Side.BUY and intent.price:
        return intent.price
    return max(last + intent.trail, intent.price, intent.stop_price)


def _recent(times: deque[int], now_ns: int) -> int:
    """How many of the ascending times lie within the last minute."""
    old = 0
    for ts_ns in times:
        if ts_ns > now_ns - MINUTE_NS:
            break
        old += 1
    return len(times) - old


def _key(intent: Intent) -> tuple[object, ...]:
    return (
        intent.symbol,
        intent.side,
        intent.type,
        intent.lots,
        intent.price,
        intent.stop_price,
        intent.trail,
        intent.role,
    )


def _seconds(duration_ns: int) -> str:
    return f"{duration_ns / SECOND_NS:.1f} s"


def _percent(rate: int) -> str:
    return f"{from_rate(rate) * 100:.2f} %"


def _money(money: int) -> str:
    return f"{from_money(money):,.2f}"


def _share(part: int, whole: int) -> str:
    return f"{Decimal(part) / max(1, whole) * 100:.1f} % of equity"
