"""What an exchange does natively, told by the settings alone: equal settings give equal answers, without network."""

from __future__ import annotations

from workstation.config.settings import Exchange
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import OrderType
from workstation.venues.base import MOST_ICEBERG_PARTS, Capabilities
from workstation.venues.exchange.codes import family_of

_PLAIN = frozenset({OrderType.MARKET, OrderType.LIMIT})
_CONDITIONAL = frozenset(
    {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT},
)
_AMENDABLE = {("binance", "linear"): frozenset({OrderType.LIMIT})}
_DATED = {("binance", "linear"): frozenset({OrderType.LIMIT})}
_DATE_AHEAD_NS = 610 * SECOND_NS
"""Binance takes dates from 600 s ahead, by its clock and when the order has arrived."""
_ICEBERG_PARTS = {("binance", "spot"): MOST_ICEBERG_PARTS}
_ENFORCE_EXPIRY = ("binance", "bybit", "okx", "kraken")


def native_types(settings: Exchange) -> frozenset[OrderType]:
    """The order types that the exchange holds itself. No exchange trails by a fixed distance as the engine does."""
    return _PLAIN | _CONDITIONAL if family_of(settings.name) in ("binance", "bybit") else _PLAIN


def amendable_types(settings: Exchange) -> frozenset[OrderType]:
    """Order types that the exchange changes in place, keeping the order's id and losing no fill."""
    return _AMENDABLE.get(_kind_of(settings), frozenset())


def _kind_of(settings: Exchange) -> tuple[str, str]:
    return family_of(settings.name), settings.market


def exchange_capabilities(settings: Exchange) -> Capabilities:
    """What the kernel may ask of the exchange; the rest it emulates."""
    return Capabilities(
        order_types=native_types(settings),
        brackets=False,
        short=settings.market == "linear",
        amend=bool(amendable_types(settings)),
        amend_types=amendable_types(settings),
        certain=False,
        good_till_types=_DATED.get(_kind_of(settings), frozenset()),
        good_till_post_only=False,
        good_till_ahead_ns=_DATE_AHEAD_NS,
        iceberg_parts=_ICEBERG_PARTS.get(_kind_of(settings), 0),
        reconciles=True,
    )


def exchange_notes(settings: Exchange) -> tuple[str, ...]:
    """What a trader should know of the exchange before trusting it: one sentence each."""
    name, family = settings.name, family_of(settings.name)
    notes = []
    if family not in _ENFORCE_EXPIRY:
        notes.append(
            f"{name} has no expiry on requests that this program knows: an order that is long on its way may still be "
            "taken after it was given up; its fills are booked when they come."
        )
    if not family:
        notes.append(
            f"{name}'s errors are judged by ccxt's classes, not by a table of its own: more orders than needed are "
            "asked for after an error."
        )
    if OrderType.STOP not in native_types(settings):
        notes.append(f"Stops and take-profits are held by this program, not by {name}: they work while it runs.")
    if family == "okx" and settings.market == "linear":
        notes.append(f"Orders at {name} use cross margin: set account.margin_mode to cross.")
    notes.append("Brackets and trailing stops are held by this program and work while it runs.")
    dated = "Orders good till a date are cancelled by this program when it has come"
    if _DATED.get(_kind_of(settings)):
        notes.append(f"{dated}, but for plain limit orders, which {name} ends itself.")
    else:
        notes.append(f"{dated}: {name} goes on with them while it does not run.")
    if settings.market == "spot":
        notes.append("An exit first cancels the stop that binds its holding, and leaves once that has ended.")
    if not amendable_types(settings):
        notes.append(f"{name} changes no order in place here: a change is a cancel and a new order.")
    elif OrderType.STOP in native_types(settings):
        notes.append(f"{name} changes limit orders in place; a change of another type is a cancel and a new order.")
    return tuple(notes)
