"""The account's books: cash by asset, positions by owner and symbol, fees, funding, profit and loss.

Identities that hold to the last digit, at any moment:

    cash[asset]     = opening cash + cash flows of every booking in that asset
    sum of fills    = cost of what is open - realised            (each owner and symbol; on spot, what fees in the
                                                                  asset itself took has left at its cost)
    equity          = cash + value of spot holdings + unrealised of derivatives
    account         = sum of the owners' parts, *manual* and *external* among them

An owner's figures are in the settlement asset of the symbol, the account's in its currency: where the two differ they
are converted at the mark of the booking. Every booking carries the venue's id and happens once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workstation.core.instrument import Instrument
from workstation.core.messages import FundingPaid, HeldPosition, OrderFilled, PositionLiquidated
from workstation.core.money import MONEY_SCALE, to_money
from workstation.core.orders import Order
from workstation.core.recent_ids import RecentIds
from workstation.core.types import EXTERNAL, InstrumentKind, OrderRole
from workstation.rules.position import PositionFigures, apply_fill
from workstation.rules.rounding import scale_down
from workstation.rules.value import position_value

REMEMBERED_BOOKINGS = 100_000
"""Ids of what was booked, so that it is booked once."""


class Position:
    """One owner's part of the position in a symbol. Money in 1e-8 of the settlement asset."""

    __slots__ = (
        "cost",
        "dust",
        "fees",
        "fills",
        "first_stop",
        "funding",
        "instrument",
        "lots",
        "opened_ns",
        "owner",
        "realised",
        "trip_result",
    )

    def __init__(self, owner: str, instrument: Instrument) -> None:
        self.owner = owner
        self.instrument = instrument
        self.lots = 0
        self.cost = 0
        self.realised = 0
        self.fees = 0
        self.funding = 0
        self.dust = 0
        """What is left of lots that paid fees in a spot asset itself, 1e-8 of it: the next such fee begins with it."""
        self.fills = 0
        self.opened_ns = 0
        self.trip_result = 0
        """Realised less fees plus funding since the position was last flat."""
        self.first_stop = 0
        """Trigger of the first protective stop since then, ticks; 0 while there was none."""

    @property
    def figures(self) -> PositionFigures:
        return PositionFigures(self.lots, self.cost)

    def value(self, ticks: int) -> int:
        return position_value(ticks, self.lots, *self.instrument.valuation)

    def unrealised(self, ticks: int) -> int:
        return self.value(ticks) - self.cost if self.lots else 0

    @property
    def initial_risk(self) -> int:
        """Loss of what is held at the first stop, fees aside; 0 where none is known, or where it locked in a gain."""
        return max(0, -self.unrealised(self.first_stop)) if self.first_stop else 0

    def know_stop(self, order: Order) -> None:
        """Take an open order of the owner in the symbol for the first protective stop, where it is that."""
        protects = order.role is OrderRole.PROTECTIVE_STOP and order.side * self.lots < 0
        if protects and order.stop_price and not self.first_stop:
            self.first_stop = order.stop_price


class Booking:
    """What a fill did."""

    __slots__ = ("closed_trip", "position", "realised", "trip_result")

    def __init__(self, position: Position, realised: int, closed_trip: bool, trip_result: int) -> None:
        self.position = position
        self.realised = realised
        self.closed_trip = closed_trip
        """The position went flat or turned."""
        self.trip_result = trip_result
        """Net result of the round trip that it closed."""


