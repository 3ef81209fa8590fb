"""Own orders, position, executions and signals of one symbol as a chart draws them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from widgets.chart.model import Fill, LineKind, OrderLine, PositionLine
from widgets.chart.model import Signal as ChartSignal
from widgets.engine.order_words import STOPS, TARGETS, type_words, working_price
from widgets.look.numbers import decimals_of, format_number
from workstation.core.instrument import Instrument
from workstation.core.messages import SignalEmitted
from workstation.core.types import OrderRole, OrderType, Side
from workstation.core.views import FillView, OrderView, PositionView


def order_lines(
    orders: Iterable[OrderView], positions: Iterable[PositionView], instrument: Instrument
) -> list[OrderLine]:
    """Working orders that have a price; exits carry what they would bring to their owner's position."""
    entries = {position.owner: position.entry for position in positions if position.symbol == instrument.symbol}
    found = []
    for order in orders:
        price = working_price(order)
        if order.symbol != instrument.symbol or price is None or not order.state.is_open:
            continue
        quantity = order.quantity - order.filled
        kind, word = (
            LineKind.WORKING,
            order.side.word.capitalize() if order.type is OrderType.LIMIT else type_words(order),
        )
        if order.reduce_only and order.type in STOPS:
            kind, word = LineKind.STOP, "Stop"
        elif order.reduce_only and (order.type in TARGETS or order.role is OrderRole.TAKE_PROFIT):
            kind, word = LineKind.TARGET, "Target"
        profit = None
        if kind is not LineKind.WORKING and order.owner in entries and not instrument.valuation.inverse:
            gain = (price - entries[order.owner]) * -int(order.side)
            profit = gain * quantity * instrument.contract_size
        text = f"{word} {format_number(quantity, decimals_of(instrument.lot))}"
        found.append(OrderLine(order.client_id, kind, price, order.created_ns, text, profit))
    return found


def position_line(positions: Iterable[PositionView], instrument: Instrument) -> PositionLine | None:
    """Every owner's part together, at the price at which the whole would come out even."""
    own = [position for position in positions if position.symbol == instrument.symbol]
    net = sum((position.quantity for position in own), Decimal(0))
    if not net:
        return None
    entry = sum((position.quantity * position.entry for position in own), Decimal(0)) / net
    if entry <= 0:
        return None
    born = min((position.opened_ns for position in own if position.opened_ns), default=0)
    word = "Long" if net > 0 else "Short"
    text = f"{word} {format_number(abs(net), decimals_of(instrument.lot))}"
    return PositionLine(entry, born, text, sum((position.unrealised for position in own), Decimal(0)))


def chart_fills(fills: Iterable[FillView], symbol: str) -> list[Fill]:
    return [
        Fill(
            fill.ts_ns,
            float(fill.price),
            "buy" if fill.side is Side.BUY else "sell",
            f"{fill.client_id} {fill.fill_id}",
        )
        for fill in fills
        if fill.symbol == symbol
    ]


def chart_signals(signals: Iterable[SignalEmitted], symbol: str) -> list[ChartSignal]:
    return [
        ChartSignal(
            signal.ts_ns,
            "buy" if signal.side is Side.BUY else "sell",
            round(signal.confidence),
            f"{signal.strategy} {signal.ts_ns}",
        )
        for signal in signals
        if signal.symbol == symbol
    ]
