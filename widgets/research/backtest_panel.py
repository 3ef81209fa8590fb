"""The form of a backtest: what is tested on what, with which parameters and costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import Qt, SignalInstance
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from widgets.controls.controls import Button, ButtonKind, SectionHeader, ToneLabel
from widgets.controls.form import Form
from widgets.engine.engine_model import EngineModel
from widgets.look.tokens import Tone
from widgets.panels.live_panel import LivePanel
from widgets.research.backtest_setup import BacktestSetup
from widgets.research.cost_fields import cost_fields
from widgets.research.research import Markets, Research
from workstation.backtest.engine import BacktestRequest
from workstation.backtest.job import BacktestJob
from workstation.core.errors import WorkstationError


class BacktestPanel(LivePanel):
    """Fills itself when it is first shown."""

    def __init__(self, model: EngineModel, research: Research, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.research = research
        self._built = False
        research.settings_wanted.connect(self._show_job)

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        return ((self.research.markets_changed, self.refresh),)

    def refresh(self) -> None:
        if not self._built:
            self._built = True
            self._build()
        self.research.read_markets(self.setup.take_markets)

    def _build(self) -> None:
        settings = self.research.settings
        self.setup = BacktestSetup(self.research)
        self.parameters = Form([])
        costs = settings.backtest
        self.costs = Form(cost_fields(costs.costs, costs.cash, settings.account.currency))
        self.costs.edited.connect(self._check)
        self.problem = ToneLabel("", Tone.BAD, pixels=11)
        self.problem.setWordWrap(True)
        self.run_button = Button("Run backtest", ButtonKind.PRIMARY, icon="play")
        self.run_button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.run_button.clicked.connect(self.run)
        self.reset_button = Button("Reset")
        self.reset_button.setToolTip("Back to the defaults and to what the configuration says.")
        self.reset_button.clicked.connect(self.reset)
        self._lay_out()
        self.setup.strategy_chosen.connect(self._show_parameters)
        self.setup.changed.connect(self._check)
        self.reset()

    def _lay_out(self) -> None:
        inside = QWidget()
        inside.setBackgroundRole(QPalette.ColorRole.Base)
        inside.setAutoFillBackground(True)
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(10, 8, 10, 8)
        self._column.setSpacing(4)
        for widget in (
            self.setup,
            SectionHeader("Parameters"),
            self.parameters,
            SectionHeader("Costs and account"),
            self.costs,
        ):
            self._column.addWidget(widget)
        self._column.addStretch(1)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        foot = QWidget()
        row = QHBoxLayout(foot)
        row.setContentsMargins(10, 4, 10, 10)
        row.addWidget(self.run_button, 1)
        row.addWidget(self.reset_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(area, 1)
        self.problem.setContentsMargins(10, 2, 10, 2)
        column.addWidget(self.problem)
        column.addWidget(foot)

    # --- What is chosen ---------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """The configuration's strategy, bars, costs and balance; the chosen symbol of the window."""
        wanted, setup = self.research.settings.backtest, self.setup
        setup.strategy.setCurrentText(wanted.strategy)
        setup.timeframe.setCurrentText(wanted.timeframe)
        setup.symbol.setCurrentText(self.model.symbol)
        self.costs.reset_to_defaults()
        self._show_parameters()
        setup.show_series()

    def _show_parameters(self) -> None:
        """The declared ones, as the configuration sets them for this strategy."""
        name = self.setup.strategy.currentText()
        try:
            title, declared = self.research.registry.describe(name)
        except WorkstationError as error:
            title, declared = str(error), {}
        self.setup.strategy.setToolTip(title)
        entries = self.research.settings.strategies.values()
        configured = next((dict(entry.parameters) for entry in entries if entry.strategy == name), {})
        values = {key: value for key, value in configured.items() if key in declared}
        form = Form(declared.values(), values)
        form.edited.connect(self._check)
        self._column.replaceWidget(self.parameters, form)
        self.parameters.hide()
        self.parameters.deleteLater()
        self.parameters = form
        # It was made last, and Tab would come to it last.
        form.follow(self.setup.end)
        self._check()

    def _show_job(self, job: BacktestJob) -> None:
        """What a run was made with, on the markets that there are now."""
        if not self._built:
            self.refresh()

        def fill(found: Markets) -> None:
            self.setup.take_markets(found)
            try:
                self._fill(job)
            except WorkstationError as error:
                self.problem.setText(f"The settings of run {job.number} no longer fit: {error}")

        self.research.read_markets(fill)

    def _fill(self, job: BacktestJob) -> None:
        """Raises ``StrategyError`` when the strategy is gone or has other parameters by now."""
        request = job.request
        strategy = self.research.registry.create(
            request.strategy, request.strategy, request.symbol, request.timeframe, dict(request.parameters)
        )
        market = Path(job.recordings[0]).name if job.recordings else next(iter(request.series), "")
        there = self.setup.choose(request, market)
        self.parameters.set_values(strategy.parameter_values())
        self.costs.set_values(
            {
                "taker_fee": request.costs.taker_bps,
                "maker_fee": request.costs.maker_bps,
                "slippage": request.costs.slippage_bps,
                "balance": request.cash,
                "loss_limits": request.loss_limits,
                "seed": request.seed,
            }
        )
        self.problem.setText("" if there else f"{market}, on which run {job.number} was made, is no longer there.")
        self._check()

    # --- Running ----------------------------------------------------------------------------------------------------

    def _check(self) -> str:
        """Mark what is wrong; the first sentence, empty when the backtest can be run."""
        wrong = [*self.setup.errors(), *self.parameters.errors().values(), *self.costs.errors().values()]
        first = next(filter(None, wrong), "")
        self.run_button.setEnabled(not first)
        self.run_button.setToolTip(first or "Runs in a process of its own; live trading goes on undisturbed.")
        return first

    def request(self) -> BacktestRequest:
        """What the form asks for. Raises ValueError with a sentence where it is not right."""
        wrong = self._check()
        if wrong:
            raise ValueError(wrong)
        settings, given = self.research.settings, self.costs.values()
        setup = self.setup
        start_ns, end_ns = setup.period()
        costs = settings.backtest.costs
        slippage = given["slippage"]
        costs = msgspec.structs.replace(
            costs,
            taker_bps=given["taker_fee"],
            maker_bps=given["maker_fee"],
            slippage_bps=slippage,
            maximum_slippage_bps=max(slippage, costs.maximum_slippage_bps),
        )
        return BacktestRequest(
            symbol=setup.symbol.currentText(),
            timeframe=setup.timeframe.currentText(),
            strategy=setup.strategy.currentText(),
            start_ns=start_ns,
            end_ns=end_ns,
            cash=given["balance"],
            costs=costs,
            parameters=self.parameters.values(),
            loss_limits=given["loss_limits"],
            seed=given["seed"],
            series=() if setup.recording is not None else (setup.series.currentText(),),
        )

    def run(self) -> None:
        """Queue what the form asks for."""
        try:
            recording = self.setup.recording
            self.research.run(self.request(), [] if recording is None else [recording])
        except (ValueError, WorkstationError) as error:
            self.problem.setText(str(error))
        else:
            self.problem.setText("")
