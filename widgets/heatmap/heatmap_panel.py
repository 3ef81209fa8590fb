"""The depth heatmap of the linked symbol, fed from the engine's book at the display's pace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, Final

from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from widgets.controls.controls import IconButton, ToneLabel
from widgets.controls.toolbar import Separator, TextButton, Toolbar, popup_below
from widgets.engine.engine_model import SLOW_FRAMES, EngineModel
from widgets.engine.order_words import STOPS, working_price
from widgets.engine.protocol import Levels
from widgets.heatmap.depth_record import COLUMN_SIZES, DepthRecord
from widgets.heatmap.heat_legend import HeatLegend
from widgets.heatmap.heatmap_painting import column_name
from widgets.heatmap.heatmap_scene import HeatmapOrder
from widgets.heatmap.heatmap_view import HeatmapView
from widgets.ladder.ladder_view import next_group
from widgets.ladder.own_queue import OwnQueue
from widgets.look.numbers import format_price
from widgets.look.short_size import ShortSize
from widgets.look.tokens import Tone
from widgets.panels.recording_panel import RecordingPanel
from widgets.tape.tape_panel import threshold_lots

DEPTH: Final = 250
"""Levels of each side that are recorded."""
FEWEST_ROWS: Final = 60
FIRST_COLUMN: Final = COLUMN_SIZES[1]
FIRST_WORTH: Final = Decimal(10_000)
WORTHS: Final = tuple(Decimal(worth) for worth in (2_000, 10_000, 50_000, 200_000, 1_000_000))


class HeatmapPanel(RecordingPanel):
    """Recording begins when it is first shown, and anew with another symbol; hidden, it goes on once a second."""

    def __init__(self, model: EngineModel, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self._symbol = ""
        self._count = 0
        self._fitted = False
        self._column_ns = FIRST_COLUMN
        self._worth = FIRST_WORTH
        self._record = DepthRecord()
        self._recorded_ns = 0
        self._queue = OwnQueue(model)
        self.view = HeatmapView(self)
        self.bar = Toolbar(self)
        self.name = ToneLabel(weight=600)
        self.kind = ToneLabel(tone=Tone.FAINT, pixels=11)
        self.row = TextButton("1", "Price step of a row", opens=True)
        self.column = TextButton(column_name(self._column_ns), "Time of a column", opens=True)
        self.bubbles = TextButton("–", "Smallest sum of one side's trades in a column that shows as a disc", opens=True)
        self.legend = HeatLegend()
        self.follow = IconButton("centre", "Follow the newest and the price", checkable=True)
        self.follow.setChecked(True)
        self.row.clicked.connect(lambda: popup_below(self.row_menu(), self.row))
        self.column.clicked.connect(lambda: popup_below(self.column_menu(), self.column))
        self.bubbles.clicked.connect(lambda: popup_below(self.bubble_menu(), self.bubbles))
        self.follow.clicked.connect(self._follow_clicked)
        self.view.following_changed.connect(self.follow.setChecked)
        model.market_began.connect(self._fit_to_first)
        row = self.bar.row
        for widget in (self.name, self.kind, Separator()):
            row.addWidget(widget)
        labels = [ToneLabel(text, Tone.LABEL) for text in ("Row", "Column", "Trades over")]
        for label, button in zip(labels, (self.row, self.column, self.bubbles), strict=True):
            row.addWidget(label)
            row.addWidget(button)
        self.bar.leave_out(self.kind, *labels, self.legend, self.name, self.bubbles, self.column)
        row.addStretch(1)
        row.addWidget(self.legend)
        row.addWidget(self.follow)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self.view, 1)

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        model = self.model
        return ((model.symbol_chosen, self.refresh), (model.orders_changed, self._show_orders))

    def refresh(self) -> None:
        if self.model.symbol != self._symbol:
            self._take_symbol(self.model.symbol)
        self.record()
        self._show_orders()
        self.draw(0)
        self._show_legend()

    def _take_symbol(self, symbol: str) -> None:
        instrument, scene = self.model.engine.market(symbol).instrument, self.view.scene
        self._symbol = symbol
        self.name.setText(symbol)
        self.kind.setText("Perpetual" if instrument.is_derivative else "Spot")
        scene.tick, scene.lot, scene.base = instrument.tick, instrument.lot, instrument.base
        self._begin_record()
        self._fit()

    def _fit_to_first(self) -> None:
        """Steps follow the first prices."""
        if self._symbol and not self._fitted:
            self._fit()

    def _fit(self) -> None:
        market = self.model.engine.market(self._symbol)
        self._fitted = market.best_bid > 0
        self._fit_rows(*market.top(DEPTH))
        self.choose_worth(self._worth)

    def _fit_rows(self, bids: Levels, asks: Levels) -> None:
        """The finest round rows at which the levels of the book are in view."""
        span = asks[-1][0] - bids[-1][0] if bids and asks else 1
        # Before it was laid out, as for a usual height.
        rows, group = max(FEWEST_ROWS, self.view.scene.view.rows), 1
        while span > rows * group:
            group = next_group(group, up=True)
        self.choose_row(group)

    def _begin_record(self) -> None:
        self._count, self._record, self._recorded_ns = 0, DepthRecord(), 0
        self._queue.forget()
        self._show_record()

    def _go_back(self, now_ns: int) -> None:
        """A replay did: what it has not come to is not shown."""
        trades, self._count = self.model.heard.trades_since(self._symbol, 0)
        self._record.go_back(now_ns, trades)
        self._queue.forget()
        self._show_record()

    def _show_record(self) -> None:
        size = self._column_ns
        self.view.set_history(self._record.depth[size], self._record.trades[size])
        self.column.set_text(column_name(size))

    # --- What is chosen ---------------------------------------------------------------------------------------------

    def choose_row(self, ticks: int) -> None:
        """Ticks in one row."""
        instrument = self.model.engine.market(self._symbol).instrument
        self.view.set_group(ticks)
        self.row.set_text(format_price(instrument.price(ticks), instrument.tick))

    def choose_column(self, column_ns: int) -> None:
        """Nanoseconds in one column, one of ``COLUMN_SIZES``."""
        self._column_ns = column_ns
        self._show_record()

    def choose_worth(self, worth: Decimal) -> None:
        """Trades worth less than this in the quote asset show no disc; 0 shows all."""
        market = self.model.engine.market(self._symbol)
        self._worth = worth
        lots = self._round_lots(worth)
        self.view.scene.smallest_bubble = lots
        self.bubbles.set_text(f"{market.instrument.quantity(lots).normalize():f} {market.instrument.base}")
        self.view.update()

    def _round_lots(self, worth: Decimal) -> int:
        """A round number of lots that is worth about so much; 0 for nothing."""
        market = self.model.engine.market(self._symbol)
        lots = threshold_lots(market.instrument, market.last_price, worth) or 0
        size = 1
        while next_group(size, up=True) <= lots and next_group(size, up=True) > size:
            size = next_group(size, up=True)
        return size if lots else 0

    def row_menu(self) -> QMenu:
        menu, instrument = QMenu(self), self.model.engine.market(self._symbol).instrument
        group = self.view.scene.group
        for _ in range(4):
            group = next_group(group, up=False)
        for _ in range(9):
            text = format_price(instrument.price(group), instrument.tick)
            _offer(menu, text, group == self.view.scene.group, partial(self.choose_row, group))
            group = next_group(group, up=True)
        return menu

    def column_menu(self) -> QMenu:
        menu = QMenu(self)
        for size in COLUMN_SIZES:
            _offer(menu, column_name(size), size == self._column_ns, partial(self.choose_column, size))
        return menu

    def bubble_menu(self) -> QMenu:
        menu, instrument = QMenu(self), self.model.engine.market(self._symbol).instrument
        _offer(menu, "All", not self._worth, partial(self.choose_worth, Decimal(0)))
        for worth in WORTHS:
            size = f"{instrument.quantity(self._round_lots(worth)).normalize():f} {instrument.base}"
            _offer(menu, size, worth == self._worth, partial(self.choose_worth, worth))
        return menu

    def _follow_clicked(self, on: bool) -> None:
        if on:
            self.view.resume()
        else:
            self.view.set_following(False)

    # --- Taking in and showing --------------------------------------------------------------------------------------

    def record(self) -> None:
        symbol = self._symbol
        if not symbol:
            return
        market, engine = self.model.engine.market(symbol), self.model.engine
        now_ns, scene = engine.now_ns(), self.view.scene
        if now_ns < self._recorded_ns:
            self._go_back(now_ns)
        self._recorded_ns = now_ns
        trades, self._count = self.model.heard.trades_since(symbol, self._count)
        self._record.take_trades(trades)
        scene.bids, scene.asks = market.top(DEPTH)
        fresh = market.synchronised and now_ns - market.last_ns <= engine.stale_ns
        if fresh and (scene.bids or scene.asks):
            self._record.take_book(now_ns, scene.bids, scene.asks)
        self._queue.take(symbol)

    def record_on_the_way(self) -> None:
        """Once for each of the smallest columns."""
        now_ns = self.model.engine.now_ns()
        if not 0 <= now_ns - self._recorded_ns < COLUMN_SIZES[0]:
            self.record()

    def draw(self, frame: int) -> None:
        market, engine, scene = self.model.engine.market(self._symbol), self.model.engine, self.view.scene
        if market.best_bid:
            self._fit_to_first()
        scene.last_ticks = market.last_price
        scene.last_side = self.model.heard.last_side(self._symbol)
        age_ns = engine.now_ns() - market.last_ns
        stale = market.last_ns and (age_ns > engine.stale_ns or not market.synchronised)
        scene.stale_seconds = age_ns / 1e9 if stale else None
        self.view.follow(engine.now_ns())
        if self.due(frame, SLOW_FRAMES):
            self._show_orders()
            self._show_legend()

    def _show_legend(self) -> None:
        instrument = self.model.engine.market(self._symbol).instrument
        lots = round(self.view.scene.image.full_scale)
        size = ShortSize.of(lots, instrument.lot).text(lots) if lots else "–"
        self.legend.set_text(f"{size} {instrument.base}")

    def _show_orders(self, _: object = None) -> None:
        instrument = self.model.engine.market(self._symbol).instrument
        found = []
        for order in self.model.heard.working_orders():
            price = working_price(order)
            if order.symbol != self._symbol or price is None:
                continue
            word = "Stop" if order.type in STOPS else order.side.word.capitalize()
            words = f"{word} {(order.quantity - order.filled).normalize():f}"
            ahead = self._queue.share(order.client_id)
            found.append(HeatmapOrder(instrument.ticks(price), order.created_ns, words, ahead))
        self.view.scene.orders = found
        self.view.update()


def _offer(menu: QMenu, text: str, on: bool, choose: Callable[[], None]) -> None:
    action = menu.addAction(text)
    action.setCheckable(True)
    action.setChecked(on)
    action.triggered.connect(lambda _=False: choose())
