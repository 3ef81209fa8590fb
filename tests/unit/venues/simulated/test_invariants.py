"""Whatever is sent and whatever the market does: quantities conserve, the account adds up, a seed repeats itself."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.venues.simulated.desk_driver import BUY, CASH, INVERSE, LADDER, LINEAR, SELL, SPOT, Driver
from workstation.core.instrument import Instrument
from workstation.core.messages import FundingPaid, OrderFilled, PositionLiquidated, VenueReport
from workstation.core.types import InstrumentKind, OrderState, OrderType, TimeInForce
from workstation.rules.value import position_value

MS = 1_000_000
sides = st.sampled_from([BUY, SELL])
prices = st.integers(90, 110)
small = st.integers(1, 40)

orders = st.tuples(
    st.just("order"),
    sides,
    small,
    st.sampled_from(OrderType),
    st.fixed_dictionaries(
        {
            "price": prices,
            "stop_price": prices,
            "trail": st.integers(1, 10),
            "time_in_force": st.sampled_from(TimeInForce),
            "post_only": st.booleans(),
            "reduce_only": st.sampled_from([False, False, True]),
            "oco_group": st.sampled_from(["", "", "g"]),
            "parent": st.sampled_from([0, 0, 0, 1, 2]),
            "reference": st.sampled_from([0, 100]),
        }
    ),
)
changes = st.one_of(
    st.tuples(st.just("cancel"), st.integers(1, 20)),
    st.tuples(st.just("amend"), st.integers(1, 20), prices, prices, small),
    st.tuples(st.just("wait"), st.integers(0, 400)),
)
levels = st.lists(st.integers(0, 30), min_size=4, max_size=4)
book_moves = st.one_of(
    st.tuples(st.just("trade"), sides, small, prices),
    st.tuples(st.just("show"), st.integers(95, 105), levels, levels),
    st.tuples(st.just("mark"), prices),
    st.tuples(st.just("funding"), st.integers(-50_000, 50_000)),
)
bars = st.tuples(st.just("bar"), prices, prices, st.integers(0, 8), st.integers(0, 8), st.integers(0, 200))
instruments = st.sampled_from([LINEAR, SPOT, INVERSE])
book_steps = st.lists(st.one_of(orders, orders, changes, book_moves, book_moves), min_size=12, max_size=40)
bar_steps = st.lists(st.one_of(orders, orders, changes, bars, bars), min_size=12, max_size=40)


def storm(seed: int, with_book: bool, length: int = 150) -> list[Any]:
    """Steps of the same kinds, many more of them than a search reaches."""
    random = Random(seed)
    price = 100
    steps: list[Any] = []
    for _ in range(length):
        kind = random.choice(["order", "order", "bracket", "cancel", "amend", "wait", "market", "market", "market"])
        side = random.choice([BUY, SELL])
        near = price + random.randint(-6, 6)
        price = min(120, max(80, price + random.randint(-2, 2)))
        terms: dict[str, Any] = {
            "price": near,
            "stop_price": price + random.randint(-6, 6),
            "trail": random.randint(1, 6),
        }
        terms |= {"reference": random.choice([0, price]), "parent": 0}
        if kind == "order":
            terms["reduce_only"] = random.random() < 0.25
            terms["post_only"] = random.random() < 0.2
            terms["time_in_force"] = random.choice([TimeInForce.GTC] * 3 + [TimeInForce.IOC, TimeInForce.FOK])
            steps.append(("order", side, random.randint(1, 40), random.choice(list(OrderType)), terms))
        elif kind == "bracket":
            lots = random.randint(5, 40)
            entry = random.choice([OrderType.MARKET, OrderType.LIMIT, OrderType.STOP])
            steps.append(("order", side, lots, entry, terms))
            for parent, type_, gap in ((1, OrderType.STOP, -side * 4), (2, OrderType.LIMIT, side * 4)):
                child: dict[str, Any] = {"price": near + gap, "stop_price": near + gap, "parent": parent}
                child |= {"reduce_only": True, "oco_group": f"g{len(steps) + 2 - parent}"}
                steps.append(("order", side.opposite, lots, type_, child))
        elif kind == "cancel":
            steps.append(("cancel", random.randint(1, len(steps) + 1)))
        elif kind == "amend":
            steps.append(("amend", random.randint(1, len(steps) + 1), near, near, random.randint(1, 40)))
        elif kind == "wait":
            steps.append(("wait", random.randint(0, 400)))
        elif not with_book:
            ups = random.randint(0, 4), random.randint(0, 4)
            steps.append(("bar", price, price + random.randint(-3, 3), *ups, random.randint(0, 1_000)))
        else:
            bids, asks = [[random.randint(0, 30) for _ in range(4)] for _ in range(2)]
            steps.append(("trade", side, random.randint(1, 40), near))
            steps.append(("show", price, bids, asks))
            if random.random() < 0.2:
                steps.append(("mark", near))
            if random.random() < 0.05:
                steps.append(("funding", random.randint(-50_000, 50_000)))
    return steps


def drive(instrument: Instrument, steps: list[Any], with_book: bool, seed: int, **costs: Any) -> Driver:
    driver = Driver(
        instrument,
        book=LADDER if with_book else None,
        cash={"USDT": CASH // 10_000, "BTC": CASH // 10_000},
        seed=seed,
        taker_bps=Decimal(7),
        maker_bps=Decimal(-1),
        slippage_bps=Decimal(20),
        maximum_slippage_bps=Decimal(40),
        latency_mean_ms=Decimal(120),
        latency_p95_ms=Decimal(300),
        **costs,
    )
    for step in steps:
        match step:
            case "order", side, lots, type_, terms:
                terms = dict(terms)
                parent = terms.pop("parent")
                driver.send(side, lots, type_, **terms, parent_id=f"c{driver.sent - parent + 1}" if parent else "")
            case "cancel", number:
                driver.cancel(f"c{number}")
            case "amend", number, price, stop_price, lots:
                driver.amend(f"c{number}", price, stop_price, lots)
            case "wait", milliseconds:
                driver.wait(milliseconds * MS)
            case "trade", side, lots, price:
                driver.trade(side, lots, price)
            case "mark", price:
                driver.mark(price)
            case "funding", rate:
                driver.funding(rate, 100)
            case "show", best, bids, asks:
                driver.show(
                    [(best - n, lots) for n, lots in enumerate(bids)],
                    [(best + 1 + n, lots) for n, lots in enumerate(asks)],
                )
            case "bar", open_, close, up, down, lots:
                driver.bar(open_, max(open_, close) + up, min(open_, close) - down, close, lots)
        check_orders(driver)
    driver.wait(60_000 * MS)
    check_orders(driver)
    check_account(driver)
    return driver


def check_orders(driver: Driver) -> None:
    desk = driver.venue._desk
    known = [*desk.orders.values(), *(order for order in desk.ended.values() if order is not None)]
    for order in known:
        assert 0 <= order.filled <= max(order.lots, order.filled if not order.is_open else 0)
        assert sum(fill.lots for fill in order.fills) == order.filled
        if order.parent is not None:
            assert order.filled + order.reduced <= order.parent.filled
    for client_id, order in desk.orders.items():
        assert order.is_open and client_id not in desk.ended
        assert order.lots > order.filled
        assert (client_id in driver.state.orders) is not order.held
        assert order.held is (order.state is OrderState.HELD)
    for ended in desk.ended.values():
        if ended is not None:
            assert not ended.is_open and not ended.children
    if driver.instrument.kind is InstrumentKind.SPOT:
        assert driver.venue._account.sellable(driver.state) >= 0
        assert driver.cash["USDT"] >= 0


def check_account(driver: Driver) -> None:
    """The engine's side of it: reports alone give the venue's cash and position."""
    instrument = driver.instrument
    flows: dict[str, int] = {"USDT": CASH // 10_000, "BTC": CASH // 10_000}
    lots = value = 0
    reports: list[VenueReport] = driver.reports
    for report in reports:
        if isinstance(report, OrderFilled | PositionLiquidated):
            signed = int(report.side) * report.lots
            lots += signed
            value += position_value(report.price, signed, *instrument.valuation)
            flows[report.fee_asset] -= report.fee
        elif isinstance(report, FundingPaid):
            flows[report.asset] += report.amount
    assert lots == driver.state.lots
    # Value of fills = cost of what is left - realised; spot pays the value, derivatives the result.
    settle = instrument.settle
    flows[settle] += driver.state.cost - value if instrument.is_derivative else -value
    assert flows == driver.cash
    ids = [r.fill_id for r in reports if isinstance(r, OrderFilled | PositionLiquidated)]
    assert len(ids) == len(set(ids))
    times = [report.ts_ns for report in reports]
    assert times == sorted(times)


@given(instrument=instruments, steps=book_steps, queue=st.sampled_from(["conservative", "proportional"]))
@settings(max_examples=150)
def test_against_a_book(instrument, steps, queue):
    drive(instrument, steps, True, 1, queue=queue)


@given(instrument=instruments, steps=bar_steps, queue=st.sampled_from(["conservative", "proportional"]))
@settings(max_examples=150)
def test_along_bars(instrument, steps, queue):
    drive(instrument, steps, False, 1, queue=queue, bar_volume_percent=Decimal(10))


@pytest.mark.parametrize("instrument", [LINEAR, SPOT, INVERSE], ids=["linear", "spot", "inverse"])
@pytest.mark.parametrize("with_book", [True, False], ids=["book", "bars"])
def test_through_a_storm(instrument, with_book):
    heard: Counter[str] = Counter()
    for seed in range(25):
        queue = "proportional" if seed % 2 else "conservative"
        steps = storm(seed, with_book)
        driver = drive(instrument, steps, with_book, seed, queue=queue, bar_volume_percent=Decimal(20))
        heard.update(type(report).__name__ for report in driver.reports)
    assert heard["OrderFilled"] > 500
    assert min(heard[name] for name in ("OrderTriggered", "OrderCancelled", "OrderExpired", "OrderAmended")) > 50
    if instrument.is_derivative:
        assert heard["PositionLiquidated"] > 5


@given(steps=st.one_of(book_steps, bar_steps), seed=st.integers(0, 3))
def test_the_same_seed_gives_the_same_reports(steps, seed):
    with_book = not any(step[0] == "bar" for step in steps)
    assert drive(LINEAR, steps, with_book, seed).reports == drive(LINEAR, steps, with_book, seed).reports


@given(takers=st.lists(st.tuples(sides, small), max_size=12), shows=st.lists(levels, min_size=1, max_size=6))
def test_never_more_is_taken_from_a_level_than_was_shown(takers, shows):
    """Of each price, own takers get at most what it showed first and what was added since."""
    driver = Driver(LINEAR, book=None)
    supply: dict[int, int] = {}
    before: dict[int, int] = {}
    queue = list(takers)
    for lots in shows:
        asks = {101 + n: quantity for n, quantity in enumerate(lots) if quantity}
        for price, quantity in asks.items():
            supply[price] = supply.get(price, 0) + max(0, quantity - before.get(price, 0))
        before = asks
        driver.show([(100, 1)], list(asks.items()))
        for _ in range(3):
            if queue:
                _, wanted = queue.pop()
                driver.order(BUY, wanted, time_in_force=TimeInForce.IOC)
        taken: dict[int, int] = {}
        for fill in driver.fills():
            taken[fill.price] = taken.get(fill.price, 0) + fill.lots
        assert all(quantity <= supply[price] for price, quantity in taken.items())


@given(steps=bar_steps)
def test_a_bar_gives_no_more_than_its_share(steps):
    driver = Driver(LINEAR, book=None, bar_volume_percent=Decimal(25))
    for step in steps:
        if step[0] == "order":
            driver.order(step[1], step[2], OrderType.LIMIT, price=step[4]["price"])
        elif step[0] == "bar":
            _, open_, close, up, down, lots = step
            count = len(driver.fills())
            driver.bar(open_, max(open_, close) + up, min(open_, close) - down, close, lots)
            assert sum(fill.lots for fill in driver.fills()[count:]) <= lots // 4
