"""Asks for the size of bars of trades."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from widgets.controls.dialogs import FormDialog
from widgets.controls.fields import Field
from widgets.engine.protocol import Market
from widgets.look.numbers import decimals_of
from workstation.core.errors import ConfigurationError
from workstation.core.timeframe import MINUTE_NS
from workstation.market.trade_bars import TradeBarKind, parse_trade_bars

SENTENCES: Final = {
    TradeBarKind.TICK: "A bar closes after so many trades. It begins with the first trade that this window heard.",
    TradeBarKind.VOLUME: "A bar closes when so much was traded. Bars from before come from one-minute bars.",
    TradeBarKind.RANGE: "No bar is higher than so many ticks. Bars from before come from one-minute bars.",
    TradeBarKind.RENKO: "A brick for every so many ticks of movement. Bricks from before come from one-minute bars.",
}
FIRST_TICKS: Final = Decimal(100)
SHARE_OF_PRICE: Final = Decimal("0.0005")
MINUTES_LOOKED_AT: Final = 240
MOST_A_MINUTE: Final = 500


def round_figure(value: Decimal) -> Decimal:
    """The value with one figure: 2,099 is 2,000."""
    place = Decimal(1).scaleb(value.adjusted())
    return (value / place).to_integral_value() * place


def usual_volume(market: Market) -> Decimal:
    """About what a minute trades, so that there are about as many bars as minutes; 1,000 lots where none is known."""
    series, lot = market.series(MINUTE_NS), market.instrument.lot
    mean = float(np.mean(series.volume[-MINUTES_LOOKED_AT:])) if series is not None and len(series) else 0.0
    usual = round_figure(Decimal(repr(mean))) if mean > 0 else lot * 1_000
    return max(lot, (usual / lot).to_integral_value() * lot)


class TradeBarsDialog(FormDialog):
    """Emits the bars as the engine reads them: ``range 50``."""

    chosen = Signal(str)

    def __init__(self, kind: TradeBarKind, market: Market, now: str, parent: QWidget) -> None:
        """`now` is what the chart shows."""
        super().__init__(f"{kind.value.capitalize()} bars", SENTENCES[kind], "Show", parent)
        instrument, last = market.instrument, market.last_price
        self._kind, self._instrument = kind, instrument
        self._usual = usual_volume(market) if kind is TradeBarKind.VOLUME else Decimal(0)
        step, unit = Decimal(1), "trades" if kind is TradeBarKind.TICK else "ticks"
        value = FIRST_TICKS
        if kind is TradeBarKind.VOLUME:
            step, unit = instrument.lot, instrument.base
            value = self._usual
        elif kind is not TradeBarKind.TICK and last:
            value = max(Decimal(1), round_figure(last * SHARE_OF_PRICE).to_integral_value())
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
            if bars.size * MOST_A_MINUTE < self._usual:
                raise ConfigurationError(
                    f"About {self._usual:f} {self._instrument.base} are traded a minute, more than {MOST_A_MINUTE} "
                    f"such bars; choose {self._usual / MOST_A_MINUTE:f} or more."
                )
        except ConfigurationError as error:
            self.size_field.set_in_error(True)
            return str(error)
        self.chosen.emit(bars.text)
        return ""
