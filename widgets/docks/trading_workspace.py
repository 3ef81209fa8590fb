"""The trading workspace: every panel in its place, linked by the chosen symbol."""

from __future__ import annotations

from dataclasses import replace

from widgets.chart.chart_panel import ChartPanel
from widgets.docks.dock_layout import TRADING, TRADING_COMPACT, Layout, Split, Tabs
from widgets.docks.docking import DockArea
from widgets.engine.engine_model import EngineModel
from widgets.ladder.ladder_panel import LadderPanel
from widgets.panels.connections_panel import ConnectionsPanel
from widgets.panels.fills_panel import FillsPanel
from widgets.panels.live_panel import LivePanel
from widgets.panels.log_panel import LogPanel
from widgets.panels.orders_panel import OrdersPanel
from widgets.panels.pnl_panel import PnlPanel
from widgets.panels.positions_panel import PositionsPanel
from widgets.panels.reconciliation_panel import ReconciliationPanel
from widgets.panels.risk_panel import RiskPanel
from widgets.panels.strategies_panel import StrategiesPanel
from widgets.panels.watchlist_panel import WatchlistPanel
from widgets.research.panels import add_research
from widgets.research.research import Research
from widgets.tape.tape_panel import TapePanel
from widgets.ticket.ticket_panel import TicketPanel
from workstation.config.settings import Chart, Desktop
from workstation.core.messages import Difference
from workstation.core.views import AccountView

LINK = "A"


def with_charts(layout: Layout, names: tuple[str, ...]) -> Layout:
    """The layout with these charts as tabs where it has one."""
    if isinstance(layout, Tabs):
        return replace(layout, panels=names) if layout.panels == ("chart",) else layout
    return Split(layout.orientation, tuple(with_charts(child, names) for child in layout.children), layout.size)


class TradingWorkspace(DockArea):
    """Panels by name; the first chart, ladder, tape and ticket follow the symbol of the watchlist."""

    def __init__(self, model: EngineModel, desktop: Desktop, research: Research | None = None) -> None:
        symbols = set(model.engine.symbols)
        charts = [chart for chart in desktop.charts if chart.symbol in symbols]
        charts = charts or [Chart(symbol=model.symbol, timeframe="15m", indicators=())]
        names = ("chart", *(f"chart {number}" for number in range(2, len(charts) + 1)))
        super().__init__(with_charts(TRADING, names), with_charts(TRADING_COMPACT, names))
        self.model = model
        model.choose_symbol(charts[0].symbol)
        self.watchlist = WatchlistPanel(model)
        self.ticket = TicketPanel(model)
        self.ladder = LadderPanel(model)
        self.tape = TapePanel(model, desktop.tape_threshold)
        self.charts = [
            ChartPanel(model, chart.symbol, chart.timeframe, chart.indicators, linked=number == 0)
            for number, chart in enumerate(charts)
        ]
        self.positions = PositionsPanel(model)
        self.orders = OrdersPanel(model)
        self.fills = FillsPanel(model)
        self.strategies = StrategiesPanel(model)
        self.reconciliation = ReconciliationPanel(model)
        self.connections = ConnectionsPanel(model)
        self.log = LogPanel(model)
        self.risk = RiskPanel(model)
        self.pnl = PnlPanel(model)
        self.research = research
        self._add_all(names)
        model.account_changed.connect(self._count)
        model.differences_changed.connect(self._count_differences)
        self._count_differences(model.differences)
        model.fills_added.connect(lambda _: self.panel("fills").set_count(len(model.fills)))
        self.panel("fills").set_count(len(model.fills))
        self.panel("strategies").set_count(len(model.engine.strategies()))
        self.panel("watchlist").set_count(len(model.engine.symbols))

    def _add_all(self, chart_names: tuple[str, ...]) -> None:
        self.add_panel("watchlist", "Watchlist", self.watchlist, link=LINK)
        self.add_panel("ticket", "Ticket", self.ticket, link=LINK).add_tool(self.ticket.options)
        for name, chart in zip(chart_names, self.charts):
            panel = self.add_panel(name, chart.title, chart, link=LINK if chart.linked else "")
            chart.title_changed.connect(panel.set_title)
        self.add_panel("ladder", "Ladder", self.ladder, link=LINK)
        self.add_panel("tape", "Tape", self.tape, link=LINK)
        self.add_panel("positions", "Positions", self.positions)
        self.add_panel("orders", "Orders", self.orders).add_tool(self.orders.working_only)
        self.add_panel("fills", "Fills", self.fills)
        self.add_panel("strategies", "Strategies", self.strategies)
        self.add_panel("reconcile", "Reconcile", self.reconciliation)
        self.add_panel("connections", "Connections", self.connections)
        self.add_panel("log", "Log", self.log)
        self.add_panel("risk", "Risk", self.risk)
        self.add_panel("pnl", "P&L", self.pnl)
        if self.research is not None:
            add_research(self, self.model, self.research)

        for each in self.panels():
            content = each.widget()
            if isinstance(content, LivePanel):
                each.visibilityChanged.connect(content.set_in_front)

    def _count_differences(self, differences: tuple[Difference, ...]) -> None:
        self.panel("reconcile").set_count(len(differences) or None, alarmed=bool(differences))

    def _count(self, account: AccountView) -> None:
        self.panel("positions").set_count(len(self.model.engine.positions()))
        self.panel("orders").set_count(account.working_orders)
