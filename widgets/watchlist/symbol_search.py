"""Search over all symbols of a venue: every word that is typed must be in the symbol, its assets or its kind."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from workstation.core.types import InstrumentKind
from workstation.market.watching import ListedSymbol

MOST_FOUND = 50
KIND_WORDS = {
    InstrumentKind.SPOT: "spot",
    InstrumentKind.LINEAR: "perpetual linear",
    InstrumentKind.INVERSE: "perpetual inverse",
}


def found_symbols(listing: Sequence[ListedSymbol], typed: str, but: Collection[str]) -> list[ListedSymbol]:
    """The best first: those that begin with the first word, the shorter before the longer; ``but`` is left out."""
    words = typed.lower().split()
    if not words:
        return []
    found = [each for each in listing if each.symbol not in but and _matches(each, words)]
    found.sort(key=lambda each: (not each.symbol.lower().startswith(words[0]), len(each.symbol), each.symbol))
    return found[:MOST_FOUND]


def _matches(listed: ListedSymbol, words: Sequence[str]) -> bool:
    text = f"{listed.symbol} {listed.base} {listed.quote} {KIND_WORDS[listed.kind]}".lower()
    return all(word in text for word in words)
