"""What an order may ask for beside its type: a date until which it is good, and that a part of it alone is shown."""

from __future__ import annotations

from workstation.core.instrument import Instrument
from workstation.core.orders import Intent
from workstation.core.timeframe import DAY_NS, SECOND_NS, utc_text
from workstation.core.types import OrderType, TimeInForce
from workstation.trading.denials import Denial, DenialCode
from workstation.venues.base import Capabilities

LONGEST_NS = 366 * DAY_NS
_RESTS = (TimeInForce.GTC, TimeInForce.GTD)


def check_options(intent: Intent, instrument: Instrument, can: Capabilities, now_ns: int) -> Denial | None:
    """Whether the order's date and its iceberg are possible at the venue."""
    if intent.time_in_force is TimeInForce.GTD or intent.good_till_ns:
        denial = _check_date(intent, can, now_ns)
        if denial is not None:
            return denial
    return check_iceberg(intent, instrument, can) if intent.visible_lots else None


def _check_date(intent: Intent, can: Capabilities, now_ns: int) -> Denial | None:
    until_ns, code = intent.good_till_ns, DenialCode.GOOD_TILL_DATE
    if intent.time_in_force is not TimeInForce.GTD or type(until_ns) is not int or until_ns <= 0:
        return Denial(code, "A date belongs to a good-till-date order, and such an order needs one.")
    if intent.type is OrderType.MARKET:
        return Denial(code, "A market order does not wait for a date: choose another type, or no date.")
    if until_ns > now_ns + LONGEST_NS:
        return Denial(code, f"An order is good for at most {LONGEST_NS // DAY_NS} days: choose an earlier date.")
    least_ns = can.good_till_ahead_ns if can.keeps_date(intent) else 0
    if until_ns <= now_ns:
        return Denial(code, f"{utc_text(until_ns)} UTC is over: choose a later date.")
    if until_ns <= now_ns + least_ns:
        seconds = least_ns // SECOND_NS
        return Denial(code, f"The venue takes dates from {seconds} s ahead: {utc_text(until_ns)} UTC is too soon.")
    return None


def check_iceberg(intent: Intent, instrument: Instrument, can: Capabilities) -> Denial | None:
    """Whether the venue has such an iceberg."""
    visible, code = intent.visible_lots, DenialCode.ICEBERG
    if not can.iceberg_parts:
        return Denial(code, "The venue has no icebergs of its own: choose the iceberg that the engine runs.")
    if intent.type is not OrderType.LIMIT or intent.time_in_force not in _RESTS:
        return Denial(code, "Only a limit order that rests can be an iceberg.")
    if type(visible) is not int or not 0 < visible < intent.lots:
        quantity = instrument.quantity(intent.lots)
        return Denial(code, f"What an iceberg shows is above 0 and below its quantity, {quantity}.")
    parts = -(-intent.lots // visible)
    if parts > can.iceberg_parts:
        least = instrument.quantity(-(-intent.lots // can.iceberg_parts))
        text = f"An iceberg has at most {can.iceberg_parts} parts here: show at least {least}."
        return Denial(code, text, str(parts), str(can.iceberg_parts))
    return None
