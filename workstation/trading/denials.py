"""Why the gate refuses: reason codes, and how figures stand in a refusal."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from workstation.core.money import from_money, from_rate
from workstation.core.timeframe import SECOND_NS


class DenialCode(StrEnum):
    HALTED = "HALTED"
    REDUCING = "REDUCING"
    NOT_RECONCILED = "NOT_RECONCILED"
    THROTTLED = "THROTTLED"
    STRATEGY_NOT_RUNNING = "STRATEGY_NOT_RUNNING"
    PROTECTION = "PROTECTION"
    CRISIS = "CRISIS"
    UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
    NOT_PERMITTED = "NOT_PERMITTED"
    QUANTITY = "QUANTITY"
    MAXIMUM_QUANTITY = "MAXIMUM_QUANTITY"
    PRICE = "PRICE"
    MINIMUM_NOTIONAL = "MINIMUM_NOTIONAL"
    NO_SHORT = "NO_SHORT"
    NO_REFERENCE = "NO_REFERENCE"
    FEED_DOWN = "FEED_DOWN"
    STALE_DATA = "STALE_DATA"
    BOOK_GAP = "BOOK_GAP"
    CLOCK_DRIFT = "CLOCK_DRIFT"
    PRICE_COLLAR = "PRICE_COLLAR"
    REDUCE_ONLY = "REDUCE_ONLY"
    ORDER_VALUE = "ORDER_VALUE"
    POSITION_VALUE = "POSITION_VALUE"
    GROSS_EXPOSURE = "GROSS_EXPOSURE"
    OPEN_POSITIONS = "OPEN_POSITIONS"
    OPEN_ORDERS = "OPEN_ORDERS"
    RATE_SECOND = "RATE_SECOND"
    RATE_MINUTE = "RATE_MINUTE"
    DUPLICATE = "DUPLICATE"
    REPEATED_EXECUTION = "REPEATED_EXECUTION"
    SELF_MATCH = "SELF_MATCH"
    EXPIRED = "EXPIRED"
    GOOD_TILL_DATE = "GOOD_TILL_DATE"
    ICEBERG = "ICEBERG"


class Denial(NamedTuple):
    """Why an intent was refused. ``value`` and ``limit`` are written for a person, empty where there is none."""

    code: DenialCode
    text: str
    value: str = ""
    limit: str = ""


def seconds_text(duration_ns: int) -> str:
    return f"{duration_ns / SECOND_NS:.1f} s"


def percent_text(rate: int) -> str:
    return f"{from_rate(rate) * 100:.2f} %"


def money_text(money: int) -> str:
    return f"{from_money(money):,.2f}"


def share_text(part: int, whole: int) -> str:
    return f"{Decimal(part) / max(1, whole) * 100:.1f} % of equity"
