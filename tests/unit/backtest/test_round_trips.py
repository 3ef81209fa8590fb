"""Trades from fills: hand-computed cases, and sums that hold to the last digit whatever the fills."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.backtest.round_trips import (
    BookedFill,
    BookedFunding,
    BookedStop,
    Booking,
    PriceBars,
    Trade,
    round_trips,
)
from workstation.core.instrument import Instrument
from workstation.core.money import to_money
from workstation.core.timeframe import HOUR_NS, MINUTE_NS
from workstation.core.types import InstrumentKind, OrderRole, Side
from workstation.rules.position import apply_fill
from workstation.rules.value import position_value

BTC = Instrument(
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    kind=InstrumentKind.LINEAR,
    tick=Decimal("0.01"),
    lot=Decimal("0.001"),
    minimum_notional=Decimal(5),
)
INVERSE = Instrument(
    symbol="BTCUSD",
    base="BTC",
    quote="USD",
    kind=InstrumentKind.INVERSE,
    tick=Decimal("0.5"),
    lot=Decimal(1),
    minimum_notional=Decimal(0),
    contract_size=Decimal(100),
)
INSTRUMENTS = {"BTCUSDT": BTC, "BTCUSD": INVERSE}
START = 1_672_531_200 * 1_000_000_000


class Books:
    """Books fills as the ledger does, so that their realised amounts are the ledger's."""

    def __init__(self, instrument: Instrument = BTC, owner: str = "ema_cross") -> None:
        self.instrument = instrument
        self.owner = owner
        self.lots = self.cost = 0
        self.bookings: list[Booking] = []

    def fill(self, minute: int, side: Side, lots: int, price: int, fee: int = 0, **details) -> None:
        value = position_value(price, side * lots, *self.instrument.valuation)
        effect = apply_fill(self.lots, self.cost, side * lots, value)
        self.lots, self.cost = effect.lots, effect.cost
        self.bookings.append(
            BookedFill(
                ts_ns=START + minute * MINUTE_NS,
                symbol=self.instrument.symbol,
                owner=self.owner,
                side=side,
                lots=lots,
                price=price,
                fee=fee,
                realised=effect.realised,
                **details,
            )
        )

    def fund(self, minute: int, amount: int) -> None:
        self.bookings.append(
            BookedFunding(
                ts_ns=START + minute * MINUTE_NS, symbol=self.instrument.symbol, owner=self.owner, amount=amount
            )
        )

    def stop(self, minute: int, price: int) -> None:
        self.bookings.append(
            BookedStop(ts_ns=START + minute * MINUTE_NS, symbol=self.instrument.symbol, owner=self.owner, price=price)
        )

    def trades(self, last_price: int = 1, bars: PriceBars | None = None) -> list[Trade]:
        symbol = self.instrument.symbol
        return round_trips(
            self.bookings,
            INSTRUMENTS,
            end_ns=START + 1_000 * MINUTE_NS,
            last_prices={symbol: last_price},
            bars={symbol: bars} if bars else None,
        )


def test_a_long_round_trip_in_two_entries() -> None:
    """1 BTC at 100.00 and 3 at 104.00, out at 110.00: average 103, profit 28, less 0.7 of fees and 0.3 of funding."""
    books = Books()
    books.fill(0, Side.BUY, 1_000, 10_000, to_money("0.1"), reason="cross up", stop=9_800)
    books.fill(5, Side.BUY, 3_000, 10_400, to_money("0.2"), reason="added", stop=10_000)
    books.fund(8, to_money("-0.3"))
    books.fill(60, Side.SELL, 4_000, 11_000, to_money("0.4"), role=OrderRole.EXIT, reason="cross down")
    (trade,) = books.trades()
    assert (trade.side, trade.quantity, trade.strategy) == (Side.BUY, Decimal("4.000"), "ema_cross")
    assert (trade.entry_price, trade.exit_price) == (Decimal("103.00"), Decimal("110.00"))
    assert (trade.gross, trade.fees, trade.funding) == (to_money(28), to_money("0.7"), to_money("-0.3"))
    assert trade.net == to_money(27)
    assert (trade.entry_reason, trade.exit_reason, trade.fills) == ("cross up", "cross down", 3)
    # 1 BTC risks 2, 3 BTC risk 4 each: 14 in all.
    assert trade.risk == to_money(14)
    assert trade.r_multiple == pytest.approx(27 / 14)
    assert not trade.is_open


def test_a_stop_that_is_sent_after_the_entry_is_the_trades_first_and_later_ones_are_not() -> None:
    """Most strategies place their stop when the entry has filled; without it a lost trade would count as none."""
    books = Books()
    books.stop(0, 9_000)
    books.fill(0, Side.BUY, 1_000, 10_000)
    books.stop(0, 9_800)
    books.stop(7, 9_950)
    books.fill(9, Side.SELL, 1_000, 9_800, role=OrderRole.PROTECTIVE_STOP)
    (trade,) = books.trades()
    assert trade.risk == to_money(2)
    assert trade.r_multiple == pytest.approx(-1)


