"""What a viewer reads: the session, the account, positions, orders, executions, risk, strategies, the market."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from fastapi import APIRouter, Depends, Query, Response

from workstation.core.instrument import Instrument
from workstation.core.timeframe import TIMEFRAMES
from workstation.messaging.bodies import TYPES
from workstation.messaging.moments import moment
from workstation.messaging.schemas import schema_of
from workstation.services.engine_client import View
from workstation.services.ops.context import Context, Ops
from workstation.services.ops.problems import RESPONSES, Problem
from workstation.services.ops.readable import readable
from workstation.services.ops.requests import OrderPath, Points, Rows, StrategyPath, SymbolPath, Viewer, known_query
from workstation.services.ops.schema import (
    BOOLEAN,
    CONTROL,
    DECIMAL,
    NUMBER,
    OBJECT,
    TEXT,
    TIME,
    list_of,
    nullable,
    object_of,
    of,
    view,
)

DEEPEST = 100

router = APIRouter(prefix="/api/v1", tags=["views"], responses=RESPONSES, dependencies=[Depends(known_query)])

_BAR = object_of(close_time=TIME, open=DECIMAL, high=DECIMAL, low=DECIMAL, close=DECIMAL, volume=DECIMAL)
_EQUITY = object_of(time=TIME, equity=DECIMAL)
_SERVICE = object_of(
    service=TEXT,
    state=TEXT,
    detail=TEXT,
    version=TEXT,
    started=TIME,
    configuration=TEXT,
    waiting=TEXT,
    age_s=NUMBER,
    stale=BOOLEAN,
)
_FRESHNESS = object_of(nats=TEXT, engine_age_s=nullable(NUMBER), stale=BOOLEAN)
_OVERVIEW = object_of(
    session=OBJECT,
    account=view("AccountView"),
    positions=list_of(view("PositionView")),
    orders=list_of(view("OrderView")),
    risk=view("RiskView"),
    strategies=list_of(view("StrategyView")),
    health=view("HealthView"),
    control=CONTROL,
    freshness=_FRESHNESS,
)


def told(value: Any) -> Response:
    """JSON, decimals as text."""
    return Response(msgspec.json.encode(value), media_type="application/json")


@router.get("/me", responses=of(object_of(role={"enum": ["viewer", "trader", "admin"]})))
async def me(who: Viewer) -> Response:
    """What the token may do."""
    return told({"role": who.role.word})


@router.get("/overview", responses=of(_OVERVIEW))
async def overview(ops: Context, who: Viewer) -> Response:
    """All that changes from second to second, at once, and how fresh it is."""
    asked = (View.SESSION, View.ACCOUNT, View.POSITIONS, View.ORDERS, View.RISK, View.STRATEGIES, View.HEALTH)
    answers = await ops.desk.views(*asked)
    shown = {str(v): readable(data) for v, data in zip(asked, answers)}
    return told({**shown, "control": ops.control.known(who), "freshness": freshness(ops)})


def freshness(ops: Ops) -> dict[str, Any]:
    return {"nats": ops.link.state, "engine_age_s": ops.engine_age_s(), "stale": ops.is_stale()}


@router.get("/session", responses=of(OBJECT))
async def session(ops: Context, _: Viewer) -> Response:
    """Mode, account, instruments, session number, seed, start, market, notes, strategies that failed."""
    return told(readable(await ops.desk.view(View.SESSION)))


@router.get("/account", responses=of(view("AccountView")))
async def account(ops: Context, _: Viewer) -> Response:
    return told(readable(await ops.desk.view(View.ACCOUNT)))


@router.get("/algorithms", responses=of(list_of(view("AlgorithmView"))))
async def algorithms(ops: Context, _: Viewer) -> Response:
    """Execution algorithms that run, are paused, or ended last, oldest first."""
    return told(readable(await ops.desk.view(View.ALGORITHMS)))


@router.get("/positions", responses=of(list_of(view("PositionView"))))
async def positions(ops: Context, _: Viewer) -> Response:
    """Every owner's open positions."""
    return told(readable(await ops.desk.view(View.POSITIONS)))


