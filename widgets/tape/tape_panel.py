"""The tape of the linked symbol: every trade, whatever the display's pace, as far as the filters let it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, Final, Literal

from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from widgets.controls.controls import IconButton
from widgets.controls.shown_size import ShownStep, shown_step
from widgets.controls.toolbar import popup_below
from widgets.engine.engine_model import SLOW_FRAMES, EngineModel
from widgets.panels.live_panel import LivePanel
from widgets.tape.tape_view import TapeTrade, TapeView
from workstation.core.instrument import Instrument
from workstation.market.order_flow.bursts import Burst

WORTHS: Final = tuple(Decimal(worth) for worth in (1_000, 5_000, 10_000, 50_000, 100_000))
SIDE_WORDS: Final = {"both": "Buys and sells", "buy": "Buys only", "sell": "Sells only"}
MILLISECOND_NS: Final = 1_000_000


def threshold_lots(instrument: Instrument, ticks: int, worth: Decimal) -> int | None:
    """Lots that are worth so much at a price; None without one."""
    if not ticks or not worth:
        return None
    quantity = worth / (Decimal(1) if instrument.valuation.inverse else instrument.price(ticks))
    return max(1, int(quantity / instrument.contract_size / instrument.lot))


class TapePanel(LivePanel):
    """``burst_ms``: when bursts are joined, trades of one side that come no further apart are one line."""

    def __init__(self, model: EngineModel, threshold: Decimal, burst_ms: int, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self._threshold = threshold
        self._burst_ns = burst_ms * MILLISECOND_NS
        self._symbol = ""
        self._count = 0
        self._shown = ShownStep(Decimal(1), 1)
        self._least = Decimal(0)
        self._least_lots = 0
        self._side: Literal["both", "buy", "sell"] = "both"
        self._joins = False
        self._burst: Burst | None = None
        self.filter = IconButton("filter", "Smallest size, side, and bursts of the tape")
        self.filter.clicked.connect(lambda: popup_below(self.filter_menu(), self.filter))
        self.view = TapeView(self)
        model.market_began.connect(self._begin_anew)
        model.reloaded.connect(self._begin_anew)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.view)

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        return ((self.frames, self._tick), (self.model.symbol_chosen, self.refresh))

    def refresh(self) -> None:
        symbol = self.model.symbol
        market = self.model.engine.market(symbol)
        if symbol != self._symbol:
            self._symbol, self._count, self._burst = symbol, 0, None
            self._shown = shown_step(market.instrument, market.last_price)
            self._least_lots = threshold_lots(market.instrument, market.last_price, self._least) or 0
            self.view.set_steps(market.instrument.tick, self._shown.step)
        self._measure()
        self._take()

    def _begin_anew(self) -> None:
        """Steps follow the first prices."""
        self._symbol = ""
        if self.listening:
            self.refresh()

    # --- Filters ----------------------------------------------------------------------------------------------------

    def choose_least(self, worth: Decimal) -> None:
        """Only trades worth so much, or bursts where they are joined; 0 shows all."""
        self._least = worth
        self._show_anew()

    def choose_side(self, side: Literal["both", "buy", "sell"]) -> None:
        """Only what takers bought, or sold."""
        self._side = side
        self._show_anew()

    def join_bursts(self, on: bool) -> None:
        """One line for the trades of one aggressor: its price is the last one, its size their sum."""
        self._joins = on
        self._show_anew()

    def filter_menu(self) -> QMenu:
        menu, instrument = QMenu(self), self.model.engine.market(self._symbol).instrument
        _offer(menu, "Every size", not self._least, partial(self.choose_least, Decimal(0)))
        for worth in WORTHS:
            text = f"From {worth:,} {instrument.quote}"
            _offer(menu, text, worth == self._least, partial(self.choose_least, worth))
        menu.addSeparator()
        sides: tuple[Literal["both", "buy", "sell"], ...] = ("both", "buy", "sell")
        for side in sides:
            _offer(menu, SIDE_WORDS[side], side == self._side, partial(self.choose_side, side))
        menu.addSeparator()
        _offer(menu, "Join bursts", self._joins, partial(self.join_bursts, not self._joins))
        return menu

    def _show_anew(self) -> None:
        """All trades that are kept, through the filters as they are now."""
        self.filter.set_icon_tone("accent" if self._least or self._side != "both" or self._joins else "")
        self._symbol = ""
        self.refresh()

    # --- Trades -----------------------------------------------------------------------------------------------------

    def _tick(self, frame: int) -> None:
        self._take()
        if self.due(frame, SLOW_FRAMES * 4):
            self._measure()

    def _take(self) -> None:
        trades, self._count = self.model.heard.trades_since(self._symbol, self._count)
        fresh: list[TapeTrade] = []
        for trade in trades:
            burst = Burst.of(trade.time_ns, trade.ticks, trade.lots, trade.side == "buy")
            joined = None if self._burst is None or not self._joins else self._burst.joined(burst, self._burst_ns)
            if joined is not None and self._burst is not None and self._passes(self._burst):
                # It is on the tape already, in what is handed over below or before.
                if fresh:
                    fresh[-1] = self._row(joined)
                else:
                    self.view.replace_newest(self._row(joined))
            elif self._passes(joined or burst):
                fresh.append(self._row(joined or burst))
            self._burst = joined or burst
        if fresh:
            self.view.append(fresh)

    def _passes(self, burst: Burst) -> bool:
        return burst.lots >= self._least_lots and self._side in ("both", "buy" if burst.bought else "sell")

    def _row(self, burst: Burst) -> TapeTrade:
        side: Literal["buy", "sell"] = "buy" if burst.bought else "sell"
        return TapeTrade(burst.first_ns, burst.last_ticks, self._shown.of(burst.lots), side)

    def _measure(self) -> None:
        market = self.model.engine.market(self._symbol)
        lots = threshold_lots(market.instrument, market.last_price, self._threshold)
        self.view.set_threshold(None if lots is None else self._shown.of(lots))
        age = self.model.engine.now_ns() - market.last_ns
        self.view.set_stale(bool(market.last_ns) and age > self.model.engine.stale_ns)


def _offer(menu: QMenu, text: str, on: bool, choose: Callable[[], None]) -> None:
    action = menu.addAction(text)
    action.setCheckable(True)
    action.setChecked(on)
    action.triggered.connect(lambda _=False: choose())
