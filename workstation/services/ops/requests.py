"""What requests bring: bodies of JSON, checked strictly. Amounts are text, so that no digit is lost."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Depends, Header, Path, Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from workstation.services.ops.problems import Problem
from workstation.services.ops.tokens import Caller, Role

Amount = Annotated[str, Field(pattern=r"^[0-9]{1,15}(\.[0-9]{1,15})?$", examples=["0.011"])]
"""A decimal that is not negative, as text."""
Reason = Annotated[str, Field(max_length=300)]
Symbol = Annotated[str, Field(min_length=1, max_length=40, examples=["BTCUSDT"])]
SymbolPath = Annotated[str, Path(min_length=1, max_length=40)]
OrderPath = Annotated[str, Path(min_length=1, max_length=100)]
StrategyPath = Annotated[str, Path(min_length=1, max_length=100)]
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[A-Za-z0-9_-]{8,64}$",
        description="With the same key the command acts once, however often it is sent.",
    ),
]


Rows = Annotated[int, Query(ge=1, le=5_000, description="most rows")]
Points = Annotated[int, Query(ge=1, le=50_000, description="most points")]
Moment = Annotated[str, Field(max_length=40, description="2026-01-31T12:00:00Z, UTC")]


class Asked(BaseModel):
    """Base of every body: nothing unknown, nothing converted."""

    model_config = ConfigDict(extra="forbid", strict=True)


class OrderTerms(Asked):
    """An order of somebody at a desk. It passes the same gate as a strategy's."""

    symbol: Symbol
    side: Literal["buy", "sell"]
    quantity: Amount
    type: Literal["market", "limit", "stop", "stop_limit", "take_profit", "take_profit_limit", "trailing_stop"] = (
        "market"
    )
    price: Amount | None = None
    stop_price: Amount | None = None
    trail: Amount | None = None
    time_in_force: Literal["gtc", "gtd", "ioc", "fok"] = "gtc"
    good_till: Moment | None = None
    """When an order with time in force ``gtd`` ends."""
    visible: Amount | None = None
    """What the venue's own iceberg shows at a time."""
    post_only: bool = False
    reduce_only: bool = False
    stop_loss: Amount | None = None
    take_profit: Amount | None = None
    reason: Reason = ""


class Amendment(Asked):
    """New terms of a working order; what is left out stays."""

    price: Amount | None = None
    stop_price: Amount | None = None
    quantity: Amount | None = None


class CancelAllTerms(Asked):
    symbol: Annotated[str, Field(max_length=40)] = ""
    """Empty: of every symbol."""
    include_protective: bool = False


class KillTerms(Asked):
    reason: Reason = ""
    flatten: bool = False


class ReasonTerms(Asked):
    reason: Reason = ""


class FlattenTerms(Asked):
    symbol: Annotated[str, Field(max_length=40)] = ""
    owner: Annotated[str, Field(max_length=100)] = ""


class TradingStateTerms(Asked):
    state: Literal["ACTIVE", "REDUCING", "HALTED"]
    reason: Reason = ""


class OwnerTerms(Asked):
    owner: Annotated[str, Field(min_length=1, max_length=100)]


class ParameterTerms(Asked):
    values: Annotated[dict[str, bool | int | float | str], Field(min_length=1, max_length=100)]


class ConfigurationText(Asked):
    text: Annotated[str, Field(max_length=200_000, description="the whole YAML file")]


class StagedText(ConfigurationText):
    note: Reason = ""


class ApplyTerms(Asked):
    hash: Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="of the staged text, as staging told it")]


class PaperTerms(Asked):
    """Settings of the paper account that shall change; what is left out stays."""

    values: Annotated[dict[str, bool | str], Field(min_length=1, max_length=30, examples=[{"taker_bps": "5"}])]
    note: Reason = ""


class Done(BaseModel):
    """What a command came to, in the engine's words."""

    ok: bool
    text: str
    duplicate: bool = False
    orders: list[str] = []
    """Ids of the orders that it made."""


_bearer = HTTPBearer(auto_error=False, description="The token of a role: viewer, trader or admin.")


def caller(request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]) -> Caller:
    """Who asks, as the door found out."""
    known: Caller | None = request.scope["state"]["caller"]
    if known is None:
        raise Problem(401, "A valid token is needed.")
    return known


def require(who: Caller, role: Role) -> None:
    """Raises ``Problem`` for a caller of a lower role."""
    if who.role < role:
        raise Problem(403, f"This is for the role {role.word}; the token is the {who.role.word}'s.")


def _at_least(role: Role) -> Any:
    def check(who: Annotated[Caller, Depends(caller)]) -> Caller:
        require(who, role)
        return who

    return Depends(check)


async def known_query(request: Request) -> None:
    """Raises ``Problem`` for a parameter that the route does not have: a slip of the pen must not pass unnoticed."""
    known = [parameter.alias for parameter in request.scope["route"].dependant.query_params]
    for name in request.query_params:
        if name not in known:
            raise Problem(422, f"{name[:100]} is no parameter here; there is {', '.join(known) or 'none'}.")


Viewer = Annotated[Caller, _at_least(Role.VIEWER)]
Trader = Annotated[Caller, _at_least(Role.TRADER)]
Admin = Annotated[Caller, _at_least(Role.ADMIN)]
