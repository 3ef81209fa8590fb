"""The tables of errors: every row, the places where ccxt's classes mislead, and the default for what is in no table."""

from __future__ import annotations

import ccxt
import pytest

from workstation.venues.exchange.account.outcomes import TABLES, CancelOutcome, ErrorTable, Found, Outcome
from workstation.venues.exchange.codes import code_of
from workstation.venues.exchange.connection.call import Call
from workstation.venues.exchange.connection.errors import CallFailed

EXCHANGES = {
    "binance spot": ("binance", "spot"),
    "binance linear": ("binance", "linear"),
    "bybit": ("bybit", "linear"),
    "okx": ("okx", "linear"),
    "kraken": ("kraken", "spot"),
}


def failed(code: str = "", text: str = "", *, status: int = 400, sent: bool = True, error: type = ccxt.ExchangeError):
    call = Call()
    call.status, call.sent = status, sent
    return CallFailed(call, error("as ccxt has it"), code, text)


@pytest.mark.parametrize("name", TABLES)
def test_every_row_decides_on_the_exchanges_code_whatever_ccxt_calls_it(name: str) -> None:
    table = ErrorTable(*EXCHANGES[name])
    for row in TABLES[name]:
        for error in (ccxt.InvalidOrder, ccxt.DDoSProtection, ccxt.RequestTimeout):
            judged = table.of_order(failed(row.code, row.text or "something", error=error))
            assert judged is row.order, f"{row.code} {row.text}"


@pytest.mark.parametrize("name", TABLES)
def test_no_code_is_decided_twice(name: str) -> None:
    keys = [(row.code, row.text) for row in TABLES[name]]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("status", [200, 400, 500, 503])
def test_what_is_in_no_table_is_unknown(name: str, status: int) -> None:
    table = ErrorTable(*EXCHANGES[name])
    assert table.of_order(failed("no-such-code", status=status, error=ccxt.InvalidOrder)) is Outcome.UNKNOWN
    assert table.of_cancel(failed("no-such-code", status=status)) is CancelOutcome.UNKNOWN
    assert table.of_question(failed("no-such-code", status=status)) is Found.NO_NEWS


@pytest.mark.parametrize(
    ("market", "status", "code", "text", "outcome"),
    [
        ("spot", 400, "-1013", "Filter failure: NOTIONAL", Outcome.REJECTED),
        ("spot", 400, "-1013", "Filter failure: LOT_SIZE", Outcome.REJECTED),
        ("spot", 400, "-2010", "Account has insufficient balance for requested action.", Outcome.REJECTED),
        ("spot", 400, "-2010", "Order would immediately match and take.", Outcome.REJECTED),
        ("spot", 400, "-2010", "Duplicate order sent.", Outcome.DUPLICATE),
        ("spot", 400, "-1021", "Timestamp for this request is outside of the recvWindow.", Outcome.EXPIRED),
        ("spot", 400, "-1022", "Signature for this request is not valid.", Outcome.REJECTED),
        ("spot", 401, "-2015", "Invalid API-key, IP, or permissions for action.", Outcome.REJECTED),
        ("spot", 400, "-1121", "Invalid symbol.", Outcome.REJECTED),
        ("spot", 429, "-1003", "Too many requests", Outcome.REJECTED),
        ("spot", 418, "", "", Outcome.REJECTED),
        ("spot", 503, "-1008", "Server is currently overloaded with other requests.", Outcome.REJECTED),
        ("spot", 504, "-1007", "Timeout waiting for response from backend server.", Outcome.UNKNOWN),
        ("spot", 408, "-1007", "Timeout waiting for response from backend server.", Outcome.UNKNOWN),
        ("spot", 500, "-1006", "Unexpected response", Outcome.UNKNOWN),
        ("spot", 400, "-1001", "Internal error", Outcome.UNKNOWN),
        ("spot", 502, "", "", Outcome.UNKNOWN),
        ("spot", 403, "", "", Outcome.UNKNOWN),
        ("linear", 400, "-2019", "Margin is insufficient.", Outcome.REJECTED),
        ("linear", 400, "-2022", "ReduceOnly Order is rejected.", Outcome.REJECTED),
        ("linear", 400, "-2021", "Order would immediately trigger.", Outcome.REJECTED),
        ("linear", 400, "-4061", "Order's position side does not match user's setting.", Outcome.REJECTED),
        ("linear", 400, "-4120", "Order type not supported for this endpoint.", Outcome.REJECTED),
        ("linear", 400, "-4164", "Order's notional must be no smaller than 100", Outcome.REJECTED),
        ("linear", 400, "-4116", "ClientOrderId is duplicated.", Outcome.DUPLICATE),
        ("linear", 400, "-5022", "Post Only order will be rejected.", Outcome.REJECTED),
        ("linear", 400, "-5028", "Timestamp for this request is outside of the ME recvWindow.", Outcome.EXPIRED),
    ],
)
def test_what_binance_says_is_taken_at_its_word(
    market: str, status: int, code: str, text: str, outcome: Outcome
) -> None:
    assert ErrorTable("binance", market).of_order(failed(code, text, status=status)) is outcome


