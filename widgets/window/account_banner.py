"""What the banner tells of the account: its figures, what a command came to, differences that halt trading."""

from __future__ import annotations

from PySide6.QtCore import QObject

from widgets.engine.engine_model import EngineModel, Result
from widgets.look.numbers import MONEY_DECIMALS, format_money, format_percent, tone_of
from widgets.look.tokens import Mode, Tone
from widgets.window.arming_banner import ArmingBanner
from widgets.window.banner import Banner, Cell
from widgets.window.lockout_banner import lockout_cells
from widgets.window.panic import Panic, plural, warn_of_stale_feed
from workstation.core.messages import Difference
from workstation.core.types import TradingState
from workstation.core.views import AccountView

STATE_TONES = {TradingState.ACTIVE: Tone.GOOD, TradingState.REDUCING: Tone.WARNING, TradingState.HALTED: Tone.BAD}


class AccountBanner(QObject):
    """Of one engine. While a replay is shown, the figures are its own, and one line says how the session stands."""

    def __init__(self, model: EngineModel, banner: Banner, panic: Panic) -> None:
        super().__init__(banner)
        self._model = model
        self._banner = banner
        self._panic = panic
        self._arming = ArmingBanner(model, banner)
        self._arming.setParent(self)
        self._replaying = False
        self._stale = ""
        model.account_changed.connect(self._show)
        model.result_told.connect(self._show_result)
        model.differences_changed.connect(self._show_differences)
        self._show_differences(model.differences)

    def show_account(self, *, replaying: bool) -> None:
        """Show it at once, from now on beside a replay or alone."""
        self._replaying = replaying
        self._show(self._model.account)

    def _show(self, account: AccountView) -> None:
        self._panic.show_scope(account)
        if self._replaying:
            self._show_running(account)
            return
        attachment = self._model.engine.attachment
        place = account.venue
        if attachment is not None:
            place += (
                ", engine in its own process" if attachment.own is not None else f", attached to {attachment.place}"
            )
        self._banner.set_account(account.name, place)
        self._banner.set_cells(self._cells(account))
        if attachment is None or not attachment.trouble:
            self._stale = warn_of_stale_feed(self._banner, self._model, self._stale)

    def _show_running(self, account: AccountView) -> None:
        mode, day = Mode(self._model.engine.mode.value), account.day_result
        result = format_money(day, signed=True)
        self._banner.set_running_session(mode, f"{account.name} runs on", result, tone_of(day))

    def _cells(self, account: AccountView) -> tuple[Cell, ...]:
        today = f"{format_money(account.day_result, signed=True)}  {format_percent(account.day_percent, signed=True)}"
        open_result = format_money(account.unrealised, signed=True)
        open_tone = tone_of(account.unrealised, MONEY_DECIMALS)
        state, tone = str(account.trading_state), STATE_TONES[account.trading_state]
        if account.crisis:
            state, tone = f"{state}, crisis mode", Tone.WARNING if tone is Tone.GOOD else tone
        return (
            Cell("Equity", format_money(account.equity, currency=account.currency), priority=0),
            Cell("Today", today, tone_of(account.day_result, MONEY_DECIMALS), priority=1),
            Cell("Open P&L", open_result, open_tone, priority=5),
            Cell("Exposure", format_percent(account.exposure_percent, 1), priority=4),
            # What keeps orders back stays beside the longest message.
            Cell("Trading", state, tone, dot=True, priority=2 if tone is Tone.GOOD else -1),
            *lockout_cells(account, self._model.engine.now_ns()),
            *self._arming.follow(),
        )

    def _show_differences(self, differences: tuple[Difference, ...]) -> None:
        count = plural(len(differences), "difference")
        self._banner.set_notice(f"{count}: trading is halted" if differences else "")

    def _show_result(self, result: Result) -> None:
        self._banner.set_result(result.text, result.good)
