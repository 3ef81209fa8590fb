"""The filters of a listing: as exchangeInfo tells them, and as orders are held against them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from workstation.core.types import Side
from workstation.sandbox import errors
from workstation.sandbox.errors import ApiError
from workstation.sandbox.listing import Listing, Market
from workstation.sandbox.wire import fixed

SPOT_BAND = 5
"""Limit prices lie within the last price divided and multiplied by this."""
FUTURES_BAND_PERCENT = 5
"""Limit prices lie within so much of the mark price, on the side that is worse for the trader."""
MOST_OPEN_ORDERS = 200
MOST_OPEN_STOPS = 5
"""Spot orders that wait for a trigger, of one symbol."""
MOST_OPEN_LISTS = 20
"""Spot order lists, of one symbol."""
MOST_ICEBERG_PARTS = 10
LEAST_TRAILING, MOST_TRAILING = 10, 2000
"""Distance of a spot trailing stop, basis points."""
MOST_OPEN_CONDITIONALS = 200
LEAST_CALLBACK = Decimal("0.1")
MOST_CALLBACK = Decimal(10)
"""Distance of a trailing stop, per cent."""
MOST_PRICE = 100_000_000 * 10**8
"""1e-8 of the quote asset."""

SPOT_TYPES = [
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
]
FUTURES_TYPES = [
    "LIMIT",
    "MARKET",
    "STOP",
    "STOP_MARKET",
    "TAKE_PROFIT",
    "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET",
]


def spot_filters(listing: Listing) -> list[dict[str, Any]]:
    instrument = listing.instrument
    most = instrument.lots_rounded(instrument.maximum_quantity)
    step = listing.quantity_text(1)
    notional = fixed(int(instrument.minimum_notional * 10**8))
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": listing.price_text(1),
            "maxPrice": fixed(_most_ticks(listing) * int(instrument.tick * 10**8)),
            "tickSize": listing.price_text(1),
        },
        {"filterType": "LOT_SIZE", "minQty": step, "maxQty": listing.quantity_text(most), "stepSize": step},
        {"filterType": "ICEBERG_PARTS", "limit": MOST_ICEBERG_PARTS},
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": fixed(0),
            "maxQty": listing.quantity_text(most),
            "stepSize": fixed(0),
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": str(SPOT_BAND),
            "bidMultiplierDown": str(Decimal(1) / SPOT_BAND),
            "askMultiplierUp": str(SPOT_BAND),
            "askMultiplierDown": str(Decimal(1) / SPOT_BAND),
            "avgPriceMins": 5,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": notional,
            "applyMinToMarket": True,
            "maxNotional": fixed(9_000_000 * 10**8),
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": MOST_OPEN_ORDERS},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": MOST_OPEN_STOPS},
        {"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": MOST_OPEN_LISTS},
        {
            "filterType": "TRAILING_DELTA",
            "minTrailingAboveDelta": LEAST_TRAILING,
            "maxTrailingAboveDelta": MOST_TRAILING,
            "minTrailingBelowDelta": LEAST_TRAILING,
            "maxTrailingBelowDelta": MOST_TRAILING,
        },
    ]


def futures_filters(listing: Listing) -> list[dict[str, Any]]:
    instrument = listing.instrument
    most = listing.quantity_text(instrument.lots_rounded(instrument.maximum_quantity))
    step = listing.quantity_text(1)
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": listing.price_text(1),
            "maxPrice": listing.price_text(_most_ticks(listing)),
            "tickSize": listing.price_text(1),
        },
        {"filterType": "LOT_SIZE", "minQty": step, "maxQty": most, "stepSize": step},
        {"filterType": "MARKET_LOT_SIZE", "minQty": step, "maxQty": most, "stepSize": step},
        {"filterType": "MAX_NUM_ORDERS", "limit": MOST_OPEN_ORDERS},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": MOST_OPEN_CONDITIONALS},
        {"filterType": "MIN_NOTIONAL", "notional": f"{instrument.minimum_notional.normalize():f}"},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": f"1.{FUTURES_BAND_PERCENT:02d}00",
            "multiplierDown": f"0.{100 - FUTURES_BAND_PERCENT:02d}00",
            "multiplierDecimal": "4",
        },
    ]


def _most_ticks(listing: Listing) -> int:
    return MOST_PRICE // int(listing.instrument.tick * 10**8)


def price_ticks(listing: Listing, name: str, price: Decimal) -> int:
    """Whole ticks of a price. Raises ``ApiError`` for one that the filters refuse."""
    instrument = listing.instrument
    spot = listing.market is Market.SPOT
    if price <= 0:
        raise errors.filter_failure("PRICE_FILTER") if spot else ApiError(-4001, "Price less than 0.")
    if _decimals(price) > (8 if spot else listing.price_places):
        raise errors.too_precise(name)
    try:
        ticks = instrument.ticks(price)
    except ValueError:
        if spot:
            raise errors.filter_failure("PRICE_FILTER") from None
        raise ApiError(-4014, "Price not increased by tick size.") from None
    if ticks > _most_ticks(listing):
        raise errors.filter_failure("PRICE_FILTER") if spot else ApiError(-4002, "Price greater than max price.")
    return ticks


def quantity_lots(listing: Listing, name: str, quantity: Decimal) -> int:
    """Whole lots of a quantity. Raises ``ApiError`` for one that the filters refuse."""
    instrument = listing.instrument
    spot = listing.market is Market.SPOT
    if quantity <= 0:
        if spot:
            raise (
                errors.illegal(name, r"^([0-9]{1,20})(\.[0-9]{1,20})?$")
                if quantity < 0
                else errors.filter_failure("LOT_SIZE")
            )
        raise ApiError(-4003, "Quantity less than or equal to zero.")
    if _decimals(quantity) > (8 if spot else listing.quantity_places):
        if spot:
            raise errors.too_precise(name)
        raise ApiError(-1111, "Precision is over the maximum defined for this asset.")
    try:
        lots = instrument.lots(quantity)
    except ValueError:
        if spot:
            raise errors.filter_failure("LOT_SIZE") from None
        raise ApiError(-4023, "Quantity not increased by step size.") from None
    if lots > instrument.lots_rounded(instrument.maximum_quantity):
        raise errors.filter_failure("LOT_SIZE") if spot else ApiError(-4005, "Quantity greater than max quantity.")
    return lots


def check_spot_band(listing: Listing, side: Side, price: int) -> None:
    """Raise ``ApiError`` when a limit price is far off."""
    last = listing.last
    if last and not last <= price * SPOT_BAND <= last * SPOT_BAND * SPOT_BAND:
        raise errors.filter_failure("PERCENT_PRICE_BY_SIDE")


def check_spot_notional(listing: Listing, worth: int) -> None:
    """Raise ``ApiError`` when an order is worth too little."""
    if worth < int(listing.instrument.minimum_notional * 10**8) or worth > 9_000_000 * 10**8:
        raise errors.filter_failure("NOTIONAL")


def check_futures_band(listing: Listing, side: Side, price: int) -> None:
    """Raise ``ApiError`` when a limit price is far above the mark to buy, or far below to sell."""
    mark = listing.mark_price()
    if not mark:
        return
    if side is Side.BUY and price * 100 > mark * (100 + FUTURES_BAND_PERCENT):
        cap = listing.price_text(mark * (100 + FUTURES_BAND_PERCENT) // 100)
        raise ApiError(-4016, f"Limit price can't be higher than {cap}.")
    if side is Side.SELL and price * 100 < mark * (100 - FUTURES_BAND_PERCENT):
        floor = listing.price_text(-(-mark * (100 - FUTURES_BAND_PERCENT) // 100))
        raise ApiError(-4024, f"Limit price can't be lower than {floor}.")


def check_futures_notional(listing: Listing, worth: int) -> None:
    """Raise ``ApiError`` when an order that may open a position is worth too little."""
    least = listing.instrument.minimum_notional
    if worth < int(least * 10**8):
        raise ApiError(
            -4164, f"Order's notional must be no smaller than {least.normalize():f} (unless you choose reduce only)."
        )


def _decimals(amount: Decimal) -> int:
    return max(0, -int(amount.normalize().as_tuple().exponent))
