"""The spot market's desk: balances that orders lock, stops and order lists, and fees out of what is received."""

from __future__ import annotations

from collections.abc import Sequence

from workstation.core.messages import FundingPaid, OrderRejected, PositionLiquidated
from workstation.core.types import Side
from workstation.rules.matching import is_marketable, is_triggered
from workstation.sandbox import errors, spot_format
from workstation.sandbox.engine_orders import placement
from workstation.sandbox.fees import SPOT_COSTS
from workstation.sandbox.floor import Floor
from workstation.sandbox.listing import Listing, Market
from workstation.sandbox.order_lists import OrderList, OrderLists
from workstation.sandbox.orders import CANCELED, PENDING_NEW, Execution, NewOrder, OrderRecord
from workstation.sandbox.spot_triggers import direction, follow, is_conditional, is_waiting, lock_price
from workstation.sandbox.trading_desk import TradingDesk
from workstation.venues.simulated.validation import MINIMUM_NOTIONAL, QUANTITY


class SpotDesk(TradingDesk):
    market = Market.SPOT
    costs = SPOT_COSTS

    def __init__(self, account: str, floor: Floor) -> None:
        super().__init__(account, floor, {})
        self.lists = OrderLists(self)

    # --- balances ----------------------------------------------------------------------------------------------------

    def total(self, asset: str) -> int:
        """What the account owns, locked or not, in 1e-8."""
        return self.venue.account.cash.get(asset, 0)

    def locked(self, asset: str) -> int:
        """What open orders hold back."""
        alone, shared = 0, dict[int, int]()
        for record in self.open.values():
            if record.status == PENDING_NEW or self._locked_asset(record) != asset:
                continue
            locks = self._locks(record)
            if record.list_id < 0:
                alone += locks
            else:
                # Orders of a list exclude each other: the dearest of them is locked.
                shared[record.list_id] = max(shared.get(record.list_id, 0), locks)
        return alone + sum(shared.values())

    def free(self, asset: str) -> int:
        return self.total(asset) - self.locked(asset)

    def assets(self) -> list[str]:
        """Assets that the account has ever had something of."""
        return sorted(self.venue.account.cash)

    def credit(self, asset: str, amount: int) -> None:
        """Book a deposit, or with a negative amount a withdrawal. Raises ``ApiError`` when it is not covered."""
        if amount < 0 and self.free(asset) < -amount:
            raise errors.insufficient_balance()
        cash = self.venue.account.cash
        cash[asset] = cash.get(asset, 0) + amount
        self.touched.add(asset)
        self.store_account()
        now_ns = self.floor.clock.time_ns
        self.floor.tell(self.account, self.market, spot_format.balance_update(asset, amount, now_ns))

    def _locked_asset(self, order: NewOrder | OrderRecord) -> str:
        listing = self.listings[order.symbol]
        return listing.quote if order.side is Side.BUY else listing.base

    def _locks(self, record: OrderRecord) -> int:
        listing = self.listings[record.symbol]
        if record.side is Side.BUY:
            return listing.worth(record.lock_price or record.price or record.stop_price, record.remaining)
        return listing.base_money(record.remaining)

    # --- the account's word on an order ------------------------------------------------------------------------------

    def _check(self, new: NewOrder, listing: Listing) -> None:
        self.check([new])

    def check(self, orders: Sequence[NewOrder | OrderRecord]) -> None:
        """Raise ``ApiError`` when orders cannot begin now, or the account does not carry the dearest of them."""
        for order in orders:
            listing = self.listings[order.symbol]
            if order.type == "LIMIT_MAKER":
                best = listing.book.best_ask if order.side is Side.BUY else listing.book.best_bid
                if best and is_marketable(order.side, order.price, best):
                    raise errors.rejected_order("Order would immediately match and take.")
            if order.stop_price and listing.last and is_triggered(direction(order), order.stop_price, listing.last):
                raise errors.rejected_order("Stop price would trigger immediately.")
        for order in orders:
            if self._needs(order) > self.free(self._locked_asset(order)):
                raise errors.insufficient_balance()

    def _needs(self, order: NewOrder | OrderRecord) -> int:
        listing = self.listings[order.symbol]
        if order.side is Side.SELL:
            return listing.base_money(order.lots)
        if order.type == "MARKET":
            return listing.cost_of(Side.BUY, order.lots)
        return listing.worth(lock_price(order, listing.last), order.lots)

    # --- what waits --------------------------------------------------------------------------------------------------

    def _record(self, new: NewOrder) -> OrderRecord:
        record = super()._record(new)
        record.lock_price = lock_price(new, self.listings[new.symbol].last)
        return record

    def record_in(self, new: NewOrder, order_list: OrderList) -> OrderRecord:
        """An order of a list, in the books but not begun."""
        record = self._record(new)
        record.list_id = order_list.list_id
        self.enter(record)
        return record

    def _submit(self, record: OrderRecord) -> None:
        if not is_conditional(record):
            self._send(record)
            return
        last = self.listings[record.symbol].last
        if last and not record.stop_price:
            follow(record, last, record.created_ns)
        self._report(record, "NEW")

    def begin(self, record: OrderRecord) -> None:
        """Let an order of a list begin: wait for its price or for another order, or work."""
        if record.status == PENDING_NEW:
            self._report(record, "NEW")
            return
        record.lock_price = lock_price(record, self.listings[record.symbol].last)
        if is_conditional(record):
            self._submit(record)
        else:
            self._send(record, judged=True)

    def _send(self, record: OrderRecord, judged: bool = False) -> None:
        self.venue.send(placement(record, judged))
        self._settle()

    def on_price(self, listing: Listing) -> None:
        for record in self.open_orders(listing.symbol):
            if not is_waiting(record):
                continue
            before = record.trailing_ns, record.best
            if follow(record, listing.last, self.floor.clock.time_ns):
                self.lists.end_others(record)
                # Its balance has been locked since it was taken up.
                self._send(record, judged=True)
            elif before != (record.trailing_ns, record.best):
                self.store(record)

    def cancel(self, record: OrderRecord, cancel_id: str = "") -> None:
        """Cancel an open order, and with it the list that it belongs to."""
        order_list = self.lists.open_list(record)
        if order_list is not None:
            self.lists.cancel(order_list, cancel_id)
            return
        record.cancel_id = cancel_id
        self.end(record, CANCELED)

    def end(self, record: OrderRecord, status: str) -> None:
        """End an open order, wherever it is."""
        if record.is_working:
            self._withdraw(record, status)
            return
        record.updated_ns = self.floor.clock.time_ns
        self._end(record, status)
        self._report(record, status)

    def delist(self, symbol: str) -> None:
        for record in self.open_orders(symbol):
            if record.is_open:
                self.cancel(record)

    def _report(self, record: OrderRecord, execution: str) -> None:
        """Tell and store what happened to an order that does not work."""
        self._tell(execution, record)
        self._touch(record)
        self.store(record)
        self._changed(record)

    def _changed(self, record: OrderRecord) -> None:
        if record.list_id >= 0:
            self.lists.on_changed(record)

    def conclude(self) -> None:
        self.lists.place_pending()
        super().conclude()

    def _refused(self, rejection: OrderRejected) -> errors.ApiError:
        if rejection.code == QUANTITY:
            return errors.filter_failure("LOT_SIZE")
        if rejection.code == MINIMUM_NOTIONAL:
            return errors.filter_failure("NOTIONAL")
        return errors.insufficient_balance()

    def _duplicate(self) -> errors.ApiError:
        return errors.rejected_order("Duplicate order sent.")

    # --- the user's stream -------------------------------------------------------------------------------------------

    def _tell(self, execution: str, record: OrderRecord, trade: Execution | None = None) -> None:
        listing = self.listings[record.symbol]
        now_ns = self.floor.clock.time_ns
        event = spot_format.execution_report(
            listing, record, execution, trade, now_ns, self.floor.take_id("transaction")
        )
        self.floor.tell(self.account, self.market, event)

    def tell_balances(self) -> None:
        if not self.touched:
            return
        balances = [(asset, self.free(asset), self.locked(asset)) for asset in sorted(self.touched)]
        self.touched.clear()
        now_ns = self.floor.clock.time_ns
        self.floor.tell(self.account, self.market, spot_format.account_position(balances, now_ns))

    def _on_funding(self, report: FundingPaid) -> None:
        raise AssertionError("Spot pays no funding.")

    def _on_liquidated(self, report: PositionLiquidated) -> None:
        raise AssertionError("Spot is not liquidated.")
