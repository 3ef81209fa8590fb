"""The program's own icon, drawn from one SVG in every size that a desktop asks for."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon, QImage, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from widgets.look.tokens import RESOURCES

FILE = RESOURCES / "application" / "workstation.svg"
WINDOW_SIZES = (16, 32, 48, 128)


def icon_image(size: int) -> QImage:
    """The icon, ``size`` pixels wide and high, on a transparent ground."""
    image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(str(FILE)).render(painter)
    painter.end()
    return image


def application_icon() -> QIcon:
    """Of windows and their place in the task bar."""
    icon = QIcon()
    for size in WINDOW_SIZES:
        icon.addPixmap(QPixmap.fromImage(icon_image(size)))
    return icon
