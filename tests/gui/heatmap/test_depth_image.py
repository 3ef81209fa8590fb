"""The cells: an image that is brought up to date column by column shows what one that is painted anew shows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot

from widgets.heatmap import depth_image
from widgets.heatmap.bubbles import radii
from widgets.heatmap.depth_image import DepthImage, two_figures
from widgets.look.theme import current
from workstation.market.order_flow.depth_history import DepthHistory

SECOND = 1_000_000_000
ROWS, COLUMNS = 30, 40


def book(number: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    middle = 1000 + number % 7
    bids = [(middle - n, (number * 31 + n * 17) % 90 + 1) for n in range(12)]
    return bids, [(middle + 1 + n, (number * 13 + n * 29) % 90 + 1) for n in range(12)]


def drawn(image: DepthImage, first: int, last: int, top: int) -> QImage:
    target = QImage(2 * (last - first + 1), 3 * ROWS, QImage.Format.Format_RGB32)
    target.fill(QColor("magenta"))
    painter = QPainter(target)
    image.draw(painter, QRect(0, 0, target.width(), target.height()), first, last, top, ROWS)
    painter.end()
    return target


@pytest.fixture
def history(qtbot: QtBot) -> DepthHistory:
    return DepthHistory(SECOND, columns=512)


def test_brought_up_to_date_it_shows_what_it_shows_painted_anew(history: DepthHistory) -> None:
    ramp = current().tokens.heatmap
    image = DepthImage(ramp)
    for number in range(200, 420):
        history.take(number * SECOND, *book(number))
        history.take(number * SECOND + 5, *book(number + 1))
        top = 1015 + number // 30
        image.show(history, number - COLUMNS + 1, number, top, ROWS, 1)
        if number % 23 == 0:
            fresh = DepthImage(ramp)
            fresh.full_scale = image.full_scale
            fresh.show(history, number - COLUMNS + 1, number, top, ROWS, 1)
            if fresh.full_scale == image.full_scale:
                shown = (number - COLUMNS + 1, number, top)
                assert drawn(image, *shown) == drawn(fresh, *shown)
    assert image.full_scale > 0


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(-45, 45), st.integers(0, 3)), min_size=1, max_size=12))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_panned_anywhere_it_shows_what_it_shows_painted_anew(
    history: DepthHistory, monkeypatch: pytest.MonkeyPatch, moves: list[tuple[int, int, int]]
) -> None:
    """By columns and rows, while so many seconds pass."""
    monkeypatch.setattr(depth_image, "SCALE_SLACK", float("inf"))
    now = history.last if history.last >= 0 else 300
    image = DepthImage(current().tokens.heatmap)
    image.full_scale = 80.0
    last, top = now, 1000 + ROWS // 2
    for columns, rows, passed in moves:
        for number in range(now + 1, now + 1 + passed):
            history.take(number * SECOND, *book(number))
        now += passed
        last, top = min(now, last + columns), top + rows
        shown = (last - COLUMNS + 1, last, top)
        image.show(history, *shown, ROWS, 1)
        fresh = DepthImage(current().tokens.heatmap)
        fresh.full_scale = 80.0
        fresh.show(history, *shown, ROWS, 1)
        assert drawn(image, *shown) == drawn(fresh, *shown)


def test_a_cell_has_the_colour_of_its_size_and_no_size_that_of_the_ground(history: DepthHistory) -> None:
    tokens = current().tokens
    history.take(0, [(10, 1)], [(12, 1000)])
    history.take(SECOND, [(10, 500)], [(12, 1000)])
    image = DepthImage(tokens.heatmap)
    image.show(history, 0, 1, 12 + ROWS // 2, ROWS, 1)
    assert image.full_scale == 1000
    picture, middle = drawn(image, 0, 1, 12 + ROWS // 2), 3 * (ROWS // 2) + 1
    assert picture.pixelColor(1, middle) == tokens.heatmap[-1]
    assert picture.pixelColor(1, middle + 3) == tokens.ground
    assert picture.pixelColor(3, middle + 6) == tokens.heatmap[31]
    assert image.lots_at(1, 10) == 500
    assert image.lots_at(1, 10_000) == image.lots_at(7, 10) == 0


def test_other_colours_come_with_another_theme(history: DepthHistory) -> None:
    history.take(0, [(10, 5)], [])
    image = DepthImage(current().tokens.heatmap)
    image.show(history, 0, 0, 10, ROWS, 1)
    image.set_ramp([QColor("red")] * 64)
    assert drawn(image, 0, 0, 10).pixelColor(0, 0) == QColor("red")


@pytest.mark.parametrize(("value", "rounded"), [(1234.0, 1300.0), (1200.0, 1200.0), (0.0511, 0.052), (9.91, 10.0)])
def test_the_full_scale_has_two_figures(value: float, rounded: float) -> None:
    assert two_figures(value) == pytest.approx(rounded)


def test_areas_of_discs_are_as_the_sizes() -> None:
    found = radii(np.array([1, 25, 100, 400]), 100.0, 12)
    assert found.tolist() == [2, 6, 12, 12]


def test_columns_that_were_shown_before_they_came_are_painted_when_they_have(history: DepthHistory) -> None:
    """A replay went back and takes in what follows; the view still stands where it was."""
    image = DepthImage(current().tokens.heatmap)
    for _ in range(2):
        image.show(history, 201, 240, 1015, ROWS, 1)  # nothing is there yet
    history.take(200 * SECOND, *book(200))
    image.show(history, 201, 240, 1015, ROWS, 1)
    for number in range(201, 220):
        history.take(number * SECOND, *book(number))
    fresh = DepthImage(current().tokens.heatmap)
    for last in (215, 219):
        image.show(history, last - COLUMNS + 1, last, 1015, ROWS, 1)
        fresh.forget()
        fresh.show(history, last - COLUMNS + 1, last, 1015, ROWS, 1)
        image.full_scale = fresh.full_scale
        image._colour_all()
        assert drawn(image, last - COLUMNS + 1, last, 1015) == drawn(fresh, last - COLUMNS + 1, last, 1015)
