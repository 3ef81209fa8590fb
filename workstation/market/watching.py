"""Symbols that are only looked at: what a venue lists, and quotes that never reach the engine.

A watched symbol is no input of a kernel: it cannot be traded, no strategy sees it, and a replay is the same without it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

import msgspec

from workstation.core.types import InstrumentKind


class ListedSymbol(msgspec.Struct, frozen=True):
    """A symbol of the venue's list. ``tick`` is its price step in the quote asset."""

    symbol: str
    base: str
    quote: str
    kind: InstrumentKind
    tick: Decimal


class Quote(msgspec.Struct, frozen=True):
    """The last price and its change over 24 hours in per cent. ``closes`` are of 15 minutes each, for a plot."""

    ts_ns: int
    last: Decimal
    change_percent: float | None
    closes: tuple[float, ...] = ()


class Watching(Protocol):
    """What can be looked at beside the engine's own symbols. Nothing here waits or raises."""

    @property
    def listing(self) -> Sequence[ListedSymbol]:
        """Every symbol of the venue, in the order of their names."""

    @property
    def problem(self) -> str:
        """Why the quotes are old, in a sentence; empty while they come."""

    def watch(self, symbols: Collection[str]) -> None:
        """Whose quotes are wanted from now on; none costs nothing. Unlisted symbols are left out."""

    def quotes(self) -> Mapping[str, Quote]:
        """The newest of each watched symbol, as far as any came."""
