"""Snapshots of a kernel for screens, the ops API and reports. Reading changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from workstation.core.algorithms import Iceberg, Twap
from workstation.core.instrument import Instrument
from workstation.core.money import from_money, from_rate
from workstation.core.orders import Intent, Order
from workstation.core.types import Mode, OrderRole, OrderState, StrategyState
from workstation.core.views import (
    AccountView,
    AlgorithmView,
    BalanceView,
    OrderView,
    ParameterView,
    PositionView,
    RiskView,
    StrategyView,
    VerdictView,
)
from workstation.rules.limits import decline
from workstation.rules.value import notional
from workstation.trading.algorithms.parent import Parent
from workstation.trading.algorithms.runner import word_of
from workstation.trading.inspection import inner_values
from workstation.trading.kernel import Kernel
from workstation.trading.ledger import Position
from workstation.trading.limit_rows import percent_text
from workstation.trading.limit_use import limits_in_use
from workstation.trading.order_cost import FeeRates, order_cost
from workstation.trading.order_states import WORKING
from workstation.trading.parameters import Parameter
from workstation.trading.strategy_slot import StrategySlot

_ZERO = Decimal(0)


class EngineViews:
    """``rates`` are what an order is expected to cost where ``told_rates`` has not what the exchange charges."""

    def __init__(
        self,
        kernel: Kernel,
        *,
        mode: Mode,
        account: str,
        venue: str,
        rates: FeeRates,
        told_rates: Mapping[str, FeeRates] | None = None,
    ) -> None:
        self._kernel = kernel
        self._mode = mode
        self._account = account
        self._venue = venue
        self._rates = rates
        self._told_rates = told_rates if told_rates is not None else {}

    def account(self) -> AccountView:
        kernel = self._kernel
        ledger, guards = kernel.ledger, kernel.guards
        equity = ledger.equity()
        day = equity - guards.day_equity
        exposure = ledger.exposure()
        orders = kernel.orders.open_orders()
        running = sum(1 for slot in kernel.host.slots.values() if slot.state is StrategyState.RUNNING)
        return AccountView(
            mode=self._mode,
            name=self._account,
            venue=self._venue,
            currency=ledger.currency,
            equity=from_money(equity),
            cash=from_money(ledger.cash.get(ledger.currency, 0)),
            realised=from_money(ledger.realised),
            unrealised=from_money(ledger.unrealised()),
            fees=from_money(ledger.fees),
            funding=from_money(ledger.funding),
            day_result=from_money(day),
            day_percent=_percent(day, guards.day_equity),
            drawdown_percent=from_rate(decline(guards.peak_equity, equity)) * 100,
            exposure_percent=_percent(exposure, equity),
            trading_state=kernel.trading.state,
            trading_reason=kernel.trading.reason,
            killed=kernel.trading.kill is not None,
            crisis=guards.in_crisis,
            open_positions=sum(1 for position in ledger.positions.values() if position.lots),
            working_orders=len(orders),
            in_doubt=sum(1 for order in orders if order.state is OrderState.UNKNOWN),
            running_strategies=running,
            locked_until_ns=kernel.lockout.until_ns,
            lock_fixed=kernel.lockout.fixed,
            balances=tuple(BalanceView(asset, from_money(amount)) for asset, amount in sorted(ledger.cash.items())),
        )

    def orders(self) -> list[OrderView]:
        """Orders that may still execute, oldest first."""
        return [self.order(order) for order in self._kernel.orders.open_orders()]

    def order(self, order: Order) -> OrderView:
        instrument = self._kernel.markets[order.symbol].instrument
        average = None
        if order.filled_lots:
            average = _average(instrument, order.filled_value, order.filled_lots)
        return OrderView(
            client_id=order.client_id,
            symbol=order.symbol,
            owner=order.owner,
            side=order.side,
            type=order.type,
            role=order.role,
            state=order.state,
            quantity=instrument.quantity(order.lots),
            filled=instrument.quantity(order.filled_lots),
            price=instrument.price(order.price) if order.price else None,
            stop_price=instrument.price(order.stop_price) if order.stop_price else None,
            average_price=average,
            reduce_only=order.reduce_only,
            created_ns=order.created_ns,
            updated_ns=order.updated_ns,
            reason=order.reason,
            note=order.note,
            in_doubt_since_ns=order.updated_ns if order.state is OrderState.UNKNOWN else 0,
            price_ticks=order.price or order.stop_price,
            lots=order.remaining,
            post_only=order.post_only,
            parent_id=order.parent_id,
            tag=order.tag,
            good_till_ns=order.good_till_ns,
            visible=instrument.quantity(order.visible_lots) if order.visible_lots else None,
        )

    def algorithms(self) -> list[AlgorithmView]:
        """Execution algorithms that run or are paused, and those that ended last, oldest first."""
        algorithms = self._kernel.algorithms
        return [self._algorithm(parent) for parent in algorithms.parents.values()]

    def _algorithm(self, parent: Parent) -> AlgorithmView:
        order, algorithms = parent.order, self._kernel.algorithms
        instrument = self._kernel.markets[order.symbol].instrument
        price, planned = 0, 0
        if isinstance(order.plan, Twap):
            planned = order.plan.slices
        elif isinstance(order.plan, Iceberg):
            price = order.plan.price
        else:
            price = order.plan.first_price
        filled = parent.filled_lots
        return AlgorithmView(
            algorithm_id=parent.algorithm_id,
            kind=word_of(order),
            symbol=order.symbol,
            owner=order.owner,
            side=order.side,
            state=parent.state,
            quantity=instrument.quantity(order.lots),
            filled=instrument.quantity(filled),
            working=instrument.quantity(algorithms.committed(parent)),
            average_price=_average(instrument, parent.value, filled) if filled else None,
            price=instrument.price(price) if price else None,
            steps=min(parent.step, planned) if planned else parent.step,
            steps_planned=planned,
            next_ns=algorithms.next_ns(parent),
            started_ns=parent.started_ns,
            changed_ns=parent.changed_ns,
            detail=parent.reason or parent.waits,
            reduce_only=order.reduce_only,
        )

    def positions(self) -> list[PositionView]:
        """Every owner's open positions."""
        held = sorted(self._kernel.ledger.positions.items())
        return [self._position(position) for _, position in held if position.lots]

    def _position(self, position: Position) -> PositionView:
        kernel = self._kernel
        instrument = position.instrument
        market = kernel.markets[instrument.symbol]
        mark = market.price
        unrealised = position.unrealised(mark) if mark else 0
        own = kernel.orders.open_orders(instrument.symbol, position.owner)
        stops = [order for order in own if protects(order, position.lots)]
        stop = stops[0] if stops else None
        one_r = position.initial_risk
        return PositionView(
            symbol=instrument.symbol,
            owner=position.owner,
            quantity=instrument.quantity(position.lots),
            entry=entry_price(instrument, position.lots, position.cost),
            mark=instrument.price(mark) if mark else None,
            liquidation=self._liquidation(instrument),
            unrealised=from_money(unrealised),
            realised=from_money(position.realised - position.fees + position.funding),
            r_multiple=(Decimal(unrealised) / one_r).quantize(Decimal("0.01")) if one_r else None,
            stop_at_venue=instrument.price(stop.stop_price) if stop is not None and stop.stop_price else None,
            stopped=instrument.quantity(min(abs(position.lots), sum(order.remaining for order in stops))),
            value=from_money(notional(mark, position.lots, *instrument.valuation)) if mark else _ZERO,
            opened_ns=position.opened_ns,
        )

    def _liquidation(self, instrument: Instrument) -> Decimal | None:
        """Of the account's position in the symbol, which all its owners share."""
        if not instrument.is_derivative:
            return _ZERO
        kernel = self._kernel
        if kernel.reconciliation is not None:
            ticks = kernel.reconciliation.liquidation_price(instrument.symbol)
        else:
            ticks = kernel.venue.liquidation_price(instrument.symbol)
        return None if ticks is None else instrument.price(ticks)

    def strategies(self) -> list[StrategyView]:
        return [self._strategy(slot) for slot in self._kernel.host.slots.values()]

    def _strategy(self, slot: StrategySlot) -> StrategyView:
        kernel, strategy = self._kernel, slot.strategy
        instrument = kernel.markets[strategy.symbol].instrument
        position = kernel.ledger.positions.get((strategy.name, strategy.symbol))
        net = position.realised - position.fees + position.funding if position else 0
        open_result = position.unrealised(kernel.markets[strategy.symbol].price) if position else 0
        return StrategyView(
            name=strategy.name,
            strategy=type(strategy).__module__.rpartition(".")[2],
            title=strategy.title or strategy.name,
            symbol=strategy.symbol,
            timeframe=strategy.timeframe,
            state=slot.state,
            detail=slot.detail,
            quantity=instrument.quantity(position.lots if position else 0),
            day_result=from_money(net + open_result - kernel.day.results.get(strategy.name, 0)),
            realised=from_money(net),
            parameters=tuple(
                parameter_view(parameter, getattr(strategy, name)) for name, parameter in strategy.parameters().items()
            ),
            inner=inner_values(strategy),
        )

    def risk(self) -> RiskView:
        kernel = self._kernel
        guards = kernel.guards
        now_ns = kernel.clock.time_ns
        return RiskView(
            trading_state=kernel.trading.state,
            reason=kernel.trading.reason,
            until_ns=kernel.trading.until_ns,
            killed=kernel.trading.kill is not None,
            crisis=guards.in_crisis,
            crisis_cause=guards.every_crisis_cause,
            denied_today=kernel.day.denied,
            size_factor=guards.size_factor(),
            limits=tuple(limits_in_use(kernel)),
            protections=tuple((name, owner, until) for (name, owner), until in guards.pauses.items() if until > now_ns),
            throttled=tuple(sorted(kernel.gate.throttled)),
        )

    def preview(self, intent: Intent) -> VerdictView:
        """What the gate would say to an intent now, and what it would cost. Nothing is counted or sent."""
        kernel = self._kernel
        denial = kernel.gate.judge(intent)
        market = kernel.markets.get(intent.symbol)
        told = None
        if market is not None:
            told = order_cost(
                intent,
                market,
                kernel.ledger.net_lots.get(intent.symbol, 0),
                leverage=kernel.terms.leverage,
                rates=self._told_rates.get(intent.symbol, self._rates),
            )
        settle = market.instrument.settle if market is not None else kernel.ledger.currency
        cost, fee, margin, risk = (
            kernel.ledger.worth(settle, amount or 0)
            for amount in ((told.cost, told.fee, told.margin, told.risk) if told is not None else (0, 0, 0, 0))
        )
        return VerdictView(
            allowed=denial is None,
            code=denial.code if denial else "",
            text=denial.text if denial else "Gate allows",
            value=denial.value if denial else _share_text(cost, kernel.ledger.equity()),
            limit=denial.limit if denial else percent_text(kernel.terms.limits.order_value),
            cost=from_money(cost),
            fee=from_money(fee),
            margin=from_money(margin),
            risk=from_money(risk) if told is not None and told.risk is not None else None,
            maker=told is not None and told.maker,
        )


