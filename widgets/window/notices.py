"""What is told beyond the window: a sound and the system's notification for what a trader must not miss."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from widgets.engine.engine_model import EngineModel
from widgets.look.numbers import format_quantity
from widgets.news.news_item import News
from widgets.news.news_words import NewsWords
from widgets.window.appearance import Appearance
from workstation.core.messages import CrisisChanged, Difference, PositionLiquidated, StrategyChanged
from workstation.core.types import Severity, TradingState
from workstation.core.views import AccountView, FillView

TOLD = (CrisisChanged, StrategyChanged, PositionLiquidated)
"""Beside the state of trading, the feed and the account: crisis mode, a strategy that failed, a liquidation."""


class Sound(StrEnum):
    """Each is a file of resources/sounds."""

    FILL = "fill"
    ALERT = "alert"
    WARNING = "warning"


class Notices(QObject):
    """Of one engine. Whoever can, shows and plays what the signals carry; nothing is told twice."""

    notified = Signal(str, str)  # title and text
    sounded = Signal(object)  # Sound

    def __init__(self, model: EngineModel, appearance: Appearance, window: QWidget) -> None:
        super().__init__(window)
        self._model = model
        self._appearance = appearance
        self._window = window
        self._state = model.account.trading_state
        self._killed = model.account.killed
        self._differs = bool(model.differences)
        self._stale = False
        self._words = NewsWords(lambda: ())
        self._waiting: list[News] = []
        for kind in TOLD:
            model.listen(kind, self._hear)
        model.ticked.connect(self._tell_waiting)
        model.account_changed.connect(self._follow)
        model.fills_added.connect(self._tell_fills)
        model.differences_changed.connect(self._follow_differences)

    def tell(self, title: str, text: str, sound: Sound | None) -> None:
        """Tell it as the person chose: by sound, by notification, by both or not at all."""
        if sound is not None and self._appearance.choice("sounds") == "true":
            self.sounded.emit(sound)
        if self._appearance.choice("notifications") == "true":
            self.notified.emit(title, text)

    def _hear(self, event: object) -> None:
        """Only kept: the engine is in the middle of its work."""
        news = self._words.of(event)
        if news is not None and news.severity is not Severity.INFO:
            self._waiting.append(news)

    def _tell_waiting(self, _: int) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            news, more = waiting[-1], f" And {len(waiting) - 1} more." if len(waiting) > 1 else ""
            where = f"{news.where}: " if news.where else ""
            self.tell(
                f"{self._model.account.name}: {news.severity.name.lower()}",
                f"{where}{news.text}.{more}",
                Sound.WARNING,
            )

    def _follow(self, account: AccountView) -> None:
        if account.killed and not self._killed:
            self.tell(f"{account.name}: killed", f"{account.trading_reason}.", Sound.WARNING)
        elif account.trading_state is not self._state and account.trading_state is not TradingState.ACTIVE:
            title = f"{account.name}: trading is {account.trading_state}"
            self.tell(title, f"{account.trading_reason}.", Sound.WARNING)
        self._killed, self._state = account.killed, account.trading_state
        self._follow_feed(account)

    def _follow_feed(self, account: AccountView) -> None:
        engine = self._model.engine
        last_ns = max((engine.market(symbol).last_ns for symbol in engine.symbols), default=0)
        stale = bool(last_ns) and engine.now_ns() - last_ns > engine.stale_ns
        if stale and not self._stale:
            self.tell(f"{account.name}: no prices", "New orders are denied until the feed is back.", Sound.WARNING)
        self._stale = stale

    def _follow_differences(self, differences: tuple[Difference, ...]) -> None:
        if differences and not self._differs:
            text = "Ours and the venue's differ; trading is halted until a person decides."
            self.tell(f"{self._model.account.name}: the account differs", text, Sound.WARNING)
        self._differs = bool(differences)

    def _tell_fills(self, fills: list[FillView]) -> None:
        """A sound for the batch; words only while nobody looks at the window."""
        if self._appearance.choice("sounds") == "true":
            self.sounded.emit(Sound.FILL)
        if self._appearance.choice("notifications") == "true" and not self._window.isActiveWindow():
            fill = fills[-1]
            quantity = format_quantity(fill.quantity, fill.quantity)
            more = f" and {len(fills) - 1} more" if len(fills) > 1 else ""
            text = f"{fill.side.word.capitalize()} {quantity} {fill.symbol} at {fill.price}, {fill.owner}{more}"
            self.notified.emit(f"{self._model.account.name}: filled", text)
