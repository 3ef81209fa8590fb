"""Contradictions between the settings of an exchange."""

from __future__ import annotations

from pathlib import Path

import pytest

from workstation.config.loader import load_settings
from workstation.core.errors import ConfigurationError

SHIPPED = Path(__file__).parents[3] / "config" / "strategy.yaml"


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ('  address: ""', "  address: localhost:8800", "exchange.address is localhost:8800; write it as http://"),
        ('  address: ""\n', "  address: http://127.0.0.1:88\n", ""),
        ("  testnet: false", "  testnet: true", ""),
        ("  dead_man_refresh_s: 15", "  dead_man_refresh_s: 60", "the timer would run out before it is refreshed"),
        ("  key: main", '  key: ""', "exchange.key is empty"),
        ("mode: paper", "mode: live", "live orders need the exchange's own prices"),
        ("  market: linear", "  market: spot", ""),
        ("  symbols: []\n  # Size", "  symbols: [LTCUSDT]\n  # Size", "record.symbols[0] is LTCUSDT"),
    ],
)
def test_contradicting_settings_of_the_exchange(tmp_path: Path, before: str, after: str, sentence: str) -> None:
    text = SHIPPED.read_text()
    assert before in text
    changed = tmp_path / "strategy.yaml"
    changed.write_text(text.replace(before, after, 1))
    if not sentence:
        load_settings(changed)
        return
    with pytest.raises(ConfigurationError) as caught:
        load_settings(changed)
    assert sentence in str(caught.value)


def test_symbols_must_be_of_the_kind_of_market_that_the_exchange_is_asked_for(tmp_path: Path) -> None:
    text = SHIPPED.read_text().replace("  source: built_in", "  source: exchange", 1)
    changed = tmp_path / "strategy.yaml"
    changed.write_text(text.replace("  market: linear", "  market: spot", 1))
    with pytest.raises(ConfigurationError, match="BTCUSDT, which is linear under instruments"):
        load_settings(changed)
