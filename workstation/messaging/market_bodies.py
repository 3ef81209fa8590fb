"""The engine's market inputs as messages and back, exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from workstation.core.errors import MessagingError
from workstation.core.instrument import Instrument
from workstation.core.messages import (
    Bar,
    BookDelta,
    BookSnapshot,
    FeedStatus,
    FundingRate,
    Levels,
    MarkPrice,
    OpenInterest,
    Trade,
)
from workstation.core.money import from_money, to_money
from workstation.core.timeframe import TIMEFRAME_NAMES, TIMEFRAMES
from workstation.core.types import Side
from workstation.messaging.bodies import (
    BarBody,
    BookDeltaBody,
    BookSnapshotBody,
    FeedBody,
    FundingBody,
    MarkBody,
    MarketBody,
    OpenInterestBody,
    TradeBody,
)
from workstation.messaging.moments import moment, nanoseconds

MarketEvent = Trade | BookSnapshot | BookDelta | Bar | MarkPrice | FundingRate | OpenInterest | FeedStatus
Instruments = Mapping[str, Instrument]

_SIDES = {"buy": Side.BUY, "sell": Side.SELL}


def market_body(event: MarketEvent, instruments: Instruments) -> MarketBody:
    """The message of a market input."""
    if isinstance(event, FeedStatus):
        return FeedBody(
            symbol=event.symbol, connected=event.connected, detail=event.detail[:500], time=moment(event.ts_ns)
        )
    return _WRITERS[type(event)](event, instruments[event.symbol])


def market_event(body: MarketBody, instruments: Instruments) -> MarketEvent:
    """The market input of a message. Raises ``MessagingError`` for a symbol or step that this side does not know."""
    if isinstance(body, FeedBody):
        return FeedStatus(body.symbol, nanoseconds(body.time), body.connected, body.detail)
    instrument = instruments.get(body.symbol)
    if instrument is None:
        raise MessagingError(f"A message about {body.symbol} was refused: it is not configured here.")
    return _READERS[type(body)](body, instrument)


def _steps(amount: Decimal, step: Decimal, what: str, symbol: str) -> int:
    steps, rest = divmod(amount, step)
    if rest:
        raise MessagingError(
            f"A message about {symbol} was refused: its {what} {amount} is no multiple of {step}; both sides need the "
            "same `instruments`."
        )
    return int(steps)


def _written(levels: Levels, instrument: Instrument) -> tuple[tuple[Decimal, Decimal], ...]:
    tick, lot = instrument.tick, instrument.lot
    return tuple([(tick * price, lot * lots) for price, lots in levels])


def _read(levels: tuple[tuple[Decimal, Decimal], ...], instrument: Instrument) -> Levels:
    tick, lot, symbol = instrument.tick, instrument.lot, instrument.symbol
    return tuple(
        [
            (_steps(price, tick, "price", symbol), _steps(quantity, lot, "quantity", symbol))
            for price, quantity in levels
        ]
    )


def _write_trade(event: Trade, terms: Instrument) -> TradeBody:
    return TradeBody(
        symbol=event.symbol,
        trade_id=event.trade_id,
        price=terms.tick * event.price,
        quantity=terms.lot * event.lots,
        side="buy" if event.side is Side.BUY else "sell",
        time=moment(event.ts_ns),
    )


def _read_trade(body: TradeBody, terms: Instrument) -> Trade:
    return Trade(
        body.symbol,
        nanoseconds(body.time),
        _steps(body.price, terms.tick, "price", body.symbol),
        _steps(body.quantity, terms.lot, "quantity", body.symbol),
        _SIDES[body.side],
        body.trade_id,
    )


def _write_snapshot(event: BookSnapshot, terms: Instrument) -> BookSnapshotBody:
    return BookSnapshotBody(
        symbol=event.symbol,
        sequence=event.sequence,
        bids=_written(event.bids, terms),
        asks=_written(event.asks, terms),
        time=moment(event.ts_ns),
    )


def _read_snapshot(body: BookSnapshotBody, terms: Instrument) -> BookSnapshot:
    return BookSnapshot(
        body.symbol, nanoseconds(body.time), body.sequence, _read(body.bids, terms), _read(body.asks, terms)
    )


def _write_delta(event: BookDelta, terms: Instrument) -> BookDeltaBody:
    return BookDeltaBody(
        symbol=event.symbol,
        previous_sequence=event.previous_sequence,
        sequence=event.sequence,
        bids=_written(event.bids, terms),
        asks=_written(event.asks, terms),
        time=moment(event.ts_ns),
    )


def _read_delta(body: BookDeltaBody, terms: Instrument) -> BookDelta:
    return BookDelta(
        body.symbol,
        nanoseconds(body.time),
        body.previous_sequence,
        body.sequence,
        _read(body.bids, terms),
        _read(body.asks, terms),
    )


def _write_bar(event: Bar, terms: Instrument) -> BarBody:
    tick = terms.tick
    return BarBody(
        symbol=event.symbol,
        timeframe=TIMEFRAME_NAMES[event.interval_ns],
        open_time=moment(event.open_ns),
        close_time=moment(event.ts_ns),
        open=tick * event.open,
        high=tick * event.high,
        low=tick * event.low,
        close=tick * event.close,
        volume=terms.lot * event.lots,
    )


def _read_bar(body: BarBody, terms: Instrument) -> Bar:
    if body.timeframe not in TIMEFRAMES:
        raise MessagingError(f"A bar of {body.symbol} was refused: {body.timeframe} is no timeframe.")
    tick, symbol = terms.tick, body.symbol
    return Bar(
        symbol,
        nanoseconds(body.close_time),
        TIMEFRAMES[body.timeframe],
        _steps(body.open, tick, "price", symbol),
        _steps(body.high, tick, "price", symbol),
        _steps(body.low, tick, "price", symbol),
        _steps(body.close, tick, "price", symbol),
        _steps(body.volume, terms.lot, "volume", symbol),
    )


def _write_mark(event: MarkPrice, terms: Instrument) -> MarkBody:
    return MarkBody(symbol=event.symbol, price=terms.tick * event.price, time=moment(event.ts_ns))


def _read_mark(body: MarkBody, terms: Instrument) -> MarkPrice:
    return MarkPrice(body.symbol, nanoseconds(body.time), _steps(body.price, terms.tick, "price", body.symbol))


def _write_funding(event: FundingRate, terms: Instrument) -> FundingBody:
    price = terms.tick * event.price if event.price else None
    return FundingBody(symbol=event.symbol, rate=from_money(event.rate), price=price, time=moment(event.ts_ns))


def _read_funding(body: FundingBody, terms: Instrument) -> FundingRate:
    price = _steps(body.price, terms.tick, "price", body.symbol) if body.price is not None else 0
    return FundingRate(body.symbol, nanoseconds(body.time), to_money(body.rate), price)


def _write_open_interest(event: OpenInterest, terms: Instrument) -> OpenInterestBody:
    return OpenInterestBody(symbol=event.symbol, quantity=terms.lot * event.lots, time=moment(event.ts_ns))


def _read_open_interest(body: OpenInterestBody, terms: Instrument) -> OpenInterest:
    lots = _steps(body.quantity, terms.lot, "open interest", body.symbol)
    return OpenInterest(body.symbol, nanoseconds(body.time), lots)


_WRITERS: dict[type[Any], Callable[[Any, Instrument], MarketBody]] = {
    Trade: _write_trade,
    BookSnapshot: _write_snapshot,
    BookDelta: _write_delta,
    Bar: _write_bar,
    MarkPrice: _write_mark,
    FundingRate: _write_funding,
    OpenInterest: _write_open_interest,
}
_READERS: dict[type[Any], Callable[[Any, Instrument], MarketEvent]] = {
    TradeBody: _read_trade,
    BookSnapshotBody: _read_snapshot,
    BookDeltaBody: _read_delta,
    BarBody: _read_bar,
    MarkBody: _read_mark,
    FundingBody: _read_funding,
    OpenInterestBody: _read_open_interest,
}
