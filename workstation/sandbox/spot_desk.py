"""The spot market's desk: balances that orders lock, and fees out of what is received."""

from __future__ import annotations

from workstation.core.messages import FundingPaid, OrderRejected, PositionLiquidated
from workstation.core.types import Side
from workstation.rules.matching import is_marketable, is_triggered
from workstation.sandbox import errors, spot_format
from workstation.sandbox.fees import SPOT_COSTS
from workstation.sandbox.floor import Floor
from workstation.sandbox.listing import Listing, Market
from workstation.sandbox.orders import Execution, NewOrder, OrderRecord
from workstation.sandbox.trading_desk import TradingDesk
from workstation.venues.simulated.validation import MINIMUM_NOTIONAL, QUANTITY


class SpotDesk(TradingDesk):
    market = Market.SPOT
    costs = SPOT_COSTS

    def __init__(self, account: str, floor: Floor) -> None:
        super().__init__(account, floor, {}, spot_assets=True)

    # --- balances ----------------------------------------------------------------------------------------------------

    def total(self, asset: str) -> int:
        """What the account owns, locked or not, in 1e-8."""
        return self.venue.account.cash.get(asset, 0)

    def locked(self, asset: str) -> int:
        """What open orders hold back."""
        return sum(self._locks(record) for record in self.open.values() if self._locked_asset(record) == asset)

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

    def _locked_asset(self, record: OrderRecord) -> str:
        listing = self.listings[record.symbol]
        return listing.quote if record.side is Side.BUY else listing.base

    def _locks(self, record: OrderRecord) -> int:
        listing = self.listings[record.symbol]
        if record.side is Side.BUY:
            return listing.worth(record.price or record.stop_price, record.remaining)
        return listing.base_money(record.remaining)

    # --- the account's word on an order ------------------------------------------------------------------------------

    def _check(self, new: NewOrder, listing: Listing) -> None:
        if new.type == "LIMIT_MAKER":
            best = listing.book.best_ask if new.side is Side.BUY else listing.book.best_bid
            if best and is_marketable(new.side, new.price, best):
                raise errors.rejected_order("Order would immediately match and take.")
        if new.stop_price and listing.last:
            direction = -new.side if new.type.startswith("TAKE_PROFIT") else int(new.side)
            if is_triggered(direction, new.stop_price, listing.last):
                raise errors.rejected_order("Stop price would trigger immediately.")
        if new.side is Side.SELL:
            needed, asset = listing.base_money(new.lots), listing.base
        elif new.type == "MARKET":
            needed, asset = listing.cost_of(Side.BUY, new.lots), listing.quote
        else:
            needed, asset = listing.worth(new.price or new.stop_price, new.lots), listing.quote
        if needed > self.free(asset):
            raise errors.insufficient_balance()

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
