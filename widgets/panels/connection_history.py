"""The last minutes of an engine's connection, a sample a second, for plots."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from widgets.controls.trend_list import PLOTTED, Trend
from widgets.engine.protocol import Engine
from workstation.core.timeframe import SECOND_NS
from workstation.core.views import ConnectionView

NAN = float("nan")

Floats = NDArray[np.float64]


class Sample(NamedTuple):
    """NaN is not known. ``uses`` are shares of the exchange's limits, by their names."""

    ts_ns: int
    request_p50_ms: float
    request_max_ms: float
    order_ms: float
    messages_per_second: float
    oldest_s: float
    offset_ms: float
    lag_ms: float
    reconnects: float
    uses: dict[str, float]


class ConnectionHistory:
    """``take`` as often as wished: it keeps a sample a second."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._samples: deque[Sample] = deque(maxlen=PLOTTED)

    def take(self) -> bool:
        """Whether a second has passed, and a sample was added."""
        now_ns = self._engine.now_ns()
        if self._samples and 0 <= now_ns - self._samples[-1].ts_ns < SECOND_NS:
            return False
        self._samples.append(sample_of(self._engine, now_ns))
        return True

    def trends(self) -> list[Trend]:
        """What the engine tells of: an engine without an exchange has neither requests, limits nor another's clock."""
        samples = self._samples
        trends = [
            Trend(
                "Requests: median, slowest of a minute",
                "ms",
                0,
                _line([each.request_p50_ms for each in samples]),
                _line([each.request_max_ms for each in samples]),
            ),
            Trend("Order to acknowledgement", "ms", 0, _line([each.order_ms for each in samples])),
            Trend("Messages", "/s", 0, _line([each.messages_per_second for each in samples])),
            Trend("Oldest stream", "s", 1, _line([each.oldest_s for each in samples])),
            Trend("Clock of the exchange", "ms", 0, _line([each.offset_ms for each in samples])),
            *(
                Trend(f"Used of {name}", "%", 0, _line([each.uses.get(name, NAN) * 100 for each in samples]))
                for name in (samples[-1].uses if samples else ())
            ),
            Trend("Reconnects", "", 0, _line([each.reconnects for each in samples])),
            Trend("Loop lag", "ms", 1, _line([each.lag_ms for each in samples])),
        ]
        return [trend for trend in trends if np.isfinite(trend.values).any()]


def sample_of(engine: Engine, now_ns: int) -> Sample:
    health, connection = engine.health(), engine.connection()
    ages = [now_ns - engine.market(symbol).last_ns for symbol in engine.symbols]
    known = [age for age in ages if 0 <= age < now_ns]
    return Sample(
        ts_ns=now_ns,
        request_p50_ms=connection.latency.p50_ms if connection and connection.latency else NAN,
        request_max_ms=connection.latency.max_ms if connection and connection.latency else NAN,
        order_ms=health.view.order_to_acknowledgement_ms or NAN,
        messages_per_second=_rate(connection) if connection else health.view.messages_per_second,
        oldest_s=max(known, default=0) / SECOND_NS if known else NAN,
        offset_ms=connection.clock_offset_ms if connection else NAN,
        lag_ms=health.loop_lag_ms,
        reconnects=float(connection.reconnects) if connection else NAN,
        uses={limit.name: limit.use for limit in connection.limits} if connection else {},
    )


def _rate(connection: ConnectionView) -> float:
    return sum(stream.messages_per_second for stream in connection.streams)


def _line(values: list[float]) -> Floats:
    return np.array(values, dtype=np.float64)
