"""Time and sales: the newest trades on top, large ones on a tinted row."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from itertools import islice
from typing import Final, Literal, NamedTuple

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from widgets.ladder.ladder_painting import forget_texts, price_text, size_text
from widgets.look.numbers import format_time
from widgets.look.painting import LEFT, RIGHT, Canvas
from widgets.look.theme import current
from widgets.look.tokens import Tokens

KEPT_TRADES: Final = 2000
HEADER: Final = 22
PADDING: Final = 8
BAR: Final = 2
NOTED: Final = 4  # a trade of a so much smaller size stands out a little, of a so much larger one most
WHEEL_ROWS: Final = 3
WHEEL_NOTCH: Final = 120
PRICE_SHARE: Final = 0.69  # of the width: right edge of the price


class TapeTrade(NamedTuple):
    """One public trade; `side` is the taker's."""

    time_ns: int
    ticks: int
    lots: int
    side: Literal["buy", "sell"]


class TapeView(QWidget):
    """A ring of the last trades. Scrolling down holds what is read in place while new trades arrive."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._trades: deque[TapeTrade] = deque(maxlen=KEPT_TRADES)
        self._tick, self._lot = Decimal("0.01"), Decimal("0.001")
        self._threshold: int | None = None
        self._scrolled = 0
        self._stale = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        current().changed.connect(self._restyle)

    def sizeHint(self) -> QSize:
        return QSize(182, 480)

    def set_steps(self, tick: Decimal, lot: Decimal) -> None:
        """Tick and lot size of another instrument; its tape begins empty."""
        self._tick, self._lot = tick, lot
        self.clear()

    def set_threshold(self, lots: int | None) -> None:
        """Trades of at least `lots` stand out on a tinted row, larger ones more, smaller ones less; None for none."""
        self._threshold = lots
        self.update()

    def set_stale(self, stale: bool) -> None:
        if stale != self._stale:
            self._stale = stale
            self.update()

    def append(self, trades: Iterable[TapeTrade]) -> None:
        """Add trades, oldest first."""
        before = len(self._trades)
        added = 0
        for trade in trades:
            self._trades.appendleft(trade)
            added += 1
        if not added:
            return
        if self._scrolled:
            self._scrolled = min(self._scrolled + added, before + added, KEPT_TRADES)
            self._scroll(0)
        self.update()

    def replace_newest(self, trade: TapeTrade) -> None:
        """The newest row went on: it holds this now."""
        self._trades[0] = trade
        self.update()

    def clear(self) -> None:
        """Empty the tape and follow the newest."""
        self._trades.clear()
        self._scrolled = 0
        self.update()

    @property
    def paused(self) -> bool:
        """Whether it was scrolled down, and stays at what is read."""
        return self._scrolled > 0

    def trade_at(self, y: float) -> TapeTrade | None:
        """The trade in the row at a logical y."""
        number = self._scrolled + int(y - HEADER) // self._row_height()
        return self._trades[number] if y >= HEADER and number < len(self._trades) else None

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        canvas = Canvas.of_widget(painter, self)
        tokens = current().tokens
        canvas.fill(0, 0, canvas.width, canvas.height, tokens.ground)
        height, header = canvas.px(self._row_height()), canvas.px(HEADER)
        rows = (canvas.height - header) // height + 1
        for number, trade in enumerate(islice(self._trades, self._scrolled, self._scrolled + rows)):
            self._paint_trade(canvas, tokens, trade, header + number * height, height)
        self._paint_header(canvas, tokens, header)
        painter.end()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._scroll(-round(event.angleDelta().y() / WHEEL_NOTCH * WHEEL_ROWS))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        page = self.height() // self._row_height() - 2
        rows = {
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_PageUp: -page,
            Qt.Key.Key_PageDown: page,
            Qt.Key.Key_Home: -KEPT_TRADES,
        }
        key = Qt.Key(event.key())
        if key in rows:
            self._scroll(rows[key])
        else:
            event.ignore()

    def _scroll(self, rows: int) -> None:
        room = (self.height() - HEADER) // self._row_height()
        self._scrolled = max(0, min(self._scrolled + rows, len(self._trades) - room))
        self.update()

    def _restyle(self) -> None:
        forget_texts()
        self.update()

    def _row_height(self) -> int:
        return current().metrics.ladder_row

    def _paint_header(self, canvas: Canvas, tokens: Tokens, height: int) -> None:
        canvas.fill(0, 0, canvas.width, height, tokens.ground)
        left, middle, right = self._columns(canvas)
        canvas.text(left, 0, canvas.width, height, "Time", tokens.text_3, LEFT, 11)
        if self._scrolled:
            text = f"Paused, {self._scrolled} newer"
            canvas.text(left, 0, right - left, height, text, tokens.warning, RIGHT, 11)
        else:
            canvas.text(0, 0, middle, height, "Price", tokens.text_3, RIGHT, 11)
            canvas.text(middle, 0, right - middle, height, "Size", tokens.text_3, RIGHT, 11)
        canvas.fill(0, height - canvas.px(1), canvas.width, canvas.px(1), tokens.hairline)

    def _paint_trade(self, canvas: Canvas, tokens: Tokens, trade: TapeTrade, y: int, height: int) -> None:
        buy = trade.side == "buy"
        threshold = self._threshold
        large = threshold is not None and trade.lots >= threshold
        price, size, weight = (tokens.up_text if buy else tokens.down_text), tokens.text_2, 400
        if threshold is not None and trade.lots * NOTED >= threshold:
            size = tokens.text_1
        if large:
            ground = tokens.up_ground if buy else tokens.down_ground
            if threshold is not None and trade.lots >= NOTED * threshold:
                ground, price = (tokens.volume_up if buy else tokens.volume_down), tokens.text_1
            canvas.fill(0, y, canvas.width, height, ground)
            canvas.fill(0, y, canvas.px(BAR), height, tokens.up if buy else tokens.down)
            size, weight = tokens.text_1, 600
        if self._stale:
            price = size = tokens.text_3
        left, middle, right = self._columns(canvas)
        time_colour = tokens.text_2 if large else tokens.text_3
        canvas.text(left, y, canvas.width, height, format_time(trade.time_ns), time_colour, LEFT)
        canvas.text(0, y, middle, height, price_text(trade.ticks, 1, self._tick), price, RIGHT, 12, weight)
        canvas.text(middle, y, right - middle, height, size_text(trade.lots, self._lot), size, RIGHT, 12, weight)

    def _columns(self, canvas: Canvas) -> tuple[int, int, int]:
        """Left edge of the time, right edges of price and size."""
        return canvas.px(PADDING), round(PRICE_SHARE * canvas.width), canvas.width - canvas.px(PADDING)
