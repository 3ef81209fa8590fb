"""The account as the venue tells it to somebody who asks."""

from __future__ import annotations

from workstation.core.messages import AccountSnapshot, HeldPosition, OrderFilled, RestingOrder
from workstation.core.money import to_money
from workstation.core.orders import SnapshotRequest
from workstation.venues.simulated.account import VenueAccount
from workstation.venues.simulated.desk import Desk
from workstation.venues.simulated.order import VenueOrder
from workstation.venues.simulated.state import SymbolState


def account_snapshot(
    request: SnapshotRequest, ts_ns: int, desk: Desk, states: dict[str, SymbolState], account: VenueAccount
) -> AccountSnapshot:
    """What was asked for. Spot balances hold what the account owns, positions those of derivatives alone."""
    return AccountSnapshot(
        ts_ns=ts_ns,
        asked_ns=request.asked_ns,
        orders=tuple(_resting(order) for order in desk.orders.values()) if request.orders else None,
        positions=_positions(states) if request.positions else None,
        balances=_balances(states, account) if request.positions else None,
        fills=_fills_after(request, desk),
    )


def _resting(order: VenueOrder) -> RestingOrder:
    return RestingOrder(
        client_id=order.client_id,
        venue_id=f"V{order.client_id}",
        symbol=order.symbol_state.symbol,
        side=order.side,
        type=order.type,
        lots=order.lots,
        filled_lots=order.filled,
        price=order.limit,
        stop_price=order.stop_price,
        reduce_only=order.reduce_only,
    )


def _positions(states: dict[str, SymbolState]) -> tuple[HeldPosition, ...]:
    return tuple(
        HeldPosition(symbol, state.lots, state.cost, state.liquidation)
        for symbol, state in states.items()
        if state.is_derivative and state.lots
    )


def _balances(states: dict[str, SymbolState], account: VenueAccount) -> dict[str, int]:
    balances = dict(account.cash)
    for state in states.values():
        if not state.is_derivative and state.lots:
            base = state.instrument.base
            balances[base] = balances.get(base, 0) + to_money(state.instrument.quantity(state.lots))
    return {asset: amount for asset, amount in balances.items() if amount}


def _fills_after(request: SnapshotRequest, desk: Desk) -> tuple[OrderFilled, ...]:
    """Fills from the time of the last known one on: what else happened in that instant is told again."""
    known_ns = {symbol: time_ns for symbol, _, time_ns in request.known_fills}
    orders = [*desk.ended.values(), *desk.orders.values()]
    fills = [fill for order in orders if order is not None for fill in order.fills]
    return tuple(
        sorted(
            (fill for fill in fills if fill.ts_ns >= known_ns.get(fill.symbol, 0)),
            key=lambda fill: (fill.ts_ns, fill.fill_id),
        )
    )
