"""A made-up run: a moving-average cross on given prices, booked as the ledger books."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from tests.unit.backtest.test_round_trips import BTC
from workstation.backtest.result import BacktestResult, DataGap, Run, build_result
from workstation.backtest.round_trips import BookedFill, BookedFunding, Booking, PriceBars
from workstation.config.loader import load_settings
from workstation.core.money import to_money
from workstation.core.timeframe import HOUR_NS, MINUTE_NS, parse_utc
from workstation.core.types import OrderRole, Side
from workstation.rules.position import apply_fill
from workstation.rules.value import position_value

START = parse_utc("2023-01-01")
COSTS = load_settings(Path(__file__).parents[3] / "config" / "strategy.yaml").settings.backtest.costs


def random_bars(count: int, interval_ns: int = HOUR_NS, seed: int = 1, volatility: float = 0.006) -> PriceBars:
    rng = np.random.default_rng(seed)
    close = (1_654_177 * np.exp(np.cumsum(rng.normal(volatility / 200, volatility, count)))).astype(np.int64)
    open_ = np.concatenate(([1_654_177], close[:-1]))
    reach = np.abs(rng.normal(0, volatility / 2, (2, count)))
    return PriceBars(
        interval_ns=interval_ns,
        close_ns=START + np.arange(1, count + 1, dtype=np.int64) * interval_ns,
        open=open_,
        high=(np.maximum(open_, close) * (1 + reach[0])).astype(np.int64),
        low=(np.minimum(open_, close) * (1 - reach[1])).astype(np.int64),
        close=close,
    )


def crossing_run(bars: PriceBars, hold_bars: int = 40, share: float = 0.9, **changes: Any) -> BacktestResult:
    """Turns the position every ``hold_bars`` with the direction of the last bars, and holds the last one open."""
    cash = to_money(10_000)
    valuation = BTC.valuation
    bookings: list[Booking] = []
    lots = cost = 0
    balance = cash
    times, equity = [START], [cash]
    opens, closes = bars.open.tolist(), bars.close.tolist()
    for index in range(len(bars)):
        opened_ns = int(bars.close_ns[index]) - bars.interval_ns
        price = opens[index]
        if index and index % hold_bars == 0:
            rising = closes[index - 1] > closes[max(0, index - hold_bars)]
            target = int(balance * share / (price * valuation.numerator)) * (1 if rising else -1)
            if target != lots:
                side = Side.BUY if target > lots else Side.SELL
                amount = abs(target - lots)
                value = position_value(price, side * amount, *valuation)
                effect = apply_fill(lots, cost, side * amount, value)
                lots, cost = effect.lots, effect.cost
                fee = abs(value) // 1_000
                balance += effect.realised - fee
                bookings.append(
                    BookedFill(
                        ts_ns=opened_ns + 100_000_000,
                        symbol="BTCUSDT",
                        owner="ema_cross",
                        side=side,
                        lots=amount,
                        price=price,
                        fee=fee,
                        realised=effect.realised,
                        slippage=abs(value) // 2_000,
                        role=OrderRole.ENTRY,
                        reason="EMA 12 crossed above EMA 26" if rising else "EMA 12 <below> EMA 26",
                        stop=int(price * (0.98 if side > 0 else 1.02)),
                    )
                )
        if lots and opened_ns % (8 * HOUR_NS) == 0:
            amount = -position_value(price, lots, *valuation) // 10_000
            balance += amount
            bookings.append(BookedFunding(ts_ns=opened_ns, symbol="BTCUSDT", owner="ema_cross", amount=amount))
        times.append(int(bars.close_ns[index]))
        equity.append(balance + (position_value(closes[index], lots, *valuation) - cost if lots else 0))
    run = {
        "strategy": "ema_cross",
        "symbol": "BTCUSDT",
        "timeframe": "1m" if bars.interval_ns == MINUTE_NS else "1h",
        "parameters": {"fast": 12, "slow": 26, "risk": Decimal("0.60")},
        "start_ns": START,
        "end_ns": int(bars.close_ns[-1]),
        "cash": Decimal(10_000),
        "currency": "USDT",
        "costs": COSTS,
        "limits": "on",
        "seed": 7,
        "bars": len(bars),
        "warm_up_bars": 240,
        "data": "Shipped sample of BTCUSDT 2023",
        "gaps": (DataGap(parse_utc("2023-01-09T13:00"), parse_utc("2023-01-09T14:00"), 1),),
        "denied": {"PRICE_COLLAR": 2, "STALE_DATA": 11},
        "lifted": {"crisis": 3},
        "warnings": ("The period begins with the data: 97 of 240 warm-up bars were there.",),
    } | changes
    return build_result(
        Run(**run),
        bookings=bookings,
        equity_times_ns=np.array(times, dtype=np.int64),
        equity=np.array(equity, dtype=np.int64),
        bars=bars,
        instruments={"BTCUSDT": BTC},
        last_prices={"BTCUSDT": closes[-1]},
        order_hash="5f0c" * 16,
    )
