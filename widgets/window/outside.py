"""Between the window and the rest of the desktop: files dropped onto it, alerts, sounds, notifications, the tray."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject
from PySide6.QtWidgets import QSystemTrayIcon, QWidget

from widgets.actions.registry import Actions
from widgets.alerts.alert_cards import AlertCards
from widgets.alerts.alert_desk import AlertDesk
from widgets.engine.engine_model import EngineModel
from widgets.look.tokens import Tone
from widgets.window.appearance import Appearance
from widgets.window.banner import Banner
from widgets.window.drop_import import DropImport, local_files
from widgets.window.notices import Notices, Sound
from widgets.window.sounds import Sounds
from widgets.window.tray import Tray


class Outside(QObject):
    """Of one engine. ``places`` are the options of the command line that name its configuration and data;
    the cards of alerts stand ``over`` the panels."""

    def __init__(
        self,
        model: EngineModel,
        alerts: AlertDesk,
        appearance: Appearance,
        banner: Banner,
        places: Sequence[str] | None,
        add_workspace: Callable[[str], None],
        replay: Callable[[Sequence[Path]], None],
        over: QWidget,
    ) -> None:
        super().__init__(over.window())
        self._model = model
        self._banner = banner
        self.notices = Notices(model, appearance, over.window())
        self.notices.setParent(self)
        self._alerts = alerts
        self.alert_cards = AlertCards(alerts, over)
        self.alert_cards.symbol_wanted.connect(model.choose_symbol)
        self.alert_cards.told.connect(self._tell_alert)
        self.drops = DropImport(places, add_workspace, replay, self)
        self.drops.told.connect(self._tell)

    def attend(self, actions: Actions) -> None:
        """Somebody looks at the window: play sounds, and stand in the tray where the system has one."""
        sounds = Sounds(self)
        self.notices.sounded.connect(sounds.play)
        if QSystemTrayIcon.isSystemTrayAvailable():
            tray = Tray(self._model, actions, self)
            self.notices.notified.connect(tray.notify)
            tray.icon.messageClicked.connect(lambda: actions.run("window.show"))

    @staticmethod
    def wants(dropped: QMimeData) -> bool:
        """Whether it holds files of this computer."""
        return bool(local_files(dropped))

    def take(self, dropped: QMimeData) -> None:
        """Import or replay what can be; the banner says what came of it."""
        self.drops.take(local_files(dropped))

    def _tell_alert(self, title: str, text: str) -> None:
        self.notices.tell(title, text, None if self._alerts.muted else Sound.ALERT)

    def _tell(self, words: str, good: bool, action: str) -> None:
        self._banner.set_message(words, Tone.NORMAL if good else Tone.WARNING, action=action, act=self.drops.cancel)
