"""Orders that come from elsewhere, under ids of their own: from a strategy core whose venue this engine is.

They pass the same gate as every other. What is refused, late, or not known here is answered by an event with the
order's id, so that the sender always hears.
"""

from __future__ import annotations

from workstation.core.errors import OrderError
from workstation.core.messages import (
    AmendRejected,
    CancelRejected,
    OrderRejected,
    RefuseRequest,
    TakeAmendment,
    TakeCancel,
    TakeOrder,
    TakeQuery,
)
from workstation.trading.denials import Denial, DenialCode
from workstation.trading.kernel import Kernel

NOT_FOUND = "NOT_FOUND"
_NOT_OPEN = "It is not open here."
_NOT_IN_PLACE = "The venue cannot change it in place, and who sent it would not know another one: cancel it first."


class Intake:
    """Carries out these commands on a kernel. They are inputs and need no journal of their own: what follows does."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        kernel.handle(TakeOrder, lambda _, command: self._order(command))
        kernel.handle(TakeCancel, lambda _, command: self._cancel(command))
        kernel.handle(TakeAmendment, lambda _, command: self._amend(command))
        kernel.handle(TakeQuery, lambda _, command: self._query(command))
        kernel.handle(RefuseRequest, lambda _, command: self._refuse(command))

    def _order(self, command: TakeOrder) -> None:
        kernel = self._kernel
        if command.client_id in kernel.orders.orders or command.client_id in kernel.denied_ids:
            return
        if command.expires_ns and kernel.clock.time_ns > command.expires_ns:
            kernel.deny(command.intent, Denial(DenialCode.EXPIRED, "It came too late."), command.client_id)
            return
        kernel.place(command.intent, panic=command.panic, client_id=command.client_id, reference=command.reference)

    def _cancel(self, command: TakeCancel) -> None:
        kernel = self._kernel
        order = kernel.orders.orders.get(command.client_id)
        if order is None or not order.is_open:
            kernel.emit(CancelRejected(ts_ns=kernel.clock.time_ns, client_id=command.client_id, reason=_NOT_OPEN))
        else:
            kernel.orders.request_cancel(order, command.reason)

    def _amend(self, command: TakeAmendment) -> None:
        kernel = self._kernel
        order = kernel.orders.orders.get(command.client_id)
        reason = _NOT_OPEN
        if order is not None and order.is_open:
            if order.amendments >= command.amendment:
                return
            if command.expires_ns and kernel.clock.time_ns > command.expires_ns:
                reason = "It came too late."
            elif not kernel.changes_in_place(order):
                reason = _NOT_IN_PLACE
            else:
                order.amendments = command.amendment - 1
                try:
                    kernel.amend(order, command.price or None, command.stop_price or None, command.lots or None)
                except OrderError as error:
                    reason = str(error)
                else:
                    return
            # Answered once: sent again, it is not judged anew.
            order.amendments = command.amendment
        self._keep_terms(command.client_id, reason, command.amendment)

    def _keep_terms(self, client_id: str, reason: str, amendment: int) -> None:
        now_ns = self._kernel.clock.time_ns
        self._kernel.emit(AmendRejected(ts_ns=now_ns, client_id=client_id, reason=reason, amendment=amendment))

    def _query(self, command: TakeQuery) -> None:
        """What is known here was told before; the answer that there is no such order is what is asked for."""
        kernel = self._kernel
        if command.client_id not in kernel.orders.orders:
            self._reject(command.client_id, NOT_FOUND, "There is no such order here.")

    def _refuse(self, command: RefuseRequest) -> None:
        """An order that was taken before is not touched by a message that names it."""
        order = self._kernel.orders.orders.get(command.client_id)
        if command.amendment:
            if order is None or order.amendments < command.amendment:
                self._keep_terms(command.client_id, command.reason, command.amendment)
        elif order is None:
            self._reject(command.client_id, command.code, command.reason)

    def _reject(self, client_id: str, code: str, reason: str) -> None:
        self._kernel.emit(
            OrderRejected(ts_ns=self._kernel.clock.time_ns, client_id=client_id, code=code, reason=reason)
        )
