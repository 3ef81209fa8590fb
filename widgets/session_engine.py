"""The engine of this process behind the window's protocol: a session, its kernel and its history database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from widgets.engine import EquityPoint, Health
from widgets.session_market import SessionMarket
from workstation.core.messages import AnyCommand, OrderFilled, PositionLiquidated, PositionTransferred
from workstation.core.money import from_money
from workstation.core.orders import Intent
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import Liquidity, Mode, OrderRole, OrderState, OrderType, Side
from workstation.core.views import (
    AccountView,
    ConnectionView,
    FillView,
    OrderView,
    PositionView,
    ReconciliationView,
    RiskView,
    StrategyView,
    VerdictView,
)
from workstation.market.recordings.recorder import RunningRecording
from workstation.session import Session
from workstation.storage.database import EquityPoint as EquityRow
from workstation.storage.database import FillRow, OrderRow
from workstation.trading.arming import ArmingState

SIDES = {"buy": Side.BUY, "sell": Side.SELL}
CATCH_UP_S = 0.5


class SessionEngine:
    """Subscribes to the kernel's bus once for executions, whose realised result it reads off the ledger."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._kernel = session.kernel
        self._views = session.views
        self._markets = {symbol: SessionMarket(state) for symbol, state in session.kernel.markets.items()}
        self._fill_handlers: tuple[Callable[[Any], None], ...] = ()
        self._realised = {key: position.realised for key, position in self._kernel.ledger.positions.items()}
        bus = self._kernel.bus
        bus.subscribe(OrderFilled, self._on_fill)
        bus.subscribe(PositionLiquidated, self._on_liquidation)
        bus.subscribe(PositionTransferred, lambda _: self._read_realised())

    @property
    def mode(self) -> Mode:
        return self._session.mode

    @property
    def symbols(self) -> Sequence[str]:
        return self._session.settings.market.symbols

    @property
    def stale_ns(self) -> int:
        return int(self._session.settings.risk.stale_data_s * SECOND_NS)

    @property
    def failures(self) -> Mapping[str, str]:
        return self._session.failures

    def subscribe(self, message_type: type, handler: Callable[[Any], None]) -> Callable[[], None]:
        if message_type is not FillView:
            return self._kernel.bus.subscribe(message_type, handler)
        self._fill_handlers = (*self._fill_handlers, handler)

        def unsubscribe() -> None:
            self._fill_handlers = tuple(each for each in self._fill_handlers if each is not handler)

        return unsubscribe

    def command(self, command: AnyCommand) -> str:
        return self._session.command(command)

    def now_ns(self) -> int:
        return self._session.clock.now_ns()

    def market(self, symbol: str) -> SessionMarket:
        return self._markets[symbol]

    def account(self) -> AccountView:
        return self._views.account()

    def orders(self) -> Sequence[OrderView]:
        return self._views.orders()

    def order(self, client_id: str) -> OrderView | None:
        order = self._kernel.orders.orders.get(client_id)
        return None if order is None else self._views.order(order)

    def positions(self) -> Sequence[PositionView]:
        return self._views.positions()

    def risk(self) -> RiskView:
        return self._views.risk()

    def strategies(self) -> Sequence[StrategyView]:
        return self._views.strategies()

    def preview(self, intent: Intent) -> VerdictView:
        return self._views.preview(intent)

    def health(self) -> Health:
        session = self._session
        return Health(session.health.view(self.now_ns(), session.journal.last_seq), session.health.lag_p99_ms)

    def connection(self) -> ConnectionView | None:
        return self._session.connection()

    @property
    def notes(self) -> Sequence[str]:
        return self._session.notes

    def reconciliation(self) -> ReconciliationView:
        return self._session.reconciliation()

    def arming(self) -> ArmingState | None:
        arming = self._session.arming
        return None if arming is None else arming.state

    def recordings(self) -> Sequence[RunningRecording]:
        return self._session.recordings.recording()

    def start_recording(self, symbol: str) -> None:
        self._session.recordings.start(symbol)

    def stop_recording(self, symbol: str) -> None:
        self._session.recordings.stop(symbol)

    # --- Executions -------------------------------------------------------------------------------------------------

    def _on_fill(self, fill: OrderFilled) -> None:
        order = self._kernel.orders.orders.get(fill.client_id)
        owner = order.owner if order is not None else ""
        reason = order.reason if order is not None else ""
        self._publish(fill, owner, fill.client_id, reason, fill.liquidity, fill.slippage, self._result(owner, fill))

    def _on_liquidation(self, event: PositionLiquidated) -> None:
        before = sum(self._realised.values())
        self._read_realised()
        realised = sum(self._realised.values()) - before
        self._publish(event, "venue", "", "liquidated", Liquidity.TAKER, 0, realised)

    def _result(self, owner: str, fill: OrderFilled) -> int:
        """What the fill realised: it is published right after it is booked, so the ledger has nothing newer."""
        position = self._kernel.ledger.positions.get((owner, fill.symbol))
        if position is None:
            return 0
        before = self._realised.get((owner, fill.symbol), 0)
        self._realised[(owner, fill.symbol)] = position.realised
        return position.realised - before

    def _read_realised(self) -> None:
        self._realised = {key: position.realised for key, position in self._kernel.ledger.positions.items()}

    def _publish(
        self,
        fill: OrderFilled | PositionLiquidated,
        owner: str,
        client_id: str,
        reason: str,
        liquidity: Liquidity,
        slippage: int,
        realised: int,
    ) -> None:
        instrument = self._kernel.markets[fill.symbol].instrument
        view = FillView(
            fill_id=fill.fill_id,
            client_id=client_id,
            ts_ns=fill.ts_ns,
            symbol=fill.symbol,
            owner=owner,
            side=fill.side,
            quantity=instrument.quantity(fill.lots),
            price=instrument.price(fill.price),
            fee=from_money(fill.fee),
            fee_asset=fill.fee_asset,
            liquidity=liquidity,
            realised=from_money(realised),
            slippage=from_money(slippage),
            reason=reason,
        )
        for handler in self._fill_handlers:
            handler(view)

    # --- History ----------------------------------------------------------------------------------------------------

    def past_orders(self, limit: int) -> Sequence[OrderView]:
        self._session.projection.wait_for(self._session.journal.last_seq, CATCH_UP_S)
        known = self._kernel.markets
        ended = [str(state) for state in OrderState if state.is_terminal]
        rows = OrderRow.select().where(OrderRow.state.in_(ended)).order_by(OrderRow.created_ns.desc()).limit(limit)
        return [_order_of(row) for row in reversed(list(rows)) if row.symbol in known]

    def past_fills(self, limit: int) -> Sequence[FillView]:
        rows = list(FillRow.select().order_by(FillRow.seq.desc()).limit(limit))
        orders = OrderRow.select(OrderRow.client_id, OrderRow.reason)
        reasons = {
            row.client_id: row.reason for row in orders.where(OrderRow.client_id.in_({r.client_id for r in rows}))
        }
        return [_fill_of(row, reasons.get(row.client_id, "")) for row in reversed(rows)]

    def past_equity(self, limit: int) -> Sequence[EquityPoint]:
        rows = EquityRow.select().order_by(EquityRow.seq.desc()).limit(limit)
        return [EquityPoint(row.ts_ns, float(row.equity)) for row in reversed(list(rows))]


def _order_of(row: Any) -> OrderView:
    average = row.filled_value / row.filled if row.filled else None
    return OrderView(
        client_id=row.client_id,
        symbol=row.symbol,
        owner=row.owner,
        side=SIDES[row.side],
        type=OrderType(row.type),
        role=OrderRole(row.role),
        state=OrderState(row.state),
        quantity=row.quantity,
        filled=row.filled,
        price=row.price or None,
        stop_price=row.stop_price or None,
        average_price=average,
        reduce_only=row.reduce_only,
        created_ns=row.created_ns,
        updated_ns=row.updated_ns,
        reason=row.reason,
        note=row.note,
    )


def _fill_of(row: Any, reason: str) -> FillView:
    return FillView(
        fill_id=row.fill_id,
        client_id=row.client_id,
        ts_ns=row.ts_ns,
        symbol=row.symbol,
        owner=row.owner or "venue",
        side=SIDES[row.side],
        quantity=row.quantity,
        price=row.price,
        fee=row.fee or Decimal(0),
        fee_asset=row.fee_asset,
        liquidity=Liquidity(row.liquidity),
        realised=row.realised,
        slippage=row.slippage or Decimal(0),
        reason=reason,
    )
