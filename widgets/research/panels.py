"""The research panels, by the names that ``dock_layout.RESEARCH`` places."""

from __future__ import annotations

from widgets.docks.panel_kind import PanelKind
from widgets.engine.engine_model import EngineModel
from widgets.research.analysis_panel import AnalysisPanel
from widgets.research.backtest_panel import BacktestPanel
from widgets.research.compare_panel import ComparePanel
from widgets.research.equity_panel import EquityPanel
from widgets.research.recorded_panel import RecordedPanel
from widgets.research.research import Research
from widgets.research.result_panels import FiguresPanel
from widgets.research.run_chart import RunChartPanel
from widgets.research.run_log_panel import RunLogPanel
from widgets.research.runs_panel import RunsPanel
from widgets.research.trades_panel import TradesPanel


def research_kinds(research: Research) -> tuple[PanelKind, ...]:
    """They build themselves when they are first shown."""

    def trades(model: EngineModel) -> TradesPanel:
        bring_chart = lambda: research.panel_wanted.emit("run chart")  # noqa: E731
        return TradesPanel(model, research.shown, research.folder.reports, bring_chart)

    def runs(model: EngineModel) -> RunsPanel:
        return RunsPanel(model, research, lambda: research.panel_wanted.emit("compare"))

    return (
        PanelKind("backtest", "Backtest", lambda model: BacktestPanel(model, research)),
        PanelKind("runs", "Runs", runs),
        PanelKind("recorded", "Recorded", lambda model: RecordedPanel(model, research)),
        PanelKind("run chart", "Run chart", lambda model: RunChartPanel(model, research)),
        PanelKind("run equity", "Equity", lambda model: EquityPanel(model, research.shown)),
        PanelKind("compare", "Compare", lambda model: ComparePanel(model, research.shown)),
        PanelKind("run figures", "Figures", lambda model: FiguresPanel(model, research.shown)),
        PanelKind("run trades", "Trades", trades),
        PanelKind("run analysis", "Analysis", lambda model: AnalysisPanel(model, research.shown)),
        PanelKind("run log", "Run log", lambda model: RunLogPanel(model, research.shown)),
    )
