"""Order lists of the spot market: one order cancels the other (OCO), and one triggers others (OTO, OTOCO)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from workstation.sandbox import errors, spot_format
from workstation.sandbox.errors import ApiError
from workstation.sandbox.orders import CANCELED, EXPIRED, FILLED, NEW, PENDING_NEW, REJECTED, NewOrder, OrderRecord

if TYPE_CHECKING:
    from workstation.sandbox.spot_desk import SpotDesk


class OrderList(msgspec.Struct, kw_only=True):
    """What is pending begins to work when the order ``working_id`` has filled; all others exclude each other."""

    list_id: int
    symbol: str
    client_id: str
    order_ids: list[int] = []
    working_id: int = 0
    """0 for an OCO."""
    created_ns: int
    updated_ns: int
    is_open: bool = True

    @property
    def contingency(self) -> str:
        return "OTO" if self.working_id else "OCO"


class OrderLists:
    """The order lists of one account."""

    def __init__(self, desk: SpotDesk) -> None:
        self._desk = desk
        self.lists: dict[int, OrderList] = {}
        self._open: dict[int, OrderList] = {}
        self._filled: list[OrderList] = []
        """Lists whose working order has filled, and whose pending orders are to be placed."""
        self._ending_others = False

    # --- requests ----------------------------------------------------------------------------------------------------

    def place(self, client_id: str, orders: Sequence[NewOrder], working: NewOrder | None = None) -> OrderList:
        """Take up orders that exclude each other, at once or when ``working`` has filled. Raises ``ApiError``."""
        desk = self._desk
        every = [*([working] if working else []), *orders]
        names = [new.client_order_id for new in every if new.client_order_id]
        if len(set(names)) < len(names) or (client_id and self._named(client_id, self._open)):
            raise errors.rejected_order("Duplicate order sent.")
        for name in names:
            desk.refuse_duplicate(every[0].symbol, name)
        desk.check([working] if working else orders)
        now_ns = desk.floor.clock.time_ns
        list_id = desk.floor.take_id("list")
        order_list = OrderList(
            list_id=list_id,
            symbol=every[0].symbol,
            client_id=client_id or f"sandbox-list-{list_id}",
            created_ns=now_ns,
            updated_ns=now_ns,
        )
        records = [desk.record_in(new, order_list) for new in every]
        order_list.order_ids = [record.order_id for record in records]
        if working:
            order_list.working_id = records[0].order_id
            for record in records[1:]:
                record.status = PENDING_NEW
        self.lists[list_id] = self._open[list_id] = order_list
        self._tell(order_list)
        self._begin(records)
        return order_list

    def cancel(self, order_list: OrderList, cancel_id: str = "") -> list[OrderRecord]:
        """Cancel an open list: all of its open orders, which are returned."""
        cancelled = [record for record in self.records(order_list) if record.is_open]
        del self._open[order_list.list_id]
        for record in cancelled:
            record.cancel_id = cancel_id or f"cancel-{record.order_id}"
            self._desk.end(record, CANCELED)
        self._close(order_list)
        return cancelled

    def find(self, list_id: int | None, client_id: str) -> OrderList | None:
        """The list by either of its ids; the newest of those that had the client id."""
        return self.lists.get(list_id) if list_id is not None else self._named(client_id, self.lists)

    def open_list(self, record: OrderRecord) -> OrderList | None:
        """The open list that an order belongs to."""
        return self._open.get(record.list_id)

    def open_lists(self) -> list[OrderList]:
        """Oldest first."""
        return list(self._open.values())

    def records(self, order_list: OrderList) -> list[OrderRecord]:
        """The orders of a list."""
        return [self._desk.orders[order_id] for order_id in order_list.order_ids]

    @staticmethod
    def _named(client_id: str, lists: dict[int, OrderList]) -> OrderList | None:
        return next((found for found in reversed(lists.values()) if found.client_id == client_id), None)

    # --- what follows ------------------------------------------------------------------------------------------------

    def on_changed(self, record: OrderRecord) -> None:
        """An order has been taken up, has filled or has ended: what the others of its list do."""
        order_list = self.open_list(record)
        if order_list is None or self._ending_others:
            return
        if record.order_id == order_list.working_id:
            if record.status == FILLED:
                self._filled.append(order_list)
            elif not record.is_open:
                self.end_others(record)
        elif record.filled or not record.is_open:
            self.end_others(record)
        if not any(each.is_open for each in self.records(order_list)):
            del self._open[order_list.list_id]
            self._close(order_list)

    def end_others(self, record: OrderRecord) -> None:
        """An order works now or has ended: the others of its list expire, or are rejected with it."""
        order_list = self.open_list(record)
        if order_list is None:
            return
        self._ending_others = True
        for other in self.records(order_list):
            if other is not record and other.is_open:
                self._desk.end(other, REJECTED if record.status == REJECTED else EXPIRED)
        self._ending_others = False

    def place_pending(self) -> None:
        """Place what is pending behind working orders that have filled; what cannot be placed is rejected."""
        while self._filled:
            order_list = self._filled.pop(0)
            pending = [record for record in self.records(order_list) if record.status == PENDING_NEW]
            try:
                self._desk.check(pending)
            except ApiError:
                self._desk.end(pending[0], REJECTED)
                continue
            for record in pending:
                record.status = NEW
            self._begin(pending)

    def _begin(self, records: Iterable[OrderRecord]) -> None:
        for record in records:
            # One that begins may end those that come after it.
            if record.is_open:
                self._desk.begin(record)

    def _close(self, order_list: OrderList) -> None:
        order_list.is_open = False
        self._tell(order_list)

    def _tell(self, order_list: OrderList) -> None:
        desk = self._desk
        order_list.updated_ns = desk.floor.clock.time_ns
        event = spot_format.list_status(order_list, self.records(order_list), order_list.updated_ns)
        desk.floor.tell(desk.account, desk.market, event)
        desk.floor.changes["list", desk.account, str(order_list.list_id)] = lambda: order_list

    def restore(self, lists: Iterable[OrderList]) -> None:
        """Take over what was stored, after the orders."""
        for order_list in lists:
            self.lists[order_list.list_id] = order_list
            if order_list.is_open:
                self._open[order_list.list_id] = order_list
