"""The time that requests took, over the last minute."""

from __future__ import annotations

from workstation.core.timeframe import MINUTE_NS
from workstation.core.views import LatencyView
from workstation.venues.exchange.connection.latency import RequestLatency

MILLISECOND_NS = 1_000_000


def test_median_and_slowest_are_of_the_last_minute() -> None:
    now = [MINUTE_NS]
    latency = RequestLatency(lambda: now[0])
    assert latency.view() is None
    for milliseconds in (900, 20, 30, 40):
        began_ns = latency.begin()
        now[0] += milliseconds * MILLISECOND_NS
        latency.end(began_ns)
    assert latency.view() == LatencyView(p50_ms=40.0, max_ms=900.0, count=4)
    now[0] += MINUTE_NS - 30 * MILLISECOND_NS
    assert latency.view() == LatencyView(p50_ms=40.0, max_ms=40.0, count=1)
    now[0] += MINUTE_NS
    assert latency.view() is None
