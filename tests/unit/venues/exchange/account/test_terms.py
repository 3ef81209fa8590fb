"""What an exchange does natively, and the engine's order ids as each one accepts them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.venues.exchange.fake_binance import exchange_settings
from workstation.core.types import OrderType, Side
from workstation.venues.exchange.account.client_ids import from_venue, to_venue
from workstation.venues.exchange.account.known_orders import MOST_ENDED, KnownOrder, KnownOrders
from workstation.venues.exchange.capabilities import exchange_capabilities, exchange_notes

IDS = st.from_regex(r"w[0-9]{1,4}-[0-9]{1,6}", fullmatch=True)
CONDITIONAL = {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT}


@pytest.mark.parametrize(
    ("name", "market", "conditional", "short", "amend"),
    [
        ("binance", "spot", True, False, False),
        ("binance", "linear", True, True, True),
        ("bybit", "linear", True, True, False),
        ("okx", "linear", False, True, False),
        ("kraken", "spot", False, False, False),
        ("bitfinex", "spot", False, False, False),
    ],
)
def test_capabilities_follow_from_the_settings_alone(
    name: str, market: str, conditional: bool, short: bool, amend: bool
) -> None:
    can = exchange_capabilities(exchange_settings(name=name, market=market))
    assert can == exchange_capabilities(exchange_settings(name=name, market=market))
    assert can.order_types >= {OrderType.MARKET, OrderType.LIMIT}
    assert (can.order_types >= CONDITIONAL) is conditional
    assert (can.short, can.amend) == (short, amend)
    assert OrderType.TRAILING_STOP not in can.order_types
    assert not can.certain and not can.brackets and can.reconciles
    assert can.amend_types == (frozenset({OrderType.LIMIT}) if amend else frozenset())


def test_dates_and_icebergs_are_each_exchanges_own() -> None:
    spot, linear = (exchange_capabilities(exchange_settings(market=market)) for market in ("spot", "linear"))
    assert (spot.good_till_types, spot.iceberg_parts) == (frozenset(), 10)
    assert (linear.good_till_types, linear.iceberg_parts) == (frozenset({OrderType.LIMIT}), 0)
    bybit = exchange_capabilities(exchange_settings(name="bybit", market="linear"))
    assert (bybit.good_till_types, bybit.iceberg_parts) == (frozenset(), 0)
    dated = "Orders good till a date are cancelled by this program when it has come"
    assert any(note.startswith(f"{dated}: binance goes on") for note in exchange_notes(exchange_settings()))
    assert any(note.startswith(f"{dated}, but") for note in exchange_notes(exchange_settings(market="linear")))


def test_what_a_trader_should_know_is_said() -> None:
    assert any("conditional" not in note and "Brackets" in note for note in exchange_notes(exchange_settings()))
    exits = "An exit first cancels the stop that binds its holding, and leaves once that has ended."
    assert exits in exchange_notes(exchange_settings(market="spot"))
    assert exits not in exchange_notes(exchange_settings(market="linear"))
    unknown = " ".join(exchange_notes(exchange_settings(name="bitfinex")))
    assert "has no expiry on requests" in unknown and "judged by ccxt's classes" in unknown
    assert "Stops and take-profits are held by this program" in unknown


@given(IDS, st.sampled_from(["binance", "bybit", "okx", "kraken", "bitfinex"]))
def test_our_ids_come_back_as_they_went(client_id: str, name: str) -> None:
    sent = to_venue(name, client_id)
    assert from_venue(name, sent) == client_id
    allowed = {"okx": r"[A-Za-z0-9]{1,32}", "kraken": r"[\x20-\x7e]{1,18}"}.get(name, r"[.A-Z:/a-z0-9_-]{1,36}")
    assert re.fullmatch(allowed, sent)


@given(st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True))
def test_any_id_is_written_reversibly_for_okx(client_id: str) -> None:
    assert from_venue("okx", to_venue("okx", client_id)) == client_id


@given(st.text(max_size=36))
def test_foreign_ids_are_left_as_they_are_where_they_are_not_of_ours(foreign: str) -> None:
    assert from_venue("binance", foreign) == foreign
    read = from_venue("okx", foreign)
    assert read == foreign or foreign.startswith("TW")


@pytest.mark.parametrize(("name", "client_id"), [("kraken", "w" * 19), ("binance", "w" * 37), ("okx", "zu lang")])
def test_an_id_that_cannot_be_held_is_refused(name: str, client_id: str) -> None:
    with pytest.raises(ValueError, match="The order id"):
        to_venue(name, client_id)


def test_orders_are_found_by_each_of_their_ids_and_old_ended_ones_are_forgotten() -> None:
    orders = KnownOrders()
    stop = orders.add(KnownOrder("w1-1", "BTCUSDT", side=Side.SELL, conditional=True, venue_id="algo:7"))
    assert orders.add(KnownOrder("w1-1", "BTCUSDT")) is stop
    assert orders.untriggered("BTCUSDT") == [stop]
    orders.became(stop, "123")
    assert orders.by_venue_id("BTCUSDT", "123") is orders.by_venue_id("BTCUSDT", "algo:7") is stop
    assert orders.by_venue_id("ETHUSDT", "123") is None
    assert orders.untriggered("BTCUSDT") == []
    orders.end(stop)
    assert orders.get("w1-1") is stop
    for number in range(MOST_ENDED):
        orders.end(orders.add(KnownOrder(f"w2-{number}", "BTCUSDT", venue_id=str(1_000 + number))))
    assert orders.get("w1-1") is None and orders.by_venue_id("BTCUSDT", "123") is None