class Ledger:
    """``price_of`` gives the current mark of a symbol in ticks, 0 when there is none."""

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        currency: str,
        cash: Mapping[str, int],
        price_of: Callable[[str], int],
    ) -> None:
        self._instruments = instruments
        self.currency = currency
        self.cash: dict[str, int] = dict(cash)
        self._price_of = price_of
        self.positions: dict[tuple[str, str], Position] = {}
        self.by_symbol: dict[str, list[Position]] = {}
        self.net_lots: dict[str, int] = {}
        self.booked = RecentIds(REMEMBERED_BOOKINGS)
        self.realised = 0
        self.fees = 0
        self.funding = 0
        self.slippage = 0
        """The account's figures in its currency."""

    def position(self, owner: str, symbol: str) -> Position:
        found = self.positions.get((owner, symbol))
        if found is None:
            found = self.positions[(owner, symbol)] = Position(owner, self._instruments[symbol])
            self.by_symbol.setdefault(symbol, []).append(found)
        return found

    def lots(self, owner: str, symbol: str) -> int:
        found = self.positions.get((owner, symbol))
        return found.lots if found is not None else 0

    def book_fill(self, owner: str, fill: OrderFilled) -> Booking | None:
        """Book an execution once by its id; ``None`` when it was booked before."""
        if fill.fill_id in self.booked:
            return None
        self.booked.add(fill.fill_id)
        self.slippage += self.worth(self._instruments[fill.symbol].settle, fill.slippage)
        return self._book(owner, fill.symbol, fill.side * fill.lots, fill.price, fill.fee, fill.fee_asset, fill.ts_ns)

    def book_liquidation(self, event: PositionLiquidated) -> list[Booking]:
        """Close what the venue closed, owner by owner in order of size; what no owner holds goes to *external*."""
        if event.fill_id in self.booked:
            return []
        self.booked.add(event.fill_id)
        left = event.lots
        fee_left = event.fee
        bookings = []
        sign = int(event.side)
        holders = [p for p in self.by_symbol.get(event.symbol, []) if p.lots * sign < 0]
        for holder in sorted(holders, key=lambda p: (-abs(p.lots), p.owner)):
            part = min(left, abs(holder.lots))
            if part == 0:
                break
            fee = fee_left if part == left else scale_down(event.fee, part, event.lots)
            bookings.append(
                self._book(holder.owner, event.symbol, sign * part, event.price, fee, event.fee_asset, event.ts_ns)
            )
            left -= part
            fee_left -= fee
        if left:
            bookings.append(
                self._book(EXTERNAL, event.symbol, sign * left, event.price, fee_left, event.fee_asset, event.ts_ns)
            )
        return bookings

    def _book(
        self, owner: str, symbol: str, signed_lots: int, price: int, fee: int, fee_asset: str, ts_ns: int
    ) -> Booking:
        position = self.position(owner, symbol)
        instrument = position.instrument
        value = position_value(price, signed_lots, *instrument.valuation)
        before = position.lots
        effect = apply_fill(before, position.cost, signed_lots, value)
        cash = self.cash
        settle = instrument.settle
        if instrument.kind is InstrumentKind.SPOT:
            cash[settle] = cash.get(settle, 0) - value
        else:
            cash[settle] = cash.get(settle, 0) + effect.realised
        cash[fee_asset] = cash.get(fee_asset, 0) - fee
        position.lots = effect.lots
        position.cost = effect.cost
        position.realised += effect.realised
        position.fills += 1
        self.realised += self.worth(settle, effect.realised)
        fee_value = fee if fee_asset == settle else self._in_asset(settle, fee_asset, fee)
        position.fees += fee_value
        self.fees += self.worth(fee_asset, fee)
        self.net_lots[symbol] = self.net_lots.get(symbol, 0) + signed_lots
        position.trip_result += effect.realised - fee_value
        closed = before != 0 and (effect.lots == 0 or (effect.lots > 0) != (before > 0))
        trip_result = position.trip_result
        if closed:
            position.trip_result = 0
        if before == 0 or closed:
            position.opened_ns = ts_ns if effect.lots else 0
            position.first_stop = 0
        if fee and fee_asset == instrument.base and instrument.kind is InstrumentKind.SPOT:
            self._pay_in_kind(position, fee)
        return Booking(position, effect.realised, closed, trip_result)

    def _pay_in_kind(self, position: Position, fee: int) -> None:
        """A fee in the asset itself leaves the holding, in whole lots at their cost: what is left can be sold."""
        instrument = position.instrument
        unit = to_money(instrument.quantity(1))
        lots = max(0, min(-((position.dust - fee) // unit), position.lots))
        position.dust = max(0, position.dust + lots * unit - fee)
        if lots:
            position.cost -= scale_down(position.cost, lots, position.lots)
            position.lots -= lots
            position.opened_ns = position.opened_ns if position.lots else 0
            position.first_stop = position.first_stop if position.lots else 0
            self.net_lots[instrument.symbol] -= lots
            self.cash[instrument.base] += lots * unit

    def book_funding(self, event: FundingPaid) -> bool:
        """Share a funding payment among the owners by their lots; False when it was booked before."""
        if event.funding_id in self.booked:
            return False
        self.booked.add(event.funding_id)
        self.cash[event.asset] = self.cash.get(event.asset, 0) + event.amount
        self.funding += self.worth(event.asset, event.amount)
        holders = sorted((p for p in self.by_symbol.get(event.symbol, []) if p.lots), key=lambda p: p.owner)
        net = sum(p.lots for p in holders)
        if net == 0 or not holders:
            holders, net = [self.position(EXTERNAL, event.symbol)], 0
        left = event.amount
        for holder in holders[:-1]:
            share = event.amount * holder.lots // net
            holder.funding += share
            holder.trip_result += share
            left -= share
        holders[-1].funding += left
        holders[-1].trip_result += left
        return True

    def transfer(self, symbol: str, from_owner: str, to_owner: str, lots: int, cost: int) -> None:
        """Move a position between owners at its cost: nothing is realised by it, unless the new owner holds against."""
        source = self.position(from_owner, symbol)
        target = self.position(to_owner, symbol)
        source.lots -= lots
        source.cost -= cost
        effect = apply_fill(target.lots, target.cost, lots, cost)
        target.lots = effect.lots
        target.cost = effect.cost
        target.realised += effect.realised
        settle = target.instrument.settle
        self.realised += self.worth(settle, effect.realised)
        if target.instrument.is_derivative:
            self.cash[settle] = self.cash.get(settle, 0) + effect.realised
        target.trip_result += effect.realised + source.trip_result
        source.trip_result = 0
        target.opened_ns = (source.opened_ns or target.opened_ns) if target.lots else 0
        target.first_stop = (source.first_stop or target.first_stop) if target.lots else 0
        source.opened_ns = source.first_stop = 0

    def adjust(self, amounts: Mapping[str, int], positions: Sequence[HeldPosition], ts_ns: int) -> None:
        """Book amounts as transfers and positions of their owners, mostly *external*; what they close is realised."""
        for position in positions:
            held = self.position(position.owner, position.symbol)
            effect = apply_fill(held.lots, held.cost, position.lots, position.cost)
            held.lots, held.cost = effect.lots, effect.cost
            held.realised += effect.realised
            held.opened_ns = (held.opened_ns or ts_ns) if held.lots else 0
            held.first_stop = held.first_stop if held.lots else 0
            self.net_lots[position.symbol] = self.net_lots.get(position.symbol, 0) + position.lots
            settle = held.instrument.settle
            self.realised += self.worth(settle, effect.realised)
            if held.instrument.is_derivative:
                self.cash[settle] = self.cash.get(settle, 0) + effect.realised
        for asset, amount in amounts.items():
            self.cash[asset] = self.cash.get(asset, 0) + amount

    def worth(self, asset: str, amount: int) -> int:
        """An amount of any asset in the account's currency at the current mark; 0 when there is no price for it."""
        if asset == self.currency or amount == 0:
            return amount
        instrument = self._instruments.get(asset + self.currency)
        if instrument is None:
            return 0
        ticks = self._price_of(instrument.symbol)
        return amount * int(instrument.tick * 10**12) * ticks // 10**12

    def _in_asset(self, asset: str, from_asset: str, amount: int) -> int:
        """An amount of one asset in another at the current marks; 0 when there is no price for it."""
        value = self.worth(from_asset, amount)
        if asset == self.currency:
            return value
        unit = self.worth(asset, MONEY_SCALE)
        return value * MONEY_SCALE // unit if unit else 0

    def unrealised(self) -> int:
        """Open profit of every owner's position at the current marks, in the account's currency."""
        total = 0
        for symbol, net in self.net_lots.items():
            if net or any(p.lots for p in self.by_symbol[symbol]):
                price = self._price_of(symbol)
                for position in self.by_symbol[symbol]:
                    if position.lots and price:
                        total += self.worth(position.instrument.settle, position.value(price) - position.cost)
        return total

    def equity(self) -> int:
        """Cash of every asset, spot holdings at their value, and open profit of derivatives.

        A position without a price counts at its cost, so that a missing price is not taken for a loss.
        """
        total = 0
        for asset, amount in self.cash.items():
            total += amount if asset == self.currency else self.worth(asset, amount)
        for symbol, net in self.net_lots.items():
            holders = self.by_symbol[symbol]
            if net == 0 and len(holders) == 1:
                continue
            price = 0
            for position in holders:
                if position.lots:
                    price = price or self._price_of(symbol)
                    instrument = position.instrument
                    value = position_value(price, position.lots, *instrument.valuation) if price else position.cost
                    if instrument.kind is not InstrumentKind.SPOT:
                        value -= position.cost
                    total += value if instrument.settle == self.currency else self.worth(instrument.settle, value)
        return total

    def exposure(self) -> int:
        """Gross worth of the net positions at the current marks, in the account's currency."""
        total = 0
        for symbol, net in self.net_lots.items():
            if net:
                instrument = self._instruments[symbol]
                price = self._price_of(symbol)
                cost = sum(position.cost for position in self.by_symbol[symbol])
                value = abs(position_value(price, net, *instrument.valuation) if price else cost)
                total += self.worth(instrument.settle, value)
        return total

    def snapshot(self) -> dict[str, Any]:
        """The books as plain values, for the journal's session record and for comparison."""
        return {
            "cash": {asset: amount for asset, amount in sorted(self.cash.items()) if amount},
            "realised": self.realised,
            "fees": self.fees,
            "funding": self.funding,
            "slippage": self.slippage,
            "positions": [
                {
                    "owner": p.owner,
                    "symbol": p.instrument.symbol,
                    "lots": p.lots,
                    "cost": p.cost,
                    "realised": p.realised,
                    "fees": p.fees,
                    "dust": p.dust,
                    "funding": p.funding,
                    "fills": p.fills,
                    "opened_ns": p.opened_ns,
                    "trip_result": p.trip_result,
                    "first_stop": p.first_stop,
                }
                for _, p in sorted(self.positions.items())
            ],
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take over the books that ``snapshot`` gave."""
        self.cash = dict(snapshot["cash"])
        self.realised = snapshot["realised"]
        self.fees = snapshot["fees"]
        self.funding = snapshot["funding"]
        self.slippage = snapshot["slippage"]
        for row in snapshot["positions"]:
            if row["symbol"] not in self._instruments:
                continue
            position = self.position(row["owner"], row["symbol"])
            for name in ("lots", "cost", "realised", "fees", "funding", "fills", "opened_ns", "trip_result"):
                setattr(position, name, row[name])
            position.dust = row.get("dust", 0)
            position.first_stop = row.get("first_stop", 0)
            self.net_lots[row["symbol"]] = self.net_lots.get(row["symbol"], 0) + position.lots
