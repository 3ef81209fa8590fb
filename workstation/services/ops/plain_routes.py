"""Health, readiness, metrics, and the files of the web monitor."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Depends, Response

from workstation import __version__
from workstation.core.errors import WorkstationError
from workstation.core.resources import resource_path
from workstation.services.ops import metrics as exposition
from workstation.services.ops.context import Context
from workstation.services.ops.problems import RESPONSES, Problem
from workstation.services.ops.requests import Viewer, known_query
from workstation.services.ops.schema import NUMBER, TEXT, nullable, object_of, of
from workstation.services.ops.view_routes import told

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".txt": "text/plain; charset=utf-8",
    "": "text/plain; charset=utf-8",
}
FOLDERS = ("themes", "fonts")
"""Folders of the desktop's resources that the page uses too."""

router = APIRouter(responses=RESPONSES, dependencies=[Depends(known_query)])


@router.get("/health", responses=of(object_of(status=TEXT, version=TEXT)), tags=["health"])
async def health() -> Response:
    """Whether the process answers; it tells nothing else and needs no token."""
    return told({"status": "alive", "version": __version__})


@router.get("/ready", responses=of(object_of(status=TEXT, nats=TEXT, engine_age_s=nullable(NUMBER))), tags=["health"])
async def ready(ops: Context, _: Viewer) -> Response:
    """Whether NATS is connected and an engine answers; 503 when not."""
    age_s = ops.engine_age_s()
    if not ops.link.is_up:
        raise Problem(503, f"NATS is {ops.link.state}.")
    if ops.is_stale():
        raise Problem(
            503, "No engine has answered yet." if age_s is None else f"The engine is silent for {age_s:.1f} s."
        )
    return told({"status": "ready", "nats": ops.link.state, "engine_age_s": age_s})


@router.get(
    "/metrics",
    responses={200: {"description": "For Prometheus.", "content": {"text/plain": {"schema": TEXT}}}},
    response_class=Response,
    tags=["health"],
)
async def metrics(ops: Context, _: Viewer) -> Response:
    return Response(ops.metrics.text(), media_type=exposition.MEDIA_TYPE)


@router.get("/", include_in_schema=False)
async def page() -> Response:
    return _file(resource_path("monitor", "index.html"))


@router.get("/favicon.ico", include_in_schema=False)
async def icon() -> Response:
    return _file(resource_path("monitor", "icon.svg"))


@router.get("/monitor/{path:path}", include_in_schema=False)
async def monitor_file(path: str) -> Response:
    """A file of the page, of the themes or of the fonts."""
    parts = path.split("/")
    if any(not part or part.startswith(".") or "\\" in part or "\0" in part for part in parts):
        raise Problem(404, "There is no such file.")
    try:
        shared = parts[0] in FOLDERS
        return _file(resource_path(*parts) if shared else resource_path("monitor", *parts))
    except WorkstationError:
        raise Problem(404, "There is no such file.") from None


def _file(path: Path) -> Response:
    if not path.is_file() or path.suffix not in KINDS:
        raise Problem(404, "There is no such file.")
    return Response(path.read_bytes(), media_type=KINDS[path.suffix])
