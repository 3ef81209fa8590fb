"""Volume at price: conserved, within its rows, with the value area around the row of the most volume."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.market.volume_profile import volume_profile

BARS = st.lists(
    st.tuples(st.floats(1, 1000), st.floats(0, 50), st.floats(0, 1e6), st.booleans()), min_size=1, max_size=60
)


@given(BARS, st.integers(1, 80))
def test_volume_is_conserved_and_the_area_holds_seventy_percent(
    bars: list[tuple[float, float, float, bool]], rows: int
) -> None:
    low = np.array([bar[0] for bar in bars])
    high = low + np.array([bar[1] for bar in bars])
    volume = np.array([bar[2] for bar in bars])
    rising = np.array([bar[3] for bar in bars])
    found = volume_profile(low, high, volume, rising, rows)
    if volume.sum() <= 0:
        assert found is None
        return
    assert found is not None
    assert found.up.sum() == pytest.approx(volume[rising].sum(), rel=1e-9, abs=1e-6)
    assert found.down.sum() == pytest.approx(volume[~rising].sum(), rel=1e-9, abs=1e-6)
    assert found.most == found.volume.argmax()
    first, last = found.area
    assert first <= found.most <= last
    assert found.volume[first : last + 1].sum() >= 0.7 * found.volume.sum() * (1 - 1e-9)


def test_a_bar_is_spread_evenly_over_its_range() -> None:
    found = volume_profile(
        np.array([0.0, 0.0]), np.array([10.0, 5.0]), np.array([10.0, 10.0]), np.array([True, False]), 4
    )
    assert found is not None
    assert found.up == pytest.approx([2.5, 2.5, 2.5, 2.5])
    assert found.down == pytest.approx([5.0, 5.0, 0.0, 0.0])
    assert (found.most, found.area) == (0, (0, 1))
