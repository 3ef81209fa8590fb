"""A profile that trades live at a sandbox exchange, for the program itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.end_to_end.program import ROOT
from tests.live.world import STRATEGIES, SYMBOLS
from workstation.config.loader import Loaded, load_settings

Sections = dict[str, dict[str, Any]]


def write_profile(folder: Path, address: str, traded: str = "linear", changes: Sections | None = None) -> list[str]:
    """Write the shipped configuration with a profile beside it; the options that choose it. ``changes`` by section."""
    file = folder / "config" / "strategy.yaml"
    (file.parent / "profiles").mkdir(parents=True, exist_ok=True)
    text = (ROOT / "config" / "strategy.yaml").read_text()
    file.write_text(text if traded == "linear" else text.replace("kind: linear", "kind: spot"))
    profile: dict[str, Any] = {
        "mode": "live",
        "account": {"name": "practice", "leverage": 20, "margin_mode": "cross"},
        "market": {"source": "exchange", "symbols": list(SYMBOLS)},
        "exchange": {"address": address, "key": "practice", "market": traded, "silent_feed_s": 2},
        "live": {"confirm_account": "practice"},
        "risk": {"gross_exposure_percent": 5},
        "strategy_folder": str(STRATEGIES),
        "strategies": {
            name: {"symbol": "BTCUSDT", "start": False}
            for name in ("confluence", "ema_cross", "rsi_reversion", "bollinger", "grid", "market_maker")
        },
    }
    for section, keys in (changes or {}).items():
        profile[section] = profile.get(section, {}) | keys
    (file.parent / "profiles" / "test.yaml").write_text(yaml.safe_dump(profile))
    return ["--config", str(file), "--profile", "test"]


def loaded_profile(folder: Path) -> Loaded:
    """What the program makes of it."""
    return load_settings(folder / "config" / "strategy.yaml", "test")
