"""The four panic buttons at the right end of the mode banner."""

from __future__ import annotations

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from widgets.controls.controls import Button, ButtonKind
from widgets.look.theme import Density, current

LINE = 2  # pixels of the mode's line below the banner
MARGIN = 10
KILL_GAP = 14


class PanicButtons(QWidget):
    """Pause strategies, Cancel all, Flatten, Kill: one place and size in every mode, theme and state."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.pause = Button("Pause strategies", icon="pause", parent=self)
        self.cancel_all = Button("Cancel all", icon="cancel", parent=self)
        self.flatten = Button("Flatten", icon="flatten", parent=self)
        self.kill = Button("KILL", ButtonKind.KILL, icon="kill", parent=self)
        self.pause.setToolTip("Pauses every running strategy. Orders and positions stay.")
        self.cancel_all.setToolTip("Cancels all working entries and ends execution algorithms. Protective stops stay.")
        self.flatten.setToolTip("Closes every position at the market.")
        self.kill.setAccessibleName("Kill")
        for button in (self.pause, self.cancel_all, self.flatten):
            button.set_count(0)
        self.arrange()

    def arrange(self) -> None:
        """Place the buttons from the right end for the current density."""
        theme = current()
        self.pause.setText("Pause" if theme.density is Density.COMPACT else "Pause strategies")
        self.pause.setAccessibleName("Pause strategies")
        height = theme.metrics.banner_button
        top = (theme.metrics.banner - LINE - height) // 2
        kill_width = 72 if theme.density is Density.COMPACT else 88
        widths = [button.sizeHint().width() for button in (self.pause, self.cancel_all, self.flatten)]
        x = MARGIN
        for button, width in zip((self.pause, self.cancel_all, self.flatten), widths, strict=True):
            button.setGeometry(x, top, width, height)
            x += width + 6
        x += KILL_GAP - 6
        self.kill.setGeometry(x, top, kill_width, height)
        self.setFixedSize(x + kill_width + 8, theme.metrics.banner - LINE)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = current().tokens
        painter = QPainter(self)
        painter.fillRect(self.rect(), tokens.ground)
        painter.fillRect(QRect(0, 0, 1, self.height()), tokens.hairline)
