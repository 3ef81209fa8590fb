"""The configuration: what is in use, and how another one gets there."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter, Depends, Response

from workstation.config.loader import hash_of
from workstation.core.errors import ConfigurationError
from workstation.core.redaction import scrub
from workstation.messaging.bodies import ConfigReloadBody
from workstation.services.configuration_watch import AT_ONCE
from workstation.services.engine_client import View
from workstation.services.ops.configuration_edit import with_values
from workstation.services.ops.configuration_files import Applied, ConfigurationFiles, Staged
from workstation.services.ops.context import Context, Ops
from workstation.services.ops.problems import RESPONSES, Problem
from workstation.services.ops.requests import (
    Admin,
    ApplyTerms,
    ConfigurationText,
    PaperTerms,
    StagedText,
    Viewer,
    known_query,
)
from workstation.services.ops.schema import BOOLEAN, OBJECT, TEXT, list_of, nullable, object_of, of
from workstation.services.ops.view_routes import told

router = APIRouter(prefix="/api/v1", tags=["configuration"], responses=RESPONSES, dependencies=[Depends(known_query)])

_CHANGES = list_of({**object_of(setting=TEXT, to=TEXT), "description": "`from` is the value before, as JSON"})
_FORMER = object_of(id=TEXT, hash=TEXT, who=TEXT, time=TEXT, note=TEXT)
_VALIDATED = object_of(valid=BOOLEAN, problem=TEXT, changes=_CHANGES)
_STAGED = object_of(hash=TEXT, who=TEXT, time=TEXT, note=TEXT, changes=_CHANGES, difference=TEXT, text=TEXT)
_USE = object_of(
    hash=TEXT, waiting=list_of(TEXT), services=list_of(object_of(service=TEXT, hash=TEXT, is_newest=BOOLEAN))
)
_APPLIED = object_of(hash=TEXT, changes=_CHANGES, at_once=list_of(TEXT), at_next_start=list_of(TEXT), text=TEXT)


@router.get("/configuration", responses=of(OBJECT))
async def in_use(ops: Context, _: Viewer) -> Response:
    """The settings that the engine runs with. They hold no secret: keys and passwords are never in them."""
    settings = await ops.desk.view(View.CONFIGURATION)
    return Response(scrub(msgspec.json.encode(settings).decode()), media_type="application/json")


@router.get("/configuration/services", responses=of(_USE, "Which services run with which configuration."))
async def in_use_by(ops: Context, _: Viewer) -> Response:
    """The hash of the file that the next start reads, and that of the file with which each service runs.

    `waiting` names those that a restart would bring a newer configuration.
    """
    file_hash = hash_of(ops.configuration.text())
    used = [
        {"service": name, "hash": body.configuration, "is_newest": body.configuration == file_hash}
        for name, (_, body) in sorted(ops.watch.services.items())
        if body.configuration
    ]
    waiting = [each["service"] for each in used if not each["is_newest"]]
    return told({"hash": file_hash, "waiting": waiting, "services": used})


@router.get("/configuration/file", responses=of(object_of(file=TEXT, profile=TEXT, hash=TEXT, text=TEXT)))
async def file(ops: Context, _: Admin) -> Response:
    """The file that the next start reads; the profile is laid over it."""
    files = ops.configuration
    text = files.text()
    return told({"file": str(files.file), "profile": files.profile, "hash": hash_of(text), "text": scrub(text)})


@router.post("/configuration/validate", responses=of(_VALIDATED, "Whether it would load; nothing is kept."))
async def validate(ops: Context, _: Admin, asked: ConfigurationText) -> Response:
    try:
        changes = ops.configuration.changes(asked.text)
    except ConfigurationError as error:
        return told({"valid": False, "problem": str(error), "changes": []})
    return told({"valid": True, "problem": "", "changes": changes})


@router.get("/configuration/staged", responses=of(nullable(_STAGED), "What waits to be applied; null is nothing."))
async def staged(ops: Context, _: Admin) -> Response:
    waiting = ops.configuration.staged()
    return told(None if waiting is None else _shown(ops.configuration, waiting))


@router.put("/configuration/staged", responses=of(_STAGED, "Kept until it is applied, replaced or discarded."))
async def stage(ops: Context, who: Admin, asked: StagedText) -> Response:
    """Stage a whole file. One that would not load is refused."""
    return told(_shown(ops.configuration, ops.configuration.stage(asked.text, who.who, asked.note)))


@router.delete("/configuration/staged", responses=of(object_of(text=TEXT)))
async def discard(ops: Context, _: Admin) -> Response:
    there = ops.configuration.discard()
    return told({"text": "What was staged is discarded." if there else "Nothing was staged."})


@router.post("/configuration/apply", responses=of(_APPLIED))
async def apply(ops: Context, who: Admin, asked: ApplyTerms) -> Response:
    """Make the staged text the file, if it is the one of this hash, and tell everybody over NATS."""
    return told(await _applied(ops, ops.configuration.apply(asked.hash, who.who), who.who))


@router.get("/configuration/history", responses=of(list_of(_FORMER)))
async def history(ops: Context, _: Admin) -> Response:
    """Former files, newest first: who replaced each, when, and why."""
    return told(ops.configuration.history())


@router.get("/configuration/history/{entry}", responses=of(object_of(text=TEXT)))
async def former(ops: Context, _: Admin, entry: str) -> Response:
    kept = _former(ops, entry)
    return told({**kept, "text": scrub(kept["text"])})


@router.post("/configuration/history/{entry}/roll-back", responses=of(_APPLIED))
async def roll_back(ops: Context, who: Admin, entry: str) -> Response:
    """Make a former text the file again."""
    _former(ops, entry)
    return told(await _applied(ops, ops.configuration.roll_back(entry, who.who), who.who))


@router.get("/paper", responses=of(OBJECT), tags=["paper"])
async def paper(ops: Context, _: Viewer) -> Response:
    """What trading costs on paper and how the simulated venue answers, in the session that runs."""
    return told((await ops.desk.view(View.CONFIGURATION))["paper"])


@router.put("/paper", responses=of(_STAGED, "Staged; apply it to write it into the file."), tags=["paper"])
async def set_paper(ops: Context, who: Admin, asked: PaperTerms) -> Response:
    """Change values of the section ``paper`` in the file; its comments stay."""
    files = ops.configuration
    values = {name: str(value).lower() if isinstance(value, bool) else value for name, value in asked.values.items()}
    for name, value in values.items():
        if not value.isprintable() or len(value) > 100 or set(value) & set("#:{}[]&*!|>%@`\"'"):
            raise Problem(409, f"{name[:100]}: write a number, a word, true or false.")
    text = with_values(files.text(), "paper", values, str(files.file))
    return told(_shown(files, files.stage(text, who.who, asked.note or "paper settings")))


def _former(ops: Ops, entry: str) -> dict[str, str]:
    try:
        return ops.configuration.former(entry)
    except ConfigurationError as error:
        raise Problem(404, str(error)) from None


def _shown(files: ConfigurationFiles, waiting: Staged) -> dict[str, Any]:
    shown = {**waiting._asdict(), "text": scrub(waiting.text), "difference": scrub(files.difference(waiting.text))}
    try:
        return {**shown, "changes": files.changes(waiting.text)}
    except ConfigurationError:
        # The profile or the program has changed since; applying it will say what is wrong.
        return {**shown, "changes": []}


async def _applied(ops: Ops, applied: Applied, who: str) -> dict[str, Any]:
    ops.door.take_limits(ops.configuration.load(ops.configuration.text()).settings.ops)
    changed = [change["setting"] for change in applied.changes]
    body = ConfigReloadBody(
        hash=applied.hash,
        who=who,
        before=applied.before,
        profile=ops.configuration.profile,
        changes=tuple(setting[:100] for setting in changed),
    )
    await ops.link.publish(ops.settings.messaging.subjects.config_reload, body)
    now = [setting for setting in changed if setting in AT_ONCE]
    later = [setting for setting in changed if setting not in AT_ONCE]
    text = f"{ops.configuration.file} is written. "
    text += f"{len(now)} changed settings take effect now, {len(later)} at the next start of what reads them."
    return {"hash": applied.hash, "changes": applied.changes, "at_once": now, "at_next_start": later, "text": text}
