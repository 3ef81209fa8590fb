"""A chart with its toolbar: timeframes, indicators, scale; own orders, position, fills and signals on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Signal, SignalInstance
from PySide6.QtGui import QAction, QCursor
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from widgets.chart.chart_feed import ChartFeed, spaced
from widgets.chart.chart_marks import chart_fills, chart_signals, position_line
from widgets.chart.chart_view import ChartView
from widgets.chart.drawings.drawing_menu import DrawingMenu
from widgets.chart.drawings.drawing_shelf import DrawingShelf
from widgets.chart.drawings.drawing_tools import DrawingTools
from widgets.chart.drawings.tool_strip import ToolStrip
from widgets.chart.kinds import PriceScale
from widgets.chart.record_button import RecordButton
from widgets.chart.trading.chart_trading import ChartTrading
from widgets.chart.trading.story_teller import StoryTeller
from widgets.controls.controls import IconButton
from widgets.controls.segmented import Segmented
from widgets.controls.toolbar import Separator, TextButton, Toolbar, popup_below
from widgets.engine.engine_model import SLOW_FRAMES, EngineModel
from widgets.panels.live_panel import LivePanel
from widgets.panels.positions_table import PositionActions, position_row
from workstation.core.messages import CancelOrder, Flatten
from workstation.core.timeframe import TIMEFRAMES
from workstation.core.types import EXTERNAL
from workstation.core.views import PositionView

NEAR_TIMEFRAMES = ("1m", "5m", "15m", "1h", "4h", "1d")
OFFERED = (
    "EMA(21)",
    "EMA(55)",
    "SMA(200)",
    "VWAP",
    "BBANDS(20)",
    "DONCHIAN(20)",
    "SUPERTREND",
    "ICHIMOKU",
    "RSI(14)",
    "MACD",
    "ATR(14)",
    "ADX(14)",
    "STOCH",
)
CLOCK_FRAMES = 15


class ChartPanel(LivePanel):
    """Follows the linked symbol when ``linked``; otherwise it keeps its own."""

    title_changed = Signal(str)

    def __init__(
        self,
        model: EngineModel,
        symbol: str,
        timeframe: str,
        indicators: Sequence[str],
        *,
        linked: bool = True,
        drawings: DrawingShelf | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(model, parent)
        self.linked = linked
        self.symbol = symbol
        self.timeframe = timeframe
        self.indicators = list(indicators)
        self._loaded = False
        self._positions: list[PositionView] = []
        self.view = ChartView(self)
        self.feed = ChartFeed(self.view, model)
        self.view.order_cancel_requested.connect(lambda key: model.command(CancelOrder(client_id=key)))
        self.view.position_close_requested.connect(self._close_position)
        self.position_actions = PositionActions(model, self)
        self.drawing = DrawingTools(self.view, drawings or DrawingShelf(None, self), self)
        self.drawing_menu = DrawingMenu(self.view, self.drawing)
        self.trading = ChartTrading(self.view, model, self)
        self.trading.lines_changed.connect(self._show_orders)
        self.stories = StoryTeller(self.view, model, self)
        self.view.pointers += [self.drawing, self.stories, self.trading]
        self.bar = Toolbar(self)
        self.strip = ToolStrip(self.drawing)
        self.timeframes = Segmented(NEAR_TIMEFRAMES, framed=False)
        self.timeframes.chosen.connect(lambda index: self.choose_timeframe(NEAR_TIMEFRAMES[index]))
        self.further = IconButton("chevron-down", "Further timeframes")
        self.further.clicked.connect(lambda: popup_below(self.timeframes_menu(), self.further))
        self.indicators_button = TextButton("Indicators", opens=True)
        self.indicators_button.clicked.connect(lambda: popup_below(self.indicators_menu(), self.indicators_button))
        self.auto = TextButton("Auto", "Fit prices to what is visible", checkable=True)
        self.auto.setChecked(True)
        self.auto.toggled.connect(self.view.set_auto_scale)
        self.view.auto_scale_changed.connect(self.auto.setChecked)
        self.logarithmic = TextButton("Log", "Logarithmic prices", checkable=True)
        self.logarithmic.toggled.connect(lambda on: self.view.set_price_scale(PriceScale.LOGARITHMIC if on else PriceScale.LINEAR))
        self.record = RecordButton(model)
        self.newest = IconButton("last", "Go to the newest bar and stay with it")
        self.newest.clicked.connect(self.view.follow)
        self.whole = IconButton("expand", "Show all bars")
        self.whole.clicked.connect(self.view.show_all)
        self._lay_out()

    def _lay_out(self) -> None:
        row = self.bar.row
        for widget in (self.timeframes, self.further, Separator(), self.indicators_button, Separator(), self.strip):
            row.addWidget(widget)
        row.addStretch(1)
        for widget in (self.record, Separator(), self.auto, self.logarithmic, self.newest, self.whole):
            row.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self.view, 1)

    @property
    def title(self) -> str:
        return f"{self.symbol} {spaced(self.timeframe)}"

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        model = self.model
        return (
            (model.ticked, self._tick),
            (model.symbol_chosen, self._follow_link),
            (model.orders_changed, self._show_orders),
            (model.positions_changed, self._show_positions),
            (model.fills_added, self._show_fills),
            (model.signals_added, self._show_fills),
            (model.amendment_refused, self.trading.on_refused),
            (model.result_told, self.trading.on_result),
        )

    def refresh(self) -> None:
        if self.linked and self.symbol != self.model.symbol:
            self.symbol = self.model.symbol
            self._loaded = False
        self.trading.show(self.symbol)
        if not self._loaded:
            self._load()
        else:
            self.feed.update()
        self._show_positions(list(self.model.engine.positions()))
        self._show_fills()
        self._show_clock()

    def choose_timeframe(self, timeframe: str) -> None:
        """One of the engine's timeframes, as 15m."""
        self.timeframe = timeframe
        self._load()
        self._show_fills()

    def choose_indicators(self, texts: Sequence[str]) -> None:
        self.indicators = list(texts)
        self.feed.set_indicators(self.indicators)
        self.indicators_button.set_count(len(self.indicators))
        self.indicators_button.setToolTip(self.feed.problem)

    def timeframes_menu(self) -> QMenu:
        menu = QMenu(self)
        for name in TIMEFRAMES:
            if name not in NEAR_TIMEFRAMES:
                self._offer(menu, name, name == self.timeframe).triggered.connect(
                    lambda _=False, name=name: self.choose_timeframe(name)
                )
        return menu

    def indicators_menu(self) -> QMenu:
        """Those that are shown first, then others that are often wanted."""
        menu = QMenu(self)
        for text in dict.fromkeys((*self.indicators, *OFFERED)):
            self._offer(menu, text, text in self.indicators).toggled.connect(
                lambda on, text=text: self.choose_indicators(
                    [*self.indicators, text] if on else [each for each in self.indicators if each != text]
                )
            )
        return menu

    def _offer(self, menu: QMenu, text: str, on: bool) -> QAction:
        action = menu.addAction(text)
        action.setCheckable(True)
        action.setChecked(on)
        return action

    def _load(self) -> None:
        self._loaded = True
        self.stories.close()
        self.drawing.show(self.symbol)
        self.feed.load(self.symbol, TIMEFRAMES[self.timeframe])
        self.choose_indicators(self.indicators)
        near = self.timeframe in NEAR_TIMEFRAMES
        if near:
            self.timeframes.set_index(NEAR_TIMEFRAMES.index(self.timeframe))
        self.further.setToolTip("Further timeframes" if near else f"Now {self.timeframe}")
        self.title_changed.emit(self.title)

    def _follow_link(self, symbol: str) -> None:
        if self.linked:
            self.refresh()

    def _tick(self, frame: int) -> None:
        self.feed.update()
        if frame % SLOW_FRAMES == 0:
            self.feed.refresh_indicators()
        if frame % CLOCK_FRAMES == 0:
            self._show_clock()
            self.trading.check_patience()

    def _show_clock(self) -> None:
        self.record.show_symbol(self.symbol)
        engine = self.model.engine
        market, now_ns = engine.market(self.symbol), engine.now_ns()
        self.view.set_clock(now_ns)
        age_ns = now_ns - market.last_ns
        stale = bool(market.last_ns) and age_ns > engine.stale_ns
        self.view.set_stale(round(age_ns / 1e9) if stale else None)

    def _show_orders(self, _: object = None) -> None:
        lines, ghosts = self.trading.lines(self._positions)
        if (lines, ghosts) != (self.view.model.orders, self.view.model.ghosts):
            self.view.set_orders(lines, ghosts)

    def _show_positions(self, positions: list[PositionView]) -> None:
        self._positions = positions
        line = position_line(positions, self.model.engine.market(self.symbol).instrument)
        if line != self.view.model.position:
            self.view.set_position(line)
        self._show_orders()

    def _close_position(self) -> None:
        """What is ours is closed at the market; for what somebody else holds there is a choice, as in the table."""
        held = [position for position in self._positions if position.symbol == self.symbol]
        foreign = next((position for position in held if position.owner == EXTERNAL), None)
        if foreign is None:
            self.model.command(Flatten(symbol=self.symbol))
            return
        menu = self.position_actions.menu(position_row(foreign, self.model))
        first = menu.actions()[0]
        if len(held) > 1:
            own = QAction("Close yours at the market", menu)
            own.triggered.connect(lambda: self.model.command(Flatten(symbol=self.symbol)))
            menu.insertAction(first, own)
        menu.insertSection(first, "Held by somebody else")
        menu.popup(QCursor.pos())

    def _show_fills(self, _: object = None) -> None:
        self.view.set_fills(chart_fills(self.model.fills, self.symbol), chart_signals(self.model.signals, self.symbol))
