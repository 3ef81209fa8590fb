"""Result of the day and the equity line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.engine.engine_model import EngineModel
from widgets.look.numbers import MONEY_DECIMALS, format_money, format_percent, tone_of
from widgets.look.tokens import Tone
from widgets.panels.equity_view import EquityView, Figure
from widgets.panels.live_panel import LivePanel

LIVE_FRAMES = 30
REALISED = "Of closed positions since the account began, not of today alone; before fees and funding."
OPEN = "Of open positions at the mark price, before the fees of closing them."
COSTS = "Since the account began, not of today alone; paid when negative."
DRAWDOWN = "Below the highest equity. A person who ends crisis mode or resumes after a drawdown lets it count anew."


class PnlPanel(LivePanel):
    def __init__(self, model: EngineModel, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.view = EquityView(self)
        self._times = np.empty(0, dtype=np.int64)
        self._values = np.empty(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.view)

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        model = self.model
        return (
            (model.account_changed, self._show_figures),
            (model.equity_added, self._read),
            (self.frames, self._tick),
        )

    def refresh(self) -> None:
        self._read()
        self._show_figures()

    def _tick(self, frame: int) -> None:
        if self.due(frame, LIVE_FRAMES):
            self._show_curve()

    def _read(self) -> None:
        points = self.model.heard.equity
        self._times = np.fromiter((point.ts_ns for point in points), np.int64, len(points))
        self._values = np.fromiter((point.equity for point in points), np.float64, len(points))
        self._show_curve()

    def _show_curve(self) -> None:
        """The samples and the equity of this moment."""
        account, now_ns = self.model.account, self.model.engine.now_ns()
        times, values = self._times, self._values
        if not len(times) or now_ns > times[-1]:
            times, values = np.append(times, now_ns), np.append(values, float(account.equity))
        self.view.set_curve(times, values, account.currency)

    def _show_figures(self, _: object = None) -> None:
        account = self.model.account
        costs = account.funding - account.fees
        self.view.set_day_result(account.day_result)
        self.view.set_figures(
            (
                Figure(
                    "Realised, total",
                    format_money(account.realised, signed=True),
                    tone_of(account.realised, MONEY_DECIMALS),
                    REALISED,
                ),
                Figure(
                    "Open",
                    format_money(account.unrealised, signed=True),
                    tone_of(account.unrealised, MONEY_DECIMALS),
                    OPEN,
                ),
                Figure("Fees, funding", format_money(costs, signed=True), Tone.LABEL, COSTS),
                Figure("Drawdown", format_percent(-account.drawdown_percent, 1), Tone.LABEL, DRAWDOWN),
            )
        )
