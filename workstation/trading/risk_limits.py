"""The gate's limits as integers, made once from the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from workstation.config.settings import Risk
from workstation.core.instrument import Instrument
from workstation.core.money import RATE_SCALE, to_money
from workstation.core.timeframe import SECOND_NS, TIMEFRAMES

DEFAULT_QUANTITY = "default"


class RiskLimits(NamedTuple):
    """Rates in 1e-8, money in 1e-8 of the account's currency, times in nanoseconds."""

    risk_per_trade: int
    order_value: int
    order_lots: Mapping[str, int]
    order_worth: int
    position_value: int
    gross_exposure: int
    open_positions: int
    open_orders: int
    orders_per_second: int
    orders_per_minute: int
    repeats: int
    duplicate_window_ns: int
    collar: int
    stale_ns: int
    drift_ns: int
    day_loss: int
    drawdown: int
    hard_stop: int
    """Part of the equity at which a strategy's position without a stop of its own is stopped; 0 keeps none."""
    permitted: frozenset[str]
    losses_in_a_row: int
    losses_pause_ns: int
    stop_guard_stops: int
    stop_guard_window_ns: int
    stop_guard_pause_ns: int
    drawdown_guard: int
    drawdown_guard_window_ns: int
    drawdown_guard_pause_ns: int
    cooldown_bars: int
    crisis_drawdown: int
    crisis_losses: int
    crisis_size_factor: Decimal
    crisis_positions: int
    loss_limits: bool
    """False only for a backtest run with ``--limits none``: no loss limits, protections or crisis mode."""


def risk_limits(risk: Risk, instruments: Mapping[str, Instrument], loss_limits: bool = True) -> RiskLimits:
    protections, crisis = risk.protections, risk.crisis
    bar_ns = TIMEFRAMES[protections.bar]
    return RiskLimits(
        risk_per_trade=_percent(risk.risk_per_trade_percent),
        order_value=_percent(risk.order_value_percent),
        order_lots={
            symbol: instruments[symbol].lots_rounded(quantity)
            for symbol, quantity in risk.order_quantity.items()
            if symbol in instruments
        },
        order_worth=to_money(risk.order_quantity[DEFAULT_QUANTITY]),
        position_value=_percent(risk.position_value_percent),
        gross_exposure=_percent(risk.gross_exposure_percent),
        open_positions=risk.open_positions,
        open_orders=risk.open_orders,
        orders_per_second=risk.orders_per_second,
        orders_per_minute=risk.orders_per_minute,
        repeats=risk.repeats,
        duplicate_window_ns=risk.duplicate_window_ms * 1_000_000,
        collar=_percent(risk.price_collar_percent),
        stale_ns=int(risk.stale_data_s * SECOND_NS),
        drift_ns=int(risk.clock_drift_s * SECOND_NS),
        day_loss=_percent(risk.day_loss_percent),
        drawdown=_percent(risk.drawdown_percent),
        hard_stop=_percent(risk.hard_stop_percent) if risk.protective_stop else 0,
        permitted=frozenset(risk.permitted or instruments),
        losses_in_a_row=protections.losses_in_a_row,
        losses_pause_ns=protections.losses_pause_bars * bar_ns,
        stop_guard_stops=protections.stop_guard.stops,
        stop_guard_window_ns=protections.stop_guard.within_bars * bar_ns,
        stop_guard_pause_ns=protections.stop_guard.pause_bars * bar_ns,
        drawdown_guard=_percent(protections.drawdown.percent),
        drawdown_guard_window_ns=protections.drawdown.within_bars * bar_ns,
        drawdown_guard_pause_ns=protections.drawdown.pause_bars * bar_ns,
        cooldown_bars=protections.cooldown_bars,
        crisis_drawdown=_percent(crisis.drawdown_percent),
        crisis_losses=crisis.losses_in_a_row,
        crisis_size_factor=crisis.size_factor,
        crisis_positions=crisis.most_positions,
        loss_limits=loss_limits,
    )


def _percent(percent: Decimal) -> int:
    return int(percent * RATE_SCALE / 100)
