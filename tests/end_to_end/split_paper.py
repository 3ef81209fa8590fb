"""The split engine on paper: feed handler with the built-in market, execution service, strategy core."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from tests.end_to_end.split_services import Role, Services, executions, fills, whole
from tests.unit.messaging.nats_servers import connected
from workstation.core.messages import OrderFilled, OrderSubmitted
from workstation.messaging.link import Address
from workstation.messaging.server import EmbeddedServer

PROFILE = """
messaging:
  use: servers
  servers: ["{address}"]
  user: "{user}"
market:
  source: {source}
  built_in:
    messages_per_second: 60
    volatility: 8
    history_days: 2
execution:
  place: {place}
  shadow: {shadow}
risk:
  protections:
    cooldown_bars: 0
strategies:
  ema_cross:
    start: false
  market_maker:
    symbol: BTCUSDT
    start: true
    parameters:
      requote_bps: 1
      least_life_s: 0.5
  grid:
    symbol: SOLUSDT
    start: true
    parameters:
      spacing_percent: 0.1
desktop:
  charts:
    - symbol: BTCUSDT
      timeframe: 1m
      indicators: []
"""
SOURCES = {"feed": ("built_in", "here"), "execution": ("feed", "here"), "core": ("feed", "service")}
ARGUMENTS = {"feed": ("feed", "--seed", "7"), "execution": ("execution", "--seed", "7"), "core": ("--no-gui",)}


def split_roles(addresses: Mapping[str, Address] | None = None, shadow: str = "none") -> dict[str, Role]:
    """The three of them; ``addresses`` where NATS is elsewhere for one."""
    return {
        role: Role(
            ARGUMENTS[role],
            PROFILE.replace("{source}", source).replace("{place}", place).replace("{shadow}", shadow),
            address=(addresses or {}).get(role),
        )
        for role, (source, place) in SOURCES.items()
    }


async def until_trading(running: Services, more: int = 2, seconds: float = 60) -> None:
    """Wait until so many more executions have reached both journals."""
    before = {role: running.seen(role, OrderFilled) for role in ("execution", "core")}

    def have_come() -> bool:
        return all(running.seen(role, OrderFilled) >= count + more for role, count in before.items())

    await running.until(have_come, seconds, f"{more} more executions than {before}")


async def stop_and_compare(running: Services, server: EmbeddedServer) -> dict[str, Any]:
    """Without a market nothing trades: when all have heard of everything they stop in order, and the two journals and
    the stream are held against each other. Gives the executions by id."""
    assert running.stop("feed") == 0, running.said()
    await asyncio.sleep(2)

    def have_heard() -> bool:
        return running.seen("core", OrderFilled) >= running.seen("execution", OrderFilled)

    await running.until(have_heard, 30, "the core heard of everything")
    async with connected(server) as link:
        told = [body for body in await executions(link) if body.status in ("filled", "partially_filled")]
    for role in ("core", "execution"):
        assert running.stop(role) == 0, running.said()
    assert "Traceback" not in running.said(10_000_000), running.said()
    there, core = whole(running.data("execution")), whole(running.data("core"))
    mine, booked = ([r for r in records if isinstance(r, OrderFilled)] for records in (there, core))
    assert len(fills(mine)) == len(mine), "the execution service booked an execution twice"
    assert len(fills(booked)) == len(booked), "the core booked an execution twice"
    assert fills(booked) == fills(mine)
    ids = [body.execution_id for body in told]
    assert len(ids) == len(set(ids)) and set(ids) == set(fills(mine)), "the stream differs from the journal"
    submitted = [record.client_id for record in there if isinstance(record, OrderSubmitted)]
    assert len(submitted) == len(set(submitted)), "an order was taken twice"
    assert set(submitted) <= {record.client_id for record in core if isinstance(record, OrderSubmitted)}
    return fills(mine)
