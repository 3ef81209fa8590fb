"""The liquidity strip: spread, depth near the price, imbalance, and what takers did in the last minute."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from PySide6.QtCore import QRectF, QSize, SignalInstance
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.controls.sparkline import draw_sparkline
from widgets.engine.engine_model import EngineModel
from widgets.look.numbers import MISSING, format_number, format_percent, format_price, tone_of
from widgets.look.painting import LEFT, Canvas
from widgets.look.short_size import ShortSize
from widgets.look.theme import current
from widgets.look.tokens import Tone
from widgets.panels.recording_panel import RecordingPanel
from workstation.core.timeframe import MINUTE_NS, SECOND_NS
from workstation.market.order_flow.liquidity import Liquidity, TradeWindow, liquidity

LEVELS: Final = 500
REACH_BPS: Final = 10
DEPTH_LABEL: Final = f"Depth ±{REACH_BPS / 100:g} %"
KEPT_SECONDS: Final = 180
ROW: Final = 42
PADDING: Final = 10
LINE: Final = 17
SPARK_SHARE: Final = 0.38


@dataclass
class _Line:
    label: str
    value: str = MISSING
    unit: str = ""
    tone: Tone = Tone.NORMAL
    past: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT_SECONDS))


class LiquidityView(QWidget):
    """Lines of a label over its value, with the last three minutes beside it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lines: Sequence[_Line] = ()
        current().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(182, 5 * ROW)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        canvas, tokens = Canvas.of_widget(painter, self), current().tokens
        canvas.fill(0, 0, canvas.width, canvas.height, tokens.ground)
        pad, line = canvas.px(PADDING), canvas.px(LINE)
        spark = round(canvas.width * SPARK_SHARE)
        for place, each in enumerate(self.lines):
            top = place * canvas.px(ROW)
            if top + canvas.px(ROW) > canvas.height + canvas.px(4):
                break
            room = canvas.width - spark - pad
            canvas.text(pad, top + canvas.px(4), room, line, each.label, tokens.text_2, LEFT, 11)
            value = canvas.text_width(each.value, 12, 600)
            second = top + canvas.px(4) + line
            canvas.text(pad, second, room, line, each.value, tokens.colour(each.tone), LEFT, 12, 600)
            if value + canvas.px(4) + canvas.text_width(each.unit) <= room:
                canvas.text(pad + value + canvas.px(4), second, room, line, each.unit, tokens.text_3, LEFT)
            canvas.fill(0, top + canvas.px(ROW) - 1, canvas.width, 1, tokens.grid)
            area = QRectF(canvas.width - spark, top + canvas.px(10), spark - pad, canvas.px(ROW - 20))
            draw_sparkline(painter, area, list(each.past), 1.0, tokens.text_3)
        painter.end()


class LiquidityPanel(RecordingPanel):
    """One value a second, since the panel was first shown."""

    def __init__(self, model: EngineModel, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self._symbol = ""
        self._count = 0
        self._sampled_ns = 0
        self._window = TradeWindow(MINUTE_NS)
        self.view = LiquidityView(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.view)

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        return ((self.model.symbol_chosen, self.refresh),)

    def refresh(self) -> None:
        if self.model.symbol != self._symbol:
            self._symbol, self._count, self._sampled_ns = self.model.symbol, 0, 0
            self._window = TradeWindow(MINUTE_NS)
            labels = ("Spread", DEPTH_LABEL, "Imbalance", "Delta, 1 min", "Trades, 1 min")
            self.view.lines = [_Line(label) for label in labels]
        self.record()

    def record(self) -> None:
        if not self._symbol:
            return
        engine, market = self.model.engine, self.model.engine.market(self._symbol)
        before = self._count
        trades, self._count = self.model.heard.trades_since(self._symbol, before)
        if self._count < before:
            self._window, self._sampled_ns = TradeWindow(MINUTE_NS), 0  # a replay went back
        for trade in trades:
            self._window.add(trade.time_ns, trade.lots, trade.side == "buy")
        now_ns = engine.now_ns()
        if now_ns - self._sampled_ns < SECOND_NS:
            return
        self._sampled_ns = now_ns
        self._window.pass_time(now_ns)
        fresh = market.synchronised and now_ns - market.last_ns <= engine.stale_ns
        self._show(liquidity(*market.top(LEVELS), REACH_BPS) if fresh else None)

    def _show(self, found: Liquidity | None) -> None:
        instrument = self.model.engine.market(self._symbol).instrument
        spread, depth, imbalance, delta, trades = self.view.lines
        if found is None:
            for line in (spread, depth, imbalance):
                line.value, line.unit, line.tone = MISSING, "", Tone.FAINT
        else:
            ticks = "1 tick" if found.spread == 1 else f"{found.spread} ticks"
            _put(spread, found.spread, format_price(instrument.price(found.spread), instrument.tick), ticks)
            both = found.bid_lots + found.ask_lots
            short = ShortSize.of(max(found.bid_lots, found.ask_lots), instrument.lot)
            # Where the book at hand ends before that, the sums are of what is at hand.
            least = "" if found.whole else "≥\u2009"
            sums = f"{short.text(found.bid_lots)} / {short.text(found.ask_lots)}"
            _put(depth, both, least + sums, instrument.base)
            percent = found.imbalance * 100
            _put(imbalance, percent, format_percent(percent, 1, signed=True), "", tone_of(round(percent, 1)))
        short = ShortSize.of(self._window.delta, instrument.lot)
        text = short.text(self._window.delta, signed=True)
        _put(delta, self._window.delta, text, instrument.base, tone_of(self._window.delta))
        _put(trades, self._window.count, format_number(self._window.count, 0), "")
        self.view.update()


def _put(line: _Line, value: float, text: str, unit: str, tone: Tone = Tone.NORMAL) -> None:
    line.past.append(value)
    line.value, line.unit, line.tone = text, unit, tone
