"""When funding falls due, out of the announcements of the next time and its rate."""

from __future__ import annotations


class FundingSchedule:
    def __init__(self) -> None:
        self._due_ms = 0
        self._rate = 0

    def announce(self, time_ms: int, due_ms: int, rate: int) -> int | None:
        """Take the next time and its rate, as told at ``time_ms``; the rate that fell due since the one before, if so.

        The last rate that was announced before its time is the one that is paid. A time that is moved before it was
        reached, as when an exchange changes the interval, is no payment.
        """
        fell_due = self._rate if 0 < self._due_ms <= time_ms and due_ms > self._due_ms else None
        self._due_ms, self._rate = due_ms, rate
        return fell_due
