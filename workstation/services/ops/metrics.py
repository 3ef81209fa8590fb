"""What Prometheus is told: the account, its limits, the engine's health, and the ops API itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from workstation.messaging.link import NatsLink
from workstation.services.ops.engine_watch import EngineWatch
from workstation.services.ops.event_hub import EventHub

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_ACCOUNT = {
    "equity": "Equity in the account's currency",
    "cash": "Cash in the account's currency",
    "realised": "Realised result since the account began",
    "unrealised": "Result of open positions",
    "fees": "Fees since the account began",
    "funding": "Funding since the account began",
    "day_result": "Result of the UTC day",
    "drawdown_percent": "Decline from the highest equity, per cent",
    "exposure_percent": "Worth of positions, per cent of equity",
    "open_positions": "Symbols with a position",
    "working_orders": "Orders that may still execute",
    "in_doubt": "Orders of unknown state",
    "running_strategies": "Strategies that run",
    "killed": "1 while the kill switch is engaged",
    "crisis": "1 in crisis mode",
}
_HEALTH = {
    "feed_age_ms": "Age of the stalest symbol's last message, milliseconds",
    "messages_per_second": "Market messages a second",
    "order_to_acknowledgement_ms": "From an order to its acknowledgement, milliseconds",
    "journal_records": "Records in the journal",
    "clock_offset_ms": "The exchange's clock less ours, milliseconds",
    "gaps": "Gaps in order books",
}


class OpsMetrics(Collector):
    """Reads what is known already: a scrape asks nobody."""

    def __init__(self, link: NatsLink, hub: EventHub, watch: EngineWatch, now_ns: Callable[[], int]) -> None:
        self._link = link
        self._hub = hub
        self._watch = watch
        self._now_ns = now_ns
        self.requests: dict[tuple[str, int], int] = {}
        """By method and status."""
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def text(self) -> bytes:
        return generate_latest(self._registry)

    def count(self, method: str, status: int) -> None:
        known = method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else "other"
        self.requests[known, status] = self.requests.get((known, status), 0) + 1

    def collect(self) -> Iterator[Metric]:
        watch = self._watch
        age_s = self._hub.age_s(watch.answered_ns)
        yield _gauge("nats_up", "1 while NATS is connected", self._link.is_up)
        if age_s is not None:
            yield _gauge("engine_age_seconds", "Since the engine answered last", age_s)
        for prefix, view, wanted in (("account", watch.account, _ACCOUNT), ("engine", watch.health, _HEALTH)):
            for name, text in wanted.items():
                if view.get(name) is not None:
                    yield _gauge(f"{prefix}_{name}", text, view[name])
        use = GaugeMetricFamily(
            "workstation_limit_use", "Share of a risk limit in use, 1 at the limit", labels=["limit"]
        )
        for limit in watch.risk.get("limits", ()):
            use.add_metric([limit["name"]], float(limit["use"]))
        yield use
        heard = GaugeMetricFamily(
            "workstation_service_age_seconds", "Since a service told its health", labels=["service"]
        )
        for service, (heard_ns, _) in watch.services.items():
            heard.add_metric([service], self._hub.age_s(heard_ns) or 0.0)
        yield heard
        yield _gauge("event_readers", "Websockets that read events", len(self._hub.readers))
        yield _counter("events", "Events told to readers", self._hub.number)
        yield _counter("event_gaps", "Times that events may have been missed", self._hub.gaps)
        yield _counter("messages_refused", "Malformed messages that came over NATS", self._link.refused)
        asked = CounterMetricFamily(
            "workstation_requests", "Requests by method and status", labels=["method", "status"]
        )
        for (method, status), count in self.requests.items():
            asked.add_metric([method, str(status)], count)
        yield asked


def _gauge(name: str, text: str, value: Any) -> Metric:
    return GaugeMetricFamily(f"workstation_{name}", text, float(value))


def _counter(name: str, text: str, value: int) -> Metric:
    return CounterMetricFamily(f"workstation_{name}", text, value)
