"""What a real paper session published: executions and metrics made from its journal."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.replay.paper_session import PaperSession, busy_configuration
from workstation.core.instrument import Instrument
from workstation.core.messages import EquitySampled, PlaceOrder, TransferPosition
from workstation.core.money import from_money
from workstation.core.orders import Intent
from workstation.core.types import Mode, Side
from workstation.messaging.bodies import ExecutionBody, MetricsBody
from workstation.services.execution_bodies import _WRITERS, ExecutionWriter


def _metrics(event: EquitySampled) -> MetricsBody:
    return MetricsBody(
        equity=from_money(event.equity),
        cash=from_money(event.cash),
        exposure=from_money(event.exposure),
        realized_pnl=from_money(event.realised),
        unrealized_pnl=from_money(event.unrealised),
        fees=Decimal(0),
        funding=Decimal(0),
        currency="USDT",
        cause="minute",
    )


class Published(NamedTuple):
    executions: Sequence[ExecutionBody]
    metrics: Sequence[tuple[int, MetricsBody]]
    instruments: dict[str, Instrument]
    realised: int
    fees: int
    funding: int
    losses_in_a_row: int
    peak_equity: int
    equity: int


@cache
def published() -> Published:
    """A session of half an hour with four strategies, a manual order, and a position handed over."""
    with TemporaryDirectory() as folder:
        paper = PaperSession(Path(folder), busy_configuration())
        kernel = paper.session.kernel
        writer = ExecutionWriter(kernel.terms.instruments, Mode.PAPER, "paper-01-1")
        executions: list[ExecutionBody] = []
        metrics: list[tuple[int, MetricsBody]] = []
        kernel.settlement.listeners.append(lambda event, _, booking: writer.realised(event.fill_id, booking.realised))

        def tell(event: object) -> None:
            body = writer.body(event)  # type: ignore[arg-type]
            if body is not None:
                executions.append(body)
            if isinstance(event, EquitySampled):
                metrics.append((event.ts_ns, _metrics(event)))

        for order in kernel.orders.open_orders():
            writer.follow(order)
        kinds: tuple[type, ...] = (*_WRITERS, EquitySampled)
        for kind in kinds:
            kernel.bus.subscribe(kind, tell)
        paper.let_pass(900)
        price = kernel.markets["ETHUSDT"].last_price
        paper.command(PlaceOrder(intent=Intent(symbol="ETHUSDT", side=Side.BUY, lots=2_000, stop_loss=price // 2)))
        paper.let_pass(5)
        transfer = TransferPosition(symbol="ETHUSDT", from_owner="manual", to_owner="ema_cross", reason="handed over")
        assert "moved" in paper.command(transfer)
        paper.let_pass(900)
        ledger, guards = kernel.ledger, kernel.guards
        result = Published(
            tuple(executions),
            tuple(metrics),
            dict(kernel.terms.instruments),
            ledger.realised,
            ledger.fees,
            ledger.funding,
            guards.losses_in_a_row,
            guards.peak_equity,
            ledger.equity(),
        )
        paper.close()
    return result
