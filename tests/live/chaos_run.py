"""A seeded run: sessions trade recklessly under chaos, are killed at random moments and started again, and proved."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from tests.end_to_end.program import journal
from tests.live.checks import ExposureWatch, check_everything
from tests.live.world import LiveWorld, live_world
from workstation.core.messages import OrderFilled

ROUNDS = 3
SWITCHES = 3
SLACK_PERCENT = 3
"""Prices move between the check of an order and its fill."""
MUST_STRIKE = ("latency", "drop_request", "drop_reply", "server_error", "timeout", "duplicate", "partial_fill")
"""Switches for which every session gives an occasion."""
PATIENCE_S = 15
LEAST_FILLS = 3


def switches(market: str, draw: Random) -> list[dict[str, Any]]:
    """Every chaos switch, with terms that let something through."""
    told_on = "api" if market == "spot" else "user"
    found: list[dict[str, Any]] = [
        {"kind": "latency", "probability": 0.2, "value": draw.choice([50, 300, 800])},
        {"kind": "drop_request", "probability": 0.1},
        {"kind": "drop_reply", "probability": 0.15},
        {"kind": "server_error", "probability": 0.1},
        {"kind": "timeout", "probability": 0.15, "endpoint": "POST"},
        {"kind": "rate_limit", "probability": 0.05, "value": 1},
        {"kind": "ban", "probability": 0.02, "value": 1},
        {"kind": "message_latency", "probability": 0.3, "value": draw.choice([50, 300])},
        {"kind": "duplicate", "probability": 0.2},
        {"kind": "reorder", "probability": 0.2, "connection": told_on},
        {"kind": "drop_message", "probability": 0.15, "connection": told_on},
        {"kind": "gap", "probability": 0.02},
        {"kind": "silent", "connection": told_on, "duration_s": 3},
        {"kind": "disconnect", "probability": 0.02},
        {"kind": "clock_skew", "value": draw.choice([-1500, 700, 3000]), "duration_s": 2},
        {"kind": "maintenance", "duration_s": 1},
        {"kind": "partial_fill", "probability": 0.5},
        {"kind": "delist", "probability": 0.2, "value": 1},
    ]
    if market == "linear":
        found += [{"kind": "liquidation", "probability": 0.3}, {"kind": "adl", "probability": 0.3}]
    return found


async def run_each_alone(data: Path, market: str, seed: int, seconds: float = 0.6) -> Counter[str]:
    """One session that meets every switch, one after the other. Gives what was met."""
    met: Counter[str] = Counter()
    async with live_world(data, market, seed) as world:
        watch = ExposureWatch(world, SLACK_PERCENT)
        await world.start()
        await world.until_trading()
        for terms in switches(market, Random(f"each {seed}")):
            await world.until_trading()
            switch = world.sandbox.chaos.set(**terms)
            await asyncio.sleep(seconds)
            with suppress(TimeoutError):
                # A slow machine may not have met it yet; some have nothing to strike here.
                async with asyncio.timeout(PATIENCE_S if switch.kind in MUST_STRIKE else 0):
                    while not switch.struck:
                        await asyncio.sleep(0.05)
            world.sandbox.chaos.clear()
            met[f"struck {switch.kind}"] += switch.struck
        await world.settle()
        await world.stop()
        watch.check()
        met += check_everything(world)
    return met


async def run(data: Path, market: str, seed: int, rounds: int = ROUNDS) -> Counter[str]:
    """Three switches are drawn for each round. Gives what was met."""
    draw = Random(f"run {seed}")
    met: Counter[str] = Counter()
    async with live_world(data, market, seed) as world:
        watch = ExposureWatch(world, SLACK_PERCENT)
        for number in range(rounds):
            await world.start()
            await world.until_trading()
            for terms in draw.sample(switches(market, draw), SWITCHES):
                world.sandbox.chaos.set(**terms)
                met[f"chaos {terms['kind']}"] += 1
            await asyncio.sleep(draw.uniform(0.5, 2.5))
            world.sandbox.chaos.clear()
            if number < rounds - 1:
                await world.kill()
                met["kills"] += 1
                await asyncio.sleep(draw.uniform(0, 0.4))
        await _until_it_has_traded(world)
        await world.settle()
        await world.stop()
        watch.check()
        met += check_everything(world)
    return met


async def _until_it_has_traded(world: LiveWorld) -> None:
    """On a slow machine little may have come of the rounds: what is compared must not be next to nothing."""
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            while sum(isinstance(record, OrderFilled) for record in journal(world.data)[1]) <= LEAST_FILLS:
                await asyncio.sleep(0.2)
