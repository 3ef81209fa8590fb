"""Who may trade: the one who took control, or everybody while nobody has it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Response

from workstation.services.ops.context import Context
from workstation.services.ops.problems import RESPONSES
from workstation.services.ops.requests import Done, IdempotencyKey, Trader, Viewer, known_query
from workstation.services.ops.schema import CONTROL, of
from workstation.services.ops.view_routes import told

router = APIRouter(prefix="/api/v1/control", tags=["control"], responses=RESPONSES, dependencies=[Depends(known_query)])


@router.get("", responses=of(CONTROL))
async def control(ops: Context, who: Viewer) -> Response:
    """Who has control. `holder` is the session that holds the account's trade lease, `who` on whose behalf."""
    ops.desk.require_link()
    return told(await ops.control.ask(who))


@router.post("/take", response_model=Done)
async def take(ops: Context, who: Trader, key: IdempotencyKey = "") -> Any:
    """Take control from whoever has it; it is given up after `ops.control_idle_s` without a command."""
    ops.desk.require_link()
    return await ops.control.take(who, key)


@router.post("/give-up", response_model=Done)
async def give_up(ops: Context, who: Trader, key: IdempotencyKey = "") -> Any:
    """Give it up: then everybody who may trade can command again."""
    ops.desk.require_link()
    return await ops.control.give_up(who, key)
