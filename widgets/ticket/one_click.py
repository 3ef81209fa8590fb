"""One-click trading: while it is armed, a press in the ladder or the chart orders at once, without the ticket's button.

It is armed for a time and disarms itself: then, by Esc, with another symbol, trading state or mode, and when the window
loses control of the account.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from widgets.engine.engine_model import EngineModel, Result
from workstation.core.timeframe import MINUTE_NS, SECOND_NS
from workstation.core.views import AccountView


class OneClick(QObject):
    """Of one ticket. ``minutes`` is how long it stays armed; ``changed`` says that it was armed, disarmed, or that a
    second of it is over."""

    changed = Signal()

    def __init__(self, model: EngineModel, minutes: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model
        self._lasts_ns = minutes * MINUTE_NS
        self._until_ns = 0
        self._armed_for = ("", "", "")
        self._shown_s = 0
        model.symbol_chosen.connect(lambda _: self.disarm("another symbol"))
        model.account_changed.connect(self._follow)
        model.control_changed.connect(self._look_at_control)
        model.ticked.connect(self._tick)
        model.disarm_wanted.connect(lambda: self.disarm("Esc"))

    @property
    def armed(self) -> bool:
        return self._until_ns > self._model.engine.now_ns()

    @property
    def left_s(self) -> int:
        """Seconds until it disarms itself, rounded up; 0 when it is not armed."""
        left_ns = self._until_ns - self._model.engine.now_ns()
        return max(0, -(-left_ns // SECOND_NS)) if self._until_ns else 0

    def arm(self) -> None:
        """For its whole time, also where it was armed already."""
        if self._model.blocked:
            self._model.result_told.emit(Result(self._model.blocked, False))
            self.changed.emit()
            return
        account = self._model.account
        self._armed_for = _state_of(account)
        self._until_ns = self._model.engine.now_ns() + self._lasts_ns
        self._model.result_told.emit(Result("One-click is armed: a press in the ladder orders at once. Esc disarms."))
        self.changed.emit()

    def disarm(self, why: str) -> None:
        """Nothing happens when it is not armed."""
        if not self._until_ns:
            return
        self._until_ns = 0
        self._model.result_told.emit(Result(f"One-click is disarmed: {why}."))
        self.changed.emit()

    def _follow(self, account: AccountView) -> None:
        if self._until_ns and _state_of(account) != self._armed_for:
            self.disarm(f"{account.mode}, trading is {account.trading_state}")

    def _look_at_control(self) -> None:
        if self._model.blocked:
            self.disarm("this window does not trade")

    def _tick(self, _: int) -> None:
        if not self._until_ns:
            return
        left_s = self.left_s
        if left_s == 0:
            self.disarm("its time is over")
        elif left_s != self._shown_s:
            self._shown_s = left_s
            self.changed.emit()


def _state_of(account: AccountView) -> tuple[str, str, str]:
    """What it was armed for: a change of any of them disarms."""
    return account.mode, account.name, account.trading_state
