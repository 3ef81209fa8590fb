"""Orders from a price of the chart, by Ctrl+click or the menu: sent while one-click is armed, else in the ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from widgets.chart.model import PRICE_PANE
from widgets.chart.pointer import ChartPointer, PanePoint
from widgets.engine.one_click import OneClick
from widgets.look import shapes
from widgets.look.theme import current
from widgets.look.tokens import Mode
from widgets.ticket.click_trading import ClickTrading
from widgets.ticket.templates import TemplateBook
from workstation.core.types import OrderType

if TYPE_CHECKING:
    from widgets.chart.chart_panel import ChartPanel
    from widgets.chart.pane import Pane

SEND: Final = Qt.KeyboardModifier.ControlModifier
AS_STOP: Final = Qt.KeyboardModifier.ShiftModifier
FRAME: Final = 2


class PricedOrder(NamedTuple):
    """What a price of the chart stands for: ``side`` is buy or sell, the type a limit or a stop."""

    side: str
    type: OrderType
    ticks: int


def order_at(ticks: int, last: int, *, stop: bool) -> PricedOrder:
    """Below the last price a limit buys and a stop sells; above it is the other way round."""
    below = ticks <= last
    return PricedOrder("buy" if below != stop else "sell", OrderType.STOP if stop else OrderType.LIMIT, ticks)


class ArmedFrame(QWidget):
    """Two pixels in the colour of the mode around a chart whose clicks trade; the mouse goes through it."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self.mode = Mode.PAPER
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        over.installEventFilter(self)
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._fit()
        return False

    def set_on(self, on: bool, mode: Mode) -> None:
        self.mode = mode
        self._fit()
        self.setVisible(on)
        self.raise_()

    def _fit(self) -> None:
        parent = self.parentWidget()
        if parent is not None:
            self.setGeometry(parent.rect())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colour = current().tokens.mode(self.mode).fill
        for inset in range(FRAME):
            shapes.box(painter, self.rect().adjusted(inset, inset, -inset, -inset), None, colour, radius=0)


class ChartOrders(ChartPointer, QObject):
    """Of one chart. It trades by clicks only where the chart shows the symbol that one-click was armed for."""

    ticket_needed = Signal()  # the ticket should be in front: it is about to be filled in

    def __init__(self, chart: ChartPanel, one_click: OneClick, templates: TemplateBook) -> None:
        super().__init__(chart)
        self._chart, self._model, self.one_click = chart, chart.model, one_click
        self._trading = ClickTrading(chart.model, templates, reason="chart")
        self._frame = ArmedFrame(chart.view)
        chart.bar.arm.clicked.connect(one_click.switch)
        chart.bar.arm.setVisible(True)
        chart.view.hand.pointers.insert(0, self)
        chart.view.menu_wanted.connect(self.fill)
        chart.title_changed.connect(self.show_armed)
        chart.refreshed.connect(self.show_armed)
        chart.follow_too(one_click.changed, self.show_armed)
        self.show_armed()

    @property
    def armed(self) -> bool:
        """Whether a click here sends."""
        return self.one_click.armed and self.one_click.symbol == self._chart.symbol

    @property
    def lots(self) -> int:
        """The size of a click."""
        return self.one_click.lots(self._chart.symbol)

    def show_armed(self, _: object = None) -> None:
        """The frame and the words while a click trades."""
        armed = self.armed
        self._chart.bar.arm.setChecked(self.one_click.armed)
        self._frame.set_on(armed, Mode(self._model.engine.mode.value))
        words = ""
        if armed:
            instrument = self._model.engine.market(self._chart.symbol).instrument
            size = f"{instrument.quantity(self.lots).normalize():f} {instrument.base}"
            words = f"Armed {self.one_click.remaining}: Ctrl+click orders {size}, with Shift a stop. Esc disarms."
        self._chart.view.set_armed(words)

    def place(self, order: PricedOrder) -> None:
        """Send it where one-click is armed, else fill in the ticket."""
        self._trading.symbol = self._chart.symbol
        if self.armed:
            self._trading.click(order.side, order.ticks, self.lots, order.type)
            return
        self.ticket_needed.emit()
        main = self.one_click.model
        models = [self._model]
        if main.symbol != self._chart.symbol:
            # The ticket may follow another group than the chart.
            main.choose_symbol(self._chart.symbol)
            models.append(main)
        for model in models:
            wanted = model.ticket_stop_wanted if order.type is OrderType.STOP else model.ticket_wanted
            wanted.emit(order.side, order.ticks, None)

    def fill(self, menu: QMenu, at: PanePoint) -> None:
        """What could be ordered at this price, above everything else that the menu offers."""
        ticks, last = self._ticks(at.value), self._last()
        view = self._chart.view
        busy = view.drawings.at(at.position, view.price_pane.logical_scale(), view.model.series) is not None
        if at.pane != PRICE_PANE or busy or not ticks or not last or view.line_at(view.price_pane, at.position):
            return
        first = menu.actions()[0] if menu.actions() else None
        instrument = self._model.engine.market(self._chart.symbol).instrument
        price = view.model.price_text(instrument.price(ticks))
        size = f" {instrument.quantity(self.lots).normalize():f}" if self.armed else ""
        goes_on = "" if self.armed else "…"
        for stop in (False, True):
            order = order_at(ticks, last, stop=stop)
            words = f"{order.side.capitalize()}{size} {'stop' if stop else 'limit'} at {price}{goes_on}"
            action = menu.addAction(words)
            action.setToolTip("Sent at once" if self.armed else "Fills in the ticket")
            action.triggered.connect(lambda _=False, order=order: self.place(order))
            if first is not None:
                menu.removeAction(action)
                menu.insertAction(first, action)
        if first is not None:
            menu.insertSeparator(first)

    # --- The pointer ------------------------------------------------------------------------------------------------

    def hover(self, pane: Pane, position: QPointF) -> Qt.CursorShape | None:
        return Qt.CursorShape.PointingHandCursor if self._takes(pane) else None

    def click(self, pane: Pane, position: QPointF) -> bool:
        if not self._takes(pane):
            return False
        ticks, last = self._ticks(pane.logical_scale().value_at(position.y())), self._last()
        if ticks and last:
            stop = bool(QApplication.keyboardModifiers() & AS_STOP)
            self.place(order_at(ticks, last, stop=stop))
        return True

    def _takes(self, pane: Pane) -> bool:
        held = bool(QApplication.keyboardModifiers() & SEND)
        return held and pane.name == PRICE_PANE and self._chart.drawing.tool is None

    def _ticks(self, value: float) -> int:
        return max(0, self._model.engine.market(self._chart.symbol).instrument.ticks_rounded(value))

    def _last(self) -> int:
        return self._model.engine.market(self._chart.symbol).last_price
