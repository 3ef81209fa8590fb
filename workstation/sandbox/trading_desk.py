"""Where one account trades on one market: its orders and executions, and the simulated venue that matches them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from workstation.config.settings import Costs
from workstation.core.messages import (
    AmendRejected,
    FundingPaid,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    PositionLiquidated,
    Trade,
    VenueReport,
)
from workstation.core.orders import AmendRequest, CancelRequest
from workstation.core.types import Liquidity, Side
from workstation.sandbox import errors
from workstation.sandbox.account_orders import AccountOrders
from workstation.sandbox.desk_venue import desk_venue
from workstation.sandbox.engine_orders import placement, resting_order
from workstation.sandbox.floor import Floor
from workstation.sandbox.listing import Listing, Market
from workstation.sandbox.orders import (
    BOTH,
    CANCELED,
    EXPIRED,
    EXPIRED_IN_MATCH,
    FILLED,
    PARTIALLY_FILLED,
    Execution,
    NewOrder,
    OrderRecord,
    position_keys,
    record_of,
)
from workstation.sandbox.tape import TapeTrade
from workstation.venues.simulated.book_matching import SELF_TRADE
from workstation.venues.simulated.state import SymbolState


class TradingDesk(AccountOrders):
    """Base of the spot and the futures desk. Requests act at the clock's time and are done when they return."""

    market: Market
    costs: Costs
    sides: tuple[str, ...] = (BOTH,)
    """Position sides that the account may ever hold of a symbol."""

    def __init__(self, account: str, floor: Floor, cash: dict[str, int]) -> None:
        super().__init__()
        self.account = account
        self.floor = floor
        self.listings = floor.listings[self.market]
        self.executions: list[Execution] = []
        self.touched: set[str] = set()
        """Assets whose balance has changed in this turn."""
        self._rejection: OrderRejected | None = None
        self._refusal: AmendRejected | None = None
        self._withdrawn_as = CANCELED
        self.venue = desk_venue(account, floor, self.listings, self.costs, self.sides, cash, self._hear)

    def states(self, symbol: str) -> list[SymbolState]:
        """What the venue knows of each position side of a symbol."""
        return [self.venue.states[key] for key in position_keys(symbol, self.sides)]

    def sides_in_use(self) -> tuple[str, ...]:
        """Position sides of the mode that the account is in."""
        return self.sides

    def keys(self, symbol: str) -> tuple[str, ...]:
        """What a symbol's positions go by at the venue."""
        return position_keys(symbol, self.sides_in_use())

    # --- requests ----------------------------------------------------------------------------------------------------

    def place(self, new: NewOrder) -> OrderRecord:
        """Take an order; what became of it at once. Raises ``ApiError``, and then there is no order."""
        listing = self.listings[new.symbol]
        self._check(new, listing)
        self.refuse_duplicate(new.symbol, new.client_order_id)
        record = self._record(new)
        earlier = self.find(new.symbol, None, record.client_order_id)
        self.enter(record)
        percent = self.floor.partial_percent()
        if percent is None:
            self._submit(record)
        else:
            with listing.withheld(record.side, max(1, record.lots * percent // 100)):
                self._submit(record)
        rejection, self._rejection = self._rejection, None
        if rejection is not None:
            self.strike(record, earlier)
            raise self._refused(rejection)
        self.store(record)
        return record

    def refuse_duplicate(self, symbol: str, client_order_id: str) -> None:
        """Raise ``ApiError`` when an open order has the client id."""
        if self.find_open(symbol, client_order_id) is not None:
            raise self._duplicate()

    def _record(self, new: NewOrder) -> OrderRecord:
        return record_of(new, self.floor.take_id("order"), self.floor.clock.time_ns)

    def _submit(self, record: OrderRecord) -> None:
        self.venue.send(placement(record))
        self._settle()

    def cancel(self, record: OrderRecord, cancel_id: str = "") -> None:
        """Cancel an open order."""
        record.cancel_id = cancel_id
        self._withdraw(record, CANCELED)

    def _withdraw(self, record: OrderRecord, status: str) -> None:
        """Take a working order out of the market; it ends with the status."""
        self._withdrawn_as = status
        self.venue.send(CancelRequest(str(record.order_id)))
        self._settle()
        self._withdrawn_as = CANCELED

    def amend(self, record: OrderRecord, price: int, lots: int) -> None:
        """Change an open limit order. Raises ``ApiError``, and then it is as it was."""
        self.venue.send(AmendRequest(str(record.order_id), price, 0, lots, amendment=0, expires_ns=0))
        self._settle()
        refusal, self._refusal = self._refusal, None
        if refusal is not None:
            raise errors.ApiError(-2010, refusal.reason)

    def _settle(self) -> None:
        self.floor.clock.advance(self.floor.clock.time_ns)

    def delist(self, symbol: str) -> None:
        """The symbol is not traded any more: its orders end."""
        for record in self.open_orders(symbol):
            self.cancel(record)

    def on_trade(self, trade: Trade, left: int) -> int:
        """A trade of the market, of which so many lots are left; those that no order here took either."""
        for state in self.states(trade.symbol):
            # All sides stand at one price before any is looked at: they secure each other.
            state.last = trade.price
        for key in self.keys(trade.symbol):
            before = len(self.executions)
            self.venue.on_trade(msgspec.structs.replace(trade, symbol=key, lots=left))
            left -= sum(done.lots for done in self.executions[before:] if done.maker)
        return left

    def on_book(self, symbol: str) -> None:
        """The market's book has changed."""
        for key in self.keys(symbol):
            self.venue.on_book(key)

    def on_price(self, listing: Listing) -> None:
        """The last or the mark price of a symbol has changed."""

    def conclude(self) -> None:
        """An event of the market or a request is over: do what follows from it, and tell the balances."""
        self.tell_balances()

    def resting(self, symbol: str) -> Iterator[tuple[Side, int, int]]:
        """Side, price and visible lots of what rests in the book."""
        for key in self.keys(symbol):
            for order in self.venue.states[key].orders.values():
                if order.resting:
                    yield order.side, order.limit, order.shown

    # --- what the market's side differs in ---------------------------------------------------------------------------

    def _check(self, new: NewOrder, listing: Listing) -> None:
        """Raise ``ApiError`` when the account cannot carry the order."""
        raise NotImplementedError

    def _refused(self, rejection: OrderRejected) -> errors.ApiError:
        raise NotImplementedError

    def _duplicate(self) -> errors.ApiError:
        raise NotImplementedError

    def _tell(self, execution: str, record: OrderRecord, trade: Execution | None = None) -> None:
        """Tell the user's stream what happened to an order."""
        raise NotImplementedError

    def tell_balances(self) -> None:
        """Tell the user's stream which balances have changed since it was last told."""
        raise NotImplementedError

    # --- reports of the venue ----------------------------------------------------------------------------------------

    def _hear(self, report: VenueReport) -> None:
        if isinstance(report, OrderRejected):
            self._rejection = report
        elif isinstance(report, AmendRejected):
            self._refusal = report
        elif isinstance(report, FundingPaid):
            self._on_funding(report)
        elif isinstance(report, PositionLiquidated):
            self._on_liquidated(report)
        elif isinstance(report, OrderAccepted | OrderFilled | OrderCancelled | OrderExpired | OrderAmended):
            self._on_order(self.orders[int(report.client_id)], report)

    def _on_order(
        self,
        record: OrderRecord,
        report: OrderAccepted | OrderFilled | OrderCancelled | OrderExpired | OrderAmended,
    ) -> None:
        record.updated_ns = self.floor.clock.time_ns
        if isinstance(report, OrderFilled):
            self._on_filled(record, report)
        elif isinstance(report, OrderAccepted):
            record.working_ns = record.updated_ns
            self._tell("NEW", record)
        elif isinstance(report, OrderAmended):
            record.price, record.lots = report.price, report.lots
            self._tell("AMENDMENT", record)
        elif isinstance(report, OrderCancelled):
            self._end(record, self._withdrawn_as)
            self._tell(self._withdrawn_as, record)
        elif report.reason == SELF_TRADE:
            record.prevented = record.remaining
            self._end(record, EXPIRED_IN_MATCH)
            self._tell("TRADE_PREVENTION", record)
        else:
            self._end(record, EXPIRED)
            self._tell("EXPIRED", record)
        self._touch(record)
        self.store(record)
        self._changed(record)

    def _changed(self, record: OrderRecord) -> None:
        """A report of the venue has changed an order."""

    def _on_filled(self, record: OrderRecord, report: OrderFilled) -> None:
        maker = report.liquidity is Liquidity.MAKER
        # Who met a resting order was the aggressor of that public trade.
        aggressor = record.side.opposite if maker else record.side
        execution = self._execution(record, report, aggressor, maker)
        record.filled += report.lots
        record.worth += execution.worth
        if record.filled >= record.lots:
            self._end(record, FILLED)
        else:
            record.status = PARTIALLY_FILLED
        self.book_execution(execution)
        self._tell("TRADE", record, execution)

    def _execution(
        self, record: OrderRecord, report: OrderFilled | PositionLiquidated, aggressor: Side, maker: bool
    ) -> Execution:
        """Put a fill on the public tape; it as an own trade."""
        printed: TapeTrade = self.floor.print_trade(self.listings[record.symbol], report.price, report.lots, aggressor)
        return Execution(
            trade_id=printed.trade_id,
            order_id=record.order_id,
            symbol=record.symbol,
            side=record.side,
            ts_ns=printed.ts_ns,
            price=report.price,
            lots=report.lots,
            worth=printed.worth,
            fee=report.fee,
            fee_asset=report.fee_asset,
            maker=maker,
            position_side=record.position_side,
            list_id=record.list_id,
        )

    def book_execution(self, execution: Execution) -> None:
        """Keep an execution and have it stored."""
        self.executions.append(execution)
        key = ("execution", self.account, self.market.value, str(len(self.executions)))
        self.floor.changes[key] = lambda: execution

    def _on_funding(self, report: FundingPaid) -> None:
        raise NotImplementedError

    def _on_liquidated(self, report: PositionLiquidated) -> None:
        raise NotImplementedError

    def _end(self, record: OrderRecord, status: str) -> None:
        record.status = status
        self.open.pop(record.order_id, None)

    def _touch(self, record: OrderRecord) -> None:
        instrument = self.listings[record.symbol].instrument
        self.touched.update((instrument.base, instrument.quote))

    # --- storing and restoring ---------------------------------------------------------------------------------------

    def store(self, record: OrderRecord) -> None:
        """Have an order written with the turn."""
        self.floor.changes["order", self.account, self.market.value, str(record.order_id)] = lambda: record
        self.store_account()

    def store_account(self) -> None:
        """Have balances and positions written with the turn."""
        self.floor.changes["desk", self.account, self.market.value] = self.account_state

    def account_state(self) -> dict[str, object]:
        """Balances, positions and settings for the state file."""
        return {"cash": {asset: money for asset, money in self.venue.account.cash.items() if money}}

    def restore(
        self, records: Iterable[OrderRecord], executions: Iterable[Execution], state: dict[str, object]
    ) -> None:
        """Take over what was stored, before the first request."""
        for record in records:
            self.enter(record, record.is_open and record.symbol in self.listings)
        self.executions.extend(executions)
        cash = state.get("cash", {})
        assert isinstance(cash, dict)
        working = [resting_order(record) for record in self.open.values() if record.is_working]
        self.venue.restore(working, self._positions(state), cash)

    def _positions(self, state: dict[str, object]) -> dict[str, tuple[int, int]]:
        return {}