def test_a_request_without_an_answer_is_unknown_unless_it_never_left() -> None:
    table = ErrorTable("binance", "spot")
    assert table.of_order(failed(status=0, error=ccxt.RequestTimeout)) is Outcome.UNKNOWN
    assert table.of_order(failed(status=0, error=ccxt.ExchangeNotAvailable)) is Outcome.UNKNOWN
    assert table.of_order(failed(status=0, sent=False, error=ccxt.ExchangeNotAvailable)) is Outcome.REJECTED
    assert table.of_cancel(failed(status=0)) is CancelOutcome.UNKNOWN


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("binance", "-2011"),
        ("binance", "-2013"),
        ("bybit", "110001"),
        ("okx", "51603"),
        ("kraken", "EOrder:Unknown order"),
    ],
)
def test_no_such_order_is_gone_for_a_cancel_and_missing_for_a_question(name: str, code: str) -> None:
    table = ErrorTable(name, "spot")
    assert table.of_cancel(failed(code)) is CancelOutcome.GONE
    assert table.of_question(failed(code)) is Found.MISSING
    assert table.of_question(failed(code, status=503)) is Found.NO_NEWS


def test_a_cancel_that_was_refused_leaves_the_order() -> None:
    assert ErrorTable("binance", "spot").of_cancel(failed("-1021")) is CancelOutcome.REFUSED


@pytest.mark.parametrize(
    ("error", "status", "outcome"),
    [
        (ccxt.InsufficientFunds, 400, Outcome.REJECTED),
        (ccxt.InvalidOrder, 200, Outcome.REJECTED),
        (ccxt.BadSymbol, 400, Outcome.REJECTED),
        (ccxt.AuthenticationError, 401, Outcome.REJECTED),
        (ccxt.RateLimitExceeded, 429, Outcome.REJECTED),
        (ccxt.ExchangeError, 400, Outcome.UNKNOWN),
        (ccxt.RequestTimeout, 408, Outcome.UNKNOWN),
        (ccxt.ExchangeNotAvailable, 503, Outcome.UNKNOWN),
        (ccxt.InvalidOrder, 502, Outcome.UNKNOWN),
    ],
)
def test_an_exchange_without_a_table_is_judged_by_the_classes_that_are_certain(
    error: type, status: int, outcome: Outcome
) -> None:
    table = ErrorTable("bitfinex", "spot")
    assert table.of_order(failed("anything", status=status, error=error)) is outcome
    assert table.of_question(failed(status=400, error=ccxt.OrderNotFound)) is Found.MISSING


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("binance", '{"code":-2010,"msg":"Account has insufficient balance"}', "-2010"),
        ("bybit", '{"retCode":110007,"retMsg":"ab not enough"}', "110007"),
        ("okx", '{"code":"1","data":[{"sCode":"51008","sMsg":"Insufficient"}],"msg":""}', "51008"),
        ("okx", '{"code":"50011","data":[],"msg":"Too many requests"}', "50011"),
        ("kraken", '{"error":["EOrder:Invalid price:Invalid price argument"]}', "EOrder:Invalid price"),
        ("binance", "<html>Bad Gateway</html>", ""),
        ("binance", "[1, 2]", ""),
        ("bitfinex", '["error",10100,"apikey: invalid"]', ""),
    ],
)
def test_the_code_is_read_from_the_answer_itself(name: str, body: str, code: str) -> None:
    assert code_of(name, body)[0] == code
