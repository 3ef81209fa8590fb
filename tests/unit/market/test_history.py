"""Candles are cut, aggregated and turned into bars without losing anything."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.core.errors import DataError
from workstation.core.instrument import Instrument
from workstation.core.messages import Bar
from workstation.core.timeframe import DAY_NS, HOUR_NS, MINUTE_NS, TIMEFRAMES, bar_open_ns, parse_utc
from workstation.core.types import InstrumentKind
from workstation.market.bars import BarBuilder
from workstation.market.history import Candles, candle_ranges, find_candles, sample_candles

START_NS = parse_utc("2023-01-01")


def bitcoin(tick: str = "0.01", lot: str = "0.00001", kind: InstrumentKind = InstrumentKind.SPOT) -> Instrument:
    return Instrument(
        symbol="BTCUSDT",
        base="BTC",
        quote="USDT",
        kind=kind,
        tick=Decimal(tick),
        lot=Decimal(lot),
        minimum_notional=Decimal(5),
    )


def candles(opens_ns: list[int], interval_ns: int = MINUTE_NS, symbol: str = "BTCUSDT", seed: int = 0) -> Candles:
    rng = np.random.default_rng(seed)
    open_, close = rng.integers(90, 110, (2, len(opens_ns))) * 10**8
    high, low = np.maximum(open_, close) + 10**8, np.minimum(open_, close) - 10**8
    volume = rng.integers(0, 5, len(opens_ns)) * 10**8
    return Candles(symbol, interval_ns, np.array(opens_ns, dtype=np.int64), open_, high, low, close, volume)


class Store:
    """Keeps candles by symbol and interval in memory."""

    def __init__(self, *kept: Candles) -> None:
        self.kept = {(each.symbol, each.interval_ns): each for each in kept}

    def load(self, symbol: str, interval_ns: int, start_ns: int, end_ns: int) -> Candles | None:
        kept = self.kept.get((symbol, interval_ns))
        return None if kept is None else kept.slice(start_ns, end_ns)

    def save(self, candles: Candles) -> int:
        self.kept[candles.symbol, candles.interval_ns] = candles
        return len(candles)

    def ranges(self) -> list[tuple[str, int, int, int, int]]:
        return [
            (symbol, interval_ns, each.first_ns, int(each.open_ns[-1]), len(each))
            for (symbol, interval_ns), each in self.kept.items()
        ]


def test_the_sample_is_as_its_readme_says() -> None:
    sample = sample_candles()
    assert (sample.symbol, sample.interval_ns, len(sample)) == ("BTCUSDT", HOUR_NS, 8_760)
    missing = parse_utc("2023-03-24T13:00Z")
    assert sample.gaps() == [(missing, missing, 1)]
    assert sample.open_e8[0] == 16541_77 * 10**6
    assert sample.first_ns == START_NS
    assert sample.close_e8[-1] == 42475_23 * 10**6
    assert sample.open_ns[-1] == parse_utc("2024-01-01")
    at = int(np.searchsorted(sample.open_ns, parse_utc("2023-12-31T23:00Z")))
    assert sample.close_e8[at] == 42283_58 * 10**6


def test_the_sample_is_exact_in_ticks() -> None:
    sample, instrument = sample_candles(), bitcoin()
    bars = sample.to_bars(instrument)
    assert instrument.price(bars[0].open) == Decimal("16541.77")
    assert instrument.quantity(bars[0].lots) == Decimal("4364.83570")
    assert bars[0].ts_ns == START_NS + HOUR_NS
    first = bars[0]
    row = (first.ts_ns, first.open, first.high, first.low, first.close, first.lots)
    assert sample.rows(instrument)[0] == row
    assert [row[4] for row in sample.rows(instrument)] == [bar.close for bar in bars]


def test_amounts_between_steps_round_half_to_even() -> None:
    amounts = np.array([5, 15, 25, 26, 14], dtype=np.int64) * 10**7
    times = np.arange(5, dtype=np.int64) * MINUTE_NS
    coarse = Candles("X", MINUTE_NS, times, amounts, amounts, amounts, amounts, amounts)
    instrument = bitcoin(tick="1", lot="1")
    assert coarse.ticks(instrument)[0].tolist() == [0, 2, 2, 3, 1]
    assert coarse.lots_lossy(instrument).tolist() == [0, 2, 2, 3, 1]
    tiny = bitcoin(tick="0.0000000003")
    assert coarse.ticks(tiny)[3].tolist() == [
        int((Decimal(int(amount)).scaleb(-8) / tiny.tick).to_integral_value()) for amount in amounts
    ]


def test_slices_hold_whole_candles_only() -> None:
    whole = candles([index * HOUR_NS for index in range(10)], HOUR_NS)
    part = whole.slice(2 * HOUR_NS, 5 * HOUR_NS)
    assert part.open_ns.tolist() == [2 * HOUR_NS, 3 * HOUR_NS, 4 * HOUR_NS]
    assert part.close_e8.tolist() == whole.close_e8[2:5].tolist()
    assert (part.first_ns, part.end_ns) == (2 * HOUR_NS, 5 * HOUR_NS)
    assert whole.slice(HOUR_NS + 1, 5 * HOUR_NS - 1).open_ns.tolist() == [2 * HOUR_NS, 3 * HOUR_NS]
    assert len(whole.slice(20 * HOUR_NS, 30 * HOUR_NS)) == 0
    assert len(whole.slice(5 * HOUR_NS, 2 * HOUR_NS)) == 0


@given(
    offset=st.integers(0, 5_000),
    kept=st.lists(st.booleans(), min_size=1, max_size=400),
    name=st.sampled_from(["3m", "5m", "15m", "1h", "2h", "1w"]),
    smaller=st.sampled_from([MINUTE_NS, HOUR_NS]),
)
def test_resampled_candles_equal_bars_built_one_by_one(offset: int, kept: list[bool], name: str, smaller: int) -> None:
    interval_ns = TIMEFRAMES[name]
    if interval_ns % smaller or interval_ns < smaller:
        smaller = MINUTE_NS
    opens = [START_NS + (offset + index) * smaller for index, there in enumerate(kept) if there]
    small = candles(opens, smaller, seed=offset)
    large = small.resample(interval_ns)
    instrument = bitcoin(tick="1", lot="1")
    builder = BarBuilder("BTCUSDT", interval_ns)
    built: list[Bar] = []
    for bar in small.to_bars(instrument):
        built += builder.add_bar(bar)
    if smaller != interval_ns and opens:
        first = bar_open_ns(opens[0], interval_ns)
        last = bar_open_ns(opens[-1], interval_ns) + interval_ns
        whole_last = opens[-1] + smaller == last
        built = [
            bar for bar in built if (bar.open_ns > first or opens[0] == first) and (bar.ts_ns < last or whole_last)
        ]
    assert large.to_bars(instrument) == built


def test_a_smaller_interval_cannot_be_made() -> None:
    with pytest.raises(DataError, match="1m candles of BTCUSDT cannot be made of 1h candles"):
        sample_candles().resample(MINUTE_NS)
    with pytest.raises(DataError, match="15m candles of X cannot be made of 420s candles; choose"):
        candles([0], 7 * MINUTE_NS, "X").resample(15 * MINUTE_NS)


def test_the_sample_serves_when_there_is_no_store() -> None:
    year = find_candles(None, "BTCUSDT", HOUR_NS, START_NS, parse_utc("2024-01-01"))
    assert (len(year), year.close_e8[-1]) == (8_759, 42283_58 * 10**6)
    days = find_candles(None, "BTCUSDT", DAY_NS, START_NS, parse_utc("2024-01-01"))
    assert (len(days), days.close_e8[-1]) == (365, 42283_58 * 10**6)
    assert len(find_candles(None, "BTCUSDT", HOUR_NS)) == 8_760


def test_the_store_comes_before_the_sample_and_larger_intervals_before_smaller() -> None:
    minutes = candles([START_NS + index * MINUTE_NS for index in range(600)])
    hours = candles([START_NS + index * HOUR_NS for index in range(5)], HOUR_NS, seed=9)
    store = Store(minutes, hours)
    end_ns = START_NS + 5 * HOUR_NS
    assert find_candles(store, "BTCUSDT", HOUR_NS, START_NS, end_ns).close_e8.tolist() == hours.close_e8.tolist()
    later = find_candles(store, "BTCUSDT", HOUR_NS, START_NS, START_NS + 8 * HOUR_NS)
    assert later.close_e8.tolist() == minutes.resample(HOUR_NS).close_e8[:8].tolist()
    assert find_candles(store, "BTCUSDT", 5 * MINUTE_NS, START_NS, end_ns).interval_ns == 5 * MINUTE_NS
    beyond = find_candles(store, "BTCUSDT", HOUR_NS, START_NS, START_NS + 20 * HOUR_NS)
    assert beyond.open_e8[0] == 16541_77 * 10**6
    assert len(beyond) == 20


@pytest.mark.parametrize(
    ("symbol", "interval_ns", "start", "end", "refusal"),
    [
        (
            "BTCUSDT",
            MINUTE_NS,
            "2023-01-01",
            "2023-02-01",
            "No 1m candles of BTCUSDT from 2023-01-01 to 2023-02-01; there are 1h from 2023-01-01 to "
            "2024-01-01 01:00:00; import some with `workstation data import FILE`.",
        ),
        (
            "BTCUSDT",
            HOUR_NS,
            "2022-12-31",
            "2023-02-01",
            "No 1h candles of BTCUSDT from 2022-12-31 to 2023-02-01; there are 1h from 2023-01-01 to "
            "2024-01-01 01:00:00; import some with `workstation data import FILE`.",
        ),
        (
            "DOGEUSDT",
            HOUR_NS,
            None,
            None,
            "No 1h candles of DOGEUSDT; there are candles of BTCUSDT; import some with `workstation data import FILE`.",
        ),
        (
            "BTCUSDT",
            HOUR_NS,
            "2023-03-01",
            "2023-02-01",
            "The start, 2023-03-01 00:00:00, is not before the end, 2023-02-01 00:00:00; exchange the two dates.",
        ),
    ],
)
def test_what_is_missing_is_named(
    symbol: str, interval_ns: int, start: str | None, end: str | None, refusal: str
) -> None:
    with pytest.raises(DataError) as refused:
        find_candles(None, symbol, interval_ns, parse_utc(start) if start else None, parse_utc(end) if end else None)
    assert str(refused.value) == refusal


def test_nothing_but_a_gap_is_missing_data() -> None:
    missing = parse_utc("2023-03-24T13:00Z")
    with pytest.raises(DataError, match="No 1h candles of BTCUSDT from 2023-03-24 13:00:00"):
        find_candles(None, "BTCUSDT", HOUR_NS, missing, missing + HOUR_NS)


def test_ranges_name_the_store_and_the_sample() -> None:
    store = Store(candles([START_NS], MINUTE_NS, "ETHUSDT"))
    assert candle_ranges(store) == [
        ("ETHUSDT", MINUTE_NS, START_NS, START_NS, 1),
        ("BTCUSDT", HOUR_NS, START_NS, parse_utc("2024-01-01"), 8_760),
    ]
