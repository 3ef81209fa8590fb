"""The built-in market keeps the promises that a venue's feed makes, whatever the seed."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workstation.config.settings import BuiltInMarket as MarketSettings
from workstation.core.errors import DataError
from workstation.core.instrument import Instrument
from workstation.core.messages import BookDelta, BookSnapshot, FundingRate, MarketInput, MarkPrice, OpenInterest, Trade
from workstation.core.timeframe import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS, parse_utc
from workstation.core.types import InstrumentKind, Side
from workstation.market.built_in import BuiltInMarket
from workstation.market.order_book import OrderBook

START_NS = parse_utc("2024-01-01 10:20:37")
DEPTH = 50


def instrument(symbol: str, base: str, tick: str, lot: str, kind: InstrumentKind) -> Instrument:
    return Instrument(
        symbol=symbol,
        base=base,
        quote="USDT",
        kind=kind,
        tick=Decimal(tick),
        lot=Decimal(lot),
        minimum_notional=Decimal(5),
    )


BITCOIN = instrument("BTCUSDT", "BTC", "0.1", "0.001", InstrumentKind.LINEAR)
RIPPLE = instrument("XRPUSDT", "XRP", "0.0001", "0.1", InstrumentKind.SPOT)
COARSE = instrument("TOYUSDT", "TOY", "5", "1", InstrumentKind.SPOT)
"""Twenty ticks dear: the book reaches the lowest price there is."""


def market(
    seed: int = 1,
    rate: str = "50",
    volatility: str = "1",
    crashes: str = "0",
    days: int = 3,
    prices: dict[str, int] | None = None,
    instruments: tuple[Instrument, ...] = (BITCOIN, RIPPLE),
    start_ns: int = START_NS,
    depth: int = DEPTH,
) -> BuiltInMarket:
    configuration = MarketSettings(
        messages_per_second=Decimal(rate),
        depth=depth,
        volatility=Decimal(volatility),
        crashes_per_day=Decimal(crashes),
        history_days=days,
    )
    return BuiltInMarket(configuration, instruments, seed, prices, start_ns)


class Follower:
    """Rebuilds the books from the feed and checks every event against them."""

    def __init__(self, depth: int = DEPTH) -> None:
        self.depth = depth
        self.books: dict[str, OrderBook] = {}
        self.trade_ids: dict[str, int] = {}
        self.expected: dict[str, dict[tuple[Side, int], int]] = {}
        self.time_ns = 0
        self.spreads: dict[str, list[int]] = {}

    def follow(self, events: list[MarketInput]) -> None:
        for event in events:
            assert not isinstance(event, tuple)
            assert event.ts_ns >= self.time_ns
            self.time_ns = event.ts_ns
            if isinstance(event, BookSnapshot):
                book = self.books.setdefault(event.symbol, OrderBook(event.symbol))
                book.apply_snapshot(event)
                self.expected[event.symbol] = {}
                self.check_book(book)
            elif isinstance(event, Trade):
                self.check_trade(event)
            elif isinstance(event, BookDelta):
                self.check_delta(event)

    def check_trade(self, trade: Trade) -> None:
        """It takes from what is the best level after the trades before it."""
        book, taken = self.books[trade.symbol], self.expected[trade.symbol]
        levels, prices = (book.asks, book.ask_prices) if trade.side is Side.BUY else (book.bids, book.bid_prices[::-1])
        best = next(price for price in prices if taken.get((trade.side, price), 1) > 0)
        assert trade.price == best
        available = taken.get((trade.side, best), levels[best])
        assert 0 < trade.lots <= available
        taken[trade.side, best] = available - trade.lots
        assert trade.trade_id == self.trade_ids.get(trade.symbol, 0) + 1
        self.trade_ids[trade.symbol] = trade.trade_id

    def check_delta(self, delta: BookDelta) -> None:
        book = self.books[delta.symbol]
        assert delta.sequence == delta.previous_sequence + 1
        assert book.apply_delta(delta)
        for (side, price), lots in self.expected[delta.symbol].items():
            assert (book.asks if side is Side.BUY else book.bids).get(price, 0) == lots
        self.expected[delta.symbol].clear()
        self.check_book(book)
        self.spreads.setdefault(delta.symbol, []).append(book.best_ask - book.best_bid)

    def check_book(self, book: OrderBook) -> None:
        assert not book.crossed
        assert len(book.asks) == self.depth
        assert len(book.bids) == self.depth or book.bid_prices[0] == min(book.bid_prices) > 0
        assert min(book.bids) > 0
        assert min(book.bids.values()) > 0 and min(book.asks.values()) > 0


@given(
    seed=st.integers(0, 2**63 - 1),
    rate=st.sampled_from(["0.5", "7", "50", "900"]),
    volatility=st.sampled_from(["0.2", "1", "12"]),
    crashes=st.sampled_from(["0", "400"]),
    depth=st.sampled_from([5, 50]),
)
@settings(max_examples=25)
def test_books_are_never_crossed_and_trades_consume_them(
    seed: int, rate: str, volatility: str, crashes: str, depth: int
) -> None:
    source = market(seed, rate, volatility, crashes, instruments=(BITCOIN, RIPPLE, COARSE), depth=depth)
    seconds = max(2, int(1_500 / float(rate) / 3))
    follower = Follower(depth)
    follower.follow(source.next_events(START_NS + seconds * SECOND_NS))
    assert set(follower.books) == {"BTCUSDT", "XRPUSDT", "TOYUSDT"}
    assert sum(follower.trade_ids.values()) > 0


def test_a_book_at_the_lowest_prices_stays_sound() -> None:
    source = market(3, "100", "30", "200", prices={"TOYUSDT": 1}, instruments=(COARSE,))
    follower = Follower()
    follower.follow(source.next_events(START_NS + 60 * SECOND_NS))
    assert follower.books["TOYUSDT"].best_bid >= 1


def test_the_wildest_settings_keep_prices_within_bounds() -> None:
    source = market(3, "0.05", "20", "1000", days=20)
    follower = Follower()
    follower.follow(source.next_events(START_NS + 6 * HOUR_NS))
    start = source.start_prices["BTCUSDT"]
    assert start / 200 < follower.books["BTCUSDT"].best_bid < start * 200
    bars = source.history("BTCUSDT", HOUR_NS, 1_000).bars
    assert len(bars) > 400
    assert all(start / 300 < low <= high < start * 300 for _, _, high, low, _, _ in bars)


def test_each_symbol_begins_with_a_snapshot_at_its_start_price() -> None:
    source = market(prices={"BTCUSDT": 300_000})
    assert source.next_ns == START_NS
    first = source.next_events(START_NS)
    assert [type(event) for event in first[:2]] == [BookSnapshot, BookSnapshot]
    books = {event.symbol: event for event in first if isinstance(event, BookSnapshot)}
    assert source.start_prices == {"BTCUSDT": 300_000, "XRPUSDT": 6_200}
    for symbol, book in books.items():
        assert len(book.bids) == len(book.asks) == DEPTH
        assert book.bids[0][0] == pytest.approx(source.start_prices[symbol], rel=3e-4)
        assert book.asks[0][0] == pytest.approx(source.start_prices[symbol], rel=3e-4)


def test_the_same_seed_gives_the_same_events_at_any_pace() -> None:
    end_ns = START_NS + 90 * SECOND_NS
    at_once = market(5, crashes="300").next_events(end_ns)
    source, slowly = market(5, crashes="300"), list[MarketInput]()
    for now_ns in range(START_NS, end_ns + 1, 250_000_000):
        slowly += source.next_events(now_ns, limit=0)
    assert slowly == at_once
    source, limited = market(5, crashes="300"), list[MarketInput]()
    while piece := source.next_events(end_ns, limit=10):
        limited += piece
    assert limited == at_once
    stream = market(5, crashes="300").events()
    assert [next(stream) for _ in range(500)] == at_once[:500]
    assert market(6, crashes="300").next_events(end_ns) != at_once


def test_a_snapshot_synchronises_after_a_gap() -> None:
    source = market(2)
    follower = Follower()
    follower.follow(source.next_events(START_NS + 5 * SECOND_NS))
    source.next_events(START_NS + 9 * SECOND_NS)
    later = source.next_events(START_NS + 10 * SECOND_NS)
    book = follower.books["BTCUSDT"]
    missed = next(event for event in later if isinstance(event, BookDelta) and event.symbol == "BTCUSDT")
    assert not book.apply_delta(missed)
    assert (book.gaps, book.synchronised) == (1, False)
    book.apply_snapshot(source.snapshot("BTCUSDT"))
    follower.expected["BTCUSDT"].clear()
    after = source.next_events(START_NS + 15 * SECOND_NS)
    assert all(book.apply_delta(event) for event in after if isinstance(event, BookDelta) and event.symbol == "BTCUSDT")
    with pytest.raises(DataError, match="no symbol ETHUSDT; it has BTCUSDT, XRPUSDT"):
        source.snapshot("ETHUSDT")


def test_messages_come_at_about_the_configured_rate() -> None:
    counts = []
    for seed in range(6):
        events = market(seed, "40").next_events(START_NS + 120 * SECOND_NS)
        counts.append(sum(isinstance(event, Trade | BookDelta) for event in events) / 120 / 2)
    assert 28 < float(np.mean(counts)) < 56


def test_perpetuals_have_marks_and_funding_and_spot_has_none() -> None:
    start_ns = parse_utc("2024-01-01 07:59:50")
    events = market(4, "0.2", start_ns=start_ns).next_events(start_ns + 8 * HOUR_NS + 20 * SECOND_NS)
    marks = [event for event in events if isinstance(event, MarkPrice)]
    assert {mark.symbol for mark in marks} == {"BTCUSDT"}
    assert len(marks) == 8 * 3600 + 21
    funding = [event for event in events if isinstance(event, FundingRate)]
    assert [event.ts_ns for event in funding] == [parse_utc("2024-01-01 08:00"), parse_utc("2024-01-01 16:00")]
    assert all(abs(event.rate) <= 75_000 for event in funding)
    mark_at = {mark.ts_ns: mark.price for mark in marks}
    assert all(event.price == mark_at[event.ts_ns] for event in funding)


def test_the_past_of_a_perpetual_leads_to_what_follows() -> None:
    made = market(4)
    past, events = made.perpetual_history("BTCUSDT"), made.next_events(START_NS + 60 * SECOND_NS)
    assert past is not None
    told = [event for event in events if isinstance(event, OpenInterest)]
    assert len(told) == 6 and {event.symbol for event in told} == {"BTCUSDT"}
    times = [ts_ns for ts_ns, _ in past.open_interest]
    assert times == sorted(set(times)) and times[-1] < START_NS <= told[0].ts_ns
    assert abs(told[0].lots / past.open_interest[-1][1] - 1) < 0.02
    assert [ts_ns % (8 * HOUR_NS) for ts_ns, _ in past.fundings] == [0] * len(past.fundings)
    assert past == market(4).perpetual_history("BTCUSDT") and len(past.fundings) >= 6
    spot = next(symbol for symbol in made.symbols if symbol != "BTCUSDT")
    assert made.perpetual_history(spot) is None


def test_symbols_move_together_and_volatility_clusters() -> None:
    """Over many seeds, from the marks of two perpetuals."""
    ether = instrument("ETHUSDT", "ETH", "0.01", "0.001", InstrumentKind.LINEAR)
    correlations, near, far = [], [], []
    for seed in range(5):
        events = market(seed, "1", instruments=(BITCOIN, ether)).next_events(START_NS + 2 * HOUR_NS)
        paths = {
            symbol: np.log([event.price for event in events if isinstance(event, MarkPrice) and event.symbol == symbol])
            for symbol in ("BTCUSDT", "ETHUSDT")
        }
        moves = {symbol: np.diff(path[::10]) for symbol, path in paths.items()}
        correlations.append(np.corrcoef(moves["BTCUSDT"], moves["ETHUSDT"])[0, 1])
        size = np.abs(moves["BTCUSDT"])
        near.append(np.corrcoef(size[:-1], size[1:])[0, 1])
        far.append(np.corrcoef(size[:-300], size[300:])[0, 1])
    assert 0.4 < np.mean(correlations) < 0.95
    assert np.mean(near) > 0.08
    assert np.mean(near) > np.mean(far)


def test_a_crash_widens_the_spread() -> None:
    calm, wild = Follower(), Follower()
    calm.follow(market(9, crashes="0", volatility="0.5").next_events(START_NS + 60 * SECOND_NS))
    wild.follow(market(9, crashes="5000", volatility="0.5").next_events(START_NS + 60 * SECOND_NS))
    assert np.mean(wild.spreads["BTCUSDT"]) > 1.5 * np.mean(calm.spreads["BTCUSDT"])


@given(seed=st.integers(0, 2**32), end_price=st.integers(50, 10_000_000), minutes=st.integers(0, 3_000))
@settings(max_examples=15)
def test_history_ends_at_the_price_and_its_bars_agree(seed: int, end_price: int, minutes: int) -> None:
    source = market(seed, crashes="2")
    end_ns = START_NS + minutes * MINUTE_NS
    small = source.history("BTCUSDT", MINUTE_NS, 2 * 1440, end_ns, end_price)
    assert len(small.bars) == 2 * 1440
    assert small.bars[-1][4] == end_price
    assert small.bars[-1][0] == end_ns // MINUTE_NS * MINUTE_NS
    before = None
    for close_ns, open_, high, low, close, lots in small.bars:
        assert 0 < low <= min(open_, close) <= max(open_, close) <= high
        assert lots > 0
        if before is not None:
            assert (close_ns, open_) == (before[0] + MINUTE_NS, before[4])
        before = (close_ns, open_, high, low, close, lots)
    large = source.history("BTCUSDT", HOUR_NS, 10_000, end_ns, end_price)
    assert large.bars[-1][0] == end_ns // HOUR_NS * HOUR_NS
    by_hour: dict[int, list[tuple[int, ...]]] = {}
    for bar in small.bars:
        by_hour.setdefault(-(-bar[0] // HOUR_NS) * HOUR_NS, []).append(bar)
    hours = {bar[0]: bar for bar in large.bars}
    compared = 0
    for close_ns, inside in by_hour.items():
        if len(inside) == 60:
            compared += 1
            _, opens, highs, lows, closes, volumes = zip(*inside)
            assert hours[close_ns] == (close_ns, opens[0], max(highs), min(lows), closes[-1], sum(volumes))
    assert compared >= 46


def test_history_is_as_long_as_configured_and_in_closed_bars() -> None:
    source = market(days=5)
    daily = source.history("BTCUSDT", DAY_NS, 100)
    assert [bar[0] % DAY_NS for bar in daily.bars] == [0] * 4
    assert daily.bars[-1][0] == parse_utc("2024-01-01")
    assert len(source.history("BTCUSDT", HOUR_NS, 7).bars) == 7
    assert source.history("BTCUSDT", HOUR_NS, 7) == market(days=5).history("BTCUSDT", HOUR_NS, 7)
    assert source.history("BTCUSDT", HOUR_NS, 0).bars == ()
    with pytest.raises(DataError, match="no bars of 1000000000 ns"):
        source.history("BTCUSDT", SECOND_NS, 7)
    with pytest.raises(DataError, match="no symbol ETHUSDT"):
        source.history("ETHUSDT", HOUR_NS, 7)


def test_a_year_is_about_as_volatile_as_the_real_market() -> None:
    yearly = []
    for seed in range(4):
        closes = [bar[4] for bar in market(seed, days=120).history("BTCUSDT", HOUR_NS, 10_000).bars]
        yearly.append(np.diff(np.log(closes)).std() * (24 * 365.25) ** 0.5)
    assert 0.35 < np.mean(yearly) < 0.75


def test_bars_go_over_from_the_past_to_the_tape_without_a_jump() -> None:
    """Over seeds, of a fine tick and a coarse one: a chart must not show where the session began."""
    minutes, symbols = 6, ("BTCUSDT", "XRPUSDT")
    past: dict[str, list[list[float]]] = {symbol: [] for symbol in symbols}
    live: dict[str, list[list[float]]] = {symbol: [] for symbol in symbols}
    jumps = []
    for seed in range(12):
        source = market(seed, "8")
        trades: dict[tuple[str, int], list[Trade]] = {}
        for event in source.next_events(START_NS + minutes * MINUTE_NS):
            if isinstance(event, Trade):
                trades.setdefault((event.symbol, event.ts_ns // MINUTE_NS), []).append(event)
        for symbol in symbols:
            before = [[bar[5], bar[2] / bar[3] - 1] for bar in source.history(symbol, MINUTE_NS, 2_000).bars]
            after = []
            for (traded, _), bar in trades.items():
                if traded == symbol:
                    prices = [trade.price for trade in bar]
                    after.append([sum(trade.lots for trade in bar), max(prices) / min(prices) - 1])
            past[symbol] += before
            live[symbol] += after
            jumps.append(np.log(np.mean(after, axis=0) / np.mean(before[-minutes:], axis=0)))
    for symbol in symbols:
        volume, reach = np.mean(past[symbol], axis=0) / np.mean(live[symbol], axis=0)
        assert 0.6 < volume < 1.6, f"{symbol}: past minutes have {volume:.2f} times the volume"
        assert 0.75 < reach < 1.35, f"{symbol}: past minutes reach {reach:.2f} times as far"
    assert np.all(np.std(jumps, axis=0) < 0.65), "each seed begins another regime of volume or volatility"
