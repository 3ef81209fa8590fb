"""Recorded combined streams of Binance spot as market inputs.

gzip or plain text, one message a line: the local receive time in nanoseconds of the Unix epoch, a space, the JSON of
the combined stream ``{"stream": …, "data": …}``, or of a REST snapshot of the book, with ``lastUpdateId``.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from workstation.core.errors import DataError
from workstation.core.instrument import Instrument
from workstation.core.messages import BookDelta, BookSnapshot, Levels, MarketInput, Trade
from workstation.core.types import Side

_SYMBOL = re.compile(r'"stream": ?"([a-z0-9]+)@')
_LINES_TO_LOOK_AT = 50


def recorded_symbol(path: Path) -> str:
    """The symbol of the first stream in a file. Raises ``DataError`` when there is none."""
    for number, (_, line) in enumerate(_lines(path)):
        found = _SYMBOL.search(line.decode("utf-8", "replace"))
        if found:
            return found.group(1).upper()
        if number >= _LINES_TO_LOOK_AT:
            break
    raise DataError(f"{path} is not a recording of Binance's combined streams: its first lines name no stream.")


class RecordedStreams:
    """Iterates over books and trades of one symbol, from the first snapshot of its book on. Raises ``DataError``."""

    def __init__(self, path: Path, instrument: Instrument) -> None:
        self.path = path
        self.instrument = instrument

    def __iter__(self) -> Iterator[MarketInput]:
        self._sequence = -1
        self._early: list[tuple[int, dict[str, Any]]] = []
        last_ns = 0
        for number, line in _lines(self.path):
            try:
                time_text, _, text = line.partition(b" ")
                last_ns = max(last_ns, int(time_text))
                yield from self._inputs(last_ns, orjson.loads(text))
            except (ValueError, KeyError, TypeError) as error:
                raise DataError(f"{self.path}, line {number}: it is not a recorded message ({error}).") from None
        if self._sequence < 0:
            raise DataError(f"{self.path} holds no snapshot of the order book: nothing can be served from it.")

    def _inputs(self, ts_ns: int, message: dict[str, Any]) -> Iterator[MarketInput]:
        if "lastUpdateId" in message:
            self._sequence = message["lastUpdateId"]
            bids, asks = self._levels(message["bids"]), self._levels(message["asks"])
            yield BookSnapshot(self.instrument.symbol, ts_ns, self._sequence, bids, asks)
            early, self._early = self._early, []
            for _, data in early:
                yield from self._delta(ts_ns, data)
            return
        data = message["data"]
        kind = message["stream"].partition("@")[2]
        if kind.startswith("depth"):
            if self._sequence < 0:
                self._early.append((ts_ns, data))
            else:
                yield from self._delta(ts_ns, data)
        elif kind == "trade" and self._sequence >= 0:
            instrument = self.instrument
            price, lots = instrument.ticks(data["p"]), instrument.lots_rounded(Decimal(data["q"]))
            yield Trade(instrument.symbol, ts_ns, price, lots, Side.SELL if data["m"] else Side.BUY, data["t"])

    def _delta(self, ts_ns: int, data: dict[str, Any]) -> Iterator[MarketInput]:
        if data["u"] <= self._sequence:
            return
        if data["U"] > self._sequence + 1:
            raise ValueError(f"the book jumps from update {self._sequence} to {data['U']}")
        before, self._sequence = self._sequence, data["u"]
        bids, asks = self._levels(data["b"]), self._levels(data["a"])
        yield BookDelta(self.instrument.symbol, ts_ns, before, self._sequence, bids, asks)

    def _levels(self, levels: list[list[str]]) -> Levels:
        instrument = self.instrument
        return tuple((instrument.ticks(price), instrument.lots_rounded(Decimal(q))) for price, q in levels)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines that are not empty, with their numbers."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line
    except FileNotFoundError:
        raise DataError(f"There is no recording {path}.") from None
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(f"{path} cannot be read ({error}).") from None
