"""What a trader commands: orders, strategies, kill, flatten; and what only an admin lifts."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter, Depends, Response

from workstation.core.instrument import canonical_symbol
from workstation.core.messages import (
    AcceptReconciliation,
    CancelAll,
    CancelOrder,
    EndCrisis,
    Flatten,
    Kill,
    LiftThrottle,
    PauseStrategy,
    PlaceOrder,
    Reconcile,
    Resume,
    SetParameters,
    SetTradingState,
    StartStrategy,
    StopStrategy,
)
from workstation.core.types import TradingState
from workstation.services.engine_client import View
from workstation.services.ops.context import Context, Ops
from workstation.services.ops.intents import amendment_of, intent_of
from workstation.services.ops.problems import RESPONSES, Problem
from workstation.services.ops.readable import readable
from workstation.services.ops.requests import (
    Admin,
    Amendment,
    CancelAllTerms,
    Done,
    FlattenTerms,
    IdempotencyKey,
    KillTerms,
    OrderPath,
    OrderTerms,
    OwnerTerms,
    ParameterTerms,
    ReasonTerms,
    StrategyPath,
    Trader,
    TradingStateTerms,
    known_query,
    require,
)
from workstation.services.ops.schema import of, view
from workstation.services.ops.tokens import Caller, Role
from workstation.services.ops.view_routes import known_order, known_strategy, told

router = APIRouter(prefix="/api/v1", tags=["commands"], responses=RESPONSES, dependencies=[Depends(known_query)])

# --- Orders -----------------------------------------------------------------------------------------------------------


@router.post("/orders", response_model=Done)
async def place(ops: Context, who: Trader, terms: OrderTerms, key: IdempotencyKey = "") -> Any:
    """Place an order as *manual*. What the gate denies is a 409 with its code."""
    intent = intent_of(terms, await ops.desk.instrument(terms.symbol))
    return await ops.desk.command(PlaceOrder(intent=intent), who, key)


@router.post("/orders/preview", responses=of(view("VerdictView"), "What the gate would say now; nothing is sent."))
async def preview(ops: Context, _: Trader, terms: OrderTerms) -> Response:
    intent = intent_of(terms, await ops.desk.instrument(terms.symbol))
    return told(readable(await ops.desk.view(View.PREVIEW, intent=msgspec.to_builtins(intent))))


@router.post("/orders/cancel-all", response_model=Done)
async def cancel_all(ops: Context, who: Trader, terms: CancelAllTerms, key: IdempotencyKey = "") -> Any:
    """Cancel working orders; protective stops stay unless asked for."""
    symbol = await _symbol(ops, terms.symbol)
    command = CancelAll(symbol=symbol, include_protective=terms.include_protective)
    return await ops.desk.command(command, who, key)


@router.delete("/orders/{client_id}", response_model=Done)
async def cancel(ops: Context, who: Trader, client_id: OrderPath, key: IdempotencyKey = "") -> Any:
    await known_order(ops, client_id)
    return await ops.desk.command(CancelOrder(client_id=client_id), who, key)


@router.patch("/orders/{client_id}", response_model=Done)
async def amend(ops: Context, who: Trader, client_id: OrderPath, terms: Amendment, key: IdempotencyKey = "") -> Any:
    """Move a working order."""
    order = await known_order(ops, client_id)
    command = amendment_of(client_id, terms, await ops.desk.instrument(order["symbol"]))
    return await ops.desk.command(command, who, key)


# --- Panic ------------------------------------------------------------------------------------------------------------


@router.post("/kill", response_model=Done)
async def kill(ops: Context, who: Trader, terms: KillTerms, key: IdempotencyKey = "") -> Any:
    """Latch the kill switch: no new order, entries cancelled, positions flattened when asked to.

    Where NATS or the engine is silent it is latched in the data folder. It is never refused for its number.
    """
    reason = terms.reason or "killed over the ops API"
    return await ops.desk.kill(Kill(reason=reason, flatten=terms.flatten), who, key)


@router.post("/resume", response_model=Done)
async def resume(ops: Context, who: Admin, terms: ReasonTerms, key: IdempotencyKey = "") -> Any:
    """Release the kill switch, of the account and of every half of a split engine."""
    return await ops.desk.resume(Resume(reason=terms.reason), who, key)


@router.post("/flatten", response_model=Done)
async def flatten(ops: Context, who: Trader, terms: FlattenTerms, key: IdempotencyKey = "") -> Any:
    """Close positions at the market, after cancelling what rests there."""
    symbol = await _symbol(ops, terms.symbol)
    return await ops.desk.command(Flatten(symbol=symbol, owner=terms.owner), who, key)


async def _symbol(ops: Ops, symbol: str) -> str:
    return (await ops.desk.instrument(symbol)).symbol if canonical_symbol(symbol) else ""


# --- Risk -------------------------------------------------------------------------------------------------------------


@router.post("/risk/trading-state", response_model=Done, tags=["risk"])
async def trading_state(ops: Context, who: Trader, terms: TradingStateTerms, key: IdempotencyKey = "") -> Any:
    """Restrict trading; to let it go on again (ACTIVE) is for an admin."""
    if terms.state == "ACTIVE":
        require(who, Role.ADMIN)
    command = SetTradingState(state=TradingState(terms.state), reason=terms.reason)
    return await ops.desk.command(command, who, key)


@router.post("/risk/end-crisis", response_model=Done, tags=["risk"])
async def end_crisis(ops: Context, who: Admin, terms: ReasonTerms, key: IdempotencyKey = "") -> Any:
    return await ops.desk.command(EndCrisis(reason=terms.reason), who, key)


@router.post("/risk/lift-throttle", response_model=Done, tags=["risk"])
async def lift_throttle(ops: Context, who: Admin, terms: OwnerTerms, key: IdempotencyKey = "") -> Any:
    """Re-enable an owner that repeated the same order too often."""
    return await ops.desk.command(LiftThrottle(owner=terms.owner), who, key)


@router.post("/reconciliation", response_model=Done, tags=["risk"])
async def reconcile(ops: Context, who: Trader, key: IdempotencyKey = "") -> Any:
    """Compare our books with the exchange's account now."""
    return await ops.desk.command(Reconcile(), who, key)


