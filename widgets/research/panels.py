"""The research panels of a workspace, by the names that ``dock_layout.RESEARCH`` places."""

from __future__ import annotations

from widgets.docks.docking import DockArea
from widgets.engine.engine_model import EngineModel
from widgets.research.backtest_panel import BacktestPanel
from widgets.research.compare_panel import ComparePanel
from widgets.research.equity_panel import EquityPanel
from widgets.research.recorded_panel import RecordedPanel
from widgets.research.research import Research
from widgets.research.result_panels import FiguresPanel, TradesPanel
from widgets.research.run_chart import RunChartPanel
from widgets.research.runs_panel import RunsPanel


def add_research(area: DockArea, model: EngineModel, research: Research) -> None:
    """Add them, closed as long as the layout does not name them. They build themselves when they are first shown."""
    chart = RunChartPanel(model, research)

    def show_trade(time_ns: int) -> None:
        area.show_panel("run chart")
        chart.show_time(time_ns)

    trades = TradesPanel(model, research.shown, research.folder.reports, show_trade)
    area.add_panel("backtest", "Backtest", BacktestPanel(model, research))
    area.add_panel("runs", "Runs", RunsPanel(model, research, lambda: area.show_panel("compare")))
    area.add_panel("recorded", "Recorded", RecordedPanel(model, research))
    area.add_panel("run chart", "Run chart", chart)
    area.add_panel("run equity", "Equity", EquityPanel(model, research.shown))
    area.add_panel("compare", "Compare", ComparePanel(model, research.shown))
    area.add_panel("run figures", "Figures", FiguresPanel(model, research.shown))
    area.add_panel("run trades", "Trades", trades)
