"""Whether an order keeps the account within its limits, counting what is in flight at its worst."""

from __future__ import annotations

from collections.abc import Mapping

from workstation.core.money import from_money, to_money
from workstation.core.orders import Intent
from workstation.core.types import EXTERNAL, MANUAL, InstrumentKind, OrderState, OrderType, Side
from workstation.rules.limits import allowance
from workstation.rules.value import notional
from workstation.trading.denials import Denial, DenialCode, money_text, percent_text, share_text
from workstation.trading.guards import Guards
from workstation.trading.ledger import Ledger
from workstation.trading.market_state import MarketState
from workstation.trading.order_form import dearest_price
from workstation.trading.order_manager import OrderManager, SymbolOrders
from workstation.trading.risk_limits import RiskLimits
from workstation.trading.worst_case import WorstCase

_NO_ORDERS = SymbolOrders()


class Exposure:
    """The checks of size, position, gross exposure, number of orders, and trading with oneself."""

    def __init__(
        self,
        limits: RiskLimits,
        markets: Mapping[str, MarketState],
        ledger: Ledger,
        orders: OrderManager,
        guards: Guards,
        *,
        leverage: int,
        can_short: bool,
    ) -> None:
        self._limits = limits
        self._markets = markets
        self._ledger = ledger
        self._orders = orders
        self.worst_case = WorstCase(ledger, orders)
        self._guards = guards
        self._leverage = leverage
        self._can_short = can_short
        instruments = {symbol: market.instrument for symbol, market in markets.items()}
        self._most_lots = {
            symbol: limits.order_lots.get(symbol, terms.lots_rounded(terms.maximum_quantity))
            for symbol, terms in instruments.items()
        }
        self._least_worth = {symbol: to_money(terms.minimum_notional) for symbol, terms in instruments.items()}

    def check(self, intent: Intent, market: MarketState) -> Denial | None:
        """The first limit that a new order would pass, or ``None``."""
        equity = self._ledger.equity()
        return (
            self.check_size(intent, market, equity)
            or self.check_exposure(intent, intent.lots, market, equity)
            or self.check_open_orders()
            or self.check_self_match(intent)
        )

    def check_change(self, intent: Intent, added: int, market: MarketState) -> Denial | None:
        """The same for an open order's new terms, of which ``added`` lots are new."""
        equity = self._ledger.equity()
        return (
            self.check_size(intent, market, equity)
            or self.check_exposure(intent, added, market, equity)
            or self.check_self_match(intent)
        )

    def check_size(self, intent: Intent, market: MarketState, equity: int) -> Denial | None:
        limits, ledger = self._limits, self._ledger
        instrument = market.instrument
        symbol, lots = intent.symbol, intent.lots
        most = self._most_lots[symbol]
        if lots > most:
            return Denial(
                DenialCode.MAXIMUM_QUANTITY,
                f"The order of {symbol} is too large.",
                str(instrument.quantity(lots)),
                str(instrument.quantity(most)),
            )
        settle = instrument.settle
        worth = self.worth(market, dearest_price(intent, market), lots)
        if settle != ledger.currency and worth == 0:
            return Denial(DenialCode.NO_REFERENCE, f"There is no price of {settle} in {ledger.currency}.")
        own_price = intent.price or intent.stop_price or market.last_price
        value = notional(own_price, lots, *instrument.valuation)
        if value < self._least_worth[symbol]:
            return Denial(
                DenialCode.MINIMUM_NOTIONAL,
                f"The order of {symbol} is too small.",
                f"{from_money(value).normalize():f} {settle}",
                f"{instrument.minimum_notional:f} {settle}",
            )
        if symbol not in limits.order_lots and worth > limits.order_worth:
            return Denial(
                DenialCode.ORDER_VALUE, "The order is too large.", money_text(worth), money_text(limits.order_worth)
            )
        if worth > allowance(equity, limits.order_value):
            return Denial(
                DenialCode.ORDER_VALUE,
                "The order is too large for the account.",
                share_text(worth, equity),
                percent_text(limits.order_value),
            )
        return None

    def check_exposure(self, intent: Intent, lots: int, market: MarketState, equity: int) -> Denial | None:
        """Whether ``lots`` more on the intent's side keep the position and all positions together within limits."""
        limits = self._limits
        symbol = intent.symbol
        now = self.worst_case.sides(symbol, overrun=False)
        then = now.with_order(intent.side, lots)
        if (
            intent.side is Side.SELL
            and not (self._can_short and market.instrument.is_derivative)
            and (then.sells > max(0, self._ledger.net_lots.get(symbol, 0)) or lots > self._sellable(intent))
        ):
            return Denial(
                DenialCode.NO_SHORT, f"{symbol} cannot be sold short here, and {intent.owner} has no more of it."
            )
        if then.worst <= now.worst:
            return None
        after = self.worst_case.with_overrun(then, symbol).worst
        dearest = min if market.instrument.kind is InstrumentKind.INVERSE else max
        position = self.worth(market, dearest(market.price, dearest_price(intent, market)), after)
        if position > allowance(equity, limits.position_value):
            return Denial(
                DenialCode.POSITION_VALUE,
                f"The position in {symbol} would be too large, counting what is in flight.",
                share_text(position, equity),
                percent_text(limits.position_value),
            )
        gross = position
        positions = 1
        for other, other_market in self._markets.items():
            if other != symbol:
                worst = self.worst_case.sides(other).worst
                if worst:
                    if other_market.price <= 0:
                        text = f"There is no price of {other} to value what is held and ordered of it."
                        return Denial(DenialCode.NO_REFERENCE, text)
                    gross += self.worth(other_market, other_market.price, worst)
                    positions += 1
        if gross > allowance(equity, limits.gross_exposure) * self._leverage:
            return Denial(
                DenialCode.GROSS_EXPOSURE,
                "The account's exposure would be too large, counting what is in flight.",
                share_text(gross, equity),
                percent_text(limits.gross_exposure * self._leverage),
            )
        most = limits.crisis_positions if self._guards.in_crisis else limits.open_positions
        if positions > most and now.worst == 0:
            code = DenialCode.CRISIS if self._guards.in_crisis else DenialCode.OPEN_POSITIONS
            text = "Crisis mode allows fewer positions." if self._guards.in_crisis else "Too many positions."
            return Denial(code, text, str(positions), str(most))
        return None

    def _sellable(self, intent: Intent) -> int:
        """Lots that the owner holds and does not offer already; a person may also sell what is *external*."""
        owner, symbol = intent.owner, intent.symbol
        held = self._ledger.lots(owner, symbol)
        if owner == MANUAL:
            held += self._ledger.lots(EXTERNAL, symbol)
        offers = self._orders.open_orders(symbol, owner)
        return held - sum(o.remaining for o in offers if o.side is Side.SELL and not o.reduce_only)

    def worth(self, market: MarketState, price: int, lots: int) -> int:
        """Lots at a price in ticks, in the account's currency; 0 without a price of what they settle in."""
        instrument = market.instrument
        return self._ledger.worth(instrument.settle, notional(price, lots, *instrument.valuation))

    def check_open_orders(self) -> Denial | None:
        count, most = self._orders.open_count, self._limits.open_orders
        if count >= most:
            return Denial(DenialCode.OPEN_ORDERS, "Too many working orders.", str(count + 1), str(most))
        return None

    def check_self_match(self, intent: Intent) -> Denial | None:
        if not intent.price:
            return None
        for other in self._orders.by_symbol.get(intent.symbol, _NO_ORDERS).orders.values():
            if (
                other.side is not intent.side
                and other.price
                and (other.type is OrderType.LIMIT or other.state is OrderState.TRIGGERED)
                and (intent.price - other.price) * intent.side >= 0
            ):
                return Denial(
                    DenialCode.SELF_MATCH,
                    f"The order would trade with own order {other.client_id} of {other.owner}.",
                )
        return None