@router.post("/reconciliation/accept", response_model=Done, tags=["risk"])
async def accept(ops: Context, who: Admin, terms: ReasonTerms, key: IdempotencyKey = "") -> Any:
    """Take over the exchange's account where ours differs, as it was proposed."""
    return await ops.desk.command(AcceptReconciliation(reason=terms.reason), who, key)


# --- Strategies -------------------------------------------------------------------------------------------------------


@router.post("/strategies/pause-all", response_model=Done, tags=["strategies"])
async def pause_all(ops: Context, who: Trader, key: IdempotencyKey = "") -> Any:
    """No new entries of any strategy; exits go on."""
    return await ops.desk.command(PauseStrategy(), who, key)


@router.post("/strategies/{name}/start", response_model=Done, tags=["strategies"])
async def start(ops: Context, who: Trader, name: StrategyPath, key: IdempotencyKey = "") -> Any:
    return await _tell(ops, StartStrategy(strategy=name), who, key)


@router.post("/strategies/{name}/pause", response_model=Done, tags=["strategies"])
async def pause(ops: Context, who: Trader, name: StrategyPath, key: IdempotencyKey = "") -> Any:
    """No new entries; exits go on."""
    return await _tell(ops, PauseStrategy(strategy=name), who, key)


@router.post("/strategies/{name}/stop", response_model=Done, tags=["strategies"])
async def stop(ops: Context, who: Trader, name: StrategyPath, key: IdempotencyKey = "") -> Any:
    """Its entries are cancelled, its protective stops stay."""
    return await _tell(ops, StopStrategy(strategy=name), who, key)


async def _tell(ops: Ops, command: StartStrategy | PauseStrategy | StopStrategy, who: Caller, key: str) -> Any:
    await known_strategy(ops, command.strategy)
    return await ops.desk.command(command, who, key)


@router.put("/strategies/{name}/parameters", response_model=Done, tags=["strategies"])
async def set_parameters(
    ops: Context, who: Trader, name: StrategyPath, terms: ParameterTerms, key: IdempotencyKey = ""
) -> Any:
    """Set some parameters; those that are left out stay."""
    found = await known_strategy(ops, name)
    known = [parameter["name"] for parameter in found["parameters"]]
    for wanted in terms.values:
        if wanted not in known:
            raise Problem(409, f"{name} has no parameter {wanted[:100]}; it has {', '.join(known) or 'none'}.")
    return await ops.desk.command(SetParameters(strategy=name, values=dict(terms.values)), who, key)
