"""The spot market's endpoints of the account: balances, own trades, commissions."""

from __future__ import annotations

from typing import Any

from workstation.sandbox import spot_format
from workstation.sandbox.endpoint import Call, Endpoint, Security
from workstation.sandbox.fees import SPOT_BPS
from workstation.sandbox.listing import Market
from workstation.sandbox.parameters import Parameters
from workstation.sandbox.queries import order_limits, own_trades
from workstation.sandbox.wire import fixed, milliseconds

RATE = fixed(int(SPOT_BPS * 10**4))
NOTHING = fixed(0)


def account(call: Call) -> dict[str, Any]:
    desk = call.account.spot
    hide = call.parameters.flag("omitZeroBalances")
    assets = sorted({*desk.assets(), *(a for x in desk.listings.values() for a in (x.base, x.quote))})
    balances = [
        {"asset": asset, "free": fixed(desk.free(asset)), "locked": fixed(desk.locked(asset))}
        for asset in assets
        if desk.total(asset) or not hide
    ]
    return {
        "makerCommission": int(SPOT_BPS),
        "takerCommission": int(SPOT_BPS),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {"maker": RATE, "taker": RATE, "buyer": NOTHING, "seller": NOTHING},
        "canTrade": call.key.may("spot"),
        "canWithdraw": call.key.may("withdraw"),
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": milliseconds(call.exchange.clock.time_ns),
        "accountType": "SPOT",
        "balances": balances,
        "permissions": ["SPOT"],
        "uid": call.account.number,
    }


def commission(call: Call) -> dict[str, Any]:
    listing = call.listing(Market.SPOT)
    standard = {"maker": RATE, "taker": RATE, "buyer": NOTHING, "seller": NOTHING}
    nothing = dict.fromkeys(standard, NOTHING)
    discount = {"enabledForAccount": False, "enabledForSymbol": False, "discountAsset": "BNB", "discount": NOTHING}
    return {
        "symbol": listing.symbol,
        "standardCommission": standard,
        "specialCommission": nothing,
        "taxCommission": nothing,
        "discount": discount,
    }


def _trades_weight(parameters: Parameters) -> int:
    return 5 if parameters.has("orderId") else 20


READ = Security.READ

ENDPOINTS = [
    Endpoint("GET", "/api/v3/rateLimit/order", READ, 40, order_limits(Market.SPOT)),
    Endpoint("GET", "/api/v3/myTrades", READ, _trades_weight, own_trades(Market.SPOT, spot_format.own_trade)),
    Endpoint("GET", "/api/v3/account", READ, 20, account),
    Endpoint("GET", "/api/v3/account/commission", READ, 20, commission),
]
