"""Curves keep their extremes however many points a column holds; trades are found where they are visible."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from widgets.look.style import install
from widgets.look.theme import current
from widgets.research.curves import CurvesView, curve_of, thinned_places
from widgets.research.trade_layer import _inside
from workstation.core.timeframe import HOUR_NS


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400), st.integers(1, 40))
def test_each_column_keeps_its_edges_and_extremes(values: list[float], width: int) -> None:
    y = np.array(values)
    x = np.linspace(0, width, len(y))
    kept = thinned_places(x, y)
    assert list(kept) == sorted(set(kept.tolist()))
    columns = np.floor(x).astype(int)
    for column in np.unique(columns):
        inside = np.flatnonzero(columns == column)
        chosen = kept[(kept >= inside[0]) & (kept <= inside[-1])]
        assert {inside[0], inside[-1]} <= set(chosen.tolist())
        assert (y[chosen].min(), y[chosen].max()) == (y[inside].min(), y[inside].max())
    assert len(kept) <= max(len(np.unique(columns)) * 4, 0) or len(kept) == len(y)


@given(st.floats(-1e7, 1e7), st.floats(0.001, 1e7), st.integers(1, 4000))
def test_of_a_long_line_only_what_is_inside(start: float, length: float, width: int) -> None:
    first, last = _inside(start, start + length, width)
    assert 0.0 <= first <= last <= 1.0
    if first < last:
        rounding = 1e-6 * max(1.0, abs(start), length)
        assert -rounding <= start + length * first or first == 0.0
        assert start + length * last <= width + rounding


@pytest.mark.parametrize("count", [1, 2, 500, 60_000])
def test_curves_of_any_length_are_drawn(qtbot: QtBot, qapp: QApplication, count: int) -> None:
    install(qapp)
    view = CurvesView()
    qtbot.addWidget(view)
    view.resize(640, 240)
    times = np.arange(count, dtype=np.int64) * HOUR_NS
    equity = np.full(count, 10**12, dtype=np.int64) + (np.sin(np.arange(count) / 50) * 10**10).astype(np.int64)
    curve = curve_of("Equity", times, equity)
    view.set_curves((curve,), 0, 2 * count * HOUR_NS, percent=False, empty="")
    picture = view.grab().toImage()
    future = picture.pixelColor(500, 100)
    assert future.name() == current().tokens.raised.name(), "what is not reached is blank"
    view.set_curves((curve, curve), 0, count * HOUR_NS, percent=True, empty="")
    view.grab()
    view.set_curves((), 0, 1, percent=False, empty="Nothing.")
    view.grab()
