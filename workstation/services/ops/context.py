"""What every route has at hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

from fastapi import Depends, Request

from workstation.config.settings import Settings
from workstation.messaging.link import NatsLink
from workstation.services.ops.configuration_files import ConfigurationFiles
from workstation.services.ops.control import OpsControl
from workstation.services.ops.desk import EngineDesk
from workstation.services.ops.door import Door
from workstation.services.ops.engine_watch import EngineWatch
from workstation.services.ops.event_hub import EventHub
from workstation.services.ops.metrics import OpsMetrics


class Ops(NamedTuple):
    """The parts of a running ops API."""

    settings: Settings
    link: NatsLink
    desk: EngineDesk
    control: OpsControl
    watch: EngineWatch
    hub: EventHub
    metrics: OpsMetrics
    configuration: ConfigurationFiles
    door: Door
    now_ns: Callable[[], int]

    @property
    def stale_s(self) -> float:
        return float(self.settings.ops.stale_s)

    def engine_age_s(self) -> float | None:
        """Seconds since the engine said anything; ``None`` before."""
        return self.hub.age_s(max(self.watch.answered_ns, self.hub.heard_ns))

    def is_stale(self) -> bool:
        """Whether nothing that is known of the engine can be relied upon."""
        age_s = self.engine_age_s()
        return not self.link.is_up or age_s is None or age_s > self.stale_s


def ops_of(request: Request) -> Ops:
    ops: Ops = request.app.state.ops
    return ops


Context = Annotated[Ops, Depends(ops_of)]
