"""Executions as screens show them: the order's owner and reason, and the result that the ledger booked."""

from __future__ import annotations

from collections.abc import Callable

from workstation.core.messages import OrderFilled, PositionLiquidated, PositionTransferred
from workstation.core.money import from_money
from workstation.core.types import Liquidity
from workstation.core.views import FillView
from workstation.trading.kernel import Kernel


class Executions:
    """Subscribes to the kernel's bus once and reads each realised result off the ledger, right after it was booked."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._handlers: tuple[Callable[[FillView], None], ...] = ()
        self._realised = {key: position.realised for key, position in kernel.ledger.positions.items()}
        bus = kernel.bus
        self._ends = [
            bus.subscribe(OrderFilled, self._on_fill),
            bus.subscribe(PositionLiquidated, self._on_liquidation),
            bus.subscribe(PositionTransferred, lambda _: self._read_realised()),
        ]

    def close(self) -> None:
        """Hear nothing more of the kernel."""
        for end in self._ends:
            end()

    def subscribe(self, handler: Callable[[FillView], None]) -> Callable[[], None]:
        """Hear of each execution; the function that ends it."""
        self._handlers = (*self._handlers, handler)

        def unsubscribe() -> None:
            self._handlers = tuple(each for each in self._handlers if each is not handler)

        return unsubscribe

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
        for handler in self._handlers:
            handler(view)
