"""Executions as they come over NATS, booked once each by the engine's own ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from workstation.core.instrument import Instrument
from workstation.core.messages import FundingPaid, OrderFilled, PositionLiquidated
from workstation.core.money import to_money
from workstation.core.types import Liquidity, Side
from workstation.messaging.bodies import ExecutionBody
from workstation.messaging.moments import nanoseconds
from workstation.rules.value import position_value
from workstation.trading.ledger import Booking, Ledger, Position

FILLS = ("partially_filled", "filled")


class Booked(NamedTuple):
    """One owner's part of an execution; money is 1e-8 of the account's currency."""

    ts_ns: int
    owner: str
    symbol: str
    side: Side | None = None
    """None for funding."""
    lots: int = 0
    price: int = 0
    fee: int = 0
    realised: int = 0
    slippage: int = 0
    funding: int = 0
    closed_trip: bool = False
    trip_result: int = 0
    stopped: bool = False
    maker: bool = False
    liquidation: bool = False
    from_owner: str = ""
    """Whose position it was that the owner has taken over; nothing was traded."""


class ExecutionBooks:
    """``book`` takes executions in the order of their stream.

    What a fill realised is what its engine says; the ledger, which follows the positions from executions alone, settles
    when a round trip is over. Where the two differ it is counted: the books began while positions were open, or an
    account was adjusted to its venue's.
    """

    def __init__(self, instruments: Mapping[str, Instrument], currency: str) -> None:
        self._instruments = instruments
        self._prices: dict[str, int] = {}
        self.ledger = Ledger(instruments, currency, {}, lambda symbol: self._prices.get(symbol, 0))
        self.refused = 0
        """Executions of unknown symbols, or off their steps."""
        self.differing = 0
        """Fills whose realised result is another one here."""

    def book(self, body: ExecutionBody) -> list[Booked]:
        """What it did to each owner; nothing when it was booked before, or moves neither money nor a position."""
        if body.symbol not in self._instruments:
            self.refused += body.status in (*FILLS, "funding", "liquidated", "transferred")
            return []
        try:
            if body.status in FILLS:
                return self._fill(body)
            if body.status == "liquidated":
                return self._liquidation(body)
            if body.status == "funding":
                return self._funding(body)
            if body.status == "transferred":
                return self._transfer(body)
        except (ValueError, ArithmeticError):
            self.refused += 1
        return []

    def remember(self, execution_id: str) -> None:
        """It was booked before."""
        self.ledger.booked.add(execution_id)

    def snapshot(self) -> dict[str, Any]:
        """Without the ids of what was booked, which are in the stream."""
        return {"ledger": self.ledger.snapshot(), "prices": dict(self._prices)}

    def restore(self, snapshot: dict[str, Any]) -> None:
        self.ledger.restore(snapshot["ledger"])
        self._prices.update(snapshot["prices"])

    def _fill(self, body: ExecutionBody) -> list[Booked]:
        fill = OrderFilled(
            ts_ns=nanoseconds(body.time),
            client_id=body.client_id,
            fill_id=body.execution_id,
            symbol=body.symbol,
            side=_side(body),
            price=self._ticks(body),
            lots=self._lots(body),
            fee=to_money(body.fees),
            fee_asset=body.fee_asset,
            liquidity=Liquidity.MAKER if body.maker else Liquidity.TAKER,
            slippage=to_money(body.slippage),
        )
        if not body.execution_id:
            raise ValueError("An execution without its id cannot be booked once.")
        self._prices[body.symbol] = fill.price
        booking = self.ledger.book_fill(body.strategy, fill)
        if booking is None:
            return []
        told = to_money(body.realized_pnl)
        self.differing += told != booking.realised
        return [self._booked(fill, booking, told, fill.slippage, body)]

    def _liquidation(self, body: ExecutionBody) -> list[Booked]:
        event = PositionLiquidated(
            ts_ns=nanoseconds(body.time),
            fill_id=body.execution_id,
            symbol=body.symbol,
            side=_side(body),
            price=self._ticks(body),
            lots=self._lots(body),
            fee=to_money(body.fees),
            fee_asset=body.fee_asset,
        )
        self._prices[body.symbol] = event.price
        before = {position.owner: (position.lots, position.fees) for position in self._of(body.symbol)}
        settle = self._instruments[body.symbol].settle
        rows = []
        for booking in self.ledger.book_liquidation(event):
            position = booking.position
            lots, fees = before.get(position.owner, (0, 0))
            row = self._booked(event, booking, booking.realised, 0, body)
            fee = self.ledger.worth(settle, position.fees - fees)
            rows.append(row._replace(lots=abs(position.lots - lots), fee=fee))
        return rows

    def _booked(
        self,
        event: OrderFilled | PositionLiquidated,
        booking: Booking,
        realised: int,
        slippage: int,
        body: ExecutionBody,
    ) -> Booked:
        ledger = self.ledger
        settle = self._instruments[event.symbol].settle
        liquidation = isinstance(event, PositionLiquidated)
        return Booked(
            ts_ns=event.ts_ns,
            owner=booking.position.owner,
            symbol=event.symbol,
            side=event.side,
            lots=event.lots,
            price=event.price,
            fee=ledger.worth(event.fee_asset, event.fee),
            realised=ledger.worth(settle, realised),
            slippage=ledger.worth(settle, slippage),
            closed_trip=booking.closed_trip,
            trip_result=ledger.worth(settle, booking.trip_result),
            stopped=liquidation or body.role == "protective_stop",
            maker=bool(body.maker),
            liquidation=liquidation,
        )

    def _funding(self, body: ExecutionBody) -> list[Booked]:
        settle = self._instruments[body.symbol].settle
        event = FundingPaid(
            ts_ns=nanoseconds(body.time),
            funding_id=body.execution_id,
            symbol=body.symbol,
            amount=to_money(body.funding),
            asset=settle,
        )
        before = {position.owner: position.funding for position in self._of(body.symbol)}
        if not self.ledger.book_funding(event):
            return []
        shares = [(p.owner, p.funding - before.get(p.owner, 0)) for p in self._of(body.symbol)]
        return [
            Booked(event.ts_ns, owner, body.symbol, funding=self.ledger.worth(settle, share))
            for owner, share in shares
            if share
        ]

    def _transfer(self, body: ExecutionBody) -> list[Booked]:
        """An engine moves whole positions. One that was not followed here from its beginning is taken at its price."""
        if body.execution_id in self.ledger.booked:
            return []
        self.ledger.booked.add(body.execution_id)
        side, price = _side(body), self._ticks(body)
        lots = int(side) * self._lots(body)
        source = self.ledger.position(body.strategy, body.symbol)
        known = source.lots == lots
        cost = source.cost if known else position_value(price, lots, *source.instrument.valuation)
        before = self.ledger.realised
        self.ledger.transfer(body.symbol, body.strategy, body.to_strategy, lots, cost)
        if not known:
            self.differing += 1
            source.lots = source.cost = 0
        realised = self.ledger.realised - before
        ts_ns = nanoseconds(body.time)
        return [
            Booked(
                ts_ns,
                body.to_strategy,
                body.symbol,
                side,
                abs(lots),
                price,
                realised=realised,
                from_owner=body.strategy,
            )
        ]

    def _of(self, symbol: str) -> list[Position]:
        return self.ledger.by_symbol.get(symbol, [])

    def _ticks(self, body: ExecutionBody) -> int:
        if body.price is None:
            raise ValueError("An execution has a price.")
        instrument = self._instruments[body.symbol]
        # The average price of a position is no multiple of the tick.
        return instrument.ticks_rounded(body.price) if body.status == "transferred" else instrument.ticks(body.price)

    def _lots(self, body: ExecutionBody) -> int:
        if body.quantity is None or body.quantity <= 0:
            raise ValueError("An execution has a quantity.")
        return self._instruments[body.symbol].lots(body.quantity)


def _side(body: ExecutionBody) -> Side:
    if body.side is None:
        raise ValueError("An execution has a side.")
    return Side.BUY if body.side == "buy" else Side.SELL
