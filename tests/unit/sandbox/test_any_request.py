"""Whatever is asked, of whatever endpoint: an answer or a refusal with a code, and books that balance."""

from __future__ import annotations

from random import Random

import orjson
import pytest

from tests.unit.sandbox.practice import Practice
from workstation.sandbox import signing
from workstation.sandbox.accounts import ApiKey
from workstation.sandbox.gate import Asked, Gate
from workstation.sandbox.listing import Market
from workstation.sandbox.registry import ENDPOINTS

KEY = ApiKey(key="k", secret="s", account="practice", permissions=frozenset({"read", "spot", "futures", "withdraw"}))

VALUES: dict[str, tuple[str, ...]] = {
    "symbol": ("BTCUSDT", "BTCUSDT", "BTCUSDT", "ETHUSDT", "NOPE", ""),
    "symbols": ('["BTCUSDT"]', '["X"]', "[", "[]"),
    "side": ("BUY", "SELL", "BUY", "SELL", "HOLD"),
    "type": (
        "LIMIT",
        "MARKET",
        "STOP_MARKET",
        "STOP",
        "STOP_LOSS",
        "TAKE_PROFIT",
        "LIMIT_MAKER",
        "TRAILING_STOP_MARKET",
    ),
    "timeInForce": ("GTC", "IOC", "FOK", "GTX", "GTD", "X"),
    "quantity": ("0.001", "0.01", "1", "0", "-1", "0.0000001", "1e3", "99999999999999999999999", "x"),
    "price": ("42000", "41000.5", "43000", "0", "0.001", "99999999999", "-5"),
    "stopPrice": ("42000", "1", "x"),
    "triggerPrice": ("30000", "42000", "60000", "0"),
    "quoteOrderQty": ("10", "0", "1000000"),
    "callbackRate": ("1", "0.01", "x"),
    "activatePrice": ("42000",),
    "orderId": ("1", "2", "99", "x", "99999999999999999999999"),
    "algoId": ("1", "2", "x"),
    "origClientOrderId": ("sandbox-1", "mine", "a b", ""),
    "newClientOrderId": ("mine", "yours", "!", "a" * 40),
    "clientAlgoId": ("mine",),
    "cancelOrderId": ("1", "2"),
    "cancelReplaceMode": ("STOP_ON_FAILURE", "ALLOW_FAILURE", "X"),
    "newOrderRespType": ("ACK", "RESULT", "FULL", "X"),
    "interval": ("1m", "1h", "1w", "7m"),
    "period": ("5m", "1h", "1d", "7m"),
    "limit": ("1", "5", "0", "5000", "-1"),
    "fromId": ("0", "1700000000000", "x"),
    "startTime": ("0", "1699999980000", "1800000000000"),
    "endTime": ("0", "1699999990000", "x"),
    "leverage": ("1", "20", "200", "0"),
    "marginType": ("ISOLATED", "CROSSED", "X"),
    "dualSidePosition": ("true", "false", "x"),
    "multiAssetsMargin": ("true", "false"),
    "reduceOnly": ("true", "false", "x"),
    "closePosition": ("true", "false"),
    "workingType": ("MARK_PRICE", "CONTRACT_PRICE", "LIMIT", "LIMIT_MAKER", "X"),
    "positionSide": ("BOTH", "LONG", "SHORT"),
    "icebergQty": ("0.001", "0.1", "0", "x"),
    "trailingDelta": ("10", "100", "1", "x"),
    "orderListId": ("1", "2", "3", "x"),
    "listClientOrderId": ("pair", "!"),
    "countdownTime": ("0", "1000", "x"),
    "goodTillDate": ("1800000000000", "1"),
    "batchOrders": ('[{"symbol":"BTCUSDT","side":"BUY","type":"MARKET","quantity":"0.01"}]', "[1]", "{}", "["),
    "orderIdList": ("[1,2]", "[]", "x"),
    "asset": ("USDT", "BTC", "GOLD"),
    "amount": ("1", "0", "99999999999"),
    "incomeType": ("COMMISSION",),
    "autoCloseType": ("ADL", "LIQUIDATION", "X"),
    "page": ("0", "2"),
}
LIST_VALUES: dict[str, tuple[str, ...]] = {
    "symbol": ("BTCUSDT", "BTCUSDT", "NOPE"),
    "side": ("SELL", "BUY"),
    "quantity": ("0.01", "0.02", "0"),
    "workingType": ("LIMIT_MAKER", "LIMIT", "X"),
    "workingSide": ("BUY", "SELL"),
    "workingPrice": ("41000", "44000", "0"),
    "workingQuantity": ("0.01", "x"),
    "workingTimeInForce": ("GTC", "IOC"),
    "pendingType": ("MARKET", "LIMIT_MAKER"),
    "pendingSide": ("SELL", "BUY"),
    "pendingQuantity": ("0.01", "0.005"),
    "price": ("44000", "41000"),
    "stopPrice": ("41000", "44000"),
}
for _prefix in ("above", "below", "pendingAbove", "pendingBelow"):
    _above = _prefix.lower().endswith("above")
    LIST_VALUES[f"{_prefix}Type"] = ("LIMIT_MAKER", "TAKE_PROFIT") if _above else ("STOP_LOSS", "STOP_LOSS_LIMIT")
    LIST_VALUES[f"{_prefix}Price"] = ("44000", "x") if _above else ("40000", "0")
    LIST_VALUES[f"{_prefix}StopPrice"] = ("45000",) if _above else ("41000", "x")
    LIST_VALUES[f"{_prefix}TrailingDelta"] = ("100", "9")
COMMON = ("symbol", "side", "type", "quantity", "price", "timeInForce")


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_no_request_breaks_the_exchange(seed):
    practice = Practice(seed)
    exchange, draws = practice.exchange, Random(seed)
    with exchange.turn():
        exchange.add_key(KEY)
    gate = Gate(exchange, ENDPOINTS, exchange.clock.now_ns)
    answered = 0
    for number in range(1_500):
        endpoint = draws.choice(ENDPOINTS)
        names = [name for name in COMMON if draws.random() < 0.8] + draws.sample(list(VALUES), draws.randint(0, 4))
        values = {name: draws.choice(VALUES[name]) for name in names}
        if endpoint.method == "POST" and endpoint.path.endswith(("oco", "oto")):
            likely = {name: 0.4 if name.endswith(("Price", "Delta", "InForce")) else 0.97 for name in LIST_VALUES}
            values = {name: draws.choice(LIST_VALUES[name]) for name in LIST_VALUES if draws.random() < likely[name]}
        if endpoint.security.signed:
            values["timestamp"] = str(exchange.clock.time_ns // 1_000_000)
            values["signature"] = signing.signature(KEY.secret, signing.sorted_payload(values))
        asked = Asked(f"10.0.0.{number}", KEY.key, values, signing.sorted_payload(values))
        answer = gate.execute(endpoint, asked)
        orjson.dumps(answer.body)
        if answer.status == 200:
            answered += 1
        else:
            assert answer.body["code"] < -999 and answer.body["msg"]
        if number % 10 == 0:
            practice.run(1)
    assert answered > 300 and practice.account.spot.lists.lists
    spot, futures = practice.account.spot, practice.account.futures
    assert futures.wallet("USDT") == sum(booking.amount for booking in futures.books.income)
    for asset in ("USDT", "BTC", "ETH"):
        assert spot.free(asset) >= 0
    for market in Market:
        assert not exchange.listings[market]["BTCUSDT"].public.crossed
