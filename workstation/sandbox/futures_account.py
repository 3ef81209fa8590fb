"""USD-M's endpoints of the account's settings, its income and its listen keys."""

from __future__ import annotations

from typing import Any

from workstation.sandbox.endpoint import Call, Endpoint, Security
from workstation.sandbox.errors import ApiError
from workstation.sandbox.fees import FUTURES_MAKER_BPS, FUTURES_TAKER_BPS
from workstation.sandbox.futures_books import Income
from workstation.sandbox.futures_positions import BIGGEST_NOTIONAL, wanted_positions
from workstation.sandbox.futures_trading import read_position_side
from workstation.sandbox.listing import Market
from workstation.sandbox.orders import BOTH
from workstation.sandbox.queries import order_limits, time_range
from workstation.sandbox.wire import fixed, milliseconds

YEAR_NS = 366 * 24 * 3_600 * 10**9
OK = {"code": 200, "msg": "success"}


def account_config(call: Call) -> dict[str, Any]:
    return {
        "feeTier": 0,
        "canTrade": call.key.may("futures"),
        "canDeposit": True,
        "canWithdraw": call.key.may("withdraw"),
        "dualSidePosition": call.account.futures.hedge_mode,
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
    }


def symbol_config(call: Call) -> list[dict[str, Any]]:
    return [
        {
            "symbol": position.listing.symbol,
            "marginType": "CROSSED" if position.cross else "ISOLATED",
            "isAutoAddMargin": False,
            "leverage": position.leverage,
            "maxNotionalValue": str(BIGGEST_NOTIONAL),
        }
        for position in wanted_positions(call, only_used=False)
        if position.side != "SHORT"
    ]


def leverage_brackets(call: Call) -> Any:
    """One bracket a symbol: the sandbox exchange does not step margins by size."""
    listings = call.exchange.listings[Market.FUTURES]
    wanted, single = call.parameters.symbols(listings)
    told = [
        {
            "symbol": symbol,
            "notionalCoef": 1.0,
            "brackets": [
                {
                    "bracket": 1,
                    "initialLeverage": listings[symbol].instrument.maximum_leverage,
                    "notionalCap": BIGGEST_NOTIONAL,
                    "notionalFloor": 0,
                    "maintMarginRatio": float(listings[symbol].instrument.maintenance_margin),
                    "cum": 0.0,
                }
            ],
        }
        for symbol in wanted
    ]
    return told[0] if single else told


def set_leverage(call: Call) -> dict[str, Any]:
    listing = call.listing(Market.FUTURES)
    leverage = call.parameters.whole("leverage")
    call.account.futures.set_leverage(listing, leverage)
    return {"leverage": leverage, "maxNotionalValue": str(BIGGEST_NOTIONAL), "symbol": listing.symbol}


def set_margin_type(call: Call) -> dict[str, Any]:
    listing = call.listing(Market.FUTURES)
    kind = call.parameters.one_of("marginType", ("ISOLATED", "CROSSED"), ApiError(-4104, "Invalid margin type."))
    call.account.futures.set_cross(listing, kind == "CROSSED")
    return OK


def add_margin(call: Call) -> dict[str, Any]:
    """Put money to an isolated position's margin (type 1), or take it back (2)."""
    listing = call.listing(Market.FUTURES)
    kind = call.parameters.one_of("type", ("1", "2"), ApiError(-1130, "Data sent for parameter 'type' is not valid."))
    amount = call.parameters.decimal("amount")
    money = int(amount * 10**8)
    if not money:
        raise ApiError(-4052, "Invalid margin amount.")
    side = read_position_side(call)
    call.account.futures.add_margin(listing, side, money if kind == "1" else -money)
    return {"amount": float(amount), "code": 200, "msg": "Successfully modify position margin.", "type": int(kind)}


def position_mode(call: Call) -> dict[str, Any]:
    return {"dualSidePosition": call.account.futures.hedge_mode}


def set_position_mode(call: Call) -> dict[str, Any]:
    call.parameters.text("dualSidePosition")
    call.account.futures.set_hedge_mode(call.parameters.flag("dualSidePosition"))
    return OK


def multi_assets(call: Call) -> dict[str, Any]:
    return {"multiAssetsMargin": False}


