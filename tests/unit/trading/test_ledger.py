"""The books balance to the last digit, whatever is booked, in whatever order, however often."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trading.bench import BTC, COIN, INSTRUMENTS, LAST, SOL, UNIT, instrument
from workstation.core.instrument import Instrument
from workstation.core.messages import FundingPaid, OrderFilled, PositionLiquidated
from workstation.core.money import to_money
from workstation.core.types import EXTERNAL, MANUAL, InstrumentKind, Liquidity, Side
from workstation.rules.value import position_value
from workstation.trading.ledger import Booking, Ledger

AWKWARD: dict[InstrumentKind, Instrument] = {
    InstrumentKind.SPOT: instrument(
        "AUSDT", InstrumentKind.SPOT, tick=Decimal("0.000003"), lot=Decimal("0.0007"), minimum_notional=Decimal(0)
    ),
    InstrumentKind.LINEAR: instrument(
        "AUSDT", tick=Decimal("0.0003"), lot=Decimal("0.00007"), contract_size=Decimal("0.013")
    ),
    InstrumentKind.INVERSE: instrument(
        "AUSDT", InstrumentKind.INVERSE, tick=Decimal("0.3"), lot=Decimal(7), contract_size=Decimal("1.7")
    ),
}
FEE_COIN = instrument("BNBUSDT", tick=Decimal("0.01"))
SYMBOL = "AUSDT"
OWNERS = ("ema", "grid", MANUAL)
MARK = 33_333
OPENING = 5_000 * UNIT


def fill(
    number: int, side: Side, lots: int, price: int, fee: int = 0, asset: str = "USDT", symbol: str = SYMBOL
) -> OrderFilled:
    return OrderFilled(
        ts_ns=number,
        client_id="c",
        fill_id=f"f{number}",
        symbol=symbol,
        side=side,
        price=price,
        lots=lots,
        fee=fee,
        fee_asset=asset,
        liquidity=Liquidity.TAKER,
        slippage=lots,
    )


class Model:
    """A ledger of one awkward symbol, and beside it the plainest possible account of what was booked."""

    def __init__(self, kind: InstrumentKind) -> None:
        self.terms = AWKWARD[kind]
        self.settle = self.terms.settle
        self.prices = {SYMBOL: MARK, "BNBUSDT": 25_731}
        self.ledger = Ledger(
            {SYMBOL: self.terms, "BNBUSDT": FEE_COIN}, self.settle, {self.settle: OPENING}, lambda s: self.prices[s]
        )
        self.entered: dict[str, int] = defaultdict(int)
        self.lots: dict[str, int] = defaultdict(int)
        self.flows: dict[str, int] = defaultdict(int, {self.settle: OPENING})
        self.number = 0
        self.settled_fees = 0

    def value(self, lots: int, price: int) -> int:
        return position_value(price, lots, *self.terms.valuation)

    def note(self, owner: str, lots: int, price: int, booking: Booking | None) -> None:
        assert booking is not None
        assert booking.position.owner == owner
        value = self.value(lots, price)
        self.entered[owner] += value
        self.lots[owner] += lots
        self.flows[self.settle] += -value if self.terms.kind is InstrumentKind.SPOT else booking.realised

    def trade(self, owner: str, lots: int, price: int, fee: int, asset: str) -> None:
        self.number += 1
        side = Side.BUY if lots > 0 else Side.SELL
        event = fill(self.number, side, abs(lots), price, fee, asset)
        self.note(owner, lots, price, self.ledger.book_fill(owner, event))
        self.flows[asset] -= fee
        self.settled_fees += fee if asset == self.settle else 0
        assert self.ledger.book_fill(owner, event) is None

    def fund(self, amount: int) -> None:
        self.number += 1
        event = FundingPaid(
            ts_ns=self.number, funding_id=f"f{self.number}", symbol=SYMBOL, amount=amount, asset=self.settle
        )
        assert self.ledger.book_funding(event)
        assert not self.ledger.book_funding(event)
        self.flows[self.settle] += amount

    def liquidate(self, price: int, fee: int) -> None:
        net = sum(self.lots.values())
        if net == 0:
            return
        self.number += 1
        event = PositionLiquidated(
            ts_ns=self.number,
            fill_id=f"f{self.number}",
            symbol=SYMBOL,
            side=Side.SELL if net > 0 else Side.BUY,
            price=price,
            lots=abs(net),
            fee=fee,
            fee_asset=self.settle,
        )
        before = dict(self.lots)
        for booking in self.ledger.book_liquidation(event):
            owner = booking.position.owner
            self.note(owner, booking.position.lots - before.get(owner, 0), price, booking)
        self.flows[self.settle] -= fee
        self.settled_fees += fee
        assert self.ledger.book_liquidation(event) == []
        assert self.ledger.net_lots[SYMBOL] == 0

    def transfer(self, source: str, target: str) -> None:
        position = self.ledger.position(source, SYMBOL)
        if position.lots == 0 or source == target:
            return
        realised = self.ledger.realised
        lots, cost = position.lots, position.cost
        self.ledger.transfer(SYMBOL, source, target, lots, cost)
        self.entered[source] -= cost
        self.entered[target] += cost
        self.lots[source] -= lots
        self.lots[target] += lots
        if self.terms.is_derivative:
            self.flows[self.settle] += self.ledger.realised - realised

    def check(self) -> None:
        ledger = self.ledger
        positions = list(ledger.positions.values())
        for position in positions:
            owner = position.owner
            assert position.lots == self.lots[owner]
            assert self.entered[owner] == position.cost - position.realised
            if position.lots == 0:
                assert position.cost == 0
        assert {a: m for a, m in ledger.cash.items() if m} == {a: m for a, m in self.flows.items() if m}
        assert ledger.net_lots.get(SYMBOL, 0) == sum(p.lots for p in positions)
        assert ledger.realised == sum(p.realised for p in positions)
        assert ledger.fees == sum(p.fees for p in positions)
        assert ledger.funding == sum(p.funding for p in positions)
        unrealised = sum(p.unrealised(MARK) for p in positions)
        assert ledger.unrealised() == unrealised
        other = ledger.cash.get("BNB", 0)
        profit = ledger.realised - self.settled_fees + ledger.funding + unrealised
        assert ledger.equity() == OPENING + profit + ledger.worth("BNB", other)


@st.composite
def bookings(draw: st.DrawFn) -> list[tuple[Any, ...]]:
    owner = st.sampled_from(OWNERS)
    price = st.integers(1, 90_000)
    lots = st.integers(-500, 500).filter(bool)
    fee = st.integers(-1_000, 5_000)
    step = st.one_of(
        st.tuples(st.just("trade"), owner, lots, price, fee, st.booleans()),
        st.tuples(st.just("trade"), owner, lots, price, fee, st.booleans()),
        st.tuples(st.just("fund"), st.integers(-9_999, 9_999)),
        st.tuples(st.just("liquidate"), price, st.integers(0, 999)),
        st.tuples(st.just("transfer"), owner, owner),
    )
    return draw(st.lists(step, min_size=1, max_size=25))


@pytest.mark.parametrize("kind", InstrumentKind)
@given(steps=bookings(), third_asset=st.booleans())
def test_lesson_12_13_the_books_balance_to_the_last_digit(
    kind: InstrumentKind, steps: list[tuple[Any, ...]], third_asset: bool
) -> None:
    model = Model(kind)
    third_asset = third_asset and kind is not InstrumentKind.INVERSE
    for step, *terms in steps:
        if step == "trade":
            owner, lots, price, fee, in_third = terms
            asset = "BNB" if third_asset and in_third else model.settle
            model.trade(owner, lots, price, fee, asset)
        else:
            getattr(model, step)(*terms)
        model.check()


@pytest.mark.parametrize("kind", InstrumentKind)
@given(steps=bookings())
def test_a_snapshot_brings_the_same_books_back(kind: InstrumentKind, steps: list[tuple[Any, ...]]) -> None:
    model = Model(kind)
    for step, *terms in steps:
        if step == "trade":
            owner, lots, price, fee, _ = terms
            model.trade(owner, lots, price, fee, model.settle)
        else:
            getattr(model, step)(*terms)
    again = Model(kind)
    again.ledger.restore(model.ledger.snapshot())
    assert again.ledger.snapshot() == model.ledger.snapshot()
    assert again.ledger.equity() == model.ledger.equity()
    assert again.ledger.unrealised() == model.ledger.unrealised()
    assert again.ledger.exposure() == model.ledger.exposure()
    for ledger in (model.ledger, again.ledger):
        ledger.book_fill("ema", fill(10_000, Side.SELL, 17, 12_345, 3, model.settle))
    assert again.ledger.snapshot() == model.ledger.snapshot()


# --- Round trips by hand -------------------------------------------------------------------------------------------


def ledger_of(currency: str = "USDT", **prices: int) -> Ledger:
    marks = {symbol: LAST for symbol in INSTRUMENTS} | prices
    return Ledger(
        INSTRUMENTS | {"BNBUSDT": FEE_COIN}, currency, {currency: 10_000 * UNIT}, lambda symbol: marks.get(symbol, 0)
    )


def book(
    ledger: Ledger, number: int, lots: int, price: int, fee: int = 0, symbol: str = BTC, asset: str = "USDT"
) -> Booking:
    side = Side.BUY if lots > 0 else Side.SELL
    booking = ledger.book_fill(MANUAL, fill(number, side, abs(lots), price, fee, asset, symbol))
    assert booking is not None
    return booking


def test_a_long_round_trip_of_a_linear_contract() -> None:
    ledger = ledger_of()
    opened = book(ledger, 1, 100, 100_000, fee=7 * UNIT)
    assert (opened.closed_trip, opened.position.opened_ns) == (False, 1)
    closed = book(ledger, 2, -100, 101_000, fee=7 * UNIT)
    assert (closed.realised, closed.closed_trip, closed.trip_result) == (10 * UNIT, True, -4 * UNIT)
    assert ledger.cash == {"USDT": 9_996 * UNIT}
    assert (closed.position.lots, closed.position.cost, closed.position.opened_ns) == (0, 0, 0)


def test_a_turn_closes_one_trip_and_opens_the_next() -> None:
    ledger = ledger_of()
    book(ledger, 1, 10, 100_000)
    turned = book(ledger, 2, -30, 99_000)
    assert (turned.realised, turned.closed_trip, turned.trip_result) == (-UNIT, True, -UNIT)
    assert (turned.position.lots, turned.position.opened_ns, turned.position.trip_result) == (-20, 2, 0)
    closed = book(ledger, 3, 20, 98_000)
    assert closed.trip_result == 2 * UNIT


def test_a_trip_counts_its_partial_exits_fees_and_funding() -> None:
    ledger = ledger_of()
    book(ledger, 1, 10, 100_000, fee=UNIT)
    part = book(ledger, 2, -4, 110_000)
    assert not part.closed_trip
    ledger.book_funding(FundingPaid(ts_ns=3, funding_id="n1", symbol=BTC, amount=-UNIT // 2, asset="USDT"))
    closed = book(ledger, 4, -6, 90_000)
    assert closed.trip_result == 4 * UNIT - 6 * UNIT - UNIT - UNIT // 2


def test_an_inverse_contract_pays_in_its_base() -> None:
    ledger = ledger_of("BTC")
    book(ledger, 1, 100, 100_000, symbol=COIN, asset="BTC")
    closed = book(ledger, 2, -100, 125_000, symbol=COIN, asset="BTC")
    assert closed.realised == UNIT // 10 - UNIT * 8 // 100
    assert ledger.cash["BTC"] == 10_000 * UNIT + 2_000_000


def test_a_spot_holding_is_worth_its_mark() -> None:
    ledger = ledger_of(SOLUSDT=110_000)
    book(ledger, 1, 100, 100_000, symbol=SOL)
    assert ledger.cash["USDT"] == 9_000 * UNIT
    assert ledger.equity() == 10_100 * UNIT
    assert (ledger.unrealised(), ledger.exposure()) == (100 * UNIT, 1_100 * UNIT)


def test_owners_against_each_other_expose_nothing() -> None:
    ledger = ledger_of()
    book(ledger, 1, 10, 100_000)
    ledger.book_fill("ema", fill(2, Side.SELL, 10, 101_000, symbol=BTC))
    assert (ledger.exposure(), ledger.net_lots[BTC]) == (0, 0)
    assert ledger.equity() == 10_001 * UNIT


# --- Lessons ---------------------------------------------------------------------------------------------------------


def test_lesson_11_funding_is_booked_once_and_shared_by_size() -> None:
    ledger = ledger_of()
    book(ledger, 1, 2, 100_000)
    ledger.book_fill("ema", fill(2, Side.BUY, 1, 100_000, symbol=BTC))
    event = FundingPaid(ts_ns=3, funding_id="n1", symbol=BTC, amount=-100, asset="USDT")
    assert [ledger.book_funding(event) for _ in range(3)] == [True, False, False]
    assert ledger.cash["USDT"] == 10_000 * UNIT - 100
    shares = [ledger.position(owner, BTC).funding for owner in (MANUAL, "ema")]
    assert sum(shares) == -100
    assert shares in ([-67, -33], [-66, -34])


def test_lesson_11_funding_that_arrives_when_flat_is_not_lost() -> None:
    ledger = ledger_of()
    assert ledger.book_funding(FundingPaid(ts_ns=3, funding_id="n1", symbol=BTC, amount=5, asset="USDT"))
    assert (ledger.position(EXTERNAL, BTC).funding, ledger.funding) == (5, 5)


def test_lesson_12_a_fee_in_a_third_coin_is_told_in_the_settlement_asset() -> None:
    ledger = ledger_of(BNBUSDT=30_000)
    booking = book(ledger, 1, 10, 100_000, fee=UNIT // 100, asset="BNB")
    assert booking.position.fees == 3 * UNIT
    assert (ledger.cash["BNB"], ledger.cash["USDT"]) == (-UNIT // 100, 10_000 * UNIT)
    assert ledger.equity() == 9_997 * UNIT


@given(st.lists(st.tuples(st.integers(1, 5_000), st.integers(0, 20)), min_size=1, max_size=20))
def test_lesson_12_a_spot_fee_in_the_asset_itself_leaves_lots_that_are_owned(bought: list[tuple[int, int]]) -> None:
    terms = AWKWARD[InstrumentKind.SPOT]
    ledger = Ledger({SYMBOL: terms}, "USDT", {"USDT": OPENING}, lambda symbol: MARK)
    unit, owned = to_money(terms.quantity(1)), 0
    for number, (lots, thousandths) in enumerate(bought):
        fee = lots * unit * thousandths // 1_000
        owned += lots * unit - fee
        _ = ledger.book_fill(OWNERS[number % 2], fill(number, Side.BUY, lots, MARK, fee, terms.base))
        held = ledger.positions.values()
        assert ledger.net_lots[SYMBOL] == sum(position.lots for position in held)
        # What is held can be sold, and what is too little for a lot is kept as the asset.
        assert ledger.net_lots[SYMBOL] * unit + ledger.cash.get(terms.base, 0) == owned
        assert all(0 <= position.dust < unit for position in held)
        assert ledger.cash.get(terms.base, 0) == sum(position.dust for position in held)
    again = Ledger({SYMBOL: terms}, "USDT", {}, lambda symbol: MARK)
    again.restore(ledger.snapshot())
    assert again.snapshot() == ledger.snapshot()


def test_lesson_12_the_account_s_figures_are_in_its_currency_whatever_settles() -> None:
    ledger = ledger_of(BNBUSDT=30_000)
    ledger.cash["BTC"] = UNIT
    book(ledger, 1, 100, 100_000, symbol=COIN, fee=UNIT // 1_000, asset="BTC")
    closed = book(ledger, 2, -100, 125_000, symbol=COIN, fee=UNIT // 10, asset="BNB")
    assert closed.position.realised == UNIT * 2 // 100
    assert ledger.realised == 200 * UNIT
    assert closed.position.fees == UNIT // 1_000 + UNIT * 3 // 1_000
    assert ledger.fees == 40 * UNIT
    assert closed.trip_result == UNIT * 16 // 1_000


def test_lesson_08_a_liquidation_closes_the_largest_holder_first_and_shares_the_fee() -> None:
    ledger = ledger_of()
    for number, (owner, lots) in enumerate((("ema", 7), ("grid", 20), (MANUAL, 7))):
        ledger.book_fill(owner, fill(number, Side.BUY, lots, 100_000, symbol=BTC))
    event = PositionLiquidated(
        ts_ns=9, fill_id="q", symbol=BTC, side=Side.SELL, price=90_000, lots=30, fee=100, fee_asset="USDT"
    )
    done = ledger.book_liquidation(event)
    assert [(b.position.owner, b.position.lots) for b in done] == [("grid", 0), ("ema", 0), (MANUAL, 4)]
    assert sum(b.position.fees for b in done) == 100
    assert ledger.net_lots[BTC] == 4


def test_lesson_08_what_no_owner_holds_is_closed_for_the_external_one() -> None:
    ledger = ledger_of()
    book(ledger, 1, 5, 100_000)
    event = PositionLiquidated(
        ts_ns=9, fill_id="q", symbol=BTC, side=Side.SELL, price=90_000, lots=8, fee=3, fee_asset="USDT"
    )
    assert [(b.position.owner, b.position.lots) for b in ledger.book_liquidation(event)] == [
        (MANUAL, 0),
        (EXTERNAL, -3),
    ]
    assert ledger.fees == 3


def test_lesson_13_a_take_over_moves_the_position_at_its_cost() -> None:
    ledger = ledger_of()
    ledger.book_fill("ema", fill(1, Side.BUY, 10, 99_000, fee=5, symbol=BTC))
    source = ledger.position("ema", BTC)
    ledger.transfer(BTC, "ema", MANUAL, source.lots, source.cost)
    target = ledger.position(MANUAL, BTC)
    assert (source.lots, source.cost, source.opened_ns, source.trip_result) == (0, 0, 0, 0)
    assert (target.lots, target.cost, target.opened_ns, target.trip_result) == (10, 99 * UNIT, 1, -5)
    assert ledger.realised == 0
    closed = book(ledger, 2, -10, 100_000)
    assert closed.trip_result == UNIT - 5


def test_a_take_over_against_an_own_position_realises_the_difference() -> None:
    ledger = ledger_of()
    ledger.cash.clear()
    ledger.book_fill("ema", fill(1, Side.BUY, 10, 99_000, symbol=BTC))
    book(ledger, 2, -10, 100_000)
    source = ledger.position("ema", BTC)
    ledger.transfer(BTC, "ema", MANUAL, source.lots, source.cost)
    target = ledger.position(MANUAL, BTC)
    assert (target.lots, target.cost, target.opened_ns) == (0, 0, 0)
    assert (target.realised, ledger.cash["USDT"], ledger.equity()) == (UNIT, UNIT, UNIT)


@pytest.mark.parametrize("symbol", [BTC, SOL, COIN])
def test_lesson_27_a_missing_price_is_not_a_loss(symbol: str) -> None:
    marks = {s: LAST for s in INSTRUMENTS}
    ledger = Ledger(INSTRUMENTS, "USDT", {"USDT": 10_000 * UNIT}, lambda s: marks[s])
    settle = INSTRUMENTS[symbol].settle
    book(ledger, 1, 100, LAST, symbol=symbol, asset=settle)
    with_price = ledger.equity()
    marks[symbol] = 0
    assert ledger.equity() == with_price
    assert ledger.unrealised() == 0
    assert ledger.exposure() == 1_000 * UNIT


def test_an_asset_without_a_price_is_worth_nothing_and_the_currency_itself() -> None:
    ledger = ledger_of()
    assert ledger.worth("DOGE", 5) == 0
    assert ledger.worth("USDT", -5) == -5
    assert ledger.worth("BTC", 3) == 30_000
