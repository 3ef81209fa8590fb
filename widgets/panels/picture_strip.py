"""The pictures of a round trip as thumbnails, and one of them at its full size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QImage, QImageReader, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QMenu, QSizePolicy, QWidget

from widgets.look import shapes
from widgets.look.theme import current
from widgets.research.background import Background

THUMB = QSize(128, 72)
LARGEST = QSize(1600, 900)


def read_picture(path: Path, bounds: QSize) -> QImage:
    """A picture within these bounds, in its own proportions; a null image for a file that is gone or damaged."""
    reader = QImageReader(str(path))
    size = reader.size()
    if size.isValid() and (size.width() > bounds.width() or size.height() > bounds.height()):
        reader.setScaledSize(size.scaled(bounds, Qt.AspectRatioMode.KeepAspectRatio))
    return reader.read()


class Thumbnail(QWidget):
    """Opens by a click or Return; a right click removes."""

    opened = Signal()
    removed = Signal()

    def __init__(self, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.path = path
        self.image = QImage()
        self.missing = False
        self.setFixedSize(THUMB)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("A click shows it at full size, a right click removes it")
        self.setAccessibleName(f"Picture {path.name}")

    def take(self, image: QImage) -> None:
        self.image, self.missing = image, image.isNull()
        self.update()

    def make_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Show at full size", self.opened.emit)
        menu.addAction("Remove this picture", self.removed.emit)
        return menu

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = current().tokens
        painter = QPainter(self)
        painter.fillRect(self.rect(), tokens.raised)
        size = self.image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        area = QRect((self.width() - size.width()) // 2, (self.height() - size.height()) // 2, *size.toTuple())
        painter.drawImage(area, self.image)
        if self.missing:
            shapes.write(painter, self.rect(), "File is gone", tokens.text_3, current().font(11), shapes.CENTRE)
        shapes.box(painter, self.rect(), None, tokens.accent if self.hasFocus() else tokens.border, radius=0)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.opened.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.opened.emit()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.make_menu().popup(event.globalPos())


class PictureWindow(QDialog):
    """One picture as large as it is, or as the window allows."""

    def __init__(self, title: str, image: QImage, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(False)
        self.setWindowTitle(title)
        self.image = image
        self.resize(image.size().boundedTo(LARGEST))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), current().tokens.ground)
        size = self.image.size()
        if size.width() > self.width() or size.height() > self.height():
            size = size.scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        area = QRect((self.width() - size.width()) // 2, (self.height() - size.height()) // 2, *size.toTuple())
        painter.drawImage(area, self.image)


class PictureStrip(QWidget):
    """Thumbnails are read in a thread; without pictures the strip takes no room."""

    removed = Signal(str)  # the file's name

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.thumbnails: list[Thumbnail] = []
        self._paths: list[Path] = []
        self._background = Background(self)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(6, 4, 6, 4)
        self._row.setSpacing(6)
        self._row.addStretch(1)
        self.hide()

    def show_pictures(self, paths: Sequence[Path]) -> None:
        if list(paths) == self._paths:
            return
        self._paths = list(paths)
        for thumbnail in self.thumbnails:
            self._row.removeWidget(thumbnail)
            thumbnail.deleteLater()
        self.thumbnails = [self._thumbnail(place, path) for place, path in enumerate(paths)]
        self.setVisible(bool(paths))

    def _thumbnail(self, place: int, path: Path) -> Thumbnail:
        made = Thumbnail(path, self)
        made.opened.connect(lambda: self.open(path))
        made.removed.connect(lambda: self.removed.emit(path.name))
        self._row.insertWidget(place, made)
        self._read(path, THUMB, lambda image: made.take(image) if made in self.thumbnails else None)
        return made

    def open(self, path: Path) -> None:
        """Show one at its full size."""
        self._read(path, QSize(8_000, 8_000), lambda image: self._show_window(path, image))

    def _show_window(self, path: Path, image: QImage) -> None:
        if not image.isNull():
            PictureWindow(path.name, image, self.window()).show()

    def _read(self, path: Path, bounds: QSize, then: Callable[[QImage], None]) -> None:
        self._background.run(lambda: read_picture(path, bounds), then, lambda _: None)
