"""What stands on the screen after any ticks, new bars, pans, zooms and sizes is what painting all of it anew gives."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from widgets.chart.chart_view import ChartView
from widgets.chart.kinds import ChartKind
from widgets.chart.model import LineKind, OrderLine
from widgets.chart.studies import Studies

COUNT = 400
MINUTE = 60_000_000_000
START_NS = 1_700_000_040 * 1_000_000_000
SIZES = ((700, 420), (640, 380), (811, 455))
SHADE = 6
"""Qt rounds the shade of an antialiased line a little differently where it is cut off."""
Channels = NDArray[np.int16]
ACTS = ("tick", "tick", "tick", "append", "pan", "zoom", "size", "point", "away", "kind", "order")


class Drawn:
    """A chart with indicators in its price pane and below, and what can happen to it; `steps` is any whole number."""

    def __init__(self, qtbot: QtBot) -> None:
        self.chart = ChartView()
        qtbot.addWidget(self.chart)
        self.chart.resize(*SIZES[0])
        random = np.random.default_rng(3)
        close = 42_000 + np.cumsum(random.normal(0, 9, COUNT))
        open_ = np.concatenate([close[:1], close[:-1]])
        reach = random.uniform(1, 12, (2, COUNT))
        high, low = np.maximum(open_, close) + reach[0], np.minimum(open_, close) - reach[1]
        times = START_NS + np.arange(COUNT, dtype=np.int64) * MINUTE
        self.chart.set_instrument("BTCUSDT", "Perpetual · 1 m", Decimal("0.1"))
        self.chart.set_bars(times, open_, high, low, close, random.uniform(1, 9, COUNT))
        self.studies = Studies(self.chart)
        self.studies.choose(("EMA(9)", "EMA(5)", "RSI(14)"))
        self.chart.show()
        QApplication.processEvents()

    def act(self, name: str, steps: int) -> None:
        acts: dict[str, Callable[[int], None]] = {
            "tick": self._tick,
            "append": self._append,
            "pan": lambda steps: self.chart.pan_share(steps / 60),
            "zoom": lambda steps: self.chart.zoom_at(1.02**steps, 300),
            "size": lambda steps: self.chart.resize(*SIZES[steps % len(SIZES)]),
            "point": self._point,
            "away": lambda steps: self.chart.hand.point_away(),
            "kind": lambda steps: self.chart.set_kind(list(ChartKind)[steps % len(ChartKind)]),
            "order": self._order,
        }
        acts[name](steps)
        QApplication.processEvents()

    def _point(self, steps: int) -> None:
        self.chart.hand.point_at(self.chart.price_pane, QPointF(300 + steps * 3, 150 + steps))

    def _tick(self, steps: int) -> None:
        bar = self.chart.model.series.bar(len(self.chart.model.series) - 1)
        price = bar.close + steps * 0.7
        self.chart.update_last_bar(bar.open, max(bar.high, price), min(bar.low, price), price, bar.volume + 0.2)
        self.studies.follow()

    def _append(self, steps: int) -> None:
        bar = self.chart.model.series.bar(len(self.chart.model.series) - 1)
        price = bar.close + steps * 0.3
        self.chart.append_bar(bar.open_ns + MINUTE, bar.close, max(bar.close, price), min(bar.close, price), price, 1.0)
        self.studies.follow()

    def _order(self, steps: int) -> None:
        price = Decimal(round(self.chart.model.series.bar(COUNT - 1).close) + steps)
        self.chart.set_orders([OrderLine("one", LineKind.WORKING, price, START_NS + 390 * MINUTE, "Buy 0.5")])

    def on_screen(self) -> Channels:
        return _channels(self.chart.screen().grabWindow(self.chart.winId()).toImage())

    def anew(self) -> Channels:
        """All of it painted without what is kept."""
        for pane in self.chart.panes:
            pane.surface._seen, pane.surface._picture = (), None
        self.chart.model._columns = self.chart.model._ticks = None
        return _channels(self.chart.grab().toImage())

    def error(self) -> int:
        """The largest difference of a channel, of 255, between the two."""
        return int(np.abs(self.on_screen() - self.anew()).max())


def _channels(image: QImage) -> Channels:
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint8).astype(np.int16)


@pytest.fixture
def drawn(qtbot: QtBot) -> Drawn:
    return Drawn(qtbot)


@given(st.lists(st.tuples(st.sampled_from(ACTS), st.integers(-25, 25)), min_size=6, max_size=20))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_screen_shows_what_painting_anew_shows(drawn: Drawn, acts: list[tuple[str, int]]) -> None:
    for name, steps in acts:
        drawn.act(name, steps)
        # Ticks of the same view let the picture of the settled bars be taken, and kept.
        drawn.act("tick", 1)
        drawn.act("tick", -1)
    assert drawn.error() <= SHADE


def test_ticks_are_drawn_over_a_picture_that_is_kept(drawn: Drawn) -> None:
    for steps in (1, -2, 3, 1):
        drawn.act("tick", steps)
    assert drawn.chart.price_pane.surface.keeps_picture
    before = drawn.on_screen()
    drawn.act("tick", -4)
    assert (drawn.on_screen() != before).any()
    assert drawn.error() <= SHADE
