"""The endpoints around the markets: permissions of a key, coins, fees, transfers, the state of the system."""

from __future__ import annotations

from typing import Any

from workstation.sandbox import errors
from workstation.sandbox.endpoint import Call, Endpoint, Security
from workstation.sandbox.errors import ApiError
from workstation.sandbox.listing import Market
from workstation.sandbox.spot_account import RATE
from workstation.sandbox.wire import fixed, milliseconds

TRANSFERS = {"MAIN_UMFUTURE": 1, "UMFUTURE_MAIN": -1}


def restrictions(call: Call) -> dict[str, Any]:
    key = call.key
    return {
        "ipRestrict": bool(key.addresses),
        "createTime": milliseconds(key.created_ns),
        "enableReading": key.may("read"),
        "enableWithdrawals": key.may("withdraw"),
        "enableInternalTransfer": key.may("withdraw"),
        "enableMargin": False,
        "enableFutures": key.may("futures"),
        "permitsUniversalTransfer": key.may("spot") and key.may("futures"),
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
        "enableSpotAndMarginTrading": key.may("spot"),
        "enablePortfolioMarginTrading": False,
    }


def system_status(call: Call) -> dict[str, Any]:
    return {"status": 0, "msg": "normal"}


def account_status(call: Call) -> dict[str, Any]:
    return {"data": "Normal"}


def trading_status(call: Call) -> dict[str, Any]:
    return {"data": {"isLocked": False, "plannedRecoverTime": 0, "triggerCondition": {}, "updateTime": 0}}


def coins(call: Call) -> list[dict[str, Any]]:
    desk = call.account.spot
    assets = sorted({asset for listing in desk.listings.values() for asset in (listing.base, listing.quote)})
    return [
        {
            "coin": asset,
            "depositAllEnable": False,
            "withdrawAllEnable": False,
            "name": asset,
            "free": fixed(desk.free(asset)),
            "locked": fixed(desk.locked(asset)),
            "freeze": "0",
            "withdrawing": "0",
            "ipoing": "0",
            "ipoable": "0",
            "storage": "0",
            "isLegalMoney": False,
            "trading": True,
            "networkList": [],
        }
        for asset in assets
    ]


def trade_fees(call: Call) -> list[dict[str, Any]]:
    listings = call.exchange.listings[Market.SPOT]
    wanted, _ = call.parameters.symbols(listings)
    return [{"symbol": symbol, "makerCommission": RATE, "takerCommission": RATE} for symbol in wanted]


def transfer(call: Call) -> dict[str, Any]:
    """Between the spot balances and the wallet of USD-M."""
    refusal = ApiError(-9000, "The sandbox exchange transfers MAIN_UMFUTURE and UMFUTURE_MAIN only.")
    direction = TRANSFERS[call.parameters.one_of("type", tuple(TRANSFERS), refusal)]
    asset = call.parameters.text("asset")
    amount = int(call.parameters.decimal("amount") * 10**8)
    account = call.account
    if asset != "USDT" or amount <= 0:
        raise ApiError(-5001, "Don't allow transfer to micro assets.")
    if not (call.key.may("spot") and call.key.may("futures")):
        raise errors.rejected_key()
    source, target = (account.spot, account.futures) if direction > 0 else (account.futures, account.spot)
    try:
        source.credit(asset, -amount)
    except ApiError:
        raise ApiError(-5013, "Asset transfer failed: insufficient balance") from None
    target.credit(asset, amount)
    return {"tranId": call.exchange.floor.take_id("transaction")}


def nothing(call: Call) -> list[Any]:
    """Margin pairs: there are none."""
    return []


READ = Security.READ

ENDPOINTS = [
    Endpoint("GET", "/sapi/v1/system/status", Security.NONE, 1, system_status),
    Endpoint("GET", "/sapi/v1/account/apiRestrictions", READ, 1, restrictions),
    Endpoint("GET", "/sapi/v1/account/status", READ, 1, account_status),
    Endpoint("GET", "/sapi/v1/account/apiTradingStatus", READ, 1, trading_status),
    Endpoint("GET", "/sapi/v1/capital/config/getall", READ, 10, coins),
    Endpoint("GET", "/sapi/v1/asset/tradeFee", READ, 1, trade_fees),
    Endpoint("POST", "/sapi/v1/asset/transfer", READ, 1, transfer),
    Endpoint("GET", "/sapi/v1/margin/allPairs", Security.KEY, 1, nothing),
    Endpoint("GET", "/sapi/v1/margin/isolated/allPairs", READ, 1, nothing),
]
