"""USD-M's endpoints of the account: balances, positions, leverage, margin, modes, income, listen keys."""

from __future__ import annotations

from typing import Any, NamedTuple

from workstation.core.types import Side
from workstation.rules.margin import initial_margin, maintenance_margin
from workstation.sandbox import futures_format
from workstation.sandbox.endpoint import Call, Endpoint, Security
from workstation.sandbox.errors import ApiError
from workstation.sandbox.fees import FUTURES_MAKER_BPS, FUTURES_TAKER_BPS
from workstation.sandbox.futures_desk import FuturesDesk, Holding, Income
from workstation.sandbox.listing import Listing, Market
from workstation.sandbox.spot_trading import time_range
from workstation.sandbox.wire import fixed, milliseconds

BIGGEST_NOTIONAL = 100_000_000
"""USDT; the one bracket of every symbol ends there."""
YEAR_NS = 366 * 24 * 3_600 * 10**9
OK = {"code": 200, "msg": "success"}


class Figures(NamedTuple):
    """What a position is worth and binds, 1e-8 of the margin asset."""

    listing: Listing
    holding: Holding
    notional: int
    """Signed, at the mark price."""
    result: int
    position_margin: int
    order_margin: int
    maintenance: int
    isolated: int
    leverage: int
    cross: bool
    liquidation: int
    """Ticks; 0 when there is none."""

    @property
    def is_used(self) -> bool:
        return bool(self.holding.lots or self.order_margin)


def figures(desk: FuturesDesk, symbol: str) -> Figures:
    """A symbol's position of an account."""
    listing = desk.listings[symbol]
    state = desk.venue.states[symbol]
    holding = desk.holdings[symbol]
    mark = listing.mark_price()
    sign = 1 if holding.lots > 0 else -1
    notional = sign * listing.worth(mark, holding.lots) if mark and holding.lots else 0
    return Figures(
        listing,
        holding,
        notional,
        notional - holding.cost if mark else 0,
        initial_margin(abs(holding.cost), state.leverage),
        desk.order_margin(symbol),
        maintenance_margin(abs(notional), state.maintenance),
        desk.isolated_margin(symbol),
        state.leverage,
        state.cross,
        desk.venue.liquidation_price(symbol),
    )


def _wanted(call: Call, only_used: bool) -> list[Figures]:
    desk = call.account.futures
    if call.parameters.has("symbol"):
        found = [figures(desk, call.listing(Market.FUTURES).symbol)]
    else:
        found = [figures(desk, symbol) for symbol in desk.listings]
    return [each for each in found if each.is_used] if only_used else found


def position_risk_v2(call: Call) -> list[dict[str, Any]]:
    return [
        {
            **_position(position),
            "marginType": "cross" if position.cross else "isolated",
            "isAutoAddMargin": "false",
            "leverage": str(position.leverage),
            "maxNotionalValue": str(BIGGEST_NOTIONAL),
        }
        for position in _wanted(call, only_used=False)
    ]


def position_risk_v3(call: Call) -> list[dict[str, Any]]:
    """Symbols with a position or with open orders."""
    return [
        {
            **_position(position),
            "marginAsset": position.listing.quote,
            "initialMargin": fixed(position.position_margin + position.order_margin),
            "maintMargin": fixed(position.maintenance),
            "positionInitialMargin": fixed(position.position_margin),
            "openOrderInitialMargin": fixed(position.order_margin),
            "adl": 1 if position.holding.lots else 0,
            **_order_notionals(call.account.futures, position.listing),
        }
        for position in _wanted(call, only_used=True)
    ]


def _position(position: Figures) -> dict[str, Any]:
    listing, holding = position.listing, position.holding
    return {
        "symbol": listing.symbol,
        "positionSide": "BOTH",
        "positionAmt": listing.quantity_text(holding.lots),
        "entryPrice": futures_format.unit_price(listing, holding.cost, holding.lots),
        "breakEvenPrice": futures_format.unit_price(listing, holding.cost + holding.fees, holding.lots),
        "markPrice": fixed(int(listing.instrument.price(listing.mark_price()) * 10**8)),
        "unRealizedProfit": fixed(position.result),
        "liquidationPrice": listing.price_text(position.liquidation) if position.liquidation else "0",
        "isolatedMargin": fixed(position.isolated + position.result if position.isolated else 0),
        "notional": fixed(position.notional),
        "isolatedWallet": fixed(position.isolated),
        "updateTime": milliseconds(holding.updated_ns),
    }