def protects(order: Order, lots: int) -> bool:
    """Whether it is a stop that works at the venue against a position of signed ``lots``."""
    works = order.role is OrderRole.PROTECTIVE_STOP and order.state in WORKING
    return works and order.side * lots < 0


def entry_price(instrument: Instrument, lots: int, cost: int) -> Decimal:
    """Average entry of a position from its cost, with two decimals more than the tick has."""
    valuation = instrument.valuation
    unit = Decimal(valuation.numerator) / valuation.denominator
    quantum = Decimal(1).scaleb(-instrument.price_decimals)
    if valuation.inverse:
        ticks = Decimal(-lots) * unit / cost if cost else _ZERO
    else:
        ticks = Decimal(cost) / (lots * unit)
    return (ticks * instrument.tick).quantize(quantum)


def parameter_view(parameter: Parameter[Any], value: Any) -> ParameterView:
    return ParameterView(
        name=parameter.name,
        kind=parameter.kind,
        value=value,
        default=parameter.default,
        minimum=parameter.minimum,
        maximum=parameter.maximum,
        step=parameter.step,
        unit=parameter.unit,
        help=parameter.help,
        choices=parameter.choices,
    )


def _average(instrument: Instrument, value: int, lots: int) -> Decimal:
    ticks = Decimal(value) / lots
    return (ticks * instrument.tick).quantize(Decimal(1).scaleb(-instrument.price_decimals))


def _percent(part: int, whole: int) -> Decimal:
    return (Decimal(part) * 100 / whole).quantize(Decimal("0.01")) if whole > 0 else _ZERO


def _share_text(part: int, whole: int) -> str:
    return f"{_percent(part, whole):.1f} % of equity"
