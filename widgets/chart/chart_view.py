"""The chart widget: panes over one time axis, fed with plain arrays, read with mouse and keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import pyqtgraph as pg
from numpy.typing import ArrayLike
from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QGraphicsView, QWidget

from widgets.chart.chart_hand import ChartHand
from widgets.chart.drawings.drawing_scene import DrawingScene
from widgets.chart.kinds import ChartKind, PriceScale
from widgets.chart.model import (
    PRICE_PANE,
    ChartModel,
    Crosshair,
    Fill,
    Indicator,
    IndicatorLine,
    OrderLine,
    PositionLine,
)
from widgets.chart.model import Signal as StrategySignal
from widgets.chart.order_lines import Hit, OrderLineLayer
from widgets.chart.pane import Pane
from widgets.chart.pane_stack import PaneStack
from widgets.chart.profiles import Profile
from widgets.chart.pyramid import Floats
from widgets.chart.series import Bar
from widgets.chart.tags import newest_text
from widgets.chart.viewport import Viewport
from widgets.look.theme import current


class ChartView(pg.GraphicsView):  # type: ignore[misc]
    """Candles with volume, indicators, orders and fills. It holds what it was given and decides nothing.

    The wheel zooms (with Ctrl at the pointer), dragging an axis stretches it; `hand` tells what else mouse and keys do.
    """

    order_cancel_requested = Signal(str)
    position_close_requested = Signal()
    crosshair_moved = Signal(object, object)  # time_ns of the bar and price, or None and None
    auto_scale_changed = Signal(bool)
    kind_changed = Signal(object)  # ChartKind
    price_scale_changed = Signal(object)  # PriceScale
    menu_wanted = Signal(object, object)  # a QMenu to fill and the PanePoint of the right click

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=current().tokens.ground)
        # Items paint within their bounds; the margin that Qt adds would repaint every neighbour with each tick.
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontAdjustForAntialiasing)
        # The scene fills the ground; the viewport's own fill and a picture of an even ground would be two more.
        self.setCacheMode(QGraphicsView.CacheModeFlag.CacheNone)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.model = ChartModel()
        self.viewport_state = Viewport()
        self.drawings = DrawingScene()
        self.hand = ChartHand(self)
        self._order_lines = OrderLineLayer(PRICE_PANE)
        self._stack = PaneStack(self, self._order_lines)
        self.setCentralItem(self._stack.item)
        current().changed.connect(self._restyle)

    @property
    def price_pane(self) -> Pane:
        return self._stack.panes[0]

    @property
    def panes(self) -> Sequence[Pane]:
        return self._stack.panes

    def sizeHint(self) -> QSize:
        return QSize(640, 400)

    def set_instrument(self, symbol: str, title: str, tick: Decimal) -> None:
        """Name the chart. `title` follows the symbol in the legend ("Perpetual · 15 m")."""
        self.model.symbol, self.model.title, self.model.tick = symbol, title, tick
        self.refresh_ranges()

    def set_bars(
        self,
        open_ns: ArrayLike,
        open_: ArrayLike,
        high: ArrayLike,
        low: ArrayLike,
        close: ArrayLike,
        volume: ArrayLike,
        bar_ns: int | None = None,
    ) -> None:
        """Replace all bars (int64 UTC nanoseconds and float64 arrays of one length) and show the newest.

        Raises ValueError when the lengths differ.
        """
        self.model.series.set_bars(open_ns, open_, high, low, close, volume, bar_ns=bar_ns)
        self.model.touch()
        self.viewport_state.reset(len(self.model.series))
        self.refresh_ranges()
        self.repaint_all()

    def append_bar(self, open_ns: int, open_: float, high: float, low: float, close: float, volume: float) -> None:
        """Add a bar at the end; the view moves on when the newest bar was in view."""
        self.model.series.append_bar(Bar(open_ns, open_, high, low, close, volume))
        self.model.touch_last(added=True)
        self.viewport_state.append()
        self.refresh_ranges()

    def update_last_bar(self, open_: float, high: float, low: float, close: float, volume: float) -> None:
        """Overwrite the newest bar; its time stays. IndexError without bars."""
        series = self.model.series
        time_ns = int(series.open_ns[-1]) if len(series) else 0
        series.update_last_bar(Bar(time_ns, open_, high, low, close, volume))
        self.model.touch_last()
        if self.viewport_state.following:
            self.refresh_ranges(newest_only=True)
        else:
            self._repaint_price()

    def set_indicators(self, indicators: Iterable[Indicator]) -> None:
        """Replace all; each pane name other than "price" gets a sub-pane, in order of appearance."""
        self.model.settled += 1
        self.model.lines = [IndicatorLine(indicator) for indicator in indicators]
        names = list(dict.fromkeys(line.indicator.pane for line in self.model.lines))
        self._stack.set_sub_panes([name for name in names if name != PRICE_PANE])
        self.refresh_ranges()

    def write_indicator_tails(self, tails: Mapping[str, Floats]) -> None:
        """Set the values of the newest bars, as many as are given, by indicator name."""
        settles = False
        for line in self.model.lines:
            tail = tails.get(line.indicator.name)
            if tail is not None:
                settles = settles or len(tail) > 1
                line.write_tail(tail, len(self.model.series))
        if settles:
            self.model.settled += 1
            self.refresh_ranges()
            return
        # Indicators do not stretch the range of prices; that of the bar was brought up to date with it.
        self.price_pane.surface.update_newest()
        for pane in self.panes[1:]:
            pane.fit(newest_only=True)

    def set_profiles(self, profiles: Iterable[Profile]) -> None:
        """Replace all volume profiles of the price pane."""
        self.model.profiles = list(profiles)
        self.model.settled += 1
        self.price_pane.surface.update()

    def set_problem(self, sentence: str) -> None:
        """Why something that was chosen is not shown, below the legend; empty for none."""
        if sentence != self.model.problem:
            self.model.problem = sentence
            self.price_pane.surface.update()

    def set_armed(self, sentence: str) -> None:
        """What a click trades, below the legend; empty while none does."""
        if sentence != self.model.armed:
            self.model.armed = sentence
            self.price_pane.surface.update()

    def set_hint(self, sentence: str) -> None:
        """What the chart waits for, below the legend; empty for nothing."""
        self.model.hint = sentence
        self.price_pane.surface.update()

    def set_orders(self, orders: Iterable[OrderLine], ghosts: Iterable[OrderLine] = ()) -> None:
        """Working orders; ghosts are the places of those whose change the venue has not answered."""
        self.model.orders, self.model.ghosts = list(orders), list(ghosts)
        self.refresh_ranges()

    def show_drawings(self) -> None:
        """The drawings, or which one is chosen, changed."""
        self.model.settled += 1
        self.price_pane.surface.update()

    def set_alert_levels(self, prices: Iterable[float]) -> None:
        """Prices at which alerts wait."""
        self.model.alert_levels = list(prices)
        self.price_pane.surface.update()

    def set_position(self, position: PositionLine | None) -> None:
        self.model.position = position
        self.refresh_ranges()

    def set_fills(self, fills: Iterable[Fill], signals: Iterable[StrategySignal] = ()) -> None:
        self.model.set_fills(fills)
        self.model.signals = list(signals)
        self.price_pane.surface.update()

    def set_stale(self, age_seconds: float | None) -> None:
        """Grey the last price and show the feed's age; None when the feed is fresh."""
        if age_seconds != self.model.stale_seconds:
            self.model.stale_seconds = age_seconds
            self._repaint_price()

    def set_clock(self, now_ns: int) -> None:
        """The time for the countdown in the last price's tag, UTC nanoseconds; once a second is enough."""
        self.model.now_ns = now_ns
        self.price_pane.axis.update()

    def set_kind(self, kind: ChartKind) -> None:
        """Draw the bars as candles, bars, a line and so on."""
        if kind is not self.model.kind:
            self.model.kind = kind
            self.model.touch()
            self.refresh_ranges()
            self.kind_changed.emit(kind)

    def set_price_scale(self, scale: PriceScale) -> None:
        """Put prices on a linear or logarithmic scale, or in percent; the range is fitted anew."""
        self.model.price_scale = scale
        self.price_pane.set_auto_scale(True)
        self.price_scale_changed.emit(scale)

    def set_auto_scale(self, on: bool) -> None:
        """Fit prices to what is visible, or leave them where they are."""
        self.price_pane.set_auto_scale(on)

    def set_crosshair_time(self, time_ns: int | None) -> None:
        """Show the vertical line of a linked chart."""
        index = None if time_ns is None else int(self.model.series.index_at(time_ns))
        self.model.crosshair = None if index is None else Crosshair(index)
        self.repaint_all()

    def follow(self) -> None:
        """Go to the newest bar and stay with it."""
        self.viewport_state.follow()
        self.refresh_ranges()

    def reset_zoom(self) -> None:
        """Go to the newest bars at the zoom of a new chart, with prices fitted."""
        self.viewport_state.reset_zoom()
        self.price_pane.set_auto_scale(True)

    def show_all(self) -> None:
        self.viewport_state.show_all()
        self.refresh_ranges()

    def pan_share(self, share: float) -> None:
        """Pan by a share of the visible bars, to newer ones when positive."""
        self.viewport_state.pan(self.viewport_state.bars * share)
        self.refresh_ranges()

    def zoom_at(self, factor: float, x: float, at_pointer: bool = False) -> None:
        """Zoom time about logical pixel `x`, or about the newest bar while it is in view."""
        state = self.viewport_state
        follows = state.following and not at_pointer
        anchor = float(state.count - 1) if follows else state.left + x / state.pitch
        state.zoom(factor, anchor)
        self.refresh_ranges()

    def line_at(self, pane: Pane, position: QPointF) -> Hit | None:
        """The line or label of an order or position at logical pixels of a pane."""
        return self._order_lines.hit(position) if pane is self.price_pane else None

    def axis_width(self) -> float:
        return self.price_pane.axis.rect().width()

    def refresh_ranges(self, *, newest_only: bool = False) -> None:
        """Bring axes, ranges and all panes up to date; with `newest_only`, after a change of the newest bar alone."""
        state, model = self.viewport_state, self.model
        width = self.price_pane.width
        if width != state.width and width > 1:
            state.resize(width)
        model.left, model.right = state.left, state.right
        # Every pane is brought up to date, also after the first that changed.
        if not any([pane.fit(newest_only=newest_only) for pane in self.panes]):
            return
        top = self.price_pane.logical_scale().value_at(0)
        texts = [model.price_text(top)]
        texts += [newest_text(line, model) for pane in self.panes[1:] for line in model.drawn_in(pane.name)]
        changed = [pane.axis.fit_width(texts) for pane in self.panes]
        self._stack.time_axis.update()
        if any(changed):
            self._stack.activate()
            state.resize(self.price_pane.width)
            model.left, model.right = state.left, state.right

    def close(self) -> bool:
        """Hide as any widget; pyqtgraph's own clears the scene for good, and a second call of it crashes."""
        return QGraphicsView.close(self)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        event.accept()

    def event(self, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
            and self.hand.wants_escape()
        ):
            event.accept()
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.hand.key(event):
            event.ignore()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        if event is not None:
            self._stack.activate()
            self.refresh_ranges()

    def _restyle(self) -> None:
        self.setBackground(current().tokens.ground)
        self.repaint_all()

    def repaint_all(self) -> None:
        """Every pane and axis, in the next frame."""
        for pane in self.panes:
            pane.surface.update()
            pane.axis.update()
        self._stack.time_axis.update()

    def _repaint_price(self) -> None:
        self.price_pane.surface.update()
        self.price_pane.axis.update()