def _order_notionals(desk: FuturesDesk, listing: Listing) -> dict[str, str]:
    worth = {Side.BUY: 0, Side.SELL: 0}
    for record in desk.open_orders(listing.symbol):
        worth[record.side] += listing.worth(record.price, record.remaining)
    return {"bidNotional": fixed(worth[Side.BUY]), "askNotional": fixed(worth[Side.SELL])}


def _totals(call: Call) -> dict[str, Any]:
    """Figures of the account's one asset that are the same in all shapes."""
    desk = call.account.futures
    positions = [figures(desk, symbol) for symbol in desk.listings]
    wallet, cross_wallet = desk.wallet("USDT"), desk.cross_wallet("USDT")
    result = sum(position.result for position in positions)
    position_margin = sum(position.position_margin for position in positions)
    order_margin = sum(position.order_margin for position in positions)
    return {
        "wallet": wallet,
        "result": result,
        "margin": wallet + result,
        "maintenance": sum(position.maintenance for position in positions),
        "initial": position_margin + order_margin,
        "position_margin": position_margin,
        "order_margin": order_margin,
        "cross_wallet": cross_wallet,
        "cross_result": sum(position.result for position in positions if position.cross),
        "available": desk.available("USDT"),
    }


def _asset(totals: dict[str, int], now_ns: int) -> dict[str, Any]:
    return {
        "asset": "USDT",
        "walletBalance": fixed(totals["wallet"]),
        "unrealizedProfit": fixed(totals["result"]),
        "marginBalance": fixed(totals["margin"]),
        "maintMargin": fixed(totals["maintenance"]),
        "initialMargin": fixed(totals["initial"]),
        "positionInitialMargin": fixed(totals["position_margin"]),
        "openOrderInitialMargin": fixed(totals["order_margin"]),
        "crossWalletBalance": fixed(totals["cross_wallet"]),
        "crossUnPnl": fixed(totals["cross_result"]),
        "availableBalance": fixed(totals["available"]),
        "maxWithdrawAmount": fixed(min(totals["available"], totals["wallet"])),
        "updateTime": milliseconds(now_ns),
    }


def _account(call: Call) -> dict[str, Any]:
    totals = _totals(call)
    return {
        "totalInitialMargin": fixed(totals["initial"]),
        "totalMaintMargin": fixed(totals["maintenance"]),
        "totalWalletBalance": fixed(totals["wallet"]),
        "totalUnrealizedProfit": fixed(totals["result"]),
        "totalMarginBalance": fixed(totals["margin"]),
        "totalPositionInitialMargin": fixed(totals["position_margin"]),
        "totalOpenOrderInitialMargin": fixed(totals["order_margin"]),
        "totalCrossWalletBalance": fixed(totals["cross_wallet"]),
        "totalCrossUnPnl": fixed(totals["cross_result"]),
        "availableBalance": fixed(totals["available"]),
        "maxWithdrawAmount": fixed(min(totals["available"], totals["wallet"])),
        "assets": [_asset(totals, call.exchange.clock.time_ns)],
    }


def account_v3(call: Call) -> dict[str, Any]:
    desk = call.account.futures
    used = [each for each in (figures(desk, symbol) for symbol in desk.listings) if each.is_used]
    return {**_account(call), "positions": [_account_position(position) for position in used]}


def account_v2(call: Call) -> dict[str, Any]:
    desk = call.account.futures
    positions = [
        {
            **_account_position(position),
            "positionInitialMargin": fixed(position.position_margin),
            "openOrderInitialMargin": fixed(position.order_margin),
            "leverage": str(position.leverage),
            "isolated": not position.cross,
            "entryPrice": futures_format.unit_price(position.listing, position.holding.cost, position.holding.lots),
            "maxNotional": str(BIGGEST_NOTIONAL),
            **_order_notionals(desk, position.listing),
        }
        for position in (figures(desk, symbol) for symbol in desk.listings)
    ]
    config = {name: value for name, value in account_config(call).items() if name != "dualSidePosition"}
    return {**config, "feeBurn": False, **_account(call), "positions": positions}