@router.get("/orders", responses=of(list_of(view("OrderView"))))
async def orders(
    ops: Context, _: Viewer, past: bool = Query(False, description="ended ones"), limit: Rows = 200
) -> Response:
    """Orders that may still execute, or past ones, oldest first."""
    if past:
        return told(readable(await ops.desk.view(View.PAST_ORDERS, limit=limit)))
    return told(readable(await ops.desk.view(View.ORDERS))[-limit:])


@router.get("/orders/{client_id}", responses=of(view("OrderView")))
async def order(ops: Context, _: Viewer, client_id: OrderPath) -> Response:
    return told(readable(await known_order(ops, client_id)))


async def known_order(ops: Ops, client_id: str) -> dict[str, Any]:
    """Raises ``Problem`` when the engine does not know it."""
    try:
        found = await ops.desk.view(View.ORDER, client_id=client_id)
    except Problem as problem:
        if problem.status != 409:
            raise
        found = None
    if not isinstance(found, dict):
        raise Problem(404, f"There is no order {client_id} in this session; /api/v1/orders?past=true has older ones.")
    return found


@router.get("/trades", responses=of(list_of(view("FillView"))))
async def trades(ops: Context, _: Viewer, limit: Rows = 200) -> Response:
    """Executions, oldest first."""
    return told(readable(await ops.desk.view(View.PAST_FILLS, limit=limit)))


@router.get("/equity", responses=of(list_of(_EQUITY)))
async def equity(ops: Context, _: Viewer, limit: Points = 1_500) -> Response:
    """The account's equity each minute and at each execution, oldest first."""
    points = await ops.desk.view(View.PAST_EQUITY, limit=limit)
    return told([_equity_point(point) for point in points])


def _equity_point(point: Any) -> dict[str, str]:
    ts_ns, amount = (point["ts_ns"], point["equity"]) if isinstance(point, dict) else point[:2]
    return {"time": moment(ts_ns), "equity": str(amount)}


@router.get("/risk", responses=of(view("RiskView")))
async def risk(ops: Context, _: Viewer) -> Response:
    """Trading state, limits with their use, protections, crisis mode."""
    return told(readable(await ops.desk.view(View.RISK)))


@router.get("/strategies", responses=of(list_of(view("StrategyView"))))
async def strategies(ops: Context, _: Viewer) -> Response:
    return told(readable(await ops.desk.view(View.STRATEGIES)))


@router.get("/strategies/{name}", responses=of(view("StrategyView")))
async def strategy(ops: Context, _: Viewer, name: StrategyPath) -> Response:
    return told(readable(await known_strategy(ops, name)))


async def known_strategy(ops: Ops, name: str) -> dict[str, Any]:
    """Raises ``Problem`` when the session has none of this name."""
    found: list[dict[str, Any]] = await ops.desk.view(View.STRATEGIES)
    for each in found:
        if each["name"] == name:
            return each
    raise Problem(404, f"There is no strategy {name}; there is {', '.join(s['name'] for s in found) or 'none'}.")


@router.get("/strategies/{name}/parameters", responses=of(list_of({"$ref": "#/components/schemas/ParameterView"})))
async def parameters(ops: Context, _: Viewer, name: StrategyPath) -> Response:
    """Each with its value, bounds and unit."""
    return told((await known_strategy(ops, name))["parameters"])


@router.get("/connection", responses=of(nullable(view("ConnectionView"))))
async def connection(ops: Context, _: Viewer) -> Response:
    """How the connection to the exchange stands; null on the built-in market."""
    return told(readable(await ops.desk.view(View.CONNECTION)))


@router.get("/reconciliation", responses=of(view("ReconciliationView")))
async def reconciliation(ops: Context, _: Viewer) -> Response:
    """Whether our books and the exchange's account agree."""
    return told(readable(await ops.desk.view(View.RECONCILIATION)))


