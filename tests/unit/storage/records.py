"""Records of a plausible session, for the tests of the storage."""

from __future__ import annotations

import random
from decimal import Decimal

from workstation.core.instrument import Instrument
from workstation.core.messages import (
    CancelRequested,
    EquitySampled,
    FundingPaid,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    Output,
    PositionTransferred,
)
from workstation.core.types import (
    InstrumentKind,
    Liquidity,
    Mode,
    OrderRole,
    OrderType,
    Side,
    TimeInForce,
)
from workstation.storage.journal import SessionHeader

BTC = Instrument("BTCUSDT", "BTC", "USDT", InstrumentKind.LINEAR, Decimal("0.1"), Decimal("0.001"), Decimal(5))
PERP = Instrument(
    "BTCUSD_PERP",
    "BTC",
    "USD",
    InstrumentKind.INVERSE,
    Decimal("0.1"),
    Decimal(1),
    Decimal(0),
    contract_size=Decimal(100),
)
START_NS = 1_700_000_000_000_000_000


def header(**changes: object) -> SessionHeader:
    fields = {
        "started_ns": START_NS,
        "mode": Mode.PAPER,
        "seed": 7,
        "engine_version": "0.1.0",
        "configuration": '{"mode": "paper"}',
        "instruments": {"BTCUSDT": BTC, "BTCUSD_PERP": PERP},
        "strategies": {"ema_cross": "ab" * 32},
        "opening": {"cash": {"USDT": 10**12}},
        "inputs": "session-000001",
    }
    return SessionHeader(**(fields | changes))  # type: ignore[arg-type]


def submitted(client_id: str, ts_ns: int = START_NS, **changes: object) -> OrderSubmitted:
    fields = {
        "ts_ns": ts_ns,
        "client_id": client_id,
        "symbol": "BTCUSDT",
        "side": Side.BUY,
        "type": OrderType.LIMIT,
        "lots": 100,
        "price": 430_001,
        "stop_price": 0,
        "trail": 0,
        "time_in_force": TimeInForce.GTC,
        "post_only": False,
        "reduce_only": False,
        "venue_reduces": False,
        "role": OrderRole.ENTRY,
        "owner": "ema_cross",
        "reason": "cross up",
        "parent_id": "",
        "oco_group": "",
        "reference": 430_000,
        "expires_ns": ts_ns + 5_000_000_000,
    }
    return OrderSubmitted(**(fields | changes))  # type: ignore[arg-type]


def filled(order: OrderSubmitted, lots: int, number: int, ts_ns: int = START_NS) -> OrderFilled:
    return OrderFilled(
        ts_ns=ts_ns,
        client_id=order.client_id,
        fill_id=f"f{number}",
        symbol=order.symbol,
        side=order.side,
        price=order.price,
        lots=lots,
        fee=12_345,
        fee_asset="USDT",
        liquidity=Liquidity.TAKER,
        slippage=-3,
    )


def session_records(seed: int, orders: int, prefix: str = "s1-") -> list[Output]:
    """Orders that fill in parts, are cancelled or rejected; transfers, funding, equity."""
    rng = random.Random(seed)
    records: list[Output] = []
    ts_ns = START_NS
    for number in range(orders):
        ts_ns += rng.randrange(1, 10**9)
        symbol = rng.choice(("BTCUSDT", "BTCUSD_PERP"))
        order = submitted(
            f"{prefix}{number}",
            ts_ns,
            symbol=symbol,
            side=rng.choice((Side.BUY, Side.SELL)),
            lots=rng.randrange(1, 500),
            price=rng.randrange(400_000, 460_000),
            owner=rng.choice(("ema_cross", "manual")),
            reduce_only=rng.random() < 0.2,
        )
        records.append(order)
        if rng.random() < 0.1:
            reason = "margin is insufficient"
            records.append(OrderRejected(ts_ns=ts_ns, client_id=order.client_id, code="MARGIN", reason=reason))
            continue
        records.append(OrderAccepted(ts_ns=ts_ns, client_id=order.client_id, venue_id=f"v{prefix}{number}"))
        left = order.lots
        while left and rng.random() < 0.8:
            part = rng.randrange(1, left + 1)
            left -= part
            records.append(filled(order, part, len(records), ts_ns))
        if left and rng.random() < 0.7:
            records.append(CancelRequested(ts_ns=ts_ns, client_id=order.client_id))
            records.append(OrderCancelled(ts_ns=ts_ns, client_id=order.client_id, reason="asked for"))
        if rng.random() < 0.1:
            records.append(
                FundingPaid(ts_ns=ts_ns, funding_id=f"{prefix}{number}", symbol=symbol, amount=-77, asset="USDT")
            )
        if rng.random() < 0.05:
            records.append(
                PositionTransferred(
                    ts_ns=ts_ns,
                    symbol=symbol,
                    from_owner="ema_cross",
                    to_owner="manual",
                    lots=3,
                    cost=900,
                    reason="taken over",
                    who="desktop",
                )
            )
        records.append(
            EquitySampled(
                ts_ns=ts_ns,
                equity=10**12 + number,
                cash=10**12,
                realised=0,
                unrealised=number,
                exposure=5,
                prices={"BTCUSDT": 430_000 + number},
            )
        )
    return records
