"""Cost, fee, margin and risk of an order that is not sent yet, against figures worked out by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.unit.trading.outside_venue import BTC, PRICE, Exchange
from workstation.core.instrument import Instrument
from workstation.core.messages import BookSnapshot
from workstation.core.money import from_money
from workstation.core.orders import Intent
from workstation.core.types import InstrumentKind, Mode, OrderType, Side
from workstation.trading.market_state import MarketState
from workstation.trading.order_cost import FeeRates, OrderCost, order_cost
from workstation.trading.views import EngineViews

LAST = PRICE[BTC]
TAKER, MAKER = 70_000, -10_000  # 7 bps, and a rebate of 1


def market(kind: InstrumentKind = InstrumentKind.LINEAR) -> MarketState:
    exchange = Exchange(kind=kind)
    exchange.kernel.dispatch(BookSnapshot(BTC, exchange.now_ns, 2, ((LAST - 2, 9_000),), ((LAST + 3, 9_000),)))
    return exchange.kernel.markets[BTC]


def told(state: MarketState, side: Side = Side.BUY, lots: int = 100, held: int = 0, **terms: object) -> OrderCost:
    kind = OrderType.LIMIT if terms.get("price") else OrderType.MARKET
    intent = Intent(symbol=BTC, side=side, lots=lots, type=kind, **terms)  # type: ignore[arg-type]
    cost = order_cost(intent, state, held, leverage=10, rates=FeeRates(MAKER, TAKER))
    assert cost is not None
    return cost


def worth(instrument: Instrument, ticks: int, lots: int = 100) -> Decimal:
    return instrument.quantity(lots) * instrument.price(ticks)


def test_at_the_market_it_is_expected_at_the_other_side_of_the_book() -> None:
    state = market()
    buy, sell = told(state), told(state, Side.SELL)
    assert from_money(buy.cost) == worth(state.instrument, LAST + 3)
    assert from_money(sell.cost) == worth(state.instrument, LAST - 2)
    assert from_money(buy.fee) == pytest.approx(
        worth(state.instrument, LAST + 3) * Decimal("0.0007"), abs=Decimal("1e-8")
    )
    assert from_money(buy.margin) * 10 == pytest.approx(from_money(buy.cost), abs=Decimal("1e-7"))
    assert not buy.maker


def test_a_limit_order_that_rests_is_a_maker_and_one_that_crosses_is_not() -> None:
    state = market()
    assert told(state, price=LAST).fee < 0 < told(state, price=LAST + 3).fee


@pytest.mark.parametrize(
    ("held", "reduce_only", "opening"),
    [(0, False, 100), (50, False, 100), (-60, False, 40), (-100, False, 0), (-300, False, 0), (-100, True, 0)],
)
def test_what_closes_a_position_needs_no_margin(held: int, reduce_only: bool, opening: int) -> None:
    state = market()
    margin = told(state, price=LAST, held=held, reduce_only=reduce_only).margin
    assert from_money(margin) * 10 == pytest.approx(worth(state.instrument, LAST, opening), abs=Decimal("1e-7"))


def test_spot_is_paid_in_full_whatever_the_leverage() -> None:
    state = market(InstrumentKind.SPOT)
    assert told(state, price=LAST).margin == told(state, price=LAST).cost
    assert told(state, Side.SELL, price=LAST).margin == 0


@pytest.mark.parametrize("kind", [InstrumentKind.LINEAR, InstrumentKind.INVERSE])
def test_the_risk_is_what_the_position_would_lose_at_the_stop(kind: InstrumentKind) -> None:
    state = market(kind)
    instrument = state.instrument
    risk = told(state, price=LAST, stop_loss=LAST - 500).risk
    entry, stop, quantity = instrument.price(LAST), instrument.price(LAST - 500), instrument.quantity(100)
    one = 1 / stop - 1 / entry if kind is InstrumentKind.INVERSE else entry - stop
    assert risk is not None
    assert from_money(risk) == pytest.approx(quantity * instrument.contract_size * one, abs=Decimal("2e-8"))
    assert told(state, price=LAST).risk is None


def test_what_the_exchange_charges_the_account_goes_before_what_paper_costs() -> None:
    exchange = Exchange()
    exchange.kernel.dispatch(BookSnapshot(BTC, exchange.now_ns, 2, ((LAST - 2, 9_000),), ((LAST + 3, 9_000),)))
    told: dict[str, FeeRates] = {}
    paper = FeeRates(MAKER, TAKER)
    views = EngineViews(exchange.kernel, mode=Mode.LIVE, account="a", venue="v", rates=paper, told_rates=told)
    resting = Intent(symbol=BTC, side=Side.BUY, lots=1_000, type=OrderType.LIMIT, price=LAST - 100)
    assert views.preview(resting).fee == -views.preview(resting).cost * Decimal("0.0001")
    told[BTC] = FeeRates(20_000, 50_000)
    assert views.preview(resting).fee == views.preview(resting).cost * Decimal("0.0002")
    taking = Intent(symbol=BTC, side=Side.BUY, lots=1_000)
    assert views.preview(taking).fee == views.preview(taking).cost * Decimal("0.0005")
