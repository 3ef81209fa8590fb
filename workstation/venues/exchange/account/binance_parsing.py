"""Binance's answers about orders and trades, in the engine's terms."""

from __future__ import annotations

from typing import Any

from workstation.core.instrument import Instrument
from workstation.core.messages import FundingPaid, OrderFilled, PositionLiquidated
from workstation.core.money import to_money
from workstation.core.types import Liquidity, OrderState, OrderType, Side
from workstation.venues.exchange.account.facts import Execution, OrderFacts
from workstation.venues.exchange.account.order_terms import LINEAR_TYPES_BACK, SPOT_TYPES_BACK

MILLISECOND_NS = 1_000_000
ALGO = "algo:"
"""Before the id of an order of the Algo service, whose ids are counted apart."""
LIQUIDATIONS = ("autoclose-", "adl_autoclose", "settlement_autoclose-")
"""Begins of the client ids under which Binance itself closes positions."""

STATES = {
    "NEW": OrderState.ACCEPTED,
    "PENDING_NEW": OrderState.ACCEPTED,
    "PARTIALLY_FILLED": OrderState.PARTIALLY_FILLED,
    "FILLED": OrderState.FILLED,
    "CANCELED": OrderState.CANCELLED,
    "PENDING_CANCEL": OrderState.ACCEPTED,
    "REJECTED": OrderState.REJECTED,
    "EXPIRED": OrderState.EXPIRED,
    "EXPIRED_IN_MATCH": OrderState.EXPIRED,
}
# FINISHED is missing: how it ended is told by the order that it became.
ALGO_STATES = {
    "NEW": OrderState.ACCEPTED,
    "TRIGGERING": OrderState.TRIGGERED,
    "TRIGGERED": OrderState.TRIGGERED,
    "CANCELED": OrderState.CANCELLED,
    "REJECTED": OrderState.REJECTED,
    "EXPIRED": OrderState.EXPIRED,
}


def side_of(name: str) -> Side:
    return Side.BUY if name == "BUY" else Side.SELL


def type_of(name: str, spot: bool) -> OrderType:
    """The engine's type; a market order for one that it does not know, which only foreign orders can be."""
    return (SPOT_TYPES_BACK if spot else LINEAR_TYPES_BACK).get(name, OrderType.MARKET)


def order_facts(row: dict[str, Any], client_id: str, instrument: Instrument) -> OrderFacts:
    """From an order as /order and /openOrders show it."""
    spot = not instrument.is_derivative
    return OrderFacts(
        client_id=client_id,
        venue_id=str(row["orderId"]),
        symbol=row["symbol"],
        side=side_of(row["side"]),
        type=type_of(row["type"], spot),
        state=STATES.get(row["status"], OrderState.UNKNOWN),
        lots=instrument.lots(row["origQty"]),
        filled_lots=instrument.lots(row["executedQty"]),
        price=instrument.ticks(row.get("price") or "0"),
        stop_price=instrument.ticks(row.get("stopPrice") or "0"),
        reduce_only=bool(row.get("reduceOnly", False)),
    )


def algo_facts(row: dict[str, Any], client_id: str, instrument: Instrument) -> OrderFacts:
    """From a conditional order as the Algo service shows it, which knows nothing of fills."""
    return OrderFacts(
        client_id=client_id,
        venue_id=f"{ALGO}{row['algoId']}",
        symbol=row["symbol"],
        side=side_of(row["side"]),
        type=type_of(row["orderType"], spot=False),
        state=ALGO_STATES.get(row["algoStatus"], OrderState.UNKNOWN),
        lots=instrument.lots(row["quantity"]),
        filled_lots=0,
        price=instrument.ticks(row.get("price") or "0"),
        stop_price=instrument.ticks(row.get("triggerPrice") or "0"),
        reduce_only=bool(row.get("reduceOnly", False)),
        conditional=True,
    )


def fill_id(symbol: str, trade_id: Any) -> str:
    """The same by REST and by stream, so that an execution is booked once."""
    return f"{symbol}:{trade_id}"


def execution(row: dict[str, Any], client_id: str, instrument: Instrument) -> Execution:
    """From a row of /myTrades or /userTrades; its time is the exchange's. A liquidation is no order of anybody's."""
    # Spot says isBuyer and isMaker, perpetuals buyer, side and maker.
    buyer = row["isBuyer"] if "isBuyer" in row else row["buyer"]
    maker = row["isMaker"] if "isMaker" in row else row["maker"]
    side = Side.BUY if buyer else Side.SELL
    return execution_report(
        ts_ns=int(row["time"]) * MILLISECOND_NS,
        client_id=client_id,
        trade_id=row["id"],
        side=side,
        price=row["price"],
        quantity=row["qty"],
        fee=row["commission"],
        fee_asset=row["commissionAsset"],
        maker=bool(maker),
        instrument=instrument,
    )


def execution_report(
    *,
    ts_ns: int,
    client_id: str,
    trade_id: Any,
    side: Side,
    price: str,
    quantity: str,
    fee: str | None,
    fee_asset: str | None,
    maker: bool,
    instrument: Instrument,
) -> Execution:
    """An execution by its venue id; quantity and price must be whole lots and ticks, else ``ValueError``."""
    symbol = instrument.symbol
    if client_id.startswith(LIQUIDATIONS):
        return PositionLiquidated(
            ts_ns=ts_ns,
            fill_id=fill_id(symbol, trade_id),
            symbol=symbol,
            side=side,
            price=instrument.ticks(price),
            lots=instrument.lots(quantity),
            fee=to_money(fee or "0"),
            fee_asset=fee_asset or instrument.settle,
        )
    return OrderFilled(
        ts_ns=ts_ns,
        client_id=client_id,
        fill_id=fill_id(symbol, trade_id),
        symbol=symbol,
        side=side,
        price=instrument.ticks(price),
        lots=instrument.lots(quantity),
        fee=to_money(fee or "0"),
        fee_asset=fee_asset or instrument.settle,
        liquidity=Liquidity.MAKER if maker else Liquidity.TAKER,
    )


def funding(row: dict[str, Any]) -> FundingPaid:
    """From a FUNDING_FEE row of /income; its time is the exchange's."""
    return FundingPaid(
        ts_ns=int(row["time"]) * MILLISECOND_NS,
        funding_id=f"{row['symbol']}:funding:{row['tranId']}",
        symbol=row["symbol"],
        amount=to_money(row["income"]),
        asset=row["asset"],
    )
