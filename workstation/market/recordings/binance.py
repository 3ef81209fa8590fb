"""Recorded combined streams of Binance spot, as inputs of the engine.

One message a line, gzip or plain: the local receive time in nanoseconds of the Unix epoch, a space, the raw JSON in the
wrapper ``{"stream": …, "data": …}``; snapshots of the REST API stand in line as bare objects with ``lastUpdateId``.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from workstation.core.errors import DataError
from workstation.core.instrument import Instrument
from workstation.core.messages import BookDelta, BookSnapshot, Levels, MarketInput, Trade
from workstation.core.types import InstrumentKind, Side

SOURCE = "Binance spot"

_DECIMALS = 8
"""Binance writes every price and quantity with as many."""
_MOST_WAITING = 1_000
"""Changes that are kept while no snapshot is there: 100 seconds of them."""
_LINE = re.compile(rb"[0-9]{19} \{")
_STREAM = re.compile(rb'"stream":\s*"([a-z0-9]+)@')

PriceLevels = tuple[tuple[str, str], ...]


class _Line(msgspec.Struct, rename={"held": "lastUpdateId"}):
    """A message of a stream, or a snapshot."""

    stream: str = ""
    data: msgspec.Raw = msgspec.Raw(b"")
    held: int = -1
    bids: PriceLevels = ()
    asks: PriceLevels = ()


class _Changes(
    msgspec.Struct, rename={"symbol": "s", "first": "U", "last": "u", "bids": "b", "asks": "a", "future": "pu"}
):
    """Changed levels with the first and the last update that they hold. Futures tell the one before, too."""

    symbol: str
    first: int
    last: int
    bids: PriceLevels
    asks: PriceLevels
    future: int | None = None


class _Trade(msgspec.Struct, rename={"symbol": "s", "number": "t", "price": "p", "quantity": "q", "sold": "m"}):
    symbol: str
    number: int
    price: str
    quantity: str
    sold: bool
    """The buyer was the maker."""


_decode_line = msgspec.json.Decoder(_Line).decode
_decode_changes = msgspec.json.Decoder(_Changes).decode
_decode_trade = msgspec.json.Decoder(_Trade).decode


def is_stream_recording(path: Path) -> bool:
    """Whether the first line of a file is one of a recorded stream. Raises ``DataError`` when it cannot be read."""
    return _LINE.match(_first_lines(path, 1)) is not None


def recorded_symbol(path: Path) -> str:
    """The symbol of the first stream in a file. Raises ``DataError``."""
    found = _STREAM.search(_first_lines(path, 20))
    if found is None:
        raise DataError(f"{path} names no stream in its first lines: give the symbol with --symbol.")
    return found.group(1).decode().upper()


def spot_terms(instrument: Instrument) -> Instrument:
    """The steps of an instrument on the terms of spot trading: paid in full, one unit is one of the base."""
    return msgspec.structs.replace(
        instrument,
        kind=InstrumentKind.SPOT,
        contract_size=Decimal(1),
        maximum_leverage=1,
        maintenance_margin=Decimal(0),
    )


class StreamRecording:
    """Iterates over books and trades of one symbol, stamped with their receive times, from the first book on.

    Several files are read as one, in the order given. Books follow the venue's sequence rules for spot: what a
    snapshot holds already is dropped, and a change that does not continue the book is passed on as the gap it is;
    what follows waits for the next snapshot. A trade comes once. The counts are of the last iteration. Raises
    ``DataError`` with the line.
    """

    def __init__(self, paths: Sequence[Path], instrument: Instrument) -> None:
        self.paths = tuple(paths)
        self.instrument = instrument
        self._price_unit = _unit(instrument.tick, f"tick of {instrument.symbol}")
        self._lots_unit = _unit(instrument.lot, f"lot of {instrument.symbol}")
        self._forget()

    def _forget(self) -> None:
        self.book_gaps = 0
        self.missing_trades = 0
        """Trades that the ids tell of and the file lacks."""
        self.cut_levels = 0
        """Quantities of levels that were not whole lots, which orders from before a change of the lot leave behind.
        They count with the whole lots that can be traded."""
        self.left_out: Counter[str] = Counter()
        """Messages that bring no input of the engine, by stream, and trades before the first book."""
        self._sequence = -1
        self._synchronised = False
        self._fresh = False
        self._waiting: deque[_Changes] = deque(maxlen=_MOST_WAITING)
        self._last_trade = -1
        self._last_ns = 0

    def __iter__(self) -> Iterator[MarketInput]:
        self._forget()
        for path in self.paths:
            for number, line in enumerate(_lines(path), 1):
                if not line.strip():
                    continue
                try:
                    yield from self._inputs(line)
                except (ValueError, msgspec.MsgspecError) as error:
                    raise DataError(f"{path}, line {number}: {_sentence(error)}") from error
        if self._sequence < 0:
            names = " and ".join(str(path) for path in self.paths)
            raise DataError(
                f"{names}: no book can be built, for there is no snapshot that the changes continue; give the file "
                "with the snapshot first."
            )

    def _inputs(self, line: bytes) -> Iterator[MarketInput]:
        if not _LINE.match(line):
            raise ValueError("it does not begin with a receive time in nanoseconds and a JSON object")
        # A clock that was set back in the recording does not turn the order of its lines.
        ts_ns = self._last_ns = max(self._last_ns, int(line[:19]))
        message = _decode_line(line[20:])
        if message.held >= 0:
            yield from self._snapshot(ts_ns, message)
            return
        kind = message.stream.partition("@")[2]
        if kind in ("depth@100ms", "depth"):
            yield from self._changes(ts_ns, _decode_changes(message.data))
        elif kind == "trade":
            yield from self._trade(ts_ns, _decode_trade(message.data))
        else:
            self.left_out[kind or "nameless"] += 1

    def _snapshot(self, ts_ns: int, message: _Line) -> Iterator[MarketInput]:
        held = message.held
        if self._synchronised and held <= self._sequence:
            return
        waiting = [changes for changes in self._waiting if changes.last > held]
        if waiting and waiting[0].first > held + 1:
            return
        self._waiting.clear()
        self._sequence = held
        self._synchronised = self._fresh = True
        symbol = self.instrument.symbol
        yield BookSnapshot(symbol, ts_ns, held, self._levels(message.bids), self._levels(message.asks))
        for changes in waiting:
            yield from self._changes(ts_ns, changes)

    def _changes(self, ts_ns: int, changes: _Changes) -> Iterator[MarketInput]:
        self._check_symbol(changes.symbol)
        if changes.future is not None:
            raise ValueError("it is a message of Binance's futures; only recordings of spot streams are read")
        if not self._synchronised:
            self._waiting.append(changes)
            return
        before = self._sequence
        if changes.last <= before:
            return
        continues = changes.first <= before + 1 if self._fresh else changes.first == before + 1
        if not continues:
            self.book_gaps += 1
            self._synchronised = False
            self._waiting.append(changes)
        self._fresh = False
        self._sequence = changes.last
        # Anything but the sequence of the book is a gap to who applies it.
        previous = before if continues else before + 1
        bids, asks = self._levels(changes.bids), self._levels(changes.asks)
        yield BookDelta(self.instrument.symbol, ts_ns, previous, changes.last, bids, asks)

    def _trade(self, ts_ns: int, trade: _Trade) -> Iterator[MarketInput]:
        self._check_symbol(trade.symbol)
        if self._sequence < 0:
            self.left_out["trade before the first book"] += 1
            return
        if trade.number <= self._last_trade:
            return
        if self._last_trade >= 0:
            self.missing_trades += trade.number - self._last_trade - 1
        self._last_trade = trade.number
        side = Side.SELL if trade.sold else Side.BUY
        price, lots = _whole_steps(trade.price, self._price_unit), _whole_steps(trade.quantity, self._lots_unit)
        yield Trade(self.instrument.symbol, ts_ns, price, lots, side, trade.number)

    def _levels(self, levels: PriceLevels) -> Levels:
        price_unit, lots_unit = self._price_unit, self._lots_unit
        found = []
        for price, quantity in levels:
            lots, rest = divmod(_amount(quantity), lots_unit)
            self.cut_levels += rest > 0
            found.append((_whole_steps(price, price_unit), lots))
        return tuple(found)

    def _check_symbol(self, symbol: str) -> None:
        if symbol != self.instrument.symbol:
            raise ValueError(f"it is of {symbol}; a recording of {self.instrument.symbol} holds no other symbol")


def _unit(step: Decimal, what: str) -> int:
    """A step in units of 1e-8."""
    unit = step.scaleb(_DECIMALS)
    if unit != unit.to_integral_value():
        raise DataError(f"The {what}, {step}, is finer than Binance writes: it must be a multiple of 0.00000001.")
    return int(unit)


def _amount(text: str) -> int:
    """A decimal number in units of 1e-8, exactly. Raises ``ValueError``."""
    whole, _, fraction = text.partition(".")
    if not (whole + fraction).isdecimal() or len(fraction) > _DECIMALS:
        raise ValueError(f"{text!r} is not a number of at most {_DECIMALS} decimals")
    return int(whole + fraction.ljust(_DECIMALS, "0"))


def _whole_steps(text: str, unit: int) -> int:
    """A decimal number in whole steps of so many 1e-8, exactly. Raises ``ValueError``."""
    steps, rest = divmod(_amount(text), unit)
    if rest:
        step = Decimal(unit).scaleb(-_DECIMALS).normalize()
        raise ValueError(f"{text} is not a multiple of the configured step {step:f}")
    return steps


def _sentence(error: Exception) -> str:
    if isinstance(error, msgspec.MsgspecError):
        return f"it is not a message of Binance's streams ({str(error).rstrip('.')})."
    return f"{error}."


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with _open(path) as file:
            yield from file
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path} is a damaged gzip file ({error}); get it again.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error


def _first_lines(path: Path, count: int) -> bytes:
    lines = []
    for line in _lines(path):
        lines.append(line)
        if len(lines) == count:
            break
    return b"".join(lines)


def _open(path: Path) -> gzip.GzipFile:
    try:
        with path.open("rb") as file:
            compressed = file.read(2) == b"\x1f\x8b"
    except FileNotFoundError:
        raise DataError(f"There is no file {path}.") from None
    return gzip.open(path, "rb") if compressed else path.open("rb")  # type: ignore[return-value]
