"""When orders trigger, at which price they fill, and how far back in the queue they stand.

Prices are ticks, quantities lots, ``side`` is 1 for buy and -1 for sell.
"""

from __future__ import annotations

from typing import NamedTuple

from workstation.rules.fees import RATE_SCALE
from workstation.rules.rounding import scale_down, scale_up
from workstation.rules.value import position_value


class QueueEffect(NamedTuple):
    """Lots still ahead of an order, and lots of the trade that reached it."""

    ahead: int
    reached: int


def is_triggered(direction: int, stop_price: int, price: int) -> bool:
    """``direction`` 1 triggers at or above the stop price (buy stop, sell take-profit), -1 at or below."""
    return price >= stop_price if direction > 0 else price <= stop_price


def is_marketable(side: int, limit: int, price: int) -> bool:
    """Whether an order with this limit (0: none) trades at once against an opposite price."""
    return limit == 0 or (price <= limit if side > 0 else price >= limit)


def slipped_price(side: int, price: int, rate: int, bound: int) -> int:
    """Price of a taker's fill: ``rate`` worse, rounded against the trader to a tick.

    The slippage does not take it past ``bound`` (0: none), its limit or the worst price that slippage may cause.
    """
    step = scale_up(price, rate, RATE_SCALE)
    if side > 0:
        return price + step if bound == 0 else max(price, min(price + step, bound))
    return max(price - step, 1) if bound == 0 else min(price, max(price - step, bound, 1))


def better_price(side: int, first: int, second: int) -> int:
    """The one that is cheaper to a buyer or dearer to a seller."""
    return min(first, second) if side > 0 else max(first, second)


def slippage_reference(side: int, limit: int, stop_price: int, reference: int, maker: int) -> int:
    """Price that a fill is measured against, 0 when none is known.

    An order with a trigger promised that, one that rested its limit: what the market did on the way there is no
    slippage. Any other was decided at ``reference``; with a limit that is nearer, at no worse than that.
    """
    if stop_price != 0:
        return stop_price
    if limit == 0 or reference == 0:
        return reference
    return limit if maker else better_price(side, limit, reference)


def slippage_cost(price: int, reference: int, lots: int, inverse: int, numerator: int, denominator: int) -> int:
    """What signed ``lots`` cost more at ``price`` than at ``reference``, in 1e-8 of the settlement asset."""
    if reference == 0:
        return 0
    return position_value(price, lots, inverse, numerator, denominator) - position_value(
        reference, lots, inverse, numerator, denominator
    )


def taken_after_refresh(taken: int, shown_before: int, shown: int) -> int:
    """Lots of a level that own orders have used up, after the feed shows another quantity there.

    What vanishes is first what was taken; what is added is new. So no lot is taken twice, and a level never
    gives more than it showed plus what was added to it.
    """
    if shown < shown_before:
        taken -= shown_before - shown
    return min(max(taken, 0), shown)


def queue_after_trade(ahead: int, lots: int) -> QueueEffect:
    """A trade at the order's price takes the lots ahead of it first."""
    if lots <= ahead:
        return QueueEffect(ahead - lots, 0)
    return QueueEffect(0, lots - ahead)


def queue_after_refresh(ahead: int, shown_before: int, shown: int, traded: int, proportional: int) -> int:
    """Lots ahead after the level's quantity changed, of which ``traded`` lots were trades, already counted.

    Conservative: cancels were all behind, except what cannot have been. Proportional: they were ahead in
    proportion, rounded against the order.
    """
    before = shown_before - traded
    if proportional and 0 <= shown < before:
        ahead = scale_up(ahead, shown, before)
    return min(ahead, shown)


def slice_to_fill(pending: int, remaining: int, lots: int, slices: int, smallest: int, most: int) -> int:
    """Lots of a resting order to fill now, when ``pending`` of its ``remaining`` lots have traded.

    A slice is at least the rate ``smallest`` of the order's ``lots``; the last of ``most`` waits for the rest.
    """
    if pending >= remaining:
        return remaining
    if slices + 1 >= most or pending < scale_up(lots, smallest, RATE_SCALE):
        return 0
    return pending


def bar_share(lots: int, rate: int) -> int:
    """Lots that own orders may fill within a bar of this volume."""
    return scale_down(lots, rate, RATE_SCALE)


def is_low_first(exposure: int, entry_side: int, open_: int, close: int) -> bool:
    """Whether the worse path through a bar goes to the low before the high.

    With an exposure, its adverse extreme comes first. When flat, a buy entry takes the high first (a stop entry
    fills there and its stop can then be hit; a limit fills last, too late for its profit), a sell entry the low.
    With neither, a rising bar dips first and a falling one rises first.
    """
    if exposure != 0:
        return exposure > 0
    if entry_side != 0:
        return entry_side < 0
    return close >= open_