def _account_position(position: Figures) -> dict[str, Any]:
    listing = position.listing
    return {
        "symbol": listing.symbol,
        "positionSide": "BOTH",
        "positionAmt": listing.quantity_text(position.holding.lots),
        "unrealizedProfit": fixed(position.result),
        "isolatedMargin": fixed(position.isolated + position.result if position.isolated else 0),
        "notional": fixed(position.notional),
        "isolatedWallet": fixed(position.isolated),
        "initialMargin": fixed(position.position_margin + position.order_margin),
        "maintMargin": fixed(position.maintenance),
        "updateTime": milliseconds(position.holding.updated_ns),
    }


def balance(call: Call) -> list[dict[str, Any]]:
    totals = _totals(call)
    return [
        {
            "accountAlias": f"sandbox{call.account.number}",
            "asset": "USDT",
            "balance": fixed(totals["wallet"]),
            "crossWalletBalance": fixed(totals["cross_wallet"]),
            "crossUnPnl": fixed(totals["cross_result"]),
            "availableBalance": fixed(totals["available"]),
            "maxWithdrawAmount": fixed(min(totals["available"], totals["wallet"])),
            "marginAvailable": True,
            "updateTime": milliseconds(call.exchange.clock.time_ns),
        }
    ]


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
        for position in _wanted(call, only_used=False)
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
        for booking in call.account.futures.income
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
    return [
        {"symbol": position.listing.symbol, "adlQuantile": {"LONG": 0, "SHORT": 0, "BOTH": 1}}
        for position in _wanted(call, only_used=True)
    ]


def start_stream(call: Call) -> dict[str, Any]:
    return {"listenKey": call.exchange.listen_keys.open_key(call.key.account)}


def keep_stream(call: Call) -> dict[str, Any]:
    return {"listenKey": call.exchange.listen_keys.keep_alive(call.key.account)}


def close_stream(call: Call) -> dict[str, Any]:
    call.exchange.listen_keys.close_key(call.key.account)
    return {}


READ, TRADE, KEY = Security.READ, Security.TRADE_FUTURES, Security.KEY

ENDPOINTS = [
    Endpoint("GET", "/fapi/v2/account", READ, 5, account_v2),
    Endpoint("GET", "/fapi/v3/account", READ, 5, account_v3),
    Endpoint("GET", "/fapi/v2/balance", READ, 5, balance),
    Endpoint("GET", "/fapi/v3/balance", READ, 5, balance),
    Endpoint("GET", "/fapi/v1/positionRisk", READ, 5, position_risk_v2),
    Endpoint("GET", "/fapi/v2/positionRisk", READ, 5, position_risk_v2),
    Endpoint("GET", "/fapi/v3/positionRisk", READ, 5, position_risk_v3),
    Endpoint("GET", "/fapi/v1/accountConfig", READ, 5, account_config),
    Endpoint("GET", "/fapi/v1/symbolConfig", READ, 5, symbol_config),
    Endpoint("GET", "/fapi/v1/leverageBracket", READ, 1, leverage_brackets),
    Endpoint("POST", "/fapi/v1/leverage", TRADE, 1, set_leverage),
    Endpoint("POST", "/fapi/v1/marginType", TRADE, 1, set_margin_type),
    Endpoint("GET", "/fapi/v1/positionSide/dual", READ, 30, position_mode),
    Endpoint("POST", "/fapi/v1/positionSide/dual", TRADE, 1, set_position_mode),
    Endpoint("GET", "/fapi/v1/multiAssetsMargin", READ, 30, multi_assets),
    Endpoint("POST", "/fapi/v1/multiAssetsMargin", TRADE, 1, set_multi_assets),
    Endpoint("GET", "/fapi/v1/commissionRate", READ, 20, commission),
    Endpoint("GET", "/fapi/v1/income", READ, 30, income),
    Endpoint("GET", "/fapi/v1/adlQuantile", READ, 5, adl_quantile),
    Endpoint("POST", "/fapi/v1/listenKey", KEY, 1, start_stream),
    Endpoint("PUT", "/fapi/v1/listenKey", KEY, 1, keep_stream),
    Endpoint("DELETE", "/fapi/v1/listenKey", KEY, 1, close_stream),
]
