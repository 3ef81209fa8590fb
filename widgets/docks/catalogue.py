"""Every panel that a workspace may hold: one entry each, in the order of the menus."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from widgets.alerts.alerts_panel import AlertsPanel
from widgets.alerts.chart_alerts import ChartAlerts
from widgets.chart.chart_feed import spaced
from widgets.chart.chart_panel import ChartPanel
from widgets.chart.drawings.drawing_shelf import DrawingShelf
from widgets.chart.trading.chart_orders import ChartOrders
from widgets.depth.depth_panel import DepthPanel
from widgets.depth.liquidity_panel import LiquidityPanel
from widgets.docks.panel_kind import Count, PanelKind
from widgets.docks.user_content import UserContent
from widgets.engine.engine_model import EngineModel
from widgets.engine.linked_model import LETTERS
from widgets.engine.one_click import OneClick
from widgets.footprint.footprint_panel import FootprintPanel
from widgets.heatmap.heatmap_panel import HeatmapPanel
from widgets.ladder.ladder_panel import LadderPanel
from widgets.news.news_desk import NewsDesk
from widgets.news.news_panel import NewsPanel
from widgets.panels.balances_panel import BalancesPanel
from widgets.panels.connections_panel import ConnectionsPanel
from widgets.panels.fills_panel import FillsPanel
from widgets.panels.journal_panel import JournalPanel
from widgets.panels.log_panel import LogPanel
from widgets.panels.orders_panel import OrdersPanel
from widgets.panels.pnl_panel import PnlPanel
from widgets.panels.positions_panel import PositionsPanel
from widgets.panels.reconciliation_panel import ReconciliationPanel
from widgets.panels.results_panel import ResultsPanel
from widgets.panels.risk_panel import RiskPanel
from widgets.panels.strategies_panel import StrategiesPanel
from widgets.panels.trade_pictures import ExitPictures
from widgets.research.panels import research_kinds
from widgets.research.research import Research
from widgets.tape.tape_panel import TapePanel
from widgets.ticket.templates_panel import TemplatesPanel
from widgets.ticket.ticket_panel import TicketPanel
from widgets.watchlist.watchlist_panel import WatchlistPanel
from workstation.config.settings import Chart, Desktop

LINK = LETTERS[0]


def catalogue(
    model: EngineModel,
    desktop: Desktop,
    settings: Callable[[EngineModel], QWidget],
    made: UserContent,
    one_click: OneClick,
    research: Research | None = None,
) -> tuple[PanelKind, ...]:
    """The panels for this engine. A new panel is one entry here, and its name in the layouts.

    ``settings`` builds the panel of the configuration, which the window knows. ``made`` is what people make in the
    window, ``one_click`` its one-click trading, ``research`` what the research panels share.
    """
    drawings, templates, alerts, notes = made.drawings, made.templates, made.alerts, made.notes
    lists, pictures = made.watchlists, made.pictures
    if desktop.journal_pictures:
        ExitPictures(model, pictures)
    news = NewsDesk(model, model)

    def dress(chart: ChartPanel) -> None:
        ChartAlerts(chart, alerts, chart.model)
        ChartOrders(chart, one_click, templates)

    return (
        PanelKind(
            "watchlist",
            "Watchlist",
            lambda m: WatchlistPanel(m, lists),
            LINK,
            count=Count(lambda m: len(lists.symbols(lists.shown)), signal=lists.changed),
        ),
        PanelKind(
            "alerts",
            "Alerts",
            lambda m: AlertsPanel(m, alerts),
            tools=lambda panel: (panel.new, panel.sound),
            count=Count(lambda m: sum(each.enabled for each in alerts.book.alerts) or None, signal=alerts.changed),
        ),
        PanelKind(
            "ticket",
            "Ticket",
            lambda m: TicketPanel(m, templates, one_click, made.sizes),
            LINK,
            tools=lambda ticket: (ticket.arm, ticket.options),
        ),
        PanelKind("templates", "Templates", lambda m: TemplatesPanel(m, templates)),
        *chart_kinds(model, desktop, drawings, dress),
        PanelKind("ladder", "Ladder", lambda m: LadderPanel(m, templates, one_click, made.sizes), LINK),
        PanelKind("tape", "Tape", lambda m: tape(m, desktop), LINK, tools=lambda tape: (tape.filter,)),
        PanelKind("heatmap", "Heatmap", HeatmapPanel, LINK),
        PanelKind("footprint", "Footprint", lambda m: footprint(m, desktop), LINK),
        PanelKind("depth", "Depth", DepthPanel, LINK),
        PanelKind("liquidity", "Liquidity", LiquidityPanel, LINK),
        PanelKind("positions", "Positions", PositionsPanel, count=Count(count_positions, "account_changed")),
        PanelKind("orders", "Orders", OrdersPanel, tools=lambda orders: (orders.working_only,), count=WORKING),
        PanelKind("fills", "Fills", FillsPanel, count=Count(lambda m: len(m.heard.fills), "fills_added")),
        PanelKind("strategies", "Strategies", StrategiesPanel, count=Count(lambda m: len(m.engine.strategies()))),
        PanelKind("reconcile", "Reconcile", ReconciliationPanel, count=DIFFERENCES),
        PanelKind("connections", "Connections", ConnectionsPanel),
        PanelKind("balances", "Balances", BalancesPanel),
        PanelKind(
            "news",
            "News",
            lambda m: NewsPanel(m, news),
            count=Count(lambda m: news.unseen or None, alarming=True, signal=news.changed),
        ),
        PanelKind("log", "Log", LogPanel),
        PanelKind("risk", "Risk", RiskPanel),
        PanelKind("pnl", "P&L", PnlPanel),
        PanelKind("results", "Results", ResultsPanel),
        PanelKind("journal", "Journal", lambda m: JournalPanel(m, notes, pictures)),
        *(research_kinds(research) if research is not None else ()),
        PanelKind("settings", "Settings", settings),
    )


def tape(model: EngineModel, desktop: Desktop) -> TapePanel:
    return TapePanel(model, desktop.tape_threshold, desktop.order_flow.tape_burst_ms)


def footprint(model: EngineModel, desktop: Desktop) -> FootprintPanel:
    return FootprintPanel(model, desktop.order_flow.footprint_imbalance_percent)


def count_positions(model: EngineModel) -> int:
    return len(model.engine.positions())


WORKING = Count(lambda model: model.account.working_orders, "account_changed")
DIFFERENCES = Count(lambda model: len(model.differences) or None, "differences_changed", alarming=True)


def charts_of(model: EngineModel, desktop: Desktop) -> list[Chart]:
    """The configured charts whose symbols the engine has; one where there is none."""
    charts = [chart for chart in desktop.charts if chart.symbol in model.engine.symbols]
    return charts or [Chart(symbol=model.engine.symbols[0], timeframe="15m", indicators=())]


def chart_kinds(
    model: EngineModel, desktop: Desktop, drawings: DrawingShelf, dress: Callable[[ChartPanel], None]
) -> list[PanelKind]:
    """``chart``, ``chart 2``, …: the first follows the link group. ``dress`` adds what a live chart has beside."""
    kinds = []
    for number, chart in enumerate(charts_of(model, desktop), 1):

        def build(model: EngineModel, chart: Chart = chart) -> ChartPanel:
            panel = ChartPanel(model, model.symbol, chart.timeframe, chart.indicators, drawings=drawings)
            dress(panel)
            return panel

        name, link = ("chart", LINK) if number == 1 else (f"chart {number}", "")
        kinds.append(PanelKind(name, f"{chart.symbol} {spaced(chart.timeframe)}", build, link, symbol=chart.symbol))
    return kinds
