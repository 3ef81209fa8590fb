"""The USD-M desk: one wallet, positions, leverage and margin, funding, liquidation, and the dead man's switch."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from workstation.core.messages import FundingPaid, FundingRate, MarkPrice, OrderRejected, PositionLiquidated
from workstation.core.types import Side
from workstation.rules.matching import is_marketable
from workstation.sandbox import errors, futures_format
from workstation.sandbox.conditional import ConditionalOrders
from workstation.sandbox.deadlines import Deadlines
from workstation.sandbox.errors import ApiError
from workstation.sandbox.fees import FUTURES_COSTS
from workstation.sandbox.floor import Floor
from workstation.sandbox.futures_books import FuturesBooks, Holding
from workstation.sandbox.listing import Listing, Market
from workstation.sandbox.orders import (
    BOTH,
    FILLED,
    HEDGE_SIDES,
    Execution,
    NewOrder,
    OrderRecord,
    position_key,
    position_of,
)
from workstation.sandbox.trading_desk import TradingDesk
from workstation.sandbox.wire import MILLISECOND_NS
from workstation.venues.simulated import validation

POST_ONLY_REFUSED = (
    "Due to the order could not be executed as maker, the Post Only order will be rejected. The order will not be "
    "recorded in the order history"
)


class FuturesDesk(TradingDesk):
    market = Market.FUTURES
    costs = FUTURES_COSTS
    sides = (BOTH, *HEDGE_SIDES)

    def __init__(self, account: str, floor: Floor) -> None:
        super().__init__(account, floor, {"USDT": 0})
        self.books = FuturesBooks(account, floor, self.listings)
        self.deadlines = Deadlines(floor.clock, self.open_orders, self.cancel)
        self.hedge_mode = False
        self.conditional = ConditionalOrders(self)
        self._reason = "ORDER"
        self._closing = "liquidation"
        for state in self.venue.states.values():
            state.market_funding = floor.brings_funding

    # --- the wallet --------------------------------------------------------------------------------------------------

    def wallet(self, asset: str) -> int:
        """Balance of an asset without open results, 1e-8."""
        return self.venue.account.cash.get(asset, 0)

    def available(self, asset: str) -> int:
        """What neither positions nor open orders bind; never below 0."""
        bound = sum(self.order_margin(key) for key in self._settled_in(asset))
        return max(0, self.venue.account.free(asset) - bound)

    def order_margin(self, key: str) -> int:
        """What the open orders for a position bind."""
        orders = self.venue.states[key].orders.values()
        return sum(self.venue.account.bound(order, validation.expected_price(order)) for order in orders)

    def _settled_in(self, asset: str) -> list[str]:
        return [key for key, state in self.venue.states.items() if state.settle == asset]

    def credit(self, asset: str, amount: int) -> None:
        """Book a deposit, or with a negative amount a withdrawal. Raises ``ApiError`` when it is not covered."""
        if amount < 0 and self.available(asset) < -amount:
            raise errors.insufficient_balance()
        self._reason = "DEPOSIT" if amount > 0 else "WITHDRAW"
        self._move(asset, amount)
        self.books.book_income("", "TRANSFER", amount, asset)
        self.tell_balances()

    def _move(self, asset: str, amount: int) -> None:
        cash = self.venue.account.cash
        cash[asset] = cash.get(asset, 0) + amount
        self.touched.add(asset)
        self.store_account()

    # --- settings ----------------------------------------------------------------------------------------------------

    def set_leverage(self, listing: Listing, leverage: int) -> None:
        """Raises ``ApiError`` when the symbol does not give it or the margin does not carry it."""
        if not 1 <= leverage <= listing.instrument.maximum_leverage:
            raise ApiError(-4028, f"Leverage {leverage} is not valid")
        states = self.states(listing.symbol)
        before, cross = states[0].leverage, states[0].cross
        for state in states:
            state.leverage = leverage
        if leverage < before and any(s.lots for s in states) and self.venue.account.free(listing.quote) < 0:
            for state in states:
                state.leverage = before
            raise errors.insufficient_margin() if cross else ApiError(-4051, "Isolated balance insufficient.")
        for state in states:
            self.venue.account.update_liquidation(state)
        self.store_account()
        event = futures_format.leverage_update(listing.symbol, leverage, self.floor.clock.time_ns)
        self.floor.tell(self.account, self.market, event)

    def set_cross(self, listing: Listing, cross: bool) -> None:
        """Raises ``ApiError`` when nothing would change, or a position or an order stands in the way."""
        states = self.states(listing.symbol)
        if states[0].cross == cross:
            raise ApiError(-4046, "No need to change margin type.")
        if self.open_orders(listing.symbol) or self.conditional.open_orders(listing.symbol):
            raise ApiError(-4047, "Margin type cannot be changed if there exists open orders.")
        if any(state.lots for state in states):
            raise ApiError(-4048, "Margin type cannot be changed if there exists position.")
        for state in states:
            state.cross = cross
        self.store_account()

    def add_margin(self, listing: Listing, side: str, amount: int) -> None:
        """Put money to an isolated position's margin, or with a negative amount take some of it back.

        Raises ``ApiError`` when there is no such position, or the money is not there.
        """
        key = position_key(listing.symbol, side)
        state = self.venue.states[key]
        if state.cross or not state.lots:
            raise ApiError(-4049, "Add margin only support for isolated position.")
        if amount > self.available(state.settle):
            raise ApiError(-4050, "Cross balance insufficient.")
        if state.extra_margin + amount < 0:
            raise ApiError(-4051, "Isolated balance insufficient.")
        state.extra_margin += amount
        self.venue.account.update_liquidation(state)
        self._reason = "MARGIN_TRANSFER"
        self.books.holdings[key].updated_ns = self.floor.clock.time_ns
        self.touched.add(state.settle)
        self.store_account()

    def set_hedge_mode(self, hedge_mode: bool) -> None:
        """Raises ``ApiError`` when nothing would change, or a position or an order stands in the way."""
        if self.hedge_mode == hedge_mode:
            raise ApiError(-4059, "No need to change position side.")
        if self.open or self.conditional.open_orders(""):
            raise ApiError(-4067, "Position side cannot be changed if there exists open orders.")
        if any(state.lots for state in self.venue.states.values()):
            raise ApiError(-4068, "Position side cannot be changed if there exists position.")
        self.hedge_mode = hedge_mode
        self.store_account()

    def set_countdown(self, symbol: str, countdown_ns: int) -> None:
        """Set the dead man's switch of a symbol; 0 stops it."""
        self.deadlines.set_countdown(symbol, countdown_ns)
        self.store_account()

    # --- orders ------------------------------------------------------------------------------------------------------

    def place(self, new: NewOrder) -> OrderRecord:
        record = super().place(new)
        self.deadlines.watch(record)
        return record

    def on_mark(self, mark: MarkPrice) -> None:
        """The mark price of a symbol."""
        for state in self.states(mark.symbol):
            state.mark = mark.price
        for key in self.keys(mark.symbol):
            self.venue.on_mark(msgspec.structs.replace(mark, symbol=key))

    def on_funding(self, funding: FundingRate) -> None:
        """Funding falls due on a symbol's positions."""
        for key in self.keys(funding.symbol):
            self.venue.on_funding(msgspec.structs.replace(funding, symbol=key))

    def on_price(self, listing: Listing) -> None:
        self.conditional.on_price(listing)

    def delist(self, symbol: str) -> None:
        super().delist(symbol)
        for order in self.conditional.open_orders(symbol):
            self.conditional.cancel(order)

    def sides_in_use(self) -> tuple[str, ...]:
        return HEDGE_SIDES if self.hedge_mode else (BOTH,)

    def check_side(self, position_side: str) -> None:
        """Raise ``ApiError`` when the mode does not have the position side."""
        if position_side not in self.sides_in_use():
            raise ApiError(-4061, "Order's position side does not match user's setting.")

    def _check(self, new: NewOrder, listing: Listing) -> None:
        if new.time_in_force == "GTX":
            best = listing.book.best_ask if new.side is Side.BUY else listing.book.best_bid
            if best and is_marketable(new.side, new.price, best):
                raise ApiError(-5022, POST_ONLY_REFUSED)

    def _refused(self, rejection: OrderRejected) -> ApiError:
        if rejection.code == validation.REDUCE_ONLY:
            return ApiError(-2022, "ReduceOnly Order is rejected.")
        if rejection.code == validation.QUANTITY:
            return ApiError(-4005, "Quantity greater than max quantity.")
        if rejection.code == validation.MINIMUM_NOTIONAL:
            return ApiError(-4164, "Order's notional is too small (unless you choose reduce only).")
        return errors.insufficient_margin()

    def _duplicate(self) -> ApiError:
        return ApiError(-4116, "ClientOrderId is duplicated.")

    def book_execution(self, execution: Execution) -> None:
        self.books.book(execution)
        super().book_execution(execution)

    def _touch(self, record: OrderRecord) -> None:
        if record.filled:
            self.touched.add(self.listings[record.symbol].quote)

    def _end(self, record: OrderRecord, status: str) -> None:
        super()._end(record, status)
        self.conditional.on_order_ended(record)

    # --- what the exchange does by itself ----------------------------------------------------------------------------

    def close_position(self, key: str, how: str) -> bool:
        """Liquidate a position at the mark price, or (``how`` "adl") deleverage it; False when there is none."""
        if not self.venue.states[key].lots:
            return False
        self._closing = how
        self.venue.close_position(key, self.listings[position_of(key)[0]].mark_price())
        self._closing = "liquidation"
        return True

    def _on_funding(self, report: FundingPaid) -> None:
        self._reason = "FUNDING_FEE"
        self.books.book_income(position_of(report.symbol)[0], "FUNDING_FEE", report.amount, report.asset)
        self.touched.add(report.asset)
        self.store_account()
        self.tell_balances()

    def _on_liquidated(self, report: PositionLiquidated) -> None:
        symbol, position_side = position_of(report.symbol)
        listing = self.listings[symbol]
        now_ns = self.floor.clock.time_ns
        deleveraged = self._closing == "adl"
        prefix = "adl_autoclose" if deleveraged else f"autoclose-{now_ns // MILLISECOND_NS}"
        new = NewOrder(
            symbol=symbol,
            side=report.side,
            position_side=position_side,
            type="LIMIT",
            client_order_id=f"{prefix}{self.floor.next_ids['order']}",
            time_in_force="IOC",
            price=report.price,
            lots=report.lots,
            original_type="LIMIT" if deleveraged else "LIQUIDATION",
        )
        record = self._record(new)
        record.working_ns = now_ns
        self.enter(record, is_open=False)
        self._tell("NEW", record)
        execution = self._execution(record, report, report.side, maker=False)
        record.filled, record.worth, record.status = report.lots, execution.worth, FILLED
        self.book_execution(execution)
        self._tell("TRADE" if deleveraged else "CALCULATED", record, execution)
        self.touched.add(listing.quote)
        self.store(record)
        self.tell_balances()
        self.floor.listener.on_liquidation(listing, futures_format.force_order(listing, record, now_ns))

    # --- the user's stream -------------------------------------------------------------------------------------------

    def _tell(self, execution: str, record: OrderRecord, trade: Execution | None = None) -> None:
        listing = self.listings[record.symbol]
        event = futures_format.order_update(listing, record, execution, trade, self.floor.clock.time_ns)
        self.floor.tell(self.account, self.market, event)

    def tell_balances(self) -> None:
        if not self.touched:
            return
        balances = [(asset, self.wallet(asset), self.cross_wallet(asset)) for asset in sorted(self.touched)]
        moved = [
            futures_format.position_change(
                self.listings[position_of(key)[0]],
                position_of(key)[1],
                holding,
                self.venue.states[key],
                self.isolated_margin(key),
            )
            for key, holding in self.books.take_moved()
        ]
        event = futures_format.account_update(self._reason, balances, moved, self.floor.clock.time_ns)
        self.touched.clear()
        self._reason = "ORDER"
        self.floor.tell(self.account, self.market, event)

    def isolated_margin(self, key: str) -> int:
        """Margin that an isolated position has of its own, open result left out; 0 for one with cross margin."""
        state = self.venue.states[key]
        return 0 if state.cross or not state.lots else self.venue.account.position_margin(state)

    def cross_wallet(self, asset: str) -> int:
        """The wallet without what isolated positions have."""
        return self.wallet(asset) - sum(self.isolated_margin(key) for key in self._settled_in(asset))

    # --- storing and restoring ---------------------------------------------------------------------------------------

    def account_state(self) -> dict[str, object]:
        states = self.venue.states
        return {
            **super().account_state(),
            "hedge_mode": self.hedge_mode,
            "leverage": {symbol: states[symbol].leverage for symbol in self.listings},
            "cross": {symbol: states[symbol].cross for symbol in self.listings},
            "extra_margin": {key: state.extra_margin for key, state in states.items() if state.extra_margin},
            "countdowns": self.deadlines.countdowns(),
            "funded": {key: state.last_funding_hour for key, state in states.items() if state.last_funding_hour >= 0},
            "holdings": {
                key: msgspec.to_builtins(held) for key, held in self.books.holdings.items() if held.updated_ns
            },
        }

    def restore(
        self, records: Iterable[OrderRecord], executions: Iterable[Execution], state: dict[str, object]
    ) -> None:
        stored = msgspec.convert(state, _StoredDesk)
        self.hedge_mode = stored.hedge_mode
        for key, venue_state in self.venue.states.items():
            symbol, _ = position_of(key)
            venue_state.leverage = stored.leverage.get(symbol, venue_state.leverage)
            venue_state.cross = stored.cross.get(symbol, venue_state.cross)
            venue_state.extra_margin = stored.extra_margin.get(key, 0)
            venue_state.last_funding_hour = stored.funded.get(key, venue_state.last_funding_hour)
        self.books.restore(stored.holdings)
        super().restore(records, executions, state)
        self.deadlines.restore(stored.countdowns, list(self.open.values()))

    def _positions(self, state: dict[str, object]) -> dict[str, tuple[int, int]]:
        return {key: (holding.lots, holding.cost) for key, holding in self.books.holdings.items() if holding.lots}


class _StoredDesk(msgspec.Struct):
    hedge_mode: bool = False
    leverage: dict[str, int] = {}
    cross: dict[str, bool] = {}
    extra_margin: dict[str, int] = {}
    countdowns: dict[str, int] = {}
    funded: dict[str, int] = {}
    holdings: dict[str, Holding] = {}
