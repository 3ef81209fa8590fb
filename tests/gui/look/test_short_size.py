"""Sizes in little room."""

from __future__ import annotations

from decimal import Decimal

import pytest
from PySide6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot

from widgets.look.painting import CENTRE, LEFT, RIGHT, Canvas
from widgets.look.short_size import ShortSize
from widgets.look.theme import current


@pytest.mark.parametrize(
    ("largest", "lot", "lots", "text"),
    [
        (15_500, "0.001", 3_300, "3.3"),
        (4_770, "0.001", 30, "0.03"),
        (512, "0.001", 7, "0.007"),
        (250_000, "0.001", 99_400, "99"),
        (12_345_678, "1", 1_234_567, "1.2M"),
        (54_000, "1", 500, "0.5k"),
        (7, "1", 7, "7"),
        (0, "0.1", 0, "0.0"),
        (1_000, "0.001", 1_000, "1.00"),
    ],
)
def test_the_largest_has_about_three_figures_and_the_others_its_decimals(
    largest: int, lot: str, lots: int, text: str
) -> None:
    assert ShortSize.of(largest, Decimal(lot)).text(lots) == text


def test_signs_are_the_true_ones() -> None:
    short = ShortSize.of(-2_600, Decimal("0.001"))
    assert (short.text(-2_600, signed=True), short.text(1_800, signed=True)) == ("−2.60", "+1.80")


@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_a_label_lies_where_the_text_would(qtbot: QtBot, ratio: float) -> None:
    def box(method: str, align: object) -> tuple[int, int, int, int]:
        image = QImage(round(120 * ratio), round(30 * ratio), QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(ratio)
        image.fill(0)
        painter = QPainter(image)
        canvas = Canvas(painter, image.rect().toRectF().adjusted(0, 0, 0, 0), ratio)
        width, height = 120 * ratio, 30 * ratio
        getattr(canvas, method)(0, 0, width, height, "42,018.4", current().tokens.text_1, align)
        painter.end()
        lit = [(x, y) for x in range(image.width()) for y in range(image.height()) if image.pixel(x, y) & 0xFFFFFF]
        xs, ys = [x for x, _ in lit], [y for _, y in lit]
        return min(xs), max(xs), min(ys), max(ys)

    for align in (LEFT, RIGHT, CENTRE):
        for ours, theirs in zip(box("label", align), box("text", align), strict=True):
            assert abs(ours - theirs) <= 1
