"""Market inputs over the wire come back as they were."""

from __future__ import annotations

from decimal import Decimal
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.end_to_end.program import ROOT
from workstation.assembly import configured_instruments
from workstation.config.loader import load_settings
from workstation.core.errors import MessagingError
from workstation.core.messages import Bar, BookDelta, FeedStatus, FundingRate, Heartbeat, MarkPrice, OpenInterest, Trade
from workstation.core.timeframe import MINUTE_NS
from workstation.core.types import Side
from workstation.market.built_in.market import BuiltInMarket
from workstation.messaging.bodies import TradeBody
from workstation.messaging.envelope import decode, encode
from workstation.messaging.market_bodies import market_body, market_event

SETTINGS = load_settings(ROOT / "config" / "strategy.yaml").settings
INSTRUMENTS = configured_instruments(SETTINGS, SETTINGS.market.symbols)
NOW_NS = 1_700_000_000_000_000_001


def over_the_wire(event: Any) -> Any:
    payload = encode(market_body(event, INSTRUMENTS), "feed-1", 1, NOW_NS)
    return market_event(decode(payload).body, INSTRUMENTS)  # type: ignore[arg-type]


def test_the_built_in_market_comes_back_as_it_was() -> None:
    market = BuiltInMarket(SETTINGS.market.built_in, list(INSTRUMENTS.values()), 3, None, NOW_NS)
    events = [event for event in islice(market.events(), 3_000) if not isinstance(event, Heartbeat)]
    assert {type(event).__name__ for event in events} >= {"Trade", "BookDelta", "BookSnapshot"}
    assert [over_the_wire(event) for event in events] == events


@given(st.integers(1, 10**9), st.integers(0, 10**9), st.integers(-(10**7), 10**7), st.sampled_from(sorted(INSTRUMENTS)))
def test_every_kind_comes_back_exactly(price: int, lots: int, rate: int, symbol: str) -> None:
    for event in (
        Trade(symbol, NOW_NS, price, lots, Side.SELL, 12),
        BookDelta(symbol, NOW_NS, 4, 5, ((price, lots),), ((price + 1, 0),)),
        Bar(symbol, MINUTE_NS * 7, MINUTE_NS, price, price + 2, price, price + 1, lots),
        MarkPrice(symbol, NOW_NS, price),
        FundingRate(symbol, NOW_NS, rate, price),
        FundingRate(symbol, NOW_NS, rate, 0),
        OpenInterest(symbol, NOW_NS, lots),
        FeedStatus("", NOW_NS, False, "gone"),
    ):
        assert over_the_wire(event) == event


def body(**changes: Any) -> TradeBody:
    fields: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "trade_id": 1,
        "price": Decimal("1.00"),
        "quantity": Decimal("0.5"),
        "side": "buy",
    }
    return TradeBody(**(fields | changes), time="2023-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"symbol": "PEPEUSDT"}, "not configured here"),
        ({"price": Decimal("1.001")}, "no multiple of 0.01"),
        ({"quantity": Decimal("0.000001")}, "no multiple of 0.00001"),
    ],
)
def test_what_this_side_does_not_know_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(MessagingError, match=reason):
        market_event(body(**changes), INSTRUMENTS)
