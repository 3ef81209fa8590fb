"""What ends orders of USD-M by the clock: good-till dates, and the dead man's switch."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from workstation.core.clock import EventClock, Timer
from workstation.sandbox.orders import OrderRecord


class Deadlines:
    """``cancel`` cancels an order; ``open_orders`` are those of a symbol."""

    def __init__(
        self,
        clock: EventClock,
        open_orders: Callable[[str], list[OrderRecord]],
        cancel: Callable[[OrderRecord], None],
    ) -> None:
        self._clock = clock
        self._open_orders = open_orders
        self._cancel = cancel
        self._countdowns: dict[str, Timer] = {}

    def watch(self, record: OrderRecord) -> None:
        """Cancel an order at its good-till date, if it has one."""
        if record.good_till_ns and record.is_open:
            self._clock.call_at(record.good_till_ns, lambda: self._good_till_passed(record))

    def _good_till_passed(self, record: OrderRecord) -> None:
        if record.is_open:
            self._cancel(record)

    def set_countdown(self, symbol: str, countdown_ns: int) -> None:
        """Cancel the symbol's orders when so much time has passed without another call; 0 stops the timer."""
        running = self._countdowns.pop(symbol, None)
        if running is not None:
            running.cancel()
        if countdown_ns:
            self._count_down(symbol, self._clock.time_ns + countdown_ns)

    def _count_down(self, symbol: str, due_ns: int) -> None:
        self._countdowns[symbol] = self._clock.call_at(due_ns, lambda: self._countdown_ended(symbol))

    def _countdown_ended(self, symbol: str) -> None:
        del self._countdowns[symbol]
        for record in self._open_orders(symbol):
            self._cancel(record)

    def countdowns(self) -> dict[str, int]:
        """When each running timer is due, UTC nanoseconds by symbol."""
        return {symbol: timer.when_ns for symbol, timer in self._countdowns.items()}

    def restore(self, countdowns: Mapping[str, int], records: list[OrderRecord]) -> None:
        """Take over what was stored."""
        for symbol, due_ns in countdowns.items():
            self._count_down(symbol, due_ns)
        for record in records:
            self.watch(record)
