"""Below the ladder: the position in its symbol, and what closes, reverses or cancels there."""

from __future__ import annotations

from decimal import Decimal

from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.chart.chart_marks import position_line
from widgets.controls.controls import Button, ToneLabel
from widgets.controls.toolbar import Toolbar
from widgets.engine.engine_model import EngineModel
from widgets.look.numbers import format_money, format_price, format_quantity, tone_of
from widgets.look.tokens import Tone
from widgets.ticket.click_trading import ClickTrading
from workstation.core.messages import Flatten
from workstation.core.types import EXTERNAL, Side

REVERSE_TIP = "Closes your position and opens the same size the other way, both at the market; cancels your orders here"


class LadderFoot(QWidget):
    def __init__(self, model: EngineModel, trading: ClickTrading, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._trading = trading
        self.buttons = Toolbar(self, lined=False)
        self.position_bar = Toolbar(self, lined=False)
        self.position = ToneLabel("Flat")
        self.entry = ToneLabel(tone=Tone.LABEL)
        self.profit = ToneLabel()
        self.reverse = Button("Reverse")
        self.reverse.setToolTip(REVERSE_TIP)
        self.reverse.clicked.connect(trading.reverse)
        self.flatten = Button("Flatten")
        self.flatten.setToolTip("Closes the position in this symbol at the market")
        self.flatten.clicked.connect(lambda: model.command(Flatten(symbol=trading.symbol)))
        self.cancel_buys = Button("Buys", icon="cancel")
        self.cancel_sells = Button("Sells", icon="cancel")
        for button, side in ((self.cancel_buys, Side.BUY), (self.cancel_sells, Side.SELL)):
            button.setToolTip(
                f"Cancels {side.word}s that work in this symbol and ends algorithms; protective orders stay"
            )
            button.clicked.connect(lambda _=False, side=side: trading.cancel_side(side))
        self.position_bar.row.setSpacing(6)
        self.position_bar.row.addWidget(self.position)
        self.position_bar.row.addWidget(self.entry)
        self.position_bar.row.addStretch(1)
        self.position_bar.row.addWidget(self.profit)
        self.buttons.row.setSpacing(3)
        self.buttons.row.setContentsMargins(3, 0, 3, 1)
        for button in (self.reverse, self.flatten, self.cancel_buys, self.cancel_sells):
            self.buttons.row.addWidget(button, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.position_bar)
        column.addWidget(self.buttons)

    def show_position(self, symbol: str, step: Decimal) -> None:
        """What is held in the symbol, in sizes of this step."""
        instrument = self._model.engine.market(symbol).instrument
        positions = list(self._model.engine.positions())
        held_here = [p for p in positions if p.symbol == symbol]
        net = sum((p.quantity for p in held_here), Decimal(0))
        fine = instrument.lot if net % step else step
        self.position.setText(format_quantity(net, fine, signed=True) if net else "Flat")
        line = position_line(held_here, instrument)
        self.entry.setText("" if line is None else f"at {format_price(line.price, instrument.tick)}")
        self.profit.setText("" if line is None else format_money(line.profit, signed=True))
        self.profit.set_tone(tone_of(line.profit if line is not None else None))
        self.position.set_tone(tone_of(net))
        # What somebody else holds is left alone by it.
        blocked = self._model.blocked
        held = any(p.symbol == symbol and p.owner != EXTERNAL for p in positions)
        self.flatten.setEnabled(held and not blocked)
        problem = self._trading.no_reverse()
        self.reverse.setEnabled(not problem and not blocked)
        self.reverse.setToolTip(problem if net and problem else REVERSE_TIP)
        self.cancel_buys.setEnabled(not blocked)
        self.cancel_sells.setEnabled(not blocked)
