"""Each limit of the gate and the guards with its use, counted as they count it. Reading changes nothing."""

from __future__ import annotations

from workstation.core.timeframe import MINUTE_NS
from workstation.core.views import LimitView
from workstation.rules.limits import decline
from workstation.trading.kernel import Kernel
from workstation.trading.limit_rows import count_limit, rate_limit, rate_of, time_limit


def limits_in_use(kernel: Kernel) -> list[LimitView]:
    """What is held and in flight counts at its worst; a symbol that is only ordered counts among the positions."""
    limits, ledger, guards = kernel.terms.limits, kernel.ledger, kernel.guards
    equity, now_ns = ledger.equity(), kernel.clock.time_ns
    in_crisis = guards.in_crisis
    exposure = position = order_worth = symbols = 0
    for symbol, market in kernel.markets.items():
        group = kernel.orders.by_symbol.get(symbol)
        worst = kernel.gate.exposure.worst_case.sides(symbol).worst
        worth = kernel.gate.exposure.worth(market, market.price, worst)
        symbols += bool(worst)
        exposure += worth
        position = max(position, worth)
        for order in group.orders.values() if group is not None else ():
            if not order.reduce_only:
                price = order.price or order.stop_price or market.price
                order_worth = max(order_worth, kernel.gate.exposure.worth(market, price, order.remaining))
    age_ns = max((now_ns - market.last_ns for market in kernel.markets.values() if market.last_ns), default=0)
    minute = max(
        (sum(1 for ts in owner.sent if ts > now_ns - MINUTE_NS) for owner in kernel.gate.activity.owners.values()),
        default=0,
    )
    drawdown, losses = decline(guards.peak_equity, equity), guards.losses_in_a_row
    to_crisis = [
        rate_limit("Drawdown to crisis mode", drawdown, limits.crisis_drawdown),
        count_limit("Losses to crisis mode", losses, limits.crisis_losses),
    ]
    return [
        rate_limit("Day loss", decline(guards.day_equity, equity), limits.day_loss, sign="−"),
        rate_limit("Drawdown", drawdown, limits.drawdown),
        rate_limit("Gross exposure", rate_of(exposure, equity), limits.gross_exposure * kernel.terms.leverage),
        rate_limit("Largest position", rate_of(position, equity), limits.position_value),
        rate_limit("Largest order", rate_of(order_worth, equity), limits.order_value),
        count_limit(
            "Symbols held or ordered", symbols, limits.crisis_positions if in_crisis else limits.open_positions
        ),
        count_limit("Working orders", kernel.orders.open_count, limits.open_orders),
        count_limit("Orders a minute", minute, limits.orders_per_minute),
        count_limit("Losses in a row", losses, limits.losses_in_a_row),
        *(() if in_crisis else to_crisis),
        time_limit("Feed age", age_ns, limits.stale_ns),
        time_limit("Clock drift", abs(kernel.gate.clock_offset_ns), limits.drift_ns),
    ]
