"""A paper session driven by hand: the wall clock is the test's, so an hour takes a second."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from workstation.config.loader import Loaded, load_settings, settings_json
from workstation.config.settings import Settings
from workstation.core.messages import AnyCommand, StartStrategy
from workstation.core.timeframe import SECOND_NS, parse_utc
from workstation.session import Session

START_NS = parse_utc("2024-03-01T07:30:00")
CONFIGURATION = Path(__file__).parents[2] / "config" / "strategy.yaml"
SYMBOLS = ("BTCUSDT", "ETHUSDT", "XRPUSDT", "SOLUSDT")


class HandClock:
    """Stands in for the wall clock."""

    def __init__(self, now_ns: int) -> None:
        self.ns = now_ns

    def now_ns(self) -> int:
        return self.ns


def busy_configuration(**changes: Any) -> Loaded:
    """Four symbols, a wild market, and strategies that trade within minutes."""
    loaded = load_settings(CONFIGURATION)
    settings = loaded.settings
    replace = msgspec.structs.replace
    built_in = replace(
        settings.market.built_in,
        messages_per_second=Decimal(4),
        depth=50,
        volatility=Decimal(6),
        crashes_per_day=Decimal(100),
        history_days=3,
    )
    quick = {
        "ema_cross": replace(settings.strategies["ema_cross"], parameters={"fast": 2, "slow": 4}),
        "grid": settings.strategies["grid"],
        "market_maker": replace(settings.strategies["market_maker"], symbol="BTCUSDT"),
        "other_cross": replace(
            settings.strategies["ema_cross"], symbol="SOLUSDT", parameters={"fast": 2, "slow": 5, "equity_percent": 10}
        ),
    }
    protections = replace(settings.risk.protections, bar="1m", cooldown_bars=0, losses_in_a_row=1000)
    crisis = replace(settings.risk.crisis, losses_in_a_row=1000, atr_multiple=Decimal(100))
    settings = replace(
        settings,
        market=replace(settings.market, symbols=SYMBOLS, built_in=built_in),
        strategies={name: replace(entry, start=True) for name, entry in quick.items()},
        risk=replace(settings.risk, protections=protections, crisis=crisis, open_positions=5),
        **changes,
    )
    return with_settings(loaded, settings)


def with_settings(loaded: Loaded, settings: Settings) -> Loaded:
    return msgspec.structs.replace(loaded, settings=settings, json=settings_json(settings))


class PaperSession:
    """Opens a session at ``start_ns`` and lets time pass."""

    def __init__(self, data: Path, loaded: Loaded, seed: int = 7, start_ns: int = START_NS) -> None:
        self.session = Session(loaded, data, seed)
        self.clock = HandClock(start_ns)
        self.session.clock = self.clock  # type: ignore[assignment]
        self.session.open()

    def let_pass(self, seconds: float, step_s: float = 1.0) -> None:
        session = self.session
        ends = self.clock.ns + int(seconds * SECOND_NS)
        while self.clock.ns < ends:
            self.clock.ns += int(step_s * SECOND_NS)
            assert session.source is not None
            for event in session.source.due(self.clock.ns):
                session.dispatch(event)
            for event in session.source.lacking():
                session.dispatch(event)

    def command(self, command: AnyCommand) -> str:
        return self.session.command(command)

    def start(self, strategy: str) -> None:
        self.command(StartStrategy(strategy=strategy))

    def close(self) -> None:
        self.session.finish()

    def kill(self) -> None:
        """End as a kill -9 does, as far as one process can: nothing is written any more, handles are dropped."""
        session = self.session
        session._opened = False
        journal, recorder = session.journal, session.recorder
        journal._rows.clear()
        journal._connection.close()
        if recorder is not None and recorder._file >= 0:
            os.close(recorder._file)
        for name in ("journal", "recorder"):
            session.__dict__.pop(name)
        session._release()
