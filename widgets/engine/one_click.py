"""One-click trading: while it is armed, a click in the ladder or on the chart orders at once, without the ticket.

It is armed for the account as a whole, in ladder, chart or ticket. It disarms itself: after its time, by Esc, with
another symbol, trading state or mode, a kill, and when the window loses control of the account.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from widgets.controls.presets import preset_lots
from widgets.engine.engine_model import EngineModel, Result
from workstation.core.timeframe import MINUTE_NS, SECOND_NS
from workstation.core.views import AccountView


class OneClick(QObject):
    """Of one engine; it goes with the model. ``minutes`` is how long it stays armed."""

    changed = Signal()  # it was armed or disarmed, or a second of it is over

    def __init__(self, model: EngineModel, minutes: int) -> None:
        super().__init__(model)
        self.minutes = minutes
        self._model = model
        self.sizes: dict[str, int] = {}
        """Lots of a click by symbol, as chosen in the ladder."""
        self._until_ns = 0
        self._armed_for = _state_of(model.account)
        self._shown_s = 0
        model.symbol_chosen.connect(self._follow_symbol)
        model.account_changed.connect(self._follow)
        model.control_changed.connect(self._look_at_control)
        model.ticked.connect(self._tick)
        model.disarm_wanted.connect(self._escape)

    @property
    def model(self) -> EngineModel:
        """The window's own, whose symbol it is armed for."""
        return self._model

    @property
    def symbol(self) -> str:
        return self._model.symbol

    @property
    def armed(self) -> bool:
        return self._until_ns > self._model.engine.now_ns()

    @property
    def remaining(self) -> str:
        """``4:59``, minutes and seconds until it disarms itself; ``0:00`` when it is not armed."""
        left_s = self._left_s()
        return f"{left_s // 60}:{left_s % 60:02}"

    def lots(self, symbol: str) -> int:
        """The size of a click: that of the ladder, else the middle one of what the ladder would offer."""
        chosen = self.sizes.get(symbol)
        if chosen is not None:
            return chosen
        market = self._model.engine.market(symbol)
        return preset_lots(market.instrument, market.last_price, self._model.account.equity)[1]

    def switch(self, on: bool) -> None:
        """What a person presses."""
        if on:
            self.arm()
        else:
            self.disarm("by hand")

    def arm(self) -> None:
        """For its whole time, also where it was armed already. Refused, in a sentence, where nothing can be traded."""
        account = self._model.account
        refusal = self._model.blocked or ("One-click stays off: trading is killed." if account.killed else "")
        if refusal:
            self._model.result_told.emit(Result(refusal, False))
        else:
            self._armed_for = _state_of(account)
            self._until_ns = self._model.engine.now_ns() + self.minutes * MINUTE_NS
            self._model.result_told.emit(
                Result("One-click is armed: a click in the ladder trades, and Ctrl+click on the chart. Esc disarms.")
            )
        self.changed.emit()

    def disarm(self, why: str) -> None:
        """Nothing happens when it is not armed."""
        if self._until_ns:
            self._until_ns = 0
            self._model.result_told.emit(Result(f"One-click is disarmed: {why}."))
            self.changed.emit()

    def _follow_symbol(self, _: str) -> None:
        self.disarm("another symbol")

    def _left_s(self) -> int:
        """Rounded up."""
        return max(0, -(-(self._until_ns - self._model.engine.now_ns()) // SECOND_NS))

    def _escape(self) -> None:
        self.disarm("Esc")

    def _follow(self, account: AccountView) -> None:
        if _state_of(account) != self._armed_for:
            self.disarm(f"{account.mode}, trading is {account.trading_state}")

    def _look_at_control(self) -> None:
        if self._model.blocked:
            self.disarm("this window does not trade")

    def _tick(self, _: int) -> None:
        if not self._until_ns:
            return
        left_s = self._left_s()
        if left_s == 0:
            self.disarm("its time is over")
        elif left_s != self._shown_s:
            self._shown_s = left_s
            self.changed.emit()


def _state_of(account: AccountView) -> tuple[str, str, str, bool]:
    """What it was armed for: a change of any of them disarms."""
    return account.mode, account.name, account.trading_state, account.killed
