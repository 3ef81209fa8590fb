"""The ASGI application: its routes behind the one door."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI
from starlette.types import ASGIApp

from workstation import __version__
from workstation.config.loader import Loaded
from workstation.messaging.link import NatsLink
from workstation.services.engine_client import EngineClient
from workstation.services.ops import (
    command_routes,
    configuration_routes,
    control_routes,
    event_socket,
    plain_routes,
    view_routes,
)
from workstation.services.ops import problems as wire_problems
from workstation.services.ops.audit import Audit
from workstation.services.ops.configuration_files import ConfigurationFiles
from workstation.services.ops.context import Ops
from workstation.services.ops.control import OpsControl
from workstation.services.ops.desk import EngineDesk
from workstation.services.ops.door import Door
from workstation.services.ops.engine_watch import EngineWatch
from workstation.services.ops.event_hub import EventHub
from workstation.services.ops.limits import RateLimits
from workstation.services.ops.metrics import OpsMetrics
from workstation.services.ops.schema import openapi_of
from workstation.services.ops.tokens import Tokens
from workstation.services.trade_control import TradeControl
from workstation.storage.layout import DataFolder

FOLDER = "ops"


def make_app(
    loaded: Loaded, folder: DataFolder, link: NatsLink, tokens: Tokens, now_ns: Callable[[], int]
) -> tuple[ASGIApp, Ops]:
    """The application and its parts. Whoever serves it lets ``watch`` and ``control`` run and ``hub`` hear."""
    settings, home = loaded.settings, folder.path / FOLDER
    # The pages of documentation would load scripts from elsewhere.
    app = FastAPI(
        title="Trading Workstation ops API",
        version=__version__,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    engine = EngineClient(link, settings.messaging.subjects, now_ns)
    hub = EventHub(link.session, now_ns)
    watch = EngineWatch(engine, hub)
    held = TradeControl(link, settings.account.name)
    control = OpsControl(held, link.session, float(settings.ops.control_idle_s), now_ns)
    metrics = OpsMetrics(link, hub, watch, now_ns)

    wire_problems.install(app)
    for routes in (plain_routes, view_routes, command_routes, control_routes, configuration_routes, event_socket):
        app.include_router(routes.router)
    app.openapi = openapi_of(app)  # type: ignore[method-assign]
    audit = Audit(home / "audit.jsonl", now_ns)
    door = Door(app, settings.ops, tokens, RateLimits(now_ns), audit, metrics.count)
    app.state.ops = ops = Ops(
        settings=settings,
        link=link,
        desk=EngineDesk(link, engine, control, folder, settings.messaging.subjects.risk_management, now_ns),
        control=control,
        watch=watch,
        hub=hub,
        metrics=metrics,
        configuration=ConfigurationFiles(loaded.file, loaded.profile, folder.configuration, now_ns),
        door=door,
        now_ns=now_ns,
    )
    return door, ops
