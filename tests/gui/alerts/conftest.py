"""What every test of a chart needs."""

from __future__ import annotations

from collections.abc import Iterator

import pyqtgraph as pg
import pytest


@pytest.fixture(autouse=True)
def every_move_counts() -> Iterator[None]:
    """pyqtgraph drops moves of the mouse that follow each other faster than a hand makes them."""
    before = pg.getConfigOption("mouseRateLimit")
    pg.setConfigOption("mouseRateLimit", -1)
    yield
    pg.setConfigOption("mouseRateLimit", before)