@router.get("/engine", responses=of(view("HealthView")))
async def engine(ops: Context, _: Viewer) -> Response:
    """How the engine is: age of its feed, latency, gaps."""
    return told(readable(await ops.desk.view(View.HEALTH)))


@router.get("/services", responses=of(list_of(_SERVICE)))
async def services(ops: Context, _: Viewer) -> Response:
    """Every service that was heard over NATS, and how long ago."""
    heard = []
    for name, (heard_ns, body) in sorted(ops.watch.services.items()):
        age_s = ops.hub.age_s(heard_ns) or 0.0
        names = ("state", "detail", "version", "started", "configuration", "waiting")
        fields = {name: getattr(body, name) for name in names}
        heard.append({"service": name, **fields, "age_s": age_s, "stale": age_s > ops.stale_s})
    return told(heard)


@router.get("/logs", responses=of(list_of(view("LogView"))))
async def logs(ops: Context, _: Viewer, limit: Rows = 200) -> Response:
    """The engine's newest lines, oldest of them first."""
    return told(readable(await ops.desk.view(View.LOG, limit=limit)))


@router.get("/bars/{symbol}", responses=of(list_of(_BAR)))
async def bars(
    ops: Context,
    _: Viewer,
    symbol: SymbolPath,
    timeframe: str = "1m",
    limit: Rows = 300,
    forming: bool = False,
) -> Response:
    """Closed bars, oldest first; with ``forming`` the last one is that under construction."""
    instrument = await ops.desk.instrument(symbol)
    if timeframe not in TIMEFRAMES:
        raise Problem(409, f"{timeframe[:20]} is no timeframe; use one of {', '.join(TIMEFRAMES)}.")
    asked = {"symbol": instrument.symbol, "timeframe": timeframe, "limit": limit, "forming": forming}
    return told([_bar(row, instrument) for row in await ops.desk.view(View.BARS, **asked)])


def _bar(row: list[Any], instrument: Instrument) -> dict[str, str]:
    close_ns, *prices, volume = row
    names = ("open", "high", "low", "close")
    told_prices = {name: _fixed(price, instrument.price_decimals) for name, price in zip(names, prices)}
    return {"close_time": moment(int(close_ns)), **told_prices, "volume": _fixed(volume, instrument.quantity_decimals)}


def _fixed(number: float, decimals: int) -> str:
    # The engine keeps bars as floats; to the tick's decimals they are exact again.
    return f"{Decimal(str(number)):.{decimals}f}"


@router.get("/market/{symbol}", responses=of(OBJECT))
async def market(ops: Context, _: Viewer, symbol: SymbolPath, depth: int = Query(10, ge=1, le=DEEPEST)) -> Response:
    """The last price, the book's best levels, and how fresh they are."""
    instrument = await ops.desk.instrument(symbol)
    view_ = await ops.desk.view(View.MARKET, symbol=instrument.symbol, depth=depth)
    return told(
        {"symbol": instrument.symbol, **{k: _market_value(k, v, instrument) for k, v in readable(view_).items()}}
    )


def _market_value(name: str, value: Any, instrument: Instrument) -> Any:
    if name in ("bids", "asks"):
        return [[str(instrument.price(ticks)), str(instrument.quantity(lots))] for ticks, lots in value]
    if name in ("last_price", "best_bid", "best_ask", "mark_price", "price"):
        return str(instrument.price(value)) if value else None
    return value


@router.get("/messages", responses=of(list_of(TEXT)), tags=["messages"])
async def messages(_: Viewer) -> Response:
    """The types of the messages that travel over NATS."""
    return told(sorted(TYPES))


@router.get(
    "/messages/{type_}", responses=of(OBJECT, "JSON Schema of the message with its envelope."), tags=["messages"]
)
async def message(_: Viewer, type_: str) -> Response:
    if type_ not in TYPES:
        raise Problem(404, f"There is no message {type_[:100]}; GET /api/v1/messages lists them.")
    return told(schema_of(type_))
