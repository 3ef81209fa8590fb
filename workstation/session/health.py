"""Figures of the status bar, over the last seconds."""

from __future__ import annotations

from collections.abc import Callable

from workstation.core.messages import BookGap, OrderAccepted
from workstation.core.views import HealthView
from workstation.trading.kernel import Kernel


class Health:
    """Figures of the status bar, over the last seconds."""

    WINDOW = 256

    def __init__(self) -> None:
        self.messages = 0
        self.rate = 0.0
        self.lags_ms: list[float] = []
        self.order_to_acknowledgement_ms = 0.0
        self.records = 0
        self.gaps = 0
        self.messaging: Callable[[], str] = lambda: ""
        """How the connection to NATS stands."""
        self._kernel: Kernel | None = None

    def attach(self, kernel: Kernel) -> None:
        self._kernel = kernel
        kernel.bus.subscribe(OrderAccepted, self._on_accepted)
        kernel.bus.subscribe(BookGap, self._on_gap)

    def _on_accepted(self, report: OrderAccepted) -> None:
        order = self._kernel.orders.orders.get(report.client_id) if self._kernel else None
        if order is not None:
            self.order_to_acknowledgement_ms = (report.ts_ns - order.created_ns) / 1e6

    def _on_gap(self, _: BookGap) -> None:
        self.gaps += 1

    def add_lag(self, seconds: float) -> None:
        self.lags_ms.append(seconds * 1000)
        if len(self.lags_ms) > 2 * self.WINDOW:
            del self.lags_ms[: self.WINDOW]

    def tick(self) -> None:
        self.rate, self.messages = float(self.messages), 0

    @property
    def lag_p99_ms(self) -> float:
        """99th percentile of the loop's lateness over the last seconds."""
        recent = sorted(self.lags_ms[-self.WINDOW :])
        return recent[int(len(recent) * 0.99)] if recent else 0.0

    def view(self, now_ns: int, records: int) -> HealthView:
        kernel = self._kernel
        ages = [now_ns - market.last_ns for market in kernel.markets.values() if market.last_ns] if kernel else []
        return HealthView(
            feed_age_ms=max(ages, default=0) / 1e6,
            messages_per_second=self.rate,
            order_to_acknowledgement_ms=self.order_to_acknowledgement_ms,
            journal_records=records,
            clock_offset_ms=(kernel.gate.clock_offset_ns if kernel else 0) / 1e6,
            gaps=self.gaps,
            messaging=self.messaging(),
        )
