"""Tape, candles, and the public book."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.unit.sandbox.practice import BUY, SELL, START_NS, Practice
from workstation.core.messages import History
from workstation.core.timeframe import HOUR_NS, MINUTE_NS, SECOND_NS
from workstation.core.types import Side
from workstation.sandbox.candles import Candles
from workstation.sandbox.gate import Asked, Gate
from workstation.sandbox.listing import Market
from workstation.sandbox.orders import NewOrder
from workstation.sandbox.registry import ENDPOINTS
from workstation.sandbox.tape import KEPT, Tape
from workstation.sandbox.wire import fixed


def test_ids_have_no_gap_and_old_trades_are_forgotten():
    tape = Tape(100)
    for number in range(2 * KEPT + 10):
        tape.append(number, 5, 1, 5, Side.BUY)
    kept = tape.trades.latest(1 << 30)
    assert kept[-1].trade_id == 100 + 2 * KEPT + 9
    assert [t.trade_id for t in tape.trades.since_id(kept[3].trade_id, 2)] == [kept[3].trade_id, kept[4].trade_id]
    assert tape.trades.since_id(0, 1) == kept[:1]
    assert tape.trades.since_id(kept[-1].trade_id + 1, 5) == []


def test_aggregates_are_of_one_instant_price_and_side():
    tape = Tape(1)
    done = []
    for ts_ns, price, side in ((1, 5, BUY), (1, 5, BUY), (1, 6, BUY), (1, 6, SELL), (2, 6, SELL)):
        done.append(tape.aggregate(tape.append(ts_ns, price, 10, 50, side)))
    done.append(tape.complete_aggregate())
    found = [aggregate for aggregate in done if aggregate is not None]
    assert [(a.lots, a.first_id, a.last_id) for a in found] == [(20, 1, 2), (10, 3, 3), (10, 4, 4), (10, 5, 5)]
    assert [a.trade_id for a in found] == [1, 2, 3, 4]


def _candles(past=()):
    def bars(interval_ns, count):
        minutes = past[-count:] if count else ()
        if interval_ns == MINUTE_NS:
            return History("X", START_NS, interval_ns, tuple(minutes))
        return History("X", START_NS, interval_ns, ())

    return Candles(START_NS, bars, lambda ticks, lots: ticks * lots)


def test_a_minute_without_a_trade_stands_at_the_last_price():
    tape, candles = Tape(1), _candles()
    for seconds, price in ((1, 10), (2, 12), (3, 9), (150, 11)):
        candles.add(tape.append(START_NS + seconds * SECOND_NS, price, 2, 2 * price, BUY))
    minutes = candles.select(MINUTE_NS, None, None, 10, START_NS + 200 * SECOND_NS)
    assert [tuple(minute[1:8]) for minute in minutes] == [
        (10, 12, 9, 9, 6, 62, 3),
        (9, 9, 9, 9, 0, 0, 0),
        (11, 11, 11, 11, 2, 22, 1),
        (11, 11, 11, 11, 0, 0, 0),
    ]
    assert minutes[0].first_id == 1 and minutes[2].last_id == 4


def test_the_candle_of_the_start_holds_what_was_before_it():
    first = START_NS // HOUR_NS * HOUR_NS
    past = [
        (close_ns, 100, 100 + index, 90, 95, 7)
        for index, close_ns in enumerate(range(first + MINUTE_NS, START_NS + 1, MINUTE_NS))
    ]
    tape, candles = Tape(1), _candles(past)
    candles.add(tape.append(START_NS + SECOND_NS, 50, 3, 150, SELL))
    hour = candles.newest(HOUR_NS, START_NS + SECOND_NS)
    assert hour is not None
    assert (hour.open_ns, hour.open, hour.low, hour.close) == (first, 100, 50, 50)
    assert hour.high == 99 + len(past) and hour.lots == 7 * len(past) + 3


def test_selecting_by_time():
    practice = Practice()
    practice.run(200)
    listing, now_ns = practice.listing(), practice.exchange.clock.time_ns
    every = listing.candles.select(MINUTE_NS, START_NS - 10 * MINUTE_NS, None, 1000, now_ns)
    assert [c.open_ns for c in every] == [START_NS + n * MINUTE_NS for n in range(-10, 4)]
    assert listing.candles.select(MINUTE_NS, START_NS - 10 * MINUTE_NS, None, 3, now_ns) == every[:3]
    assert listing.candles.select(MINUTE_NS, None, None, 3, now_ns) == every[-3:]
    assert listing.candles.select(MINUTE_NS, None, START_NS, 3, now_ns) == every[8:11]
    assert listing.candles.select(MINUTE_NS, every[2].open_ns, every[4].open_ns, 500, now_ns) == every[2:5]


def test_the_public_book_is_the_markets_less_what_was_taken_and_with_what_rests():
    practice = Practice()
    listing = practice.listing()
    assert listing.public.bids == listing.book.bids and listing.public.asks == listing.book.asks
    ask = listing.book.best_ask
    shown = listing.book.asks[ask]
    practice.order(BUY, shown // 2 + 1)
    assert listing.public.asks[ask] == shown - shown // 2 - 1
    price = listing.book.best_bid - 1
    assert price not in listing.book.bids
    practice.order(BUY, 500, "LIMIT", price=price)
    assert listing.public.bids[price] == 500
    other = practice.listing(market=Market.FUTURES)
    assert other.public.asks[ask] == shown and price not in other.public.bids
    with practice.exchange.turn():
        for record in practice.account.spot.open_orders():
            practice.account.spot.cancel(record)
    assert price not in listing.public.bids


def test_every_change_of_the_public_book_is_told_with_its_id():
    practice = Practice()
    listing = practice.listing()
    told = []

    class Listener:
        def on_depth(self, found, change):
            if found is listing:
                told.append(change)

        def __getattr__(self, name):
            return lambda *_: None

    before = (dict(listing.public.bids), dict(listing.public.asks))
    first = listing.update_id
    practice.exchange.floor.listener = Listener()
    practice.order(BUY, 3_000)
    practice.order(BUY, 500, "LIMIT", price=listing.book.best_bid - 3)
    practice.run(20)
    assert [change.first_id for change in told] == list(range(first + 1, listing.update_id + 1))
    for change in told:
        for side, levels in ((before[0], change.bids), (before[1], change.asks)):
            for price, lots in levels:
                if lots:
                    side[price] = lots
                else:
                    del side[price]
    assert before == (listing.public.bids, listing.public.asks)


def test_two_accounts_do_not_take_the_same_lots():
    practice = Practice()
    listing = practice.listing()
    ask = listing.book.best_ask
    shown = listing.book.asks[ask]
    with practice.exchange.turn():
        other = practice.exchange.account("other")
        other.spot.credit("USDT", 10**14)
    practice.order(BUY, shown)
    with practice.exchange.turn():
        record = other.spot.place(
            NewOrder(
                symbol="BTCUSDT", side=BUY, type="LIMIT", client_order_id="", price=ask, lots=200, time_in_force="IOC"
            )
        )
    assert record.filled == 0 and record.status == "EXPIRED"


def test_cost_and_lots_at_the_market_agree():
    listing = Practice().listing()
    for lots in (1, 777, 50_000):
        cost = listing.cost_of(BUY, lots)
        assert listing.lots_for(BUY, cost) == lots
        assert listing.lots_for(BUY, cost - 1) == lots - 1


@pytest.mark.parametrize(
    ("units", "places", "text"),
    [(0, 8, "0.00000000"), (1, 8, "0.00000001"), (-150_000_000, 8, "-1.50000000"), (4_200_000_000_000, 2, "42000.00")],
)
def test_texts_are_exact(units, places, text):
    assert fixed(units, places) == text


def test_open_interest_moves_and_its_history_has_a_worth():
    practice = Practice()
    gate = Gate(practice.exchange, ENDPOINTS, lambda: practice.exchange.clock.time_ns)

    def ask(path, **values):
        endpoint = gate.find("GET", path)
        assert endpoint is not None
        return gate.execute(endpoint, Asked("here", None, {"symbol": "BTCUSDT", **values}, "")).body

    first = ask("/fapi/v1/openInterest")
    practice.run(600)
    later = ask("/fapi/v1/openInterest")
    assert float(first["openInterest"]) != float(later["openInterest"]) > 10_000
    hours = ask("/futures/data/openInterestHist", period="1h", limit="24")
    times = [row["timestamp"] for row in hours]
    assert len(hours) == 24 and {b - a for a, b in pairwise(times)} == {3_600_000}
    for row in hours:
        assert 30_000 < float(row["sumOpenInterestValue"]) / float(row["sumOpenInterest"]) < 60_000
    assert ask("/futures/data/openInterestHist", period="7m") == {"code": -1120, "msg": "Invalid interval."}
    assert ask("/futures/data/openInterestHist", period="1h", startTime="1")["code"] == -1130
    assert len(ask("/fapi/v1/fundingRate")) >= 9