def set_multi_assets(call: Call) -> dict[str, Any]:
    call.parameters.text("multiAssetsMargin")
    if call.parameters.flag("multiAssetsMargin"):
        raise ApiError(-4167, "Unable to adjust to Multi-Assets mode: the sandbox exchange has single-asset mode only.")
    raise ApiError(-4171, "No need to change multi-assets mode.")


def commission(call: Call) -> dict[str, Any]:
    return {
        "symbol": call.listing(Market.FUTURES).symbol,
        "makerCommissionRate": f"{FUTURES_MAKER_BPS / 10_000:.6f}",
        "takerCommissionRate": f"{FUTURES_TAKER_BPS / 10_000:.6f}",
        "rpiCommissionRate": "0.000000",
    }


def income(call: Call) -> list[dict[str, Any]]:
    """Bookings of the last week, or of the times asked for, oldest first."""
    parameters = call.parameters
    symbol, kind = parameters.text("symbol", ""), parameters.text("incomeType", "")
    start, end = time_range(parameters, YEAR_NS)
    found = [
        booking
        for booking in call.account.futures.books.income
        if start <= booking.ts_ns <= end and symbol in ("", booking.symbol) and kind in ("", booking.kind)
    ]
    limit, page = parameters.limit(100, 1000), max(1, parameters.whole("page", 1))
    newest = not parameters.has("startTime") and not parameters.has("page")
    chosen = found[-limit:] if newest else found[(page - 1) * limit : page * limit]
    return [_booking(booking) for booking in chosen]


def _booking(booking: Income) -> dict[str, Any]:
    return {
        "symbol": booking.symbol,
        "incomeType": booking.kind,
        "income": fixed(booking.amount),
        "asset": booking.asset,
        "info": str(booking.trade_id) if booking.trade_id else booking.kind,
        "time": milliseconds(booking.ts_ns),
        "tranId": booking.transaction_id,
        "tradeId": str(booking.trade_id) if booking.trade_id else "",
    }


def adl_quantile(call: Call) -> list[dict[str, Any]]:
    last = "HEDGE" if call.account.futures.hedge_mode else BOTH
    used = dict.fromkeys(position.listing.symbol for position in wanted_positions(call, only_used=True))
    return [{"symbol": symbol, "adlQuantile": {"LONG": 0, "SHORT": 0, last: 1}} for symbol in used]


def start_stream(call: Call) -> dict[str, Any]:
    return {"listenKey": call.exchange.listen_keys.open(call.key.account)}


def keep_stream(call: Call) -> dict[str, Any]:
    return {"listenKey": call.exchange.listen_keys.keep_alive(call.key.account)}


def close_stream(call: Call) -> dict[str, Any]:
    call.exchange.listen_keys.close(call.key.account)
    return {}


READ, TRADE, KEY = Security.READ, Security.TRADE_FUTURES, Security.KEY

ENDPOINTS = [
    Endpoint("GET", "/fapi/v1/accountConfig", READ, 5, account_config),
    Endpoint("GET", "/fapi/v1/symbolConfig", READ, 5, symbol_config),
    Endpoint("GET", "/fapi/v1/leverageBracket", READ, 1, leverage_brackets),
    Endpoint("POST", "/fapi/v1/leverage", TRADE, 1, set_leverage),
    Endpoint("POST", "/fapi/v1/marginType", TRADE, 1, set_margin_type),
    Endpoint("POST", "/fapi/v1/positionMargin", TRADE, 1, add_margin),
    Endpoint("GET", "/fapi/v1/positionSide/dual", READ, 30, position_mode),
    Endpoint("POST", "/fapi/v1/positionSide/dual", TRADE, 1, set_position_mode),
    Endpoint("GET", "/fapi/v1/multiAssetsMargin", READ, 30, multi_assets),
    Endpoint("POST", "/fapi/v1/multiAssetsMargin", TRADE, 1, set_multi_assets),
    Endpoint("GET", "/fapi/v1/commissionRate", READ, 20, commission),
    Endpoint("GET", "/fapi/v1/income", READ, 30, income),
    Endpoint("GET", "/fapi/v1/rateLimit/order", READ, 1, order_limits(Market.FUTURES)),
    Endpoint("GET", "/fapi/v1/adlQuantile", READ, 5, adl_quantile),
    Endpoint("POST", "/fapi/v1/listenKey", KEY, 1, start_stream),
    Endpoint("PUT", "/fapi/v1/listenKey", KEY, 1, keep_stream),
    Endpoint("DELETE", "/fapi/v1/listenKey", KEY, 1, close_stream),
]
