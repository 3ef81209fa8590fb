"""What is behind a mark on the chart: how an execution came about and what it cost, why a strategy gave a signal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from widgets.controls.toolbar import Fact
from widgets.look.numbers import (
    format_date,
    format_money,
    format_number,
    format_price,
    format_quantity,
    format_time,
    tone_of,
)
from widgets.look.tokens import Tone
from workstation.core.instrument import Instrument
from workstation.core.messages import SignalEmitted
from workstation.core.views import FillView


class Story(NamedTuple):
    title: str
    facts: Sequence[Fact]
    text: str = ""


def fill_story(fill: FillView, instrument: Instrument, others: int = 0) -> Story:
    """``others`` executions of the same side lie under the same mark."""
    quantity = format_quantity(fill.quantity, instrument.lot)
    title = f"{fill.side.word.capitalize()} {quantity} at {format_price(fill.price, instrument.tick)}"
    # A cost is a minus on the screen: fee and slippage are signed the other way round.
    facts = [
        Fact("Time", f"{format_date(fill.ts_ns)} {format_time(fill.ts_ns, milliseconds=True)}"),
        Fact("Owner", fill.owner),
        Fact("Reason", fill.reason or "–", Tone.NORMAL if fill.reason else Tone.FAINT),
        Fact("Fee", f"{format_number(-fill.fee, 4, signed=True)} {fill.fee_asset}, {fill.liquidity.value}"),
        Fact("Slippage", f"{format_number(-fill.slippage, 4, signed=True)} {instrument.settle}"),
        Fact("Realised", f"{format_money(fill.realised, signed=True)} {instrument.settle}", tone_of(fill.realised)),
        Fact("Order", fill.client_id, Tone.LABEL),
    ]
    more = f"{others} more of this side in the same place." if others else ""
    return Story(title, facts, more)


def signal_story(signal: SignalEmitted, instrument: Instrument) -> Story:
    """With the parts of its confidence, the weightiest first."""
    facts = [
        Fact("Time", f"{format_date(signal.ts_ns)} {format_time(signal.ts_ns)}"),
        Fact("Strategy", signal.strategy),
        Fact("Price", format_price(instrument.price(signal.price), instrument.tick)),
    ]
    parts = sorted(signal.parts.items(), key=lambda part: -abs(part[1]))
    facts += [
        Fact(name.replace("_", " "), format_number(value, 2, signed=True), tone_of(value)) for name, value in parts
    ]
    confidence = format_number(signal.confidence, 0)
    return Story(f"{signal.side.word.capitalize()} signal, confidence {confidence}", facts, signal.text)
