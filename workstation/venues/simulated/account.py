"""The venue's own books of the account: cash by asset, positions, margin, fees. They know nothing of the engine's."""

from __future__ import annotations

from collections.abc import Mapping

from workstation.core.money import MONEY_SCALE
from workstation.core.types import InstrumentKind
from workstation.rules.fees import fee_in_asset, trade_fee
from workstation.rules.margin import increasing_lots, initial_margin, liquidation_price, maintenance_margin
from workstation.rules.position import apply_fill
from workstation.rules.value import notional, position_value
from workstation.venues.simulated.order import VenueOrder
from workstation.venues.simulated.state import SymbolState


class VenueAccount:
    """Cash in 1e-8 of each asset. Spot moves cash by the whole value; derivatives by result, fees and funding.

    With ``spot_assets`` spot is kept as an exchange keeps it: a fill moves the balances of both assets, no position is
    counted, and the fee comes out of the asset that is received.
    """

    def __init__(
        self,
        cash: Mapping[str, int],
        states: Mapping[str, SymbolState],
        cross: bool,
        taker: int,
        liquidates: bool,
        spot_assets: bool = False,
    ) -> None:
        self.cash = dict(cash)
        self._states = states
        self._taker = taker
        self._liquidates = liquidates
        self._spot_assets = spot_assets
        for state in states.values():
            state.cross = cross

    def book(self, state: SymbolState, lots: int, value: int, fee: int, fee_asset: str) -> int:
        """Book a fill of signed ``lots`` and ``value``; what it realised."""
        cash = self.cash
        if self._spot_assets and not state.is_derivative:
            base = state.instrument.base
            cash[base] = cash.get(base, 0) + lots * state.lot_money
            cash[state.settle] = cash.get(state.settle, 0) - value
            cash[fee_asset] = cash.get(fee_asset, 0) - fee
            return 0
        effect = apply_fill(state.lots, state.cost, lots, value)
        state.lots = effect.lots
        state.cost = effect.cost
        settle = state.settle
        cash[settle] = cash.get(settle, 0) + (effect.realised if state.is_derivative else -value)
        cash[fee_asset] = cash.get(fee_asset, 0) - fee
        if state.lots == 0:
            state.extra_margin = 0
        self.update_liquidation(state)
        return effect.realised

    def fee(self, state: SymbolState, lots: int, worth: int, rate: int) -> tuple[int, str]:
        """Fee and its asset. Without a price of the fee asset, or enough of it, the settlement asset pays."""
        if self._spot_assets and not state.is_derivative and lots > 0:
            return trade_fee(lots * state.lot_money, rate), state.instrument.base
        fee = trade_fee(worth, rate)
        asset = state.fee_asset
        if asset == state.settle:
            return fee, asset
        unit_price = self._unit_price(asset, state.settle)
        if unit_price > 0:
            converted = fee_in_asset(fee, unit_price)
            if converted <= self.cash.get(asset, 0):
                return converted, asset
        return fee, state.settle

    def _unit_price(self, asset: str, settle: str) -> int:
        """Money of ``settle`` that a whole unit of ``asset`` costs; 0 when no symbol tells."""
        for state in self._states.values():
            instrument = state.instrument
            if instrument.base == asset and instrument.quote == settle:
                return int(instrument.price(state.mark_price()) * MONEY_SCALE)
        return 0

    def worth(self, state: SymbolState, price: int, lots: int) -> int:
        return notional(price, lots, state.inverse, state.numerator, state.denominator)

    def required(self, state: SymbolState, price: int, lots: int) -> int:
        """Money that unsigned ``lots`` at ``price`` bind: margin or the whole worth, and the taker's fee."""
        worth = self.worth(state, price, lots)
        if self._spot_assets and not state.is_derivative:
            return worth
        return initial_margin(worth, state.leverage) + max(0, trade_fee(worth, self._taker))

    def free(self, asset: str) -> int:
        """Cash that no position's margin binds; results of open positions with cross margin count too."""
        free = self.cash.get(asset, 0)
        for state in self._states.values():
            if state.lots and state.is_derivative and state.settle == asset:
                free -= self.position_margin(state)
                if state.cross:
                    free += self.unrealised(state)
        return free

    def position_margin(self, state: SymbolState) -> int:
        """What a position binds, its open result left out."""
        return initial_margin(abs(state.cost), state.leverage) + state.extra_margin

    def unrealised(self, state: SymbolState) -> int:
        price = state.mark_price()
        if not price:
            return 0
        return position_value(price, state.lots, state.inverse, state.numerator, state.denominator) - state.cost

    def bound(self, order: VenueOrder, price: int) -> int:
        """Money that the rest of an order binds if it fills at ``price``; nothing for what closes a position."""
        state = order.symbol_state
        if order.reduce_only or not price:
            return 0
        remaining = order.lots - order.filled
        if state.is_derivative:
            remaining = increasing_lots(state.lots, order.sign * remaining)
        elif order.sign < 0:
            return 0
        return self.required(state, price, remaining)

    def sellable(self, state: SymbolState) -> int:
        """Lots of a spot symbol that can be sold: its position, and the base asset that the account began with."""
        base = self.cash.get(state.instrument.base, 0) if state.instrument.kind is InstrumentKind.SPOT else 0
        return state.lots + int(state.instrument.lot**-1 * base // MONEY_SCALE)

    def affordable(self, state: SymbolState, sign: int, lots: int, price: int, rate: int) -> int:
        """Of ``lots`` on the spot market, those that cash or holdings cover."""
        if sign < 0:
            return min(lots, max(0, self.sellable(state)))
        cash = self.cash.get(state.settle, 0)
        while lots > 0:
            worth = self.worth(state, price, lots)
            cost = worth if self._spot_assets else worth + max(0, trade_fee(worth, rate))
            if cost <= cash:
                break
            lots = min(lots - 1, lots * max(cash, 0) // cost)
        return lots

    def collateral(self, state: SymbolState) -> int:
        """What stands behind a position: its own margin, or with cross margin what the others leave."""
        if not state.cross:
            return self.position_margin(state)
        total = self.cash.get(state.settle, 0)
        for other in self._states.values():
            if other is state or not other.lots or not other.is_derivative or other.settle != state.settle:
                continue
            if other.cross:
                worth = self.worth(other, other.mark_price(), other.lots) if other.mark_price() else 0
                total += self.unrealised(other) - maintenance_margin(worth, other.maintenance)
            else:
                total -= self.position_margin(other)
        return total

    def update_liquidation(self, state: SymbolState) -> None:
        """Bring the liquidation price up to date; with cross margin it also moves with the other positions."""
        state.stir()
        if state.is_derivative and self._liquidates:
            state.liquidation = self.liquidation(state)
            state.watched = state.liquidation != 0 or (state.cross and state.lots != 0)

    def liquidation(self, state: SymbolState) -> int:
        """Mark price at which the position is liquidated now; 0 when there is none."""
        return self._solve(state, state.maintenance) if state.is_derivative and self._liquidates else 0

    def bankruptcy(self, state: SymbolState) -> int:
        """Price at which the position's collateral is gone; 0 when there is none."""
        return self._solve(state, 0)

    def _solve(self, state: SymbolState, rate: int) -> int:
        if not state.lots:
            return 0
        return liquidation_price(
            state.lots,
            state.cost,
            self.collateral(state),
            rate,
            state.inverse,
            state.numerator,
            state.denominator,
        )