def test_a_fill_that_turns_the_position_ends_one_trade_and_begins_the_next() -> None:
    books = Books()
    books.fill(0, Side.BUY, 1_000, 10_000)
    books.fill(1, Side.SELL, 3_000, 10_500, fee=900, slippage=-30, role=OrderRole.EXIT, reason="reverse")
    books.fill(2, Side.BUY, 2_000, 10_700, fee=7, role=OrderRole.PROTECTIVE_STOP)
    long, short = books.trades()
    assert (long.gross, long.fees, long.slippage) == (to_money(5), 300, -10)
    assert (short.side, short.quantity, short.entry_price) == (Side.SELL, Decimal("2.000"), Decimal("105.00"))
    assert (short.gross, short.fees, short.slippage) == (to_money(-4), 607, -20)
    assert short.exit_reason == "protective stop"
    assert short.r_multiple is None
    told = [[(each.side, each.quantity, each.price) for each in trade.executions] for trade in (long, short)]
    assert told == [
        [(Side.BUY, Decimal("1.000"), Decimal("100.00")), (Side.SELL, Decimal("1.000"), Decimal("105.00"))],
        [(Side.SELL, Decimal("2.000"), Decimal("105.00")), (Side.BUY, Decimal("2.000"), Decimal("107.00"))],
    ]
    assert [each.ts_ns for each in short.executions] == [START + MINUTE_NS, START + 2 * MINUTE_NS]


def test_an_open_position_is_an_open_trade_at_the_last_price() -> None:
    books = Books()
    books.fill(0, Side.SELL, 2_000, 10_000, fee=5)
    books.fill(3, Side.BUY, 500, 9_000)
    (trade,) = books.trades(last_price=9_900)
    assert trade.is_open and trade.exit_reason == "open"
    assert (trade.exit_price, trade.exit_ns) == (Decimal("99.00"), START + 1_000 * MINUTE_NS)
    # 0.5 realised at 10 each, 1.5 open at 1 each.
    assert trade.gross == to_money("6.5")
    assert trade.net == to_money("6.5") - 5


def test_averages_that_ticks_do_not_hold_have_eight_decimals() -> None:
    books = Books()
    books.fill(0, Side.BUY, 1, 10_000)
    books.fill(0, Side.BUY, 2, 10_001)
    (trade,) = books.trades(last_price=10_000)
    assert trade.entry_price == Decimal("100.00666667")


def test_inverse_contracts_average_by_worth() -> None:
    """100 contracts at 20,000 and 100 at 30,000 are worth 0.5 and 0.3333 BTC: the average is 24,000."""
    books = Books(INVERSE)
    books.fill(0, Side.BUY, 100, 40_000)
    books.fill(0, Side.BUY, 100, 60_000)
    books.fill(9, Side.SELL, 200, 48_000)
    (trade,) = books.trades()
    assert (trade.entry_price, trade.exit_price) == (Decimal("24000.0"), Decimal("24000.0"))
    assert abs(trade.gross) <= 1


def test_excursions_and_bars_held() -> None:
    """The entry's bar counts, the bar in which it leaves does not: only its exit price does."""
    hours = np.arange(1, 5, dtype=np.int64) * HOUR_NS + START
    bars = PriceBars(
        interval_ns=HOUR_NS,
        close_ns=hours,
        open=np.array([10_000, 10_100, 10_200, 10_300]),
        high=np.array([10_150, 10_400, 10_250, 19_000]),
        low=np.array([9_900, 9_700, 10_150, 1_000]),
        close=np.array([10_100, 10_200, 10_200, 10_300]),
    )
    books = Books()
    books.fill(0, Side.BUY, 1_000, 10_000)
    books.fill(181, Side.SELL, 1_000, 10_300)
    (trade,) = books.trades(bars=bars)
    assert (trade.adverse, trade.favourable) == (to_money(-3), to_money(4))
    assert trade.bars_held == 3
    books = Books()
    books.fill(0, Side.SELL, 1_000, 10_000)
    books.fill(181, Side.BUY, 1_000, 10_300)
    (trade,) = books.trades(bars=bars)
    assert (trade.adverse, trade.favourable) == (to_money(-4), to_money(3))


def test_liquidation_is_named_and_funding_after_the_exit_belongs_to_the_trade_before() -> None:
    books = Books()
    books.fund(0, 99)
    books.fill(1, Side.BUY, 1_000, 10_000)
    books.fill(2, Side.SELL, 1_000, 5_000, liquidation=True)
    books.fund(3, -7)
    (trade,) = books.trades()
    assert (trade.exit_reason, trade.funding) == ("liquidation", -7)


def test_owners_are_kept_apart() -> None:
    one, two = Books(owner="one"), Books(owner="two")
    one.fill(0, Side.BUY, 10, 10_000)
    two.fill(1, Side.SELL, 10, 10_000)
    one.bookings += two.bookings
    trades = one.trades(last_price=10_000)
    assert [(trade.number, trade.strategy, trade.side) for trade in trades] == [
        (1, "one", Side.BUY),
        (2, "two", Side.SELL),
    ]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([Side.BUY, Side.SELL]),
            st.integers(1, 5_000),
            st.integers(1, 10_000_000),
            st.integers(-1_000, 10_000_000),
        ),
        min_size=1,
        max_size=30,
    ),
    st.sampled_from([BTC, INVERSE]),
    st.integers(1, 10_000_000),
)
def test_no_digit_is_lost(fills: list[tuple[Side, int, int, int]], instrument: Instrument, last_price: int) -> None:
    """Fees, slippage, funding and results of the trades add up to those of the account."""
    books = Books(instrument)
    for minute, (side, lots, price, fee) in enumerate(fills):
        books.fill(minute, side, lots, price, fee, slippage=-fee)
    trades = books.trades(last_price)
    booked = [booking for booking in books.bookings if isinstance(booking, BookedFill)]
    assert sum(trade.fees for trade in trades) == sum(fill.fee for fill in booked)
    assert sum(trade.slippage for trade in trades) == sum(fill.slippage for fill in booked)
    value = position_value(last_price, books.lots, *instrument.valuation) if books.lots else 0
    assert sum(trade.gross for trade in trades) == sum(fill.realised for fill in booked) + value - books.cost
    assert sum(trade.is_open for trade in trades) == (books.lots != 0)
    assert [trade.number for trade in trades] == list(range(1, len(trades) + 1))
