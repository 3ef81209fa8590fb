"""A chart with its toolbar: timeframes, indicators, scale; own orders, position, fills and signals on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import Signal, SignalInstance
from PySide6.QtGui import QAction, QCursor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.chart.chart_feed import ChartFeed, is_timeframe, spaced
from widgets.chart.chart_indicators import ChartIndicators
from widgets.chart.chart_marks import chart_fills, chart_signals, position_line
from widgets.chart.chart_toolbar import ChartToolbar
from widgets.chart.chart_view import ChartView
from widgets.chart.chosen import chosen
from widgets.chart.drawings.drawing_menu import DrawingMenu
from widgets.chart.drawings.drawing_shelf import DrawingShelf
from widgets.chart.drawings.drawing_tools import DrawingTools
from widgets.chart.drawings.tool_strip import ToolStrip
from widgets.chart.kinds import ChartKind, PriceScale
from widgets.chart.record_button import RecordButton
from widgets.chart.trade_bars_dialog import TradeBarsDialog
from widgets.chart.trading.chart_trading import ChartTrading
from widgets.chart.trading.story_teller import StoryTeller
from widgets.engine.engine_model import EngineModel, Result
from widgets.panels.live_panel import LivePanel
from widgets.panels.positions_table import PositionActions, position_row
from workstation.core.errors import ConfigurationError
from workstation.core.messages import CancelOrder, Flatten
from workstation.core.types import EXTERNAL
from workstation.core.views import PositionView
from workstation.market.trade_bars import TradeBarKind

CLOCK_FRAMES = 15
FALLBACK = "1m"


class ChartPanel(LivePanel):
    """Follows the linked symbol when ``linked``; otherwise it keeps its own."""

    title_changed = Signal(str)
    another_wanted = Signal(object)  # the state that one more chart begins with
    refreshed = Signal()  # it is up to date again after it was hidden

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
        self._wanted: Sequence[Any] = list(indicators)
        """The indicators to show when the chart is loaded."""
        self._followed: list[tuple[SignalInstance, Callable[..., Any]]] = []
        self._loaded = False
        model.reloaded.connect(self._forget)
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
        self.indicator_desk = ChartIndicators(self.view, self.feed, self)
        self.indicator_desk.changed.connect(self._count_indicators)
        self.view.hand.pointers += [self.drawing, self.stories, self.trading]
        self.view.crosshair_moved.connect(self._tell_crosshair)
        self.strip = ToolStrip(self.drawing)
        self.record = RecordButton(model)
        self.bar = ChartToolbar(self.view, self.strip, self.record, self)
        self.bar.timeframe_chosen.connect(self.choose_timeframe)
        self.bar.trade_bars_wanted.connect(self.open_trade_bars)
        self.bar.indicators_wanted.connect(self.indicator_desk.open_dialog)
        self.bar.new_chart_wanted.connect(self.ask_for_another)
        self.indicators_button = self.bar.indicators
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self.view, 1)

    @property
    def title(self) -> str:
        return f"{self.symbol} {spaced(self.timeframe)}"

    def follow_too(self, signal: SignalInstance, slot: Callable[..., Any]) -> None:
        """Connect something of this chart while it is shown, as its own are."""
        self._followed.append((signal, slot))

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        model = self.model
        return (
            *self._followed,
            (self.frames, self._tick),
            (model.symbol_chosen, self._follow_link),
            (model.orders_changed, self._show_orders),
            (model.positions_changed, self._show_positions),
            (model.fills_added, self._show_fills),
            (model.signals_added, self._show_fills),
            (model.amendment_refused, self.trading.on_refused),
            (model.result_told, self.trading.on_result),
            (model.crosshair_moved, self._follow_crosshair),
        )

    def _forget(self) -> None:
        """The engine stands at another moment, with other markets: everything is read again."""
        self._loaded = False

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
        self.refreshed.emit()

    @property
    def indicators(self) -> list[str]:
        """The chosen indicators as the configuration names them."""
        return [each.text for each in (self.indicator_desk.chosen if self._loaded else chosen(self._wanted))]

    def choose_timeframe(self, timeframe: str) -> None:
        """One of the engine's timeframes, as 15m, or bars of trades, as range 50."""
        self.timeframe = timeframe
        self._load()
        self._show_fills()

    def choose_indicators(self, entries: Sequence[Any]) -> None:
        """These instead of all others: texts, or chosen with their colours and pane."""
        self._wanted = list(entries)
        self.indicator_desk.choose(entries)

    def open_trade_bars(self, kind: TradeBarKind) -> TradeBarsDialog:
        """Ask for the size of tick, volume, range or Renko bars."""
        market = self.model.engine.market(self.symbol)
        dialog = TradeBarsDialog(kind, market, self.timeframe, self)
        dialog.chosen.connect(self.choose_timeframe)
        dialog.show()
        return dialog

    def ask_for_another(self) -> None:
        self.another_wanted.emit(self.state())

    def state(self) -> dict[str, Any]:
        """What a layout keeps of the chart."""
        entries = self.indicator_desk.chosen if self._loaded else chosen(self._wanted)
        return {
            "symbol": self.symbol,
            "timeframe": self.timeframe,
            "kind": self.view.model.kind.value,
            "scale": self.view.model.price_scale.value,
            "indicators": [each.as_json() for each in entries],
        }

    def take_state(self, state: Mapping[str, Any]) -> None:
        """Show what ``state`` gave; what it does not hold, or cannot be, stays as it is."""
        if not self.linked and state.get("symbol") in self.model.engine.symbols:
            self.symbol = str(state["symbol"])
        if is_timeframe(state.get("timeframe")):
            self.timeframe = str(state["timeframe"])
        if state.get("kind") in list(ChartKind):
            self.view.set_kind(ChartKind(state["kind"]))
        if state.get("scale") in list(PriceScale):
            self.view.set_price_scale(PriceScale(state["scale"]))
        if isinstance(state.get("indicators"), list):
            self._wanted = list(state["indicators"])
        if self._loaded:
            self._load()

    def _count_indicators(self) -> None:
        self._wanted = list(self.indicator_desk.chosen)
        self.indicators_button.set_count(len(self._wanted))
        self.indicators_button.setToolTip(self.feed.problem or "Add, change and remove indicators")

    def _load(self) -> None:
        self._loaded = True
        self.stories.close()
        self.drawing.show(self.symbol)
        try:
            self.feed.load(self.symbol, self.timeframe)
        except ConfigurationError as error:
            # A size of bars that this symbol cannot have, as after the linked symbol changed.
            self.timeframe = FALLBACK
            self.feed.load(self.symbol, self.timeframe)
            self.model.result_told.emit(Result(f"{error} The chart shows {spaced(FALLBACK)} instead.", False))
        self.choose_indicators(self._wanted)
        self.bar.show_timeframe(self.timeframe)
        self.title_changed.emit(self.title)

    def _follow_link(self, symbol: str) -> None:
        if self.linked:
            self.refresh()

    def _tell_crosshair(self, time_ns: int | None, _: object) -> None:
        self.model.crosshair_moved.emit(self, time_ns)

    def _follow_crosshair(self, source: object, time_ns: int | None) -> None:
        """The pointer is over another chart: its time is marked here too."""
        if source is not self:
            self.view.set_crosshair_time(time_ns)

    def _tick(self, frame: int) -> None:
        self.feed.update()
        if self.due(frame, CLOCK_FRAMES):
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
        self.view.set_fills(
            chart_fills(self.model.heard.fills, self.symbol), chart_signals(self.model.heard.signals, self.symbol)
        )
