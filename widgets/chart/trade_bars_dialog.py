"""Asks for the size of bars of trades."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from widgets.controls.dialogs import FormDialog
from widgets.controls.fields import Field
from widgets.look.numbers import decimals_of
from workstation.core.errors import ConfigurationError
from workstation.core.instrument import Instrument
from workstation.market.trade_bars import TradeBarKind, parse_trade_bars

SENTENCES: Final = {
    TradeBarKind.TICK: "A bar closes after so many trades. It begins with the first trade that this window heard.",
    TradeBarKind.VOLUME: "A bar closes when so much was traded. Bars from before come from one-minute bars.",
    TradeBarKind.RANGE: "No bar is higher than so many ticks. Bars from before come from one-minute bars.",
    TradeBarKind.RENKO: "A brick for every so many ticks of movement. Bricks from before come from one-minute bars.",
}
FIRST_TICKS: Final = Decimal(100)
SHARE_OF_PRICE: Final = Decimal("0.0005")


class TradeBarsDialog(FormDialog):
    """Emits the bars as the engine reads them: ``range 50``."""

    chosen = Signal(str)

    def __init__(self, kind: TradeBarKind, instrument: Instrument, last: int, now: str, parent: QWidget) -> None:
        """`last` is the last price in ticks; `now` what the chart shows."""
        super().__init__(f"{kind.value.capitalize()} bars", SENTENCES[kind], "Show", parent)
        self._kind, self._instrument = kind, instrument
        step, unit = Decimal(1), "trades" if kind is TradeBarKind.TICK else "ticks"
        value = FIRST_TICKS
        if kind is TradeBarKind.VOLUME:
            step, unit = instrument.lot, instrument.base
            value = instrument.lot * 1000
        elif kind is not TradeBarKind.TICK and last:
            value = max(Decimal(1), (last * SHARE_OF_PRICE).to_integral_value())
        if now.startswith(f"{kind} "):
            value = Decimal(now.split()[1])
        self.size_field = Field(unit=unit, step=step)
        self.size_field.set_number(value, decimals_of(step))
        self.add_field("Size", self.size_field)
        self.size_field.setFocus()
        self.size_field.selectAll()

    def hand_over(self) -> str:
        number = self.size_field.number()
        self.size_field.set_in_error(number is None)
        if number is None:
            return "A number above 0 is needed."
        try:
            bars = parse_trade_bars(f"{self._kind} {number:f}")
            bars.builder(self._instrument)
        except ConfigurationError as error:
            self.size_field.set_in_error(True)
            return str(error)
        self.chosen.emit(bars.text)
        return ""
