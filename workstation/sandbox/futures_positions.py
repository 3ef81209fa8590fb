"""USD-M's endpoints of balances and positions, and the figures behind them."""

from __future__ import annotations

from typing import Any, NamedTuple

from workstation.core.types import Side
from workstation.rules.margin import maintenance_margin
from workstation.sandbox import futures_format
from workstation.sandbox.endpoint import Call, Endpoint, Security
from workstation.sandbox.futures_books import Holding
from workstation.sandbox.futures_desk import FuturesDesk
from workstation.sandbox.listing import Listing, Market
from workstation.sandbox.orders import position_of
from workstation.sandbox.queries import wanted_symbol
from workstation.sandbox.wire import fixed, milliseconds

BIGGEST_NOTIONAL = 100_000_000
"""USDT; the one bracket of every symbol ends there."""


class Figures(NamedTuple):
    """What a position is worth and binds, 1e-8 of the margin asset."""

    listing: Listing
    side: str
    """LONG or SHORT in hedge mode, else BOTH."""
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


def figures(desk: FuturesDesk, key: str) -> Figures:
    """A position of an account, by what it goes by."""
    symbol, side = position_of(key)
    listing = desk.listings[symbol]
    state = desk.venue.states[key]
    holding = desk.books.holdings[key]
    mark = listing.mark_price()
    sign = 1 if holding.lots > 0 else -1
    notional = sign * listing.worth(mark, holding.lots) if mark and holding.lots else 0
    return Figures(
        listing,
        side,
        holding,
        notional,
        notional - holding.cost if mark else 0,
        desk.venue.account.position_margin(state) if holding.lots else 0,
        desk.order_margin(key),
        maintenance_margin(abs(notional), state.maintenance),
        desk.isolated_margin(key),
        state.leverage,
        state.cross,
        desk.venue.liquidation_price(key),
    )


def all_positions(desk: FuturesDesk, symbol: str = "") -> list[Figures]:
    """Of a symbol or of all; in hedge mode two of each."""
    return [figures(desk, key) for name in ([symbol] if symbol else desk.listings) for key in desk.keys(name)]


def wanted_positions(call: Call, only_used: bool) -> list[Figures]:
    """Of the parameter ``symbol``, or of all symbols."""
    found = all_positions(call.account.futures, wanted_symbol(call, Market.FUTURES))
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
        for position in wanted_positions(call, only_used=False)
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
            **_order_notionals(call.account.futures, position),
        }
        for position in wanted_positions(call, only_used=True)
    ]


def _position(position: Figures) -> dict[str, Any]:
    listing, holding = position.listing, position.holding
    return {
        "symbol": listing.symbol,
        "positionSide": position.side,
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


def _order_notionals(desk: FuturesDesk, position: Figures) -> dict[str, str]:
    worth = {Side.BUY: 0, Side.SELL: 0}
    for record in desk.open_orders(position.listing.symbol):
        if record.position_side == position.side:
            worth[record.side] += position.listing.worth(record.price, record.remaining)
    return {"bidNotional": fixed(worth[Side.BUY]), "askNotional": fixed(worth[Side.SELL])}


def _totals(call: Call) -> dict[str, Any]:
    """Figures of the account's one asset that are the same in all shapes."""
    desk = call.account.futures
    positions = all_positions(desk)
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
    used = [each for each in all_positions(desk) if each.is_used]
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
            **_order_notionals(desk, position),
        }
        for position in all_positions(desk)
    ]
    permissions = {
        "feeTier": 0,
        "feeBurn": False,
        "canTrade": call.key.may("futures"),
        "canDeposit": True,
        "canWithdraw": call.key.may("withdraw"),
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
    }
    return {**permissions, **_account(call), "positions": positions}


def _account_position(position: Figures) -> dict[str, Any]:
    listing = position.listing
    return {
        "symbol": listing.symbol,
        "positionSide": position.side,
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


READ = Security.READ

ENDPOINTS = [
    Endpoint("GET", "/fapi/v2/account", READ, 5, account_v2),
    Endpoint("GET", "/fapi/v3/account", READ, 5, account_v3),
    Endpoint("GET", "/fapi/v2/balance", READ, 5, balance),
    Endpoint("GET", "/fapi/v3/balance", READ, 5, balance),
    Endpoint("GET", "/fapi/v1/positionRisk", READ, 5, position_risk_v2),
    Endpoint("GET", "/fapi/v2/positionRisk", READ, 5, position_risk_v2),
    Endpoint("GET", "/fapi/v3/positionRisk", READ, 5, position_risk_v3),
]
