from __future__ import annotations

from tests.unit.trading.bench import BTC, INSTRUMENTS
from workstation.core.timeframe import HOUR_NS, MINUTE_NS, TIMEFRAMES
from workstation.trading.market_state import MarketState


def test_positions_are_valued_at_the_venue_s_mark_where_there_is_one() -> None:
    market = MarketState(INSTRUMENTS[BTC])
    assert market.price == 0
    market.last_price = 100
    assert market.price == 100
    market.mark_price = 101
    assert market.price == 101


def test_bars_are_built_once_for_each_interval_smallest_first() -> None:
    market = MarketState(INSTRUMENTS[BTC])
    for name in ("1d", "1h", "5m", "1h", "1m"):
        market.want_bars(TIMEFRAMES[name], MINUTE_NS)
    assert list(market.aggregators) == [TIMEFRAMES[name] for name in ("5m", "1h", "1d")]
    assert market.base is not None
    assert market.base.interval_ns == MINUTE_NS
    series = market.want_series(HOUR_NS, MINUTE_NS)
    assert market.want_series(HOUR_NS, MINUTE_NS) is series
    assert list(market.series) == [HOUR_NS]
