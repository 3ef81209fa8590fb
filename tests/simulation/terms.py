"""On what terms a world runs: its symbols, settings, costs and faults, drawn by its seed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from random import Random

import msgspec

from workstation.config.loader import load_settings
from workstation.config.settings import Costs, Settings
from workstation.core.instrument import Instrument
from workstation.core.timeframe import parse_utc
from workstation.core.types import InstrumentKind
from workstation.venues.simulated import FaultRates

START_NS = parse_utc("2024-03-01T07:58:00")
"""Two minutes before funding falls due."""
CASH = 1_000_000
SYMBOLS = {"BTCUSDT": 6_000_000, "ETHUSDT": 300_000, "SOLUSDT": 15_000}
"""Ticks of 0.01 at the start; the last one is a spot market."""


def simulation_settings(random: Random) -> Settings:
    """The shipped configuration with limits that bite now and then instead of always."""
    loaded = load_settings(Path(__file__).parents[2] / "config" / "strategy.yaml").settings
    replace = msgspec.structs.replace
    crisis = replace(loaded.risk.crisis, losses_in_a_row=random.choice((6, 1000)), most_positions=2)
    protections = replace(loaded.risk.protections, cooldown_bars=0, bar="1m", losses_in_a_row=random.choice((8, 1000)))
    risk = replace(
        loaded.risk,
        order_value_percent=Decimal(random.choice((10, 40))),
        order_quantity={"default": Decimal(500_000)},
        position_value_percent=Decimal(random.choice((15, 60))),
        gross_exposure_percent=Decimal(random.choice((40, 100))),
        open_orders=random.choice((10, 40)),
        orders_per_second=20,
        orders_per_minute=1_000,
        repeats=5,
        day_loss_percent=random.choice((Decimal(1), Decimal(50))),
        stale_data_s=Decimal(5),
        permitted=(),
        protections=protections,
        crisis=crisis,
    )
    account = replace(loaded.account, leverage=random.choice((1, 3)), cash=Decimal(CASH))
    return replace(loaded, risk=risk, account=account)


def instruments_of(settings: Settings) -> dict[str, Instrument]:
    found = {symbol: settings.instruments[symbol] for symbol in SYMBOLS}
    found["SOLUSDT"] = msgspec.structs.replace(found["SOLUSDT"], kind=InstrumentKind.SPOT)
    return found


def paper_costs(settings: Settings, random: Random) -> Costs:
    """What this run's venue charges, and how long it takes to answer."""
    latency = Decimal(random.choice((0, 40, 400)))
    return msgspec.structs.replace(
        settings.paper,
        latency_mean_ms=latency,
        latency_p95_ms=latency * random.choice((1, 2)),
        maker_bps=Decimal(random.choice((-1, 2))),
    )


def fault_rates(random: Random) -> FaultRates:
    """How often the line fails: not at all in one run of five."""
    faulty = random.random() < 0.8
    names = ("request_lost", "report_lost", "report_delayed", "report_doubled", "report_reordered")
    return FaultRates(**{name: random.choice((0.0, 0.03, 0.15)) if faulty else 0.0 for name in names})  # type: ignore[arg-type]
