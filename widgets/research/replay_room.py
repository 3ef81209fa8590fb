"""The room of a replay: the panels of live trading over what is over, the figures so far, and the transport below."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QElapsedTimer, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.chart.chart_panel import ChartPanel
from widgets.depth.depth_panel import DepthPanel
from widgets.docks.dock_layout import Layout, Tabs, column, row
from widgets.docks.docking import DockArea
from widgets.engine.one_click import OneClick
from widgets.footprint.footprint_panel import FootprintPanel
from widgets.heatmap.heatmap_panel import HeatmapPanel
from widgets.ladder.ladder_panel import LadderPanel
from widgets.look.numbers import format_date, format_money, format_quantity, format_time, tone_of
from widgets.look.tokens import Tone
from widgets.news.news_desk import NewsDesk
from widgets.news.news_panel import NewsPanel
from widgets.panels.balances_panel import BalancesPanel
from widgets.panels.fills_panel import FillsPanel
from widgets.panels.journal_panel import JournalPanel
from widgets.panels.live_panel import LivePanel
from widgets.panels.log_panel import LogPanel
from widgets.panels.orders_panel import OrdersPanel
from widgets.panels.pnl_panel import PnlPanel
from widgets.panels.positions_panel import PositionsPanel
from widgets.panels.results_panel import ResultsPanel
from widgets.panels.risk_panel import RiskPanel
from widgets.panels.strategies_panel import StrategiesPanel
from widgets.panels.trade_notes import TradeNotes
from widgets.panels.trade_pictures import TradePictures
from widgets.research.analysis_panel import AnalysisPanel
from widgets.research.equity_panel import EquityPanel
from widgets.research.replay import Replay
from widgets.research.replay_bar import ReplayBar
from widgets.research.result_panels import FiguresPanel
from widgets.research.run_chart import bring_into_view, mark_of
from widgets.research.shown_result import Shown, ShownResult
from widgets.research.trade_layer import TradeLayer
from widgets.research.trades_panel import TradesPanel
from widgets.tape.tape_panel import TapePanel
from widgets.ticket.size_presets import SizePresets
from widgets.ticket.templates import TemplateBook
from widgets.watchlist.watchlist_panel import WatchlistPanel
from widgets.watchlist.watchlists import Watchlists
from widgets.window.banner import Cell
from workstation.config.settings import Desktop
from workstation.core.timeframe import utc_datetime
from workstation.replay.backtest import BacktestSource
from workstation.replay.source import ReplaySource
from workstation.storage.layout import DataFolder

RESULT_FRAMES = 15
"""The figures of a run follow it at this pace, or at a slower one where they take long to compute."""
RESULT_REST = 20
"""Between two computations so many times as long as one takes."""
DEFAULT_TIMEFRAME = "1m"
ANYWHERE = (Qt.Key.Key_Space, Qt.Key.Key_Left, Qt.Key.Key_Right)
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
TABLES = ("positions", "orders", "fills", "balances", "results", "journal", "strategies", "news", "log")
MARKET = ("chart", "heatmap", "footprint")

SESSION: Layout = row(
    column(
        row(Tabs(("watchlist",), 240), Tabs(MARKET), Tabs(("ladder", "depth"), 270), Tabs(("tape",), 182)),
        row(Tabs(TABLES), Tabs(("risk",), 278), Tabs(("pnl",), 350), size=230),
    )
)
SESSION_COMPACT: Layout = column(
    row(Tabs(MARKET), Tabs(("ladder", "tape", "depth"), 256)),
    row(Tabs(TABLES), Tabs(("risk", "pnl", "watchlist"), 262), size=150),
)
RUN: Layout = row(
    column(Tabs(("chart",)), Tabs(("run equity", *TABLES), 230)),
    column(Tabs(("run figures",), 504), Tabs(("run trades", "run analysis")), size=400),
)
RUN_COMPACT: Layout = row(
    column(Tabs(("chart",)), Tabs(("run equity", "run trades", *TABLES), 170)),
    Tabs(("run figures", "run analysis"), 300),
)


def _layouts(source: ReplaySource) -> tuple[Layout, Layout]:
    return (SESSION, SESSION_COMPACT) if source.has_depth else (RUN, RUN_COMPACT)


class ReplayRoom(QWidget):
    """Shown in place of the live panels, which stay as they are."""

    left = Signal()
    cells_changed = Signal(list)  # Cells of the banner
    told = Signal(str)

    def __init__(
        self, source: ReplaySource, desktop: Desktop, folder: DataFolder, parent: QWidget | None = None
    ) -> None:
        """Raises ``WorkstationError`` when the source cannot be opened."""
        super().__init__(parent)
        self.replay = Replay(source, self)
        self.source = source
        self.result = ShownResult(self)
        self.result.hint = "Nothing has been traded yet."
        self._frames = 0
        self._since_result = QElapsedTimer()
        self._since_result.start()
        self._result_ms = 0
        model = self.replay.model
        # Without a parent: with one, Qt makes a main window a window of its own.
        self.area = DockArea(*_layouts(source))
        timeframe = source.timeframe or DEFAULT_TIMEFRAME
        indicators = next((chart.indicators for chart in desktop.charts if chart.symbol in source.symbols), ())
        self.chart = ChartPanel(model, source.symbols[0], timeframe, indicators)
        self.chart.view.model.ends = True
        self.trades = TradeLayer()
        self.bar = ReplayBar(self.replay)
        self.bar.left.connect(self.left)
        self._add_panels(desktop, folder)
        column_ = QVBoxLayout(self)
        column_.setContentsMargins(0, 0, 0, 0)
        column_.setSpacing(0)
        column_.addWidget(self.area, 1)
        column_.addWidget(self.bar)
        self.replay.moved.connect(self._follow)
        self.replay.changed.connect(self._follow_at_once)
        self.replay.told.connect(self.told)
        model.result_told.connect(lambda result: self.told.emit(result.text))
        self.area.reset()

    @property
    def title(self) -> str:
        return self.source.title

    def _add_panels(self, desktop: Desktop, folder: DataFolder) -> None:
        model, area = self.replay.model, self.area
        panel = area.add_panel("chart", self.chart.title, self.chart)
        self.chart.title_changed.connect(panel.set_title)
        if self.source.has_depth:
            area.add_panel("watchlist", "Watchlist", WatchlistPanel(model, Watchlists(model.engine, parent=model)))
            one_click, sizes = OneClick(model, desktop.one_click_minutes), SizePresets(parent=model)
            ladder = LadderPanel(model, TemplateBook(parent=model), one_click, sizes)
            area.add_panel("ladder", "Ladder", ladder)
            area.add_panel("tape", "Tape", TapePanel(model, desktop.tape_threshold, desktop.order_flow.tape_burst_ms))
            area.add_panel("heatmap", "Heatmap", HeatmapPanel(model))
            imbalance = desktop.order_flow.footprint_imbalance_percent
            area.add_panel("footprint", "Footprint", FootprintPanel(model, imbalance))
            area.add_panel("depth", "Depth", DepthPanel(model))
            area.add_panel("risk", "Risk", RiskPanel(model))
            area.add_panel("pnl", "P&L", PnlPanel(model))
        else:
            area.add_panel("run equity", "Equity", EquityPanel(model, self.result))
            area.add_panel("run figures", "Figures", FiguresPanel(model, self.result))
            area.add_panel("run trades", "Trades", TradesPanel(model, self.result, folder.reports))
            area.add_panel("run analysis", "Analysis", AnalysisPanel(model, self.result))
            self.chart.view.price_pane.surface.add_layer(self.trades)
            self.result.changed.connect(self._draw_trades)
            self.result.trade_chosen.connect(self._show_trade)
        area.add_panel("positions", "Positions", PositionsPanel(model))
        area.add_panel("orders", "Orders", OrdersPanel(model))
        area.add_panel("fills", "Fills", FillsPanel(model))
        area.add_panel("balances", "Balances", BalancesPanel(model))
        area.add_panel("results", "Results", ResultsPanel(model))
        # Those of the session were written later, and may tell how it went.
        notes = TradeNotes(None, model, "Notes of a replay end with it; the session's own are in the live journal.")
        pictures = TradePictures(None, notes, lambda symbol: None, model)
        area.add_panel("journal", "Journal", JournalPanel(model, notes, pictures))
        area.add_panel("news", "News", NewsPanel(model, NewsDesk(model, model)))
        area.add_panel("strategies", "Strategies", StrategiesPanel(model))
        area.add_panel("log", "Log", LogPanel(model))
        for each in area.panels():
            content = each.widget()
            if isinstance(content, LivePanel):
                each.visibilityChanged.connect(content.set_in_front)

    def _draw_trades(self) -> None:
        shown = self.result.now
        self.trades.chosen = self.result.trade
        self.trades.set_marks([mark_of(trade) for trade in shown.result.trades] if shown is not None else [])
        self.chart.view.price_pane.surface.update()

    def _show_trade(self, number: int) -> None:
        shown = self.result.now
        trade = next((each for each in shown.result.trades if each.number == number), None) if shown else None
        if trade is not None:
            self.trades.chosen = number
            bring_into_view(self.chart.view, trade)

    def begin(self) -> None:
        """Show the first moment and take the keys."""
        self.bar.setFocus()
        # What came at the first moment itself, as the bars before it and the book, belongs to its picture.
        self.replay.go_to(self.source.start_ns)
        self._follow_at_once()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The transport's keys, wherever in the room the focus is and does not want them itself.

        Not those that a list leaves over at its ends.
        """
        if event.key() not in ANYWHERE or not self.bar.take_key(event):
            super().keyPressEvent(event)

    def close_replay(self) -> None:
        """End it; nothing of it is heard any more."""
        self.replay.close()

    def cells(self) -> Sequence[Cell]:
        """What the banner shows of the moment."""
        engine = self.replay.engine
        account = engine.account()
        moment, time_ns = utc_datetime(engine.now_ns()), engine.now_ns()
        clock = format_time(time_ns)
        when = f"{WEEKDAYS[moment.weekday()]} {format_date(time_ns, year=True)} {clock}"
        positions = [position for position in engine.positions() if position.quantity]
        if len(positions) == 1:
            held = positions[0]
            instrument = engine.market(held.symbol).instrument
            unit = f" {instrument.base}"
            position = Cell(
                "Position then",
                format_quantity(held.quantity, instrument.lot, signed=True) + unit,
                Tone.UP if held.quantity > 0 else Tone.DOWN,
                priority=3,
            )
        else:
            position = Cell("Positions then", str(len(positions)) if positions else "none", priority=3)
        return (
            Cell("Replay time, UTC", when, priority=0),
            Cell("Equity then", format_money(account.equity, currency=account.currency), priority=1),
            Cell("Today then", format_money(account.day_result, signed=True), tone_of(account.day_result), priority=4),
            position,
        )

    def _follow(self) -> None:
        self._frames += 1
        if self._frames % RESULT_FRAMES == 0 and self._since_result.elapsed() >= RESULT_REST * self._result_ms:
            self._follow_at_once()

    def _follow_at_once(self) -> None:
        if self.replay.travelling:
            return
        self.cells_changed.emit(list(self.cells()))
        source = self.source
        if isinstance(source, BacktestSource) and not source.has_depth:
            self._since_result.start()
            result = source.result_until(self.replay.time_ns)
            self.result.show(
                None
                if result is None
                else Shown(source.title, 0, result, source.start_ns, source.end_ns, source.instrument)
            )
            self._result_ms = self._since_result.restart()
