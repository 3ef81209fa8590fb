"""How often each owner sends, and whether it repeats itself."""

from __future__ import annotations

from collections import deque

from workstation.core.clock import EventClock
from workstation.core.orders import Intent
from workstation.core.timeframe import MINUTE_NS, SECOND_NS
from workstation.trading.denials import Denial, DenialCode
from workstation.trading.risk_limits import RiskLimits


class OwnerActivity:
    """What an owner sent lately."""

    __slots__ = ("last", "last_ns", "repeats", "sent")

    def __init__(self) -> None:
        self.sent: deque[int] = deque()
        self.last: tuple[object, ...] = ()
        self.last_ns = -(1 << 62)
        self.repeats: deque[int] = deque()


class Activity:
    """The message rates and the repeated-execution throttle. The checks look; ``sent`` and ``changed`` count."""

    def __init__(self, limits: RiskLimits, clock: EventClock) -> None:
        self._limits = limits
        self._clock = clock
        self.owners: dict[str, OwnerActivity] = {}

    def of(self, owner: str) -> OwnerActivity:
        """What the owner sent within the last minute."""
        activity = self.owners.get(owner)
        if activity is None:
            activity = self.owners[owner] = OwnerActivity()
        since_ns = self._clock.time_ns - MINUTE_NS
        for times in (activity.sent, activity.repeats):
            while times and times[0] <= since_ns:
                times.popleft()
        return activity

    def sent(self, intent: Intent, repeats: bool) -> None:
        """Count an order; ``repeats`` is false for what cannot count as a repetition, the exits of an entry."""
        now_ns = self._clock.time_ns
        activity = self.of(intent.owner)
        if repeats:
            key = _key(intent)
            if key != activity.last:
                activity.last = key
                activity.repeats.clear()
            activity.last_ns = now_ns
            activity.repeats.append(now_ns)
        activity.sent.append(now_ns)

    def changed(self, owner: str) -> None:
        """Count the change of an order."""
        self.of(owner).sent.append(self._clock.time_ns)

    def check_rate(self, owner: str, reduce_only: bool) -> Denial | None:
        activity = self.owners.get(owner)
        if activity is None or reduce_only:
            return None
        now_ns = self._clock.time_ns
        per_second, per_minute = self._limits.orders_per_second, self._limits.orders_per_minute
        sent = activity.sent
        if len(sent) >= per_second and sent[-per_second] > now_ns - SECOND_NS:
            return Denial(DenialCode.RATE_SECOND, "Too many orders a second.", str(per_second + 1), str(per_second))
        recent = _recent(sent, now_ns)
        if recent >= per_minute:
            return Denial(DenialCode.RATE_MINUTE, "Too many orders a minute.", str(recent + 1), str(per_minute))
        return None

    def check_repeats(self, intent: Intent) -> Denial | None:
        activity = self.owners.get(intent.owner)
        if activity is None or _key(intent) != activity.last:
            return None
        now_ns, limits = self._clock.time_ns, self._limits
        repeats = _recent(activity.repeats, now_ns)
        if repeats >= limits.repeats:
            return Denial(
                DenialCode.REPEATED_EXECUTION,
                f"{intent.owner} sent the same order {repeats} times in a minute.",
                str(repeats + 1),
                str(limits.repeats),
            )
        if now_ns - activity.last_ns < limits.duplicate_window_ns:
            return Denial(
                DenialCode.DUPLICATE,
                "The same order was sent a moment ago.",
                f"{(now_ns - activity.last_ns) // 1_000_000} ms",
                f"{limits.duplicate_window_ns // 1_000_000} ms",
            )
        return None


def _recent(times: deque[int], now_ns: int) -> int:
    """How many of the ascending times lie within the last minute."""
    old = 0
    for ts_ns in times:
        if ts_ns > now_ns - MINUTE_NS:
            break
        old += 1
    return len(times) - old


def _key(intent: Intent) -> tuple[object, ...]:
    return (
        intent.symbol,
        intent.side,
        intent.type,
        intent.lots,
        intent.price,
        intent.stop_price,
        intent.trail,
        intent.role,
    )
