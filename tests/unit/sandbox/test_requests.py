"""What a request must be: parameters, filters, signatures, time, limits."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.unit.sandbox.practice import Practice
from workstation.core.timeframe import MINUTE_NS, SECOND_NS
from workstation.core.types import Side
from workstation.sandbox import filters, signing
from workstation.sandbox.accounts import ApiKey
from workstation.sandbox.endpoint import Security
from workstation.sandbox.errors import ApiError
from workstation.sandbox.listing import Market
from workstation.sandbox.parameters import Parameters, json_list
from workstation.sandbox.server import socket_route
from workstation.sandbox.weights import BAN_NS, OFFENCES_TO_BAN, Limit, Weights

NOW_NS = 1_700_000_000 * SECOND_NS


def refusal(act, *arguments):
    with pytest.raises(ApiError) as caught:
        act(*arguments)
    return caught.value.code, caught.value.message


def test_parameters_complain_as_binance_does():
    parameters = Parameters({"side": "HOLD", "limit": "x", "price": "1e5", "empty": "", "symbols": "[1]"})
    assert refusal(parameters.text, "symbol") == (
        -1102,
        "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.",
    )
    assert refusal(parameters.text, "empty")[0] == -1105
    assert refusal(parameters.side) == (-1117, "Invalid side.")
    assert refusal(parameters.whole, "limit")[0] == -1100
    assert refusal(parameters.decimal, "price")[0] == -1100
    assert refusal(parameters.symbols, {"A": 1})[0] == -1100
    assert refusal(Parameters({"interval": "7m"}).interval_ns) == (-1120, "Invalid interval.")
    assert refusal(Parameters({"newClientOrderId": "a b"}).client_id, "newClientOrderId")[0] == -1100
    assert refusal(Parameters({"symbol": "A", "symbols": '["A"]'}).symbols, {"A": 1})[0] == -1128
    assert refusal(Parameters({"symbol": "B"}).symbols, {"A": 1}) == (-1121, "Invalid symbol.")
    assert json_list("x", '["A","B"]') == ["A", "B"]


@pytest.mark.parametrize(
    ("market", "price", "told"),
    [
        (Market.SPOT, "42000.005", (-1013, "Filter failure: PRICE_FILTER")),
        (Market.SPOT, "42000.000000001", (-1111, "Parameter 'price' has too much precision.")),
        (Market.SPOT, "0", (-1013, "Filter failure: PRICE_FILTER")),
        (Market.SPOT, "999999999999", (-1013, "Filter failure: PRICE_FILTER")),
        (Market.FUTURES, "42000.005", (-1111, "Parameter 'price' has too much precision.")),
        (Market.FUTURES, "0", (-4001, "Price less than 0.")),
    ],
)
def test_prices(market, price, told):
    listing = Practice().listing(market=market)
    assert refusal(filters.price_ticks, listing, "price", Decimal(price)) == told
    assert filters.price_ticks(listing, "price", Decimal("42000.01")) == 4_200_001


@pytest.mark.parametrize(
    ("market", "quantity", "code"),
    [
        (Market.SPOT, "0.000015", -1013),
        (Market.SPOT, "0", -1013),
        (Market.SPOT, "1001", -1013),
        (Market.SPOT, "0.123456789", -1111),
        (Market.FUTURES, "0", -4003),
        (Market.FUTURES, "0.000015", -1111),
        (Market.FUTURES, "1001", -4005),
    ],
)
def test_quantities(market, quantity, code):
    listing = Practice().listing(market=market)
    assert refusal(filters.quantity_lots, listing, "quantity", Decimal(quantity))[0] == code


def test_bands_and_notionals():
    practice = Practice()
    spot, futures = practice.listing(), practice.listing(market=Market.FUTURES)
    assert refusal(filters.check_spot_band, spot, Side.BUY, spot.last * 6)[1] == "Filter failure: PERCENT_PRICE_BY_SIDE"
    filters.check_spot_band(spot, Side.BUY, spot.last * 4)
    assert refusal(filters.check_futures_band, futures, Side.BUY, futures.mark * 11 // 10)[0] == -4016
    assert refusal(filters.check_futures_band, futures, Side.SELL, futures.mark * 9 // 10)[0] == -4024
    filters.check_futures_band(futures, Side.SELL, futures.mark * 2)
    assert refusal(filters.check_spot_notional, spot, 499_999_999)[1] == "Filter failure: NOTIONAL"
    assert refusal(filters.check_futures_notional, futures, 1) == (
        -4164,
        "Order's notional must be no smaller than 5 (unless you choose reduce only).",
    )


# --- proof -----------------------------------------------------------------------------------------------------------

KEY = ApiKey(key="k", secret="s", account="a", permissions=frozenset({"read"}), addresses=("127.0.0.1",))


def test_signatures_cover_the_raw_bytes():
    query = "symbol=BTCUSDT&symbols=%5B%22A%22%5D&signature=zz&timestamp=1"
    assert signing.signed_payload(query, "") == "symbol=BTCUSDT&symbols=%5B%22A%22%5D&timestamp=1"
    assert signing.signed_payload("a=1", "b=2&signature=x") == "a=1b=2"
    assert signing.request_values("a=1&b=2", "b=3&c=%20") == {"a": "1", "b": "2", "c": " "}
    assert signing.sorted_payload({"b": "2", "a": "1", "signature": "x"}) == "a=1&b=2"
    # The example of Binance's documentation.
    secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
    payload = (
        "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
    )
    assert signing.signature(secret, payload) == "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"


def signed(stamp_ms, secret="s", **values):
    given = {"timestamp": str(stamp_ms), **values}
    payload = "&".join(f"{name}={value}" for name, value in given.items())
    return {**given, "signature": signing.signature(secret, payload)}, payload


def check(stamp_ms, secret="s", security=Security.READ, **values):
    given, payload = signed(stamp_ms, secret, **values)
    signing.check_signed(KEY, security, given, payload, NOW_NS)


def test_lesson_15_requests_are_of_this_moment():
    now = NOW_NS // 1_000_000
    check(now)
    check(now + 999)
    check(now - 5_000)
    check(now * 1_000)  # microseconds
    check(now - 9_000, recvWindow="10000")
    assert refusal(check, now + 1_000)[1] == "Timestamp for this request was 1000ms ahead of the server's time."
    assert refusal(check, now - 5_001)[1] == "Timestamp for this request is outside of the recvWindow."
    assert refusal(lambda: check(now, recvWindow="60001"))[0] == -1131


def test_wrong_secret_wrong_permission_wrong_address():
    now = NOW_NS // 1_000_000
    assert refusal(lambda: check(now, secret="other"))[0] == -1022
    assert refusal(lambda: check(now, security=Security.TRADE_SPOT))[0] == -2015
    assert refusal(signing.known_key, {"k": KEY}, None, "127.0.0.1")[0] == -2014
    assert refusal(signing.known_key, {"k": KEY}, "z", "127.0.0.1")[0] == -2015
    assert refusal(signing.known_key, {"k": KEY}, "k", "10.0.0.1")[0] == -2015
    assert signing.known_key({"k": KEY}, "k", "127.0.0.1") is KEY


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        ({"key": ""}, "not empty"),
        ({"secret": "a b"}, "spaces"),
        ({"permissions": frozenset({"fly"})}, "no permission fly"),
        ({"addresses": ("home",)}, "not an IP address"),
    ],
)
def test_keys_that_cannot_be(terms, text):
    key = ApiKey(**{"key": "k", "secret": "s", "account": "a", **terms})
    assert text in key.problem()
    assert KEY.problem() == ""


# --- limits ----------------------------------------------------------------------------------------------------------


def weights():
    return Weights(Limit("REQUEST_WEIGHT", MINUTE_NS, 1, 100), [Limit("ORDERS", SECOND_NS, 10, 2)])


def test_lesson_16_weight_is_counted_refused_and_banned():
    limits = weights()
    assert limits.charge("a", 60, NOW_NS)["X-MBX-USED-WEIGHT-1M"] == "60"
    assert limits.charge("b", 60, NOW_NS)["X-MBX-USED-WEIGHT-1M"] == "60"
    for _ in range(OFFENCES_TO_BAN):
        with pytest.raises(ApiError) as caught:
            limits.charge("a", 60, NOW_NS)
        assert caught.value.status == 429 and 0 < (caught.value.retry_after_s or 0) <= 60
    with pytest.raises(ApiError) as caught:
        limits.charge("a", 1, NOW_NS)
    assert caught.value.status == 418
    assert limits.charge("b", 1, NOW_NS)
    with pytest.raises(ApiError):
        limits.charge("a", 1, NOW_NS + BAN_NS - 1)
    assert limits.charge("a", 1, NOW_NS + BAN_NS)["X-MBX-USED-WEIGHT-1M"] == "1"


def test_orders_are_counted_by_account():
    limits = weights()
    limits.charge_orders("a", 1, NOW_NS)
    assert limits.charge_orders("a", 1, NOW_NS) == {"X-MBX-ORDER-COUNT-10S": "2"}
    code, text = refusal(limits.charge_orders, "a", 1, NOW_NS)
    assert (code, text) == (-1015, "Too many new orders; current limit is 2 orders per 10 SECOND.")
    limits.charge_orders("b", 1, NOW_NS)
    limits.charge_orders("a", 1, NOW_NS + 10 * SECOND_NS)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/ws", (Market.SPOT, "market", False, [])),
        ("/ws/btcusdt@trade", (Market.SPOT, "market", False, ["btcusdt@trade"])),
        ("/ws/3", (Market.SPOT, "market", False, [])),
        ("/stream", (Market.SPOT, "market", True, [])),
        ("/stream/12", (Market.SPOT, "market", True, [])),
        ("/stream/ws", (Market.SPOT, "market", False, [])),
        ("/ws-api/v3", (Market.SPOT, "api", False, [])),
        ("/fut/ws", (Market.FUTURES, "market", False, [])),
        ("/fut/public/ws/0", (Market.FUTURES, "market", False, [])),
        ("/fut/private/ws", (Market.FUTURES, "market", False, [])),
        ("/market/ws/7", (Market.FUTURES, "market", False, [])),
        ("/fut/stream", (Market.FUTURES, "market", True, [])),
        ("/ws-fapi/v1", (Market.FUTURES, "api", False, [])),
        ("/elsewhere", None),
    ],
)
def test_paths_of_websockets(path, route):
    assert socket_route(path) == route
