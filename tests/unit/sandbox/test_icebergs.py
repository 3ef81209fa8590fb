"""Icebergs on spot: a part is shown, and the next one comes to the back of the queue."""

from __future__ import annotations

import pytest

from tests.unit.sandbox.practice import BUY, SELL, Practice, reopened
from tests.unit.sandbox.test_order_lists import trade
from tests.unit.sandbox.test_spot_trading import Client
from workstation.sandbox.orders import OrderRecord
from workstation.sandbox.state_file import StateFile


@pytest.fixture
def practice() -> Practice:
    return Practice()


def iceberg(practice: Practice, price: int, lots: int = 10_000, part: int = 1_000) -> OrderRecord:
    return practice.order(BUY, lots, "LIMIT", price=price, iceberg=part)


def empty_price(practice: Practice) -> int:
    """Between bid and ask, where nobody else rests."""
    public = practice.listing().public
    assert public.best_ask - public.best_bid > 1
    return public.best_bid + 1


def test_only_a_part_is_seen_but_all_is_locked(practice):
    price = empty_price(practice)
    record = iceberg(practice, price)
    assert practice.listing().public.bids[price] == 1_000
    assert practice.account.spot.locked("USDT") == practice.listing().worth(price, 10_000)
    told = practice.told("executionReport")[-1]
    assert told["F"] == practice.listing().quantity_text(1_000) and record.iceberg == 1_000


def test_what_fills_of_a_part_is_not_shown_again_until_the_part_is_gone(practice):
    price = empty_price(practice)
    record = iceberg(practice, price)
    trade(practice, price, lots=400, side=SELL)
    assert (record.filled, practice.listing().public.bids[price]) == (400, 600)
    trade(practice, price, lots=700, side=SELL)
    assert (record.filled, practice.listing().public.bids[price]) == (1_100, 900)


def test_the_next_part_stands_behind_the_others(practice):
    price = empty_price(practice)
    record = iceberg(practice, price, part=1_000)
    order = practice.account.spot.venue.states["BTCUSDT"].orders[str(record.order_id)]
    # Others come in behind it: 500 lots.
    order.level_shown = 500
    trade(practice, price, lots=1_200, side=SELL)
    assert (record.filled, order.ahead) == (1_000, 300)
    trade(practice, price, lots=350, side=SELL)
    assert (record.filled, order.ahead) == (1_050, 0)


def test_a_price_beyond_its_limit_takes_it_all(practice):
    price = empty_price(practice)
    record = iceberg(practice, price)
    trade(practice, price - 1, lots=50_000, side=SELL)
    assert record.status == "FILLED" and price not in practice.listing().public.bids


def test_the_last_part_is_what_is_left(practice):
    price = empty_price(practice)
    record = iceberg(practice, price, lots=2_500, part=1_000)
    trade(practice, price, lots=2_200, side=SELL)
    assert (record.filled, practice.listing().public.bids[price]) == (2_200, 300)


def test_an_iceberg_takes_with_all_of_it_and_rests_with_a_part(practice):
    ask = practice.listing().public.best_ask
    shown = practice.listing().public.asks[ask]
    client = Client(practice)
    listing = practice.listing()
    told = client.order(
        side="BUY",
        type="LIMIT",
        timeInForce="GTC",
        price=listing.price_text(ask),
        quantity=listing.quantity_text(shown + 5_000),
        icebergQty=listing.quantity_text((shown + 5_000) // 10 + 1),
    )
    assert told["executedQty"] == listing.quantity_text(shown)
    assert told["icebergQty"] == listing.quantity_text((shown + 5_000) // 10 + 1)
    assert listing.public.bids[ask] == min(5_000, (shown + 5_000) // 10 + 1)


def test_a_stop_limit_can_be_an_iceberg(practice):
    last = practice.listing().last
    record = practice.order(
        SELL, 10_000, "STOP_LOSS_LIMIT", stop_price=last - 10_000, price=last + 90_000, iceberg=1_000
    )
    trade(practice, last - 10_000, side=SELL)
    assert record.is_working and practice.listing().public.asks[last + 90_000] == 1_000


def test_a_restart_shows_a_part_again(tmp_path):
    file = StateFile(tmp_path / "state")
    practice = Practice(store=file.write)
    record = iceberg(practice, empty_price(practice))
    file.close()
    again = reopened(practice.exchange, tmp_path / "state")
    order = again.accounts["practice"].spot.venue.states["BTCUSDT"].orders[str(record.order_id)]
    assert (order.display, order.shown, order.live) == (1_000, 1_000, 10_000)
