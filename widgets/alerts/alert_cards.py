"""How an alert is told in the window: a card that stays until it is put away."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from widgets.alerts.alert_desk import AlertDesk
from widgets.controls.controls import IconButton, ToneLabel
from widgets.look import shapes
from widgets.look.numbers import format_time
from widgets.look.theme import current
from widgets.look.tokens import Tone
from workstation.market.alerts.alert_book import Firing

WIDTH: Final = 320
MARGIN: Final = 12
MOST_CARDS: Final = 4


class AlertCard(QWidget):
    """One alert that fired. A click shows its symbol; the cross puts it away."""

    chosen = Signal()

    def __init__(self, title: str, time: str, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedWidth(WIDTH)
        self.setAccessibleName(f"{title} {time}. {text}")
        self.dismiss = IconButton("cross", "Put away")
        self.dismiss.clicked.connect(self.close)
        self.text = ToneLabel(text)
        self.text.setWordWrap(True)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(ToneLabel(title, weight=600))
        head.addWidget(ToneLabel(time, Tone.FAINT, pixels=11), 1)
        head.addWidget(self.dismiss)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 6, 6, 10)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self.text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()
        self.chosen.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens, painter = current().tokens, QPainter(self)
        shapes.box(painter, self.rect(), tokens.raised, tokens.border, radius=0)
        painter.fillRect(0, 0, 3, self.height(), tokens.warning)


class AlertCards(QObject):
    """The newest cards stand at the bottom right of ``over``, away from the buttons that trade; older ones go."""

    symbol_wanted = Signal(str)
    told = Signal(str, str)  # title and text, for whoever tells it beyond the window

    def __init__(self, desk: AlertDesk, over: QWidget) -> None:
        super().__init__(over)
        self._over = over
        self.cards: list[AlertCard] = []
        desk.fired.connect(self.tell)
        over.installEventFilter(self)

    def tell(self, firing: Firing, text: str) -> None:
        alert = firing.alert
        card = AlertCard(f"Alert {alert.symbol}", format_time(firing.ts_ns), text, self._over)
        card.chosen.connect(lambda: self.symbol_wanted.emit(alert.symbol))
        card.dismiss.clicked.connect(lambda: self._forget(card))
        self.cards.append(card)
        for old in self.cards[:-MOST_CARDS]:
            old.close()
        del self.cards[:-MOST_CARDS]
        card.show()
        self._place()
        self.told.emit(f"Alert {alert.symbol}", text)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _forget(self, card: AlertCard) -> None:
        if card in self.cards:
            self.cards.remove(card)
        self._place()

    def _place(self) -> None:
        bottom = self._over.height() - MARGIN
        for card in reversed(self.cards):
            card.setFixedHeight(card.heightForWidth(WIDTH) if card.hasHeightForWidth() else card.sizeHint().height())
            bottom -= card.height()
            card.move(self._over.width() - WIDTH - MARGIN, bottom)
            card.raise_()
            bottom -= MARGIN // 2
