"""On how many servers of NATS things are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.config.test_loader import load_changed, message

REPLICAS = r"^  replicas: 1$"


@pytest.mark.parametrize("replicas", [1, 3, 5])
def test_an_odd_number_of_copies(tmp_path: Path, replicas: int) -> None:
    assert load_changed(tmp_path, REPLICAS, f"  replicas: {replicas}").settings.messaging.replicas == replicas


@pytest.mark.parametrize("replicas", ["0", "2", "7", "true", '"3"', "3.0", ""])
def test_any_other_is_refused(tmp_path: Path, replicas: str) -> None:
    text = message(tmp_path, REPLICAS, f"  replicas: {replicas}")
    assert "messaging.replicas is" in text and text.endswith("it must be 1, 3 or 5.")


def test_the_embedded_server_is_one(tmp_path: Path) -> None:
    text = message(tmp_path, REPLICAS, "  replicas: 3", "messaging:\n  use: embedded\n")
    assert "messaging.replicas is 3, but the embedded server is one; set it to 1" in text
