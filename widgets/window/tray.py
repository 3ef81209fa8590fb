"""The icon in the system's tray: the mode's colour, the day's result, and a way back to the window."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRect, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from widgets.actions.registry import Actions
from widgets.engine.engine_model import EngineModel
from widgets.look import shapes
from widgets.look.numbers import format_money, tone_of
from widgets.look.theme import current
from widgets.look.tokens import Mode
from workstation.core.views import AccountView

SIZE = 64
IN_MENU = ("window.show", "trade.pause", "trade.cancel_all", "trade.flatten", "trade.kill", "window.quit")


class Tray(QObject):
    """Of one engine; it goes with it."""

    def __init__(self, model: EngineModel, actions: Actions, parent: QObject) -> None:
        super().__init__(parent)
        self._model = model
        self._actions = actions
        self._shown = ""
        self.menu = QMenu()
        self.menu.aboutToShow.connect(self._fill)
        self.icon = QSystemTrayIcon(self)
        self.icon.setContextMenu(self.menu)
        self.icon.activated.connect(self._press)
        model.account_changed.connect(self.follow)
        self.follow(model.account)
        self.icon.show()
        self.destroyed.connect(self.menu.deleteLater)

    def notify(self, title: str, text: str) -> None:
        """The system's own notification; a click on it shows the window."""
        self.icon.showMessage(title, text, self.icon.icon())

    def follow(self, account: AccountView) -> None:
        """The day's result as words and as the colour of the icon's edge."""
        result = format_money(account.day_result, signed=True, currency=account.currency)
        words = f"{self._model.engine.mode} {account.name}: {result} today, {account.trading_state}"
        if words != self._shown:
            self._shown = words
            self.icon.setToolTip(words)
            self.icon.setIcon(QIcon(self._picture(account)))

    def _picture(self, account: AccountView) -> QPixmap:
        tokens = current().tokens
        picture = QPixmap(SIZE, SIZE)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        mode = tokens.mode(Mode(self._model.engine.mode.value))
        shapes.box(painter, QRect(0, 0, SIZE, SIZE), mode.fill, radius=10)
        shapes.box(painter, QRect(0, SIZE - 20, SIZE, 20), tokens.colour(tone_of(account.day_result)), radius=6)
        letter = current().font(34, 700)
        shapes.write(
            painter, QRect(0, 2, SIZE, 42), str(self._model.engine.mode)[0], mode.on_fill, letter, shapes.CENTRE
        )
        painter.end()
        return picture

    def _fill(self) -> None:
        self.menu.clear()
        for name in IN_MENU:
            self._actions.add_to(self.menu, name)

    def _press(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason is QSystemTrayIcon.ActivationReason.Trigger:
            self._actions.run("window.show")
