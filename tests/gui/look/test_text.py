"""Text that is laid out once stands where Qt's own stands, and is cut off where Qt's own is."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from widgets.look.style import install
from widgets.look.text import CENTRE, LEFT, RIGHT, draw_text, laid_out
from widgets.look.theme import current

WHITE, BLACK = QColor("white"), QColor("black")
WIDTH, HEIGHT = 130, 48
ALIGNMENTS = (LEFT, RIGHT, CENTRE)


def _painted(text: str, pixels: int, area: QRectF, align: Qt.AlignmentFlag, ratio: float, *, by_qt: bool) -> QImage:
    image = QImage(round(WIDTH * ratio), round(HEIGHT * ratio), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(BLACK)
    painter, font = QPainter(image), current().font(pixels, 500)
    if by_qt:
        painter.setPen(WHITE)
        painter.setFont(font)
        painter.drawText(area, align, text)
    else:
        draw_text(painter, area.x(), area.y(), area.width(), area.height(), text, WHITE, font, align, ratio)
    painter.end()
    return image


def _ink(image: QImage) -> NDArray[np.bool_]:
    """Which pixels are not those of the ground, line by line."""
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.bytesPerLine() // 4)
    ink: NDArray[np.bool_] = pixels[:, : image.width()] != BLACK.rgb()
    return ink


@pytest.mark.parametrize("pixels", [10, 11, 12, 13, 14, 16, 20])
def test_text_is_painted_as_qt_paints_it(qapp: QApplication, pixels: int) -> None:
    install(qapp)
    for height in range(pixels + 5, pixels + 11):
        area = QRectF(3, 2, 110, height)
        for text in ("42,000.1", "−0.35 % gjy"):
            for ratio in (1.0, 2.0):
                for align in ALIGNMENTS:
                    ours = _painted(text, pixels, area, align, ratio, by_qt=False)
                    theirs = _painted(text, pixels, area, align, ratio, by_qt=True)
                    assert np.array_equal(_ink(ours).any(axis=1), _ink(theirs).any(axis=1))
                    assert align != LEFT or ours == theirs


def test_what_does_not_fit_is_cut_off(qapp: QApplication) -> None:
    install(qapp)
    for align in ALIGNMENTS:
        image = _painted("A line that is too long", 12, QRectF(40, 4, 30, 20), align, 1.0, by_qt=False)
        ink = [x for x in range(WIDTH) if any(image.pixelColor(x, y) != BLACK for y in range(HEIGHT))]
        assert ink
        assert min(ink) >= 40
        assert max(ink) < 70


def test_a_line_is_laid_out_once_a_font(qapp: QApplication) -> None:
    install(qapp)
    line = laid_out("42,000.1", current().font(12))
    assert laid_out("42,000.1", current().font(12)) is line
    assert laid_out("42,000.1", current().font(12, 600)).width != line.width
    assert laid_out("two\nlines", current().font(12)).width == laid_out("two lines", current().font(12)).width
