"""The orders of one account on one market, by their ids."""

from __future__ import annotations

from workstation.sandbox.orders import OrderRecord


class AccountOrders:
    """``orders`` are all that there ever were, oldest first, ``open`` those that have not ended."""

    def __init__(self) -> None:
        self.orders: dict[int, OrderRecord] = {}
        self.open: dict[int, OrderRecord] = {}
        self._by_client: dict[tuple[str, str], int] = {}

    def enter(self, record: OrderRecord, is_open: bool = True) -> None:
        """Take an order in; its client id means it from now on."""
        self.orders[record.order_id] = record
        if is_open:
            self.open[record.order_id] = record
        self._by_client[record.symbol, record.client_order_id] = record.order_id

    def strike(self, record: OrderRecord, earlier: OrderRecord | None) -> None:
        """Take an order out as if it had never been; its client id means the ``earlier`` one again."""
        del self.orders[record.order_id], self.open[record.order_id]
        named = record.symbol, record.client_order_id
        del self._by_client[named]
        if earlier is not None:
            self._by_client[named] = earlier.order_id

    def find(self, symbol: str, order_id: int | None, client_order_id: str) -> OrderRecord | None:
        """The order by either of its ids; the newest of those that had the client id."""
        if order_id is None:
            order_id = self._by_client.get((symbol, client_order_id), -1)
        record = self.orders.get(order_id)
        return record if record is not None and record.symbol == symbol else None

    def find_open(self, symbol: str, client_order_id: str) -> OrderRecord | None:
        record = self.find(symbol, None, client_order_id)
        return record if record is not None and record.is_open else None

    def open_orders(self, symbol: str = "") -> list[OrderRecord]:
        """Open orders of a symbol, or of all, oldest first."""
        return [record for record in self.open.values() if symbol in ("", record.symbol)]
